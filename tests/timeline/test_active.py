"""Handles that are on for a while: their influence, their weight, and what is wrong with them."""

import numpy as np
import pytest

from previz.errors import TimelineError
from previz.timeline import parse_timeline, sample_timeline, timeline_warnings

HEAD = {"previz": 1, "frames": "1001-1024", "character": "head"}


def samples(**handle):
    handles = {"a": {"at": [50, 60], "keys": {1010: [54, 60]}, **handle}}
    return sample_timeline(parse_timeline({**HEAD, "handles": handles}), 128, 128)


def test_a_handle_is_on_all_the_time_by_default():
    assert (samples().influence == 1).all()


def test_a_handle_is_on_from_the_first_to_the_last_frame_of_its_range():
    influence = samples(active="1005-1008").influence[:, 0]
    assert np.flatnonzero(influence).tolist() == [4, 5, 6, 7]
    assert influence.max() == 1


def test_it_comes_on_and_lets_go_over_its_blends():
    influence = samples(active="1005-1016", blend_in=3, blend_out=1).influence[:, 0]
    assert influence[3:].tolist() == [0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1, 1, 0.5, *[0] * 8]


def test_blends_that_meet_leave_the_lower_of_the_two():
    influence = samples(active="1005-1007", blend_in=3, blend_out=3).influence[:, 0]
    assert influence[4:7].tolist() == [0.25, 0.5, 0.25]


def test_a_handle_that_is_off_has_no_weight():
    found = samples(active="1005-1016", blend_in=1, weight=2)
    assert found.weights[3:6, 0].tolist() == [0, 1, 2]


def test_the_weight_may_be_keyed():
    found = samples(weight={"keys": {1001: 1, 1011: 3}, "interp": "linear"}, interp="linear")
    np.testing.assert_allclose(found.weights[[0, 5, 10, 20], 0], [1, 2, 3, 3])
    assert (found.influence == 1).all()


def test_a_weight_that_an_ease_takes_below_nothing_is_nothing():
    found = samples(weight={1001: 1, 1011: {"to": 0, "ease": "out-back"}})
    assert found.weights.min() == 0


def test_where_it_comes_on_and_lets_go_is_keyed():
    found = samples(active="1005-1016", blend_in=3, blend_out=2)
    assert found.keyed == {1001, 1005, 1008, 1010, 1014, 1016}


def test_the_range_may_be_partly_outside_the_shot():
    assert samples(active="990-1003").influence[:4, 0].tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("handle", "problem"),
    [
        ({"active": "900-950"}, "handles.a.active: 900-950 has no frame of the shot's, 1001-1024"),
        ({"active": "all"}, "handles.a.active: 'all' is not a frame range; write it as 1001-1048"),
        (
            {"blend_in": 4},
            "handles.a.blend_in: needs `active`, the frames on which the handle is on: `active: 1001-1024`",
        ),
        ({"active": "1001-1010", "blend_out": -1}, "handles.a.blend_out: must be at least 0, not -1"),
        ({"weight": {1001: 1, 1010: -2}}, "handles.a.weight.1010: must be at least 0, not -2"),
        ({"weight": {}}, "handles.a.weight.keys: must not be empty"),
        (
            {"weight": {1001: {"to": 1, "easy": 3}}},
            "handles.a.weight.1001.easy: unknown field; did you mean ease?",
        ),
        ({"weight": "much"}, "handles.a.weight: must be a number, not 'much'"),
    ],
)
def test_what_is_wrong(handle, problem):
    with pytest.raises(TimelineError) as error:
        samples(**handle)
    assert str(error.value) == problem


def test_a_handle_that_comes_on_later_may_be_away_from_its_place():
    handle = {"at": [50, 60], "keys": {1001: [70, 60], 1024: [70, 60]}, "active": "1010-1020"}
    still = {"at": [10, 10], "keys": {1020: [12, 12]}}
    assert timeline_warnings(parse_timeline({**HEAD, "handles": {"a": handle, "b": still}})) == ()
