"""Handles that are on for a while, weights and masks that change, as the engine solves them."""

import numpy as np
import pytest

from previz.animate import solve
from tests.animate.characters import make_timeline

ASIDE = {1001: {"by": [8, 0]}, 1009: {"by": [8, 0]}}
METHODS = ["ik", "adam"]


def solved(texture, handle, method="ik", frames="1001-1009", **fields):
    handles = {"left": {"at": [24, 30], **handle}}
    solver = {"learning_rate": 0.01, "tolerance": 0.3, "method": method}
    return solve(make_timeline(frames=frames, handles=handles, solver=solver, **fields), texture)


@pytest.mark.parametrize("method", METHODS)
def test_a_handle_that_is_off_is_neither_drawn_nor_judged(texture, method):
    take = solved(texture, {"keys": ASIDE, "active": "1003-1004"}, method, frames="1001-1009")
    np.testing.assert_array_equal(take.handles[:2, 0], [[24, 30]] * 2)
    np.testing.assert_allclose(take.handles[2:4, 0], [[32, 30]] * 2, atol=0.3)
    assert (take.iterations > 0).tolist()[:3] == [False, False, True]
    assert take.iterations[4:].tolist() == [0] * 5


def test_one_that_is_off_has_its_target_where_it_is(texture):
    take = solved(texture, {"keys": {1001: {"by": [0, 0]}, 1005: {"by": [8, 0]}}, "active": "1001-1003"})
    np.testing.assert_array_equal(take.targets[3:], take.handles[3:])
    assert take.error[3:].max() == 0
    assert set(take.status) == {"ok"}
    assert take.summary().within_tolerance == 1
    moved = np.abs(np.diff(take.handles[3:, 0], axis=0)).max()
    assert moved < 0.1  # let go, it stays


def test_it_comes_on_little_by_little_from_where_it_is(texture):
    take = solved(texture, {"keys": ASIDE, "active": "1003-1009", "blend_in": 2})
    expected = [0, 0, 8 / 3, 8 / 3 + 16 / 3 * 2 / 3, 8, 8]
    np.testing.assert_allclose(take.handles[:6, 0, 0] - 24, expected, atol=0.4)
    assert take.summary().within_tolerance == 1


def test_it_lets_go_little_by_little(texture):
    keys = {1001: {"to": [24, 30], "interp": "linear"}, 1009: {"by": [16, 0]}}
    take = solved(texture, {"keys": keys, "active": "1001-1006", "blend_out": 2})
    steps = np.diff(take.handles[:, 0, 0])
    np.testing.assert_allclose(steps[:3], 2, atol=0.5)  # as its curve goes
    assert steps[3:5].max() < 2.9  # behind it, nearer with each frame
    np.testing.assert_allclose(steps[5:], 0, atol=0.1)


def test_a_weight_of_nothing_lets_go_too(texture):
    take = solved(
        texture, {"keys": ASIDE, "weight": {1001: 0, 1005: {"to": 1, "interp": "held"}}, "interp": "held"}
    )
    assert take.error[0, 0] == 0
    np.testing.assert_allclose(take.handles[5:, 0], [[32, 30]] * 4, atol=0.3)


def test_a_frame_depends_on_its_own_weight_and_on_those_before_it(texture):
    first = solved(texture, {"keys": ASIDE, "weight": {1001: 1, 1005: 1, 1009: 1}})
    edited = solved(texture, {"keys": ASIDE, "weight": {1001: 1, 1005: 1, 1009: 2}})
    same = [one == other for one, other in zip(first.keys, edited.keys, strict=True)]
    assert same == [True] * 5 + [False] * 4


def test_a_frame_depends_on_its_own_mask(texture):
    def keys(radius):
        mask = {"ellipse": {"center": [24, 30], "radius": {1001: 20, 1003: radius}}}
        still = {"keys": {1001: {"by": [0, 0]}}}  # nothing to solve
        return solved(texture, still, frames="1001-1003", mask=mask).keys

    first, edited = keys(20), keys(30)
    assert first[0] == edited[0]
    assert not set(first[1:]) & set(edited)


def test_keys_mode_solves_the_frames_where_a_handle_comes_on_and_lets_go(texture):
    timeline = make_timeline(
        frames="1001-1009",
        handles={"left": {"at": [24, 30], "keys": ASIDE, "active": "1004-1007", "blend_in": 1}},
        solver={"learning_rate": 0.01, "tolerance": 0.3, "mode": "keys"},
    )
    take = solve(timeline, texture)
    assert take.summary().within_tolerance == 1
    np.testing.assert_allclose(take.handles[4:7, 0], [[32, 30]] * 3, atol=0.3)
