import json
from dataclasses import replace

import numpy as np
import pytest

from previz.animate import jitter, smoothness


def test_the_report_says_how_each_frame_came_out(take):
    report = take.report()
    assert json.loads(json.dumps(report)) == report
    frame = report["frames"][3]
    assert frame["frame"] == 1004
    assert frame["status"] == take.status[3]
    assert frame["error"] == {
        "jaw": pytest.approx(take.error[3, 0], abs=1e-4),
        "nose": pytest.approx(take.error[3, 1], abs=1e-4),
    }
    assert frame["error_max"] == pytest.approx(take.error[3].max(), abs=1e-4)
    assert frame["iterations"] == take.iterations[3]
    assert frame["seconds"] == pytest.approx(take.seconds[3], abs=1e-4)


def test_the_report_states_its_units_and_frames(take):
    report = take.report()
    assert report["units"] == "px of the generator's image, 32x32"
    assert (report["shot"], report["rate"], report["range"]) == ("sq010_sh020", "24", "1001-1006")
    assert report["handles"] == ["jaw", "nose"]


def test_lost_handles_are_named(take):
    lost = np.zeros((6, 2), bool)
    lost[2, 1] = True
    report = replace(take, lost=lost).report()
    assert [frame["lost"] for frame in report["frames"]] == [[], [], ["nose"], [], [], []]
    assert report["summary"]["lost"] == 1


def test_the_summary_of_errors(take):
    error = np.float32([[0, 0], [0.25, 0], [0.5, 0.25], [0, 0], [1, 1], [0, 0]])
    status = ("ok", "ok", "max_iterations", "ok", "stalled", "interpolated")
    summary = replace(take, error=error, status=status).summary()
    assert summary.error_mean == pytest.approx(3 / 12)
    assert summary.error_max == 1
    assert summary.within_tolerance == pytest.approx(4 / 6)
    assert summary.tolerance == 0.25
    assert summary.unsolved == 2


def test_the_summary_of_times(take):
    summary = replace(take, seconds=np.arange(6.0), iterations=np.arange(6)).summary()
    assert (summary.frames, summary.seconds, summary.seconds_per_frame, summary.iterations) == (
        6,
        15.0,
        2.5,
        15,
    )


def points(xs):
    """[F, 1, 2] on a line."""
    return np.stack([np.float32(xs), np.zeros(len(xs), np.float32)], axis=-1)[:, None]


def test_jitter_is_the_second_difference_where_targets_hold():
    targets = points([0, 5, 5, 5, 5, 9])
    handles = points([0, 9, 5, 6, 5, 2])  # 5 6 5 and 9 5 6 shake while the target holds; the rest is motion
    assert jitter(handles, targets) == pytest.approx((abs(9 - 10 + 6) + abs(5 - 12 + 5)) / 2)


def test_there_is_no_jitter_where_no_target_holds():
    assert jitter(points([0, 1, 2, 3]), points([0, 1, 2, 3])) is None


def test_handles_on_their_curves_are_smooth():
    curve = points([0, 1, 4, 9, 16])
    assert smoothness(curve, curve) == 0
    assert smoothness(curve + points([0, 0, 1, 0, 0]), curve) == pytest.approx((1 + 2 + 1) / 3)


def test_two_frames_have_no_smoothness():
    assert smoothness(points([0, 1]), points([0, 1])) is None
