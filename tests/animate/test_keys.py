import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from previz.animate import solve
from previz.animate._modes import knots_needed, neighbours, spline
from previz.timebase import FrameRange
from previz.timeline import CurveKey, sample_curve
from tests.animate.characters import JAW, make_timeline, texture_timeline

KEYS_MODE = {"learning_rate": 0.02, "max_iterations": 8, "tolerance": 0.25, "mode": "keys"}


def test_frames_that_the_spline_gets_within_tolerance_are_not_solved(texture):
    take = solve(texture_timeline(solver={"mode": "keys", "tolerance": 1.0}), texture)
    assert [take.status[i] for i in (0, 4, 8)] == ["ok"] * 3
    assert take.status[1:4] == ("interpolated",) * 3
    assert take.iterations[1:4].sum() == 0
    assert take.error.max() <= 1.0


def test_frames_that_it_does_not_are_solved_too(texture):
    timeline = texture_timeline(solver={"method": "adam", "mode": "keys", "tolerance": 0.1})
    take = solve(timeline, texture)
    assert take.error.max() <= 0.1
    between = [i for i in range(9) if i not in (0, 4, 8)]
    assert {take.status[i] for i in between} >= {"ok"}
    assert all((take.iterations[i] > 0) == (take.status[i] == "ok") for i in between)


def test_interpolated_frames_have_the_splines_latent(texture):
    take = solve(texture_timeline(solver={"mode": "keys", "tolerance": 1.0}), texture)
    first, key, last = take.latents[[0, 4, 8]].astype(np.float64)
    for index in (1, 2, 3):  # smoothstep: flat at the ends, and at the key, where the motion turns back
        part = (index / 4) ** 2 * (3 - 2 * index / 4)
        np.testing.assert_allclose(take.latents[index], first + (key - first) * part, atol=1e-6)
        np.testing.assert_allclose(take.latents[8 - index], last + (key - last) * part, atol=1e-6)


def test_their_handles_are_tracked_in_the_picture_and_not_interpolated(texture):
    take = solve(texture_timeline(solver={"mode": "keys", "tolerance": 1.0}), texture)
    moved = np.stack([texture.shift(w)[0] for w in torch.from_numpy(take.latents)])
    np.testing.assert_allclose(take.handles[:, 0] - take.start[0], moved, atol=0.05)


def test_only_the_keys_the_first_and_the_last_frame_are_solved_first(generator, log):
    handles = {"jaw": {"at": [12, 16], "keys": {1003: {"by": [0, 2]}}}}
    solve(make_timeline(handles=handles, solver=KEYS_MODE), generator, callback=log.append)
    assert log.solved() == [1001, 1003, 1006, 1002, 1004, 1005]


def test_the_first_frames_of_a_shot_are_the_same_when_solved_alone(generator, log):
    jaw = {1001: {"by": [0, 0]}, **{1000 + i: {"by": [0, i % 3]} for i in (3, 5, 7, 9)}}
    handles = {"jaw": {"at": [12, 16], "keys": jaw}}
    timeline = make_timeline(frames="1001-1010", handles=handles, solver=KEYS_MODE)
    whole = solve(timeline, generator)
    for last in (1003, 1004):
        log.clear()
        part = solve(timeline, generator, callback=log.append, frames=FrameRange(1001, last))
        assert len(part) == last - 1000
        np.testing.assert_array_equal(part.latents, whole.latents[: last - 1000])
        assert log[0].total == len(log.solved())


def test_keys_mode_gives_the_same_latents_bit_for_bit(generator):
    first, second = (solve(make_timeline(solver=KEYS_MODE), generator) for _ in range(2))
    np.testing.assert_array_equal(first.latents, second.latents)


@pytest.mark.parametrize(
    ("edited", "solved"),
    [(1012, [1012, 1008, 1010, 1011]), (1009, [1009, 1012, 1005, 1006, 1008, 1010, 1011])],
)
def test_an_edited_key_reaches_back_two_keys_and_no_further(generator, log, tmp_path, edited, solved):
    keys = {1001: [0, 0], 1004: [0, 2], 1007: [1, 1], 1009: [0, 0], 1012: [0, 1]}

    def run(**changes):
        moved = {frame: {"by": by} for frame, by in {**keys, **changes.get("keys", {})}.items()}
        handles = {"jaw": {"at": [12, 16], "keys": moved, "interp": "held"}}
        solver = {**KEYS_MODE, "max_iterations": 2}
        timeline = make_timeline(frames="1001-1012", handles=handles, solver=solver)
        return solve(timeline, generator, callback=log.append, resume=tmp_path / "frames")

    run()
    log.clear()
    edited_take = run(keys={edited: [2, 0]})
    assert log.solved() == solved
    fresh = solve(_edited(keys, edited), generator)
    np.testing.assert_array_equal(edited_take.latents, fresh.latents)


def _edited(keys, edited):
    moved = {frame: {"by": by} for frame, by in {**keys, edited: [2, 0]}.items()}
    handles = {"jaw": {"at": [12, 16], "keys": moved, "interp": "held"}}
    return make_timeline(frames="1001-1012", handles=handles, solver={**KEYS_MODE, "max_iterations": 2})


def test_both_modes_keep_frames_apart_in_one_folder(generator, log, tmp_path):
    solve(make_timeline(), generator, resume=tmp_path)
    take = solve(make_timeline(solver=KEYS_MODE), generator, callback=log.append, resume=tmp_path)
    np.testing.assert_array_equal(take.latents, solve(make_timeline(solver=KEYS_MODE), generator).latents)
    assert log.reused() == [1001]  # the only one that is the same in both
    assert set(JAW) >= {1001}


@settings(max_examples=60, deadline=None)
@given(
    knots=st.lists(st.integers(0, 60), min_size=2, max_size=8, unique=True).map(sorted),
    data=st.data(),
)
def test_the_spline_is_the_curve_of_a_timeline_and_depends_on_four_keys(knots, data):
    values = data.draw(st.lists(st.floats(-5, 5, width=32), min_size=len(knots), max_size=len(knots)))
    between = [index for index in range(knots[0], knots[-1]) if index not in knots]
    if not between:
        return
    index = data.draw(st.sampled_from(between))
    window = neighbours(knots, index)
    near = [np.float32([values[knots.index(knot)]]) for knot in window]
    whole = sample_curve(
        [CurveKey(*key) for key in zip(knots, np.c_[values], strict=True)], np.array([index])
    )[0]
    assert len(window) <= 4
    assert spline(window, near, index) == pytest.approx(whole, rel=1e-5, abs=1e-6)  # of all keys
    low, high = sorted(values[knots.index(window[i])] for i in _around(window, index))
    assert low - 1e-5 <= spline(window, near, index)[0] <= high + 1e-5  # no overshoot


def _around(window, index):
    after = next(i for i, knot in enumerate(window) if knot > index)
    return after - 1, after


class _Keys:
    def __init__(self, keyed, count):
        self.keyed, self.frames = keyed, tuple(range(count))


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 40),
    keyed=st.lists(st.integers(0, 39), max_size=8, unique=True),
    data=st.data(),
)
def test_a_part_of_a_shot_uses_the_keys_that_the_whole_uses(count, keyed, data):
    shot = _Keys([key for key in keyed if key < count], count)
    part = data.draw(st.integers(1, count))
    every, needed = knots_needed(shot, count), knots_needed(shot, part)
    assert needed == every[: len(needed)]
    for index in range(part):
        if index not in every:
            assert neighbours(needed, index) == neighbours(every, index)
