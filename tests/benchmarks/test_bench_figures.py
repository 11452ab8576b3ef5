import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._figures import carried_forward, lag, mean, paired, second_difference, with_error
from benchmarks.animation import bend, loop_end, warp_error
from benchmarks.landmarks import over_time
from benchmarks.reconstruction import corresponding_points
from benchmarks.tracking import errors


def moving(count: int = 24, late: float = 0.0) -> np.ndarray:
    """One point that goes 20 px to the right and back on a sine, `late` frames late: [F, 1, 2]."""
    phase = (np.arange(count) - late) / (count - 1)
    x = 20 * np.sin(np.pi * np.clip(phase, 0, 1)) ** 2
    return np.stack([x, np.zeros(count)], axis=-1)[:, None]


def textured(shift: float = 0.0, size: int = 64) -> np.ndarray:
    """A picture of smooth blobs, moved to the right by so many px: uint8 [H, W, 3]."""
    y, x = np.mgrid[0:size, 0:size] + 0.5
    waves = np.sin((x - shift) / 3.1) * np.cos(y / 4.3) + np.sin((x - shift) / 7.7 + y / 5.9)
    return np.repeat((127 + 60 * waves)[..., None], 3, axis=-1).clip(0, 255).astype(np.uint8)


def test_the_mean_leaves_out_what_is_not_known():
    assert mean([1.0, None, math.nan, 3.0]) == 2.0
    assert math.isnan(mean([None]))


def test_paired_differences_have_the_standard_error_of_their_mean():
    # Differences 1, 2, 3: mean 2, standard deviation 1, over the root of 3.
    assert paired([11.0, 22.0, 33.0], [10.0, 20.0, 30.0]) == pytest.approx((2.0, 1 / math.sqrt(3)))


def test_what_all_pairs_share_does_not_widen_the_error():
    easy_and_hard = np.array([1.0, 50.0, 900.0])
    assert paired(easy_and_hard - 1, easy_and_hard) == (-1.0, 0.0)


def test_one_pair_has_no_error_and_none_no_difference():
    value, error = paired([5.0], [3.0])
    assert (value, math.isnan(error)) == (2.0, True)
    assert all(math.isnan(one) for one in paired([], []))


def test_a_pair_with_a_value_that_is_not_a_number_is_left_out():
    assert paired([1.0, math.nan, 5.0], [0.0, 1.0, 2.0])[0] == 2.0


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        ((-11.04, 4.42), "-11.0 ± 4.4"),
        ((0.0279, 0.0053), "+0.0279 ± 0.0053"),
        ((2.0, math.nan), "+2"),
        ((math.nan, math.nan), "–"),
        ((1.0, 0.0), "+1.000 ± 0.000"),
    ],
)
def test_a_difference_is_written_with_two_digits_of_its_error(difference, text):
    assert with_error(difference) == text


def test_second_differences_are_zero_on_a_straight_way_and_known_on_a_corner():
    straight = np.arange(5.0)[:, None, None] * [3.0, 4.0]
    assert second_difference(straight) == 0
    corner = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])[:, None]
    assert second_difference(corner) == pytest.approx(math.sqrt(2))
    assert math.isnan(second_difference(corner[:2]))


@given(late=st.integers(-4, 4))
def test_lag_is_by_how_many_frames_a_curve_trails_its_target(late):
    padded = np.concatenate([np.zeros((8, 1, 2)), moving(), np.zeros((8, 1, 2))])
    assert lag(padded, np.roll(padded, late, axis=0)) == pytest.approx(late, abs=1e-6)


def test_lag_tells_parts_of_a_frame():
    asked, done = moving(60), moving(60, late=0.5)
    assert lag(asked, done) == pytest.approx(0.5, abs=0.1)


def test_pinned_points_and_stillness_say_nothing_of_lag():
    pinned = np.zeros((24, 1, 2))
    shaking = np.random.default_rng(0).normal(size=(24, 1, 2))
    assert lag(np.concatenate([moving(), pinned], 1), np.concatenate([moving(), shaking], 1)) == 0
    assert math.isnan(lag(pinned, shaking))
    assert math.isnan(lag(moving(), pinned))


def test_a_curve_that_has_ended_stays_at_its_last_value():
    assert carried_forward([3.0, 1.0], 4) == [3.0, 1.0, 1.0, 1.0]
    assert carried_forward([3.0, 2.0, 1.0], 2) == [3.0, 2.0]


def test_error_over_time_is_that_of_the_last_iterate_before_each_moment():
    series = over_time("ik", [{"trace_cpu": [0.1, 1.0], "trace": [10.0, 2.0]}])
    assert (series.y[0], series.y[-1]) == (10.0, 2.0)
    assert set(series.y) == {10.0, 2.0}
    assert (series.x[0], series.x[-1]) == pytest.approx((0.1, 1.0))


def test_bend_is_one_for_handles_on_their_targets_and_counts_only_where_these_move():
    targets = np.concatenate([moving(), np.repeat(moving()[-1:], 6, axis=0)])
    assert bend(targets, targets) == pytest.approx(1)
    shaken = targets.copy()
    shaken[-3] += 5.0
    assert bend(shaken, targets) == pytest.approx(1)
    assert bend(2 * targets, targets) == pytest.approx(2)
    assert math.isnan(bend(targets[-4:], targets[-4:]))


def test_a_loop_ends_where_all_targets_are_back_for_the_last_time():
    away = np.array([0.0, 0.0, 5.0, 5.0, 0.0, 0.0, 2.0])
    assert loop_end(np.stack([away, away], axis=-1)[:, None]) == 5


def test_what_never_leaves_or_never_returns_is_no_loop():
    assert loop_end(np.zeros((5, 1, 2))) is None
    assert loop_end(np.arange(5.0)[:, None, None] * [1.0, 0.0]) is None


def test_warp_error_is_small_for_a_moving_picture_and_large_for_a_flickering_one():
    move = np.stack([textured(shift) for shift in (0, 1.5, 3)])
    flicker = np.stack([textured(), (textured() * 0.8).astype(np.uint8), textured()])
    difference = np.abs(move[1].astype(float) - move[0]).mean()
    assert warp_error(move) < 0.15 * difference
    assert warp_error(flicker) > 10


def test_errors_of_a_tracker_count_only_where_a_point_is_seen():
    exact = np.zeros((3, 2, 2))
    places = exact.copy()
    places[1, 0], places[2, 0], places[2, 1] = (3, 4), (6, 8), (99, 0)
    seen = np.array([[True, True], [True, True], [True, False]])
    found = errors(places, exact, seen, width=100)
    assert found["over_time"] == [0.0, 2.5, 10.0]
    assert found["error"] == pytest.approx((5 + 0 + 10) / 3)
    # The second point was last seen on the second frame, where it was right.
    assert (found["error_last"], found["lost"]) == (5.0, 0.5)


def test_of_the_lost_and_of_the_good_points_it_counts_who_was_told():
    exact = np.zeros((3, 4, 2))
    places = exact.copy()
    places[2, 0], places[2, 1], places[1:, 2] = (9, 0), (0, 9), (9, 0)
    seen, told = np.ones((3, 4), np.bool_), np.zeros((3, 4), np.bool_)
    seen[2, 2] = False  # is judged where it was seen last
    told[2, 1:3], told[2, 3] = True, True
    found = errors(places, exact, seen, 100, told)
    assert (found["lost_points"], found["lost_told"]) == (3, 1)
    assert (found["good_points"], found["good_told"]) == (1, 1)


def test_points_of_an_edit_are_where_the_motion_took_them():
    greys = [textured(shift)[..., 0] for shift in np.linspace(0, 6, 7)]
    start, end = corresponding_points(greys, seed=1)
    assert 4 <= len(start) <= 32
    assert (end - start - torch.tensor([6.0, 0.0])).norm(dim=-1).max() < 1


def test_points_of_an_edit_are_the_same_for_the_same_seed():
    greys = [textured(0)[..., 0], textured(2)[..., 0]]
    assert torch.equal(corresponding_points(greys, 1)[0], corresponding_points(greys, 1)[0])


def test_a_picture_without_corners_has_no_points():
    blank = np.full((64, 64), 128, np.uint8)
    assert len(corresponding_points([blank, blank], 0)[0]) == 0
