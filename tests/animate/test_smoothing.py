import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from previz.animate import FramesSmoothed, Take, latent_shake, smooth_take, solve
from previz.animate._prepare import prepare
from previz.animate._segments import Pose, find_poses, find_segments, fit_weights, smooth_segments
from previz.animate._smoothing import ARRIVED, choose
from previz.errors import SolveError, TimelineError
from previz.timebase import FrameRange
from previz.timeline import Timeline
from tests.animate.characters import TextureCharacter, make_generator, make_timeline

SOLVER = {"method": "adam", "learning_rate": 0.01, "tolerance": 0.4, "max_iterations": 40}
WAY = {1001: [0, 0], 1004: [0, 0], 1010: [8, 3], 1014: [8, 3], 1020: [0, 0]}


def shot_timeline(way=None, smooth=None, **fields: object) -> Timeline:
    """A handle of the moving texture, or of `character`, that goes aside, stays there and comes back."""
    keys = {frame: {"by": by} for frame, by in (way or WAY).items()}
    solver = {**SOLVER, **fields.pop("solver", {}), **({} if smooth is None else {"smooth": smooth})}
    handles = {"left": {"at": [24, 30], "keys": keys}, **fields.pop("handles", {})}
    return make_timeline(frames="1001-1020", handles=handles, solver=solver, **fields)


@pytest.fixture(scope="module")
def texture() -> TextureCharacter:
    return TextureCharacter()


@pytest.fixture(scope="module")
def solved(texture) -> Take:
    return solve(shot_timeline(), texture)


@pytest.fixture(scope="module")
def rough(solved, texture) -> Take:
    """A take that trembles: noise in its latents, some of which moves the handle by about 0.15 px."""
    noise = 0.004 * np.random.default_rng(0).standard_normal(solved.latents.shape)
    noise[0] = 0
    latents = (solved.latents + noise).astype(np.float32)
    moved = np.stack([texture.shift(w)[:1] for w in torch.from_numpy(latents)])
    handles = (solved.start + moved).astype(np.float32)
    error = np.linalg.norm(handles - solved.targets, axis=-1).astype(np.float32)
    return replace(solved, latents=latents, handles=handles, error=error)


def shake(take: Take) -> float:
    return latent_shake(take.latents) or 0.0


def test_latents_take_a_smoother_path_and_handles_still_arrive(rough, texture):
    smooth = smooth_take(rough, texture)
    assert shake(smooth) < 0.6 * shake(rough)
    assert smooth.error.max() <= rough.tolerance
    assert smooth.error.mean() <= rough.error.mean()
    assert set(smooth.status) == {"ok"}


def test_where_handles_are_said_to_be_is_where_the_picture_has_them(rough, texture):
    smooth = smooth_take(rough, texture)
    moved = np.stack([texture.shift(w)[0] for w in torch.from_numpy(smooth.latents)])
    np.testing.assert_allclose(smooth.handles[:, 0] - smooth.start[0], moved, atol=0.05)


def test_a_hold_is_one_pose(rough, texture):
    smooth = smooth_take(rough, texture)
    for first, last in ((0, 3), (9, 13)):
        assert (smooth.latents[first : last + 1] == smooth.latents[first]).all()
    assert smooth.summary().jitter == 0


def test_the_start_of_a_shot_stays_and_a_loop_stays_closed(solved, texture):
    smooth = smooth_take(solved, texture)
    np.testing.assert_array_equal(smooth.latents[0], solved.latents[0])
    before, after = (np.linalg.norm(take.latents[-1] - take.latents[0]) for take in (solved, smooth))
    assert after <= before + 1e-3


def test_a_timeline_that_asks_for_it_gives_the_same(solved, texture):
    whole, later = solve(shot_timeline(smooth=5), texture), smooth_take(solved, texture, 5)
    np.testing.assert_array_equal(whole.latents, later.latents)
    np.testing.assert_array_equal(whole.unsmoothed.latents, solved.latents)
    assert whole.keys == later.keys


def test_seconds_are_frames_at_the_rate_of_the_shot(rough, texture):
    np.testing.assert_array_equal(
        smooth_take(rough, texture, "0.25s").latents, smooth_take(rough, texture, 6).latents
    )


def test_smoothing_again_starts_from_what_was_solved(rough, texture):
    once = smooth_take(rough, texture, 9)
    np.testing.assert_array_equal(
        smooth_take(once, texture, 5).latents, smooth_take(rough, texture, 5).latents
    )


def test_a_take_keeps_both_in_its_file(rough, texture, tmp_path):
    smooth = smooth_take(rough, texture)
    loaded = Take.load(smooth.save(tmp_path / "a.take.safetensors"))
    np.testing.assert_array_equal(loaded.latents, smooth.latents)
    np.testing.assert_array_equal(loaded.unsmoothed.latents, rough.latents)
    assert loaded.unsmoothed.status == rough.status
    assert loaded.report() == smooth.report()


def test_the_report_says_what_it_did(rough, texture):
    smoothing = smooth_take(rough, texture).report()["smoothing"]
    assert json.loads(json.dumps(smoothing)) == smoothing
    assert (smoothing["window"], smoothing["passes"]) == (7, 2)
    assert smoothing["before"]["latent_shake"] == pytest.approx(shake(rough))
    assert smoothing["after"]["latent_shake"] < smoothing["before"]["latent_shake"]
    assert smoothing["after"]["error_max"] <= rough.tolerance
    assert "smoothing" not in rough.report()


def test_latent_shake_is_the_second_difference_over_the_layers():
    latents = np.zeros((4, 2, 3))
    latents[:, 0, 0] = [0, 3, 6, 9]  # even motion
    assert latent_shake(latents) == 0
    latents[:, 1, 1] = [0, 0, 1, 1]
    assert latent_shake(latents) == pytest.approx(1 / np.sqrt(2))
    assert latent_shake(latents[:2]) is None


def test_nothing_is_smoothed_twice(texture, log, tmp_path):
    timeline = shot_timeline(smooth=5)
    path = tmp_path / "shot.take.safetensors"
    first = solve(timeline, texture, resume=path)
    first.save(path)
    for folder in (tmp_path / "shot.take.partial", None):  # from the frames kept beside it, and from the take
        log.clear()
        again = solve(timeline, texture, callback=log.append, resume=path)
        assert log.solved() == []
        np.testing.assert_array_equal(again.latents, first.latents)
        if folder is not None:
            for file in folder.iterdir():
                file.unlink()
    assert not any(isinstance(event, FramesSmoothed) for event in log)


def test_an_interrupted_smoothing_goes_on(texture, tmp_path):
    timeline = shot_timeline(smooth={"window": 5, "passes": 1})

    def interrupt(event):
        if isinstance(event, FramesSmoothed) and event.index == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(timeline, texture, callback=interrupt, resume=tmp_path)
    before = len(list(tmp_path.glob("*.safetensors")))
    resumed = solve(timeline, texture, resume=tmp_path)
    poses = len(find_poses(prepare(timeline, texture, 1), 20))
    assert before == 20 + 5
    assert len(list(tmp_path.glob("*.safetensors"))) == 20 + poses
    np.testing.assert_array_equal(resumed.latents, solve(timeline, texture).latents)


@pytest.mark.parametrize("last", [1005, 1011, 1018])
def test_the_first_frames_are_the_same_when_solved_alone(texture, last):
    timeline = shot_timeline(smooth={"window": 5, "passes": 2})
    part = solve(timeline, texture, frames=FrameRange(1001, last))
    whole = solve(timeline, texture)
    assert len(part) == last - 1000
    np.testing.assert_array_equal(part.latents, whole.latents[: len(part)])
    assert part.keys == whole.keys[: len(part)]


def test_a_late_edit_leaves_early_frames_smoothed(texture, log, tmp_path):
    edited, smooth = {**WAY, 1020: [4, 0]}, {"window": 5, "passes": 1}
    path = tmp_path / "shot.take.safetensors"
    first = solve(shot_timeline(smooth=smooth), texture, resume=path)
    first.save(path)
    take = solve(shot_timeline(edited, smooth=smooth), texture, callback=log.append, resume=path)
    assert log.solved() == [1015, 1016, 1017, 1018, 1019, 1020]
    assert take.keys[:6] == first.keys[:6]
    np.testing.assert_array_equal(take.latents, solve(shot_timeline(edited, smooth=smooth), texture).latents)


def test_keys_mode_is_smoothed_too(texture):
    timeline = shot_timeline(smooth=5, solver={"mode": "keys"})
    take = solve(timeline, texture)
    assert take.error.max() <= take.tolerance
    assert shake(take) <= 1.05 * shake(take.unsmoothed)  # a spline is smooth already


def test_the_base_path_is_not_smoothed(texture, tmp_path):
    w = np.zeros((8, 6), np.float32)
    w[6:] = 1.0
    np.save(tmp_path / "other.npy", w)
    keys = {1001: {"to": 0, "hold": True}, 1012: {"to": 1, "hold": True}}
    blend = [{"toward": str(tmp_path / "other.npy"), "keys": keys}]
    take = solve(shot_timeline(latents=blend, smooth=7), texture)
    np.testing.assert_array_equal(take.latents[:, 7, 0], [0.0] * 11 + [1.0] * 9)
    assert take.error.max() <= take.tolerance


def test_a_shot_without_handles_is_left_as_it_is(generator):
    blend = [{"toward": 5, "keys": {1006: 1}}]
    timeline = make_timeline(handles={}, latents=blend, solver={"smooth": 5})
    take = solve(timeline, generator)
    assert take.unsmoothed is None
    with pytest.raises(SolveError) as error:
        smooth_take(take, generator)
    assert str(error.value) == "the take has no handles, and what was not dragged is smooth"


@pytest.mark.parametrize("window", [0, 1.9, "0.05s"])
def test_a_window_that_smooths_nothing_is_refused(rough, texture, window):
    with pytest.raises(SolveError) as error:
        smooth_take(rough, texture, window)
    assert str(error.value) == f"a window of {window} smooths nothing; give 2 frames or more"


def test_a_wrong_window_says_what_one_is(rough, texture):
    with pytest.raises(TimelineError, match=r"must be 0 to 1000 frames, or seconds as text such as 0\.25s"):
        smooth_take(rough, texture, "often")


def test_another_generator_is_refused(rough):
    with pytest.raises(SolveError, match="decode it with the generator that it was solved with"):
        smooth_take(rough, make_generator())


def poses_of(way, generator=None, **fields):
    timeline = shot_timeline(way, **fields)
    shot = prepare(timeline, generator or TextureCharacter(), 1)
    return shot, find_poses(shot, len(shot.frames))


def test_frames_that_ask_for_the_same_are_a_pose():
    _, poses = poses_of(WAY)
    assert [pose for pose in poses if pose.held] == [Pose(0, 3), Pose(9, 13)]
    assert [index for pose in poses for index in pose.frames] == list(range(20))


def test_segments_lie_between_holds():
    shot, poses = poses_of(WAY)
    spans = [(poses[one[0]].last, poses[one[-1]].first) for one in find_segments(shot, poses)]
    assert spans == [(3, 9), (13, 19)]


def test_a_jump_ends_a_segment():
    way = {1001: [0, 0], 1008: [3, 0], 1009: [12, 0], 1020: [16, 0]}
    shot, poses = poses_of(way)
    spans = [(poses[one[0]].first, poses[one[-1]].last) for one in find_segments(shot, poses)]
    assert spans == [(0, 7), (8, 19)]


def random_walk(seed, count=12):
    draw = np.random.default_rng(seed)
    return draw, draw.standard_normal((count, 3)), draw.standard_normal((count, 2)).cumsum(axis=0)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_what_follows_the_targets_is_left_as_it_is(seed, window):
    draw, _, targets = random_walk(seed)
    values = 1.0 + targets @ draw.standard_normal((2, 3))
    smooth = smooth_segments(values, targets, [range(12)], window, 0.0)
    np.testing.assert_allclose(smooth, values, atol=0.02 * np.abs(values - values[0]).max())


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_ends_stay_and_a_straight_path_stays(seed, window):
    _, values, targets = random_walk(seed)
    smooth = smooth_segments(values, targets, [range(7), range(6, 12)], window, 0.1)
    for end in (0, 6, 11):
        np.testing.assert_array_equal(smooth[end], values[end])
    straight = np.linspace(0, 1, 12)[:, None] * values[0]
    still = np.zeros_like(targets)
    np.testing.assert_allclose(
        smooth_segments(straight, still, [range(12)], window, 0.1),
        straight,
        atol=2e-3 * np.abs(values[0]).max(),
    )


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_what_trembles_beside_the_motion_goes(seed):
    draw = np.random.default_rng(seed)
    noise, still = draw.standard_normal((40, 1)), np.zeros((40, 2))
    smooth = smooth_segments(noise, still, [range(40)], 7, 0.1)
    assert np.abs(np.diff(smooth[:, 0], 2)[4:-4]).mean() < 0.5 * np.abs(np.diff(noise[:, 0], 2)[4:-4]).mean()


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5))
def test_a_fit_is_an_average(seed, before, after):
    times = np.arange(-before, after + 1)
    away = np.random.default_rng(seed).standard_normal((len(times), 4))
    assert fit_weights(times, away - away[before], 1.4, 0.1).sum() == pytest.approx(1.0)


def records(rough, *errors):
    one = rough.records()[5]
    return [replace(one, error=np.float32([error]), iterations=index) for index, error in enumerate(errors)]


@pytest.mark.parametrize(
    ("off", "still_off", "limit", "kept"),
    [
        (0.9, ARRIVED, 0.1, 1),  # brought back: it truly arrives
        (0.9, 0.3, 0.1, 0),  # within the tolerance, and dragging it doesn't arrive: the tracker trembles
        (1.1, 0.9, 0.1, 1),  # it must be brought back, as far as it goes
        (1.5, 1.2, 1.3, 1),  # no farther off than before
        (1.2, 1.5, 1.3, 0),
        (1.5, 1.4, 1.3, None),
    ],
)
def test_a_pose_is_smooth_brought_back_or_as_it_was(rough, off, still_off, limit, kept):
    chosen = choose(*records(rough, off, still_off), tolerance=1.0, limit=limit)
    assert (None if chosen is None else chosen.iterations) == kept


def test_a_pose_that_can_not_be_had_stays_as_it_was_solved(texture):
    timeline = shot_timeline(handles={"right": {"at": [40, 30], "pin": True}})  # the picture moves as a whole
    take = solve(timeline, texture)
    apart = np.flatnonzero(take.error.max(axis=1) > 2)
    assert len(apart) > 10
    kept = smooth_take(replace(take, error=take.error / 2), texture)  # as if they had come half as near again
    np.testing.assert_array_equal(kept.latents[apart], take.latents[apart])
    assert [kept.status[index] for index in apart] == [take.status[index] for index in apart]
