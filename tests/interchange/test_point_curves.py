from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz import CurvesError, FrameRange, parse_timeline
from previz.interchange import curves_from_take, curves_from_timeline
from tests.interchange.motions import RATES, any_curves, make_curves

TIMELINE = {
    "previz": 1,
    "shot": "nod",
    "frames": "1001-1005",
    "canvas": 100,
    "character": "mira",
    "handles": {"jaw": {"at": [10, 20], "keys": {1001: [10, 20], 1005: [18, 20]}, "interp": "linear"}},
}


@dataclass
class Solved:
    """What a take tells."""

    shot = "nod"
    names = ("jaw",)
    frames = np.arange(1001, 1003)
    handles = np.array([[[1.0, 2.0]], [[3.0, 4.0]]], np.float32)
    targets = np.array([[[1.5, 2.5]], [[3.5, 4.5]]], np.float32)
    rate = Fraction(25)
    width, height = 32, 64


def test_a_timelines_targets_are_sampled_in_pixels_of_its_canvas():
    curves = curves_from_timeline(parse_timeline(TIMELINE))
    assert (curves.names, curves.size, curves.rate, curves.title) == (("jaw",), (100, 100), 24, "nod")
    assert curves.range == FrameRange(1001, 1005)
    np.testing.assert_allclose(curves.point("jaw"), [[10, 20], [12, 20], [14, 20], [16, 20], [18, 20]])


def test_a_timelines_targets_are_scaled_to_a_size():
    curves = curves_from_timeline(parse_timeline(TIMELINE), (200, 200))
    np.testing.assert_allclose(curves.point("jaw")[-1], [36, 40])


def test_a_timeline_without_a_canvas_needs_a_size():
    bare = {key: value for key, value in TIMELINE.items() if key != "canvas"}
    with pytest.raises(CurvesError) as error:
        curves_from_timeline(parse_timeline(bare))
    assert str(error.value) == (
        "the timeline has no `canvas`, so its pixels are the character's; give their size"
    )


def test_a_takes_tracked_handles_and_targets_are_in_its_picture():
    tracked, targets = curves_from_take(Solved()), curves_from_take(Solved(), "targets")
    assert (tracked.size, tracked.rate) == ((32, 64), 25)
    np.testing.assert_array_equal(tracked.point("jaw"), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(targets.point("jaw"), [[1.5, 2.5], [3.5, 4.5]])


def test_resizing_maps_corners_to_corners():
    corners = make_curves([[[0, 0]], [[256, 256]]]).resized((1024, 512))
    np.testing.assert_allclose(corners.point("jaw"), [[0, 0], [1024, 512]])


def test_doubling_the_rate_keeps_each_frame_and_fills_between():
    curves = make_curves(rate=Fraction(24))
    doubled = curves.resampled(Fraction(48))
    assert doubled.range == FrameRange(1001, 1012)
    np.testing.assert_array_equal(doubled.positions[::2], curves.positions)
    np.testing.assert_allclose(doubled.point("jaw")[1:10:2], curves.point("jaw")[:5] + np.array([1.5, 1.0]))


def test_frames_between_rates_lie_at_their_exact_times():
    curves = make_curves(np.arange(25.0)[:, None, None] * [8.0, 0.0], rate=Fraction(24))
    resampled = curves.resampled(Fraction(30000, 1001))
    at = [float(Fraction(k) * 24 * 1001 / 30000) for k in range(len(resampled))]
    np.testing.assert_allclose(resampled.point("jaw")[:, 0], np.minimum(at, 24.0) * 8.0, atol=1e-9)


@given(curves=any_curves(), rate=st.sampled_from(RATES))
def test_resampling_keeps_the_length_to_the_frame_and_never_overshoots(curves, rate):
    resampled = curves.resampled(rate)
    seconds = len(resampled) / rate - len(curves) / curves.rate
    assert resampled.range.first == curves.range.first
    assert -1 / rate / 2 <= seconds < 1 / rate
    assert len(resampled) / rate > (len(curves) - 1) / curves.rate
    assert (resampled.positions >= curves.positions.min(axis=0) - 1e-9).all()
    assert (resampled.positions <= curves.positions.max(axis=0) + 1e-9).all()


@given(curves=any_curves())
def test_the_same_rate_is_the_same_curves(curves):
    assert curves.resampled(curves.rate) is curves


def test_23_976_and_24_frames_a_second_share_their_frames_for_a_long_time():
    curves = make_curves(np.arange(48.0)[:, None, None] * [1.0, 2.0], rate=Fraction(24000, 1001))
    faster = curves.resampled(Fraction(24))
    assert len(faster) == 48
    np.testing.assert_allclose(faster.point("jaw")[:, 0], np.arange(48) * 1000 / 1001, atol=1e-9)


def test_parts_points_and_names_are_chosen():
    curves = make_curves(names=("jaw", "nose"))
    assert curves.only(["nose"]).names == ("nose",)
    assert curves.renamed({"jaw": "chin"}).names == ("chin", "nose")
    assert curves.part(FrameRange(1002, 1003)).range == FrameRange(1002, 1003)
    assert curves.starting_at(1).range == FrameRange(1, 6)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda c: c.only(["chin"]), "there is no point 'chin'; there are jaw"),
        (lambda c: c.renamed({"chin": "jaw"}), "there is no point 'chin'; there are jaw"),
        (lambda c: c.part(FrameRange(1000, 1003)), "the frames 1000-1003 are not all within 1001-1006"),
        (lambda c: make_curves(c.positions[:, [0, 0]], ("a", "a")), "two points are called 'a'"),
        (lambda c: make_curves(c.positions * np.nan), "a position is not a finite number"),
        (lambda c: make_curves(c.positions, ("a", "b")), "positions are [6, 1, 2], not [6, 2, 2]"),
        (lambda c: make_curves(c.positions[:0]), "curves need at least one point on one frame"),
    ],
)
def test_what_makes_no_curves_is_told(use, message):
    with pytest.raises(CurvesError) as error:
        use(make_curves())
    assert str(error.value) == message
