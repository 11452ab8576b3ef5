import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import TimelineError
from previz.timeline import parse_timeline, sample_handle, sample_timeline

frame = st.integers(1001, 1024)
near = st.integers(40, 90)


def timeline(handles, **more):
    return parse_timeline(
        {"previz": 1, "frames": "1001-1024", "character": "head", "handles": handles, **more}
    )


def targets(handle, *frames, **more):
    shot = timeline({"jaw": {"at": [64, 98], **handle}}, **more)
    samples = sample_timeline(shot, 128, 128)
    return [samples.targets[f - 1001, 0].tolist() for f in frames]


@st.composite
def handles(draw):
    keys = draw(st.dictionaries(frame, st.tuples(near, near).map(list), min_size=1, max_size=5))
    if draw(st.booleans()):
        return {"at": [64, 64], "keys": keys, "interp": draw(st.sampled_from(["held", "linear", "bezier"]))}
    timing = draw(
        st.none() | st.dictionaries(frame, st.sampled_from([0, 0.25, 0.5, 1]), min_size=1, max_size=4)
    )
    points = draw(st.lists(st.tuples(near, near).map(list), min_size=2, max_size=4))
    spline = draw(st.sampled_from(["linear", "catmull-rom"]))
    return {"at": [64, 64], "path": {"points": points, "spline": spline}, "timing": timing}


def test_to_is_a_point_and_by_is_from_where_the_handle_starts():
    keys = {1010: {"by": [2, 9]}, 1020: {"by": [1, 1]}, 1024: {"to": [60, 90]}}
    assert targets({"keys": keys}, 1010, 1020, 1024) == [[66, 107], [65, 99], [60, 90]]


def test_a_handle_starts_from_its_at_on_the_first_frame():
    assert targets({"keys": {1011: {"by": [0, 10]}}}, 1001, 1006, 1011) == [[64, 98], [64, 103], [64, 108]]


def test_after_its_last_key_a_handle_stays():
    assert targets({"keys": {1010: [60, 90]}}, 1010, 1017, 1024) == [[60, 90]] * 3


def test_a_hold_stays_until_the_next_key():
    keys = {1005: {"by": [0, 9], "hold": True}, 1010: {"by": [0, 0]}}
    assert targets({"keys": keys}, 1005, 1009, 1010) == [[64, 107], [64, 107], [64, 98]]


def test_the_ease_of_a_key_shapes_how_the_handle_arrives_there():
    keys = {1011: {"by": [0, 8], "ease": "out-cubic"}}
    assert targets({"keys": keys}, 1001, 1006, 1011) == [[64, 98], [64, 105], [64, 106]]


def test_the_interpolation_of_a_handle_is_that_of_its_keys():
    linear = {"keys": {1001: [0, 0], 1011: [10, 0], 1021: [10, 20]}, "interp": "linear"}
    assert targets(linear, 1003, 1016) == [[2, 0], [10, 10]]
    held = {**linear, "keys": {**linear["keys"], 1001: {"to": [0, 0], "interp": "held"}}}
    assert targets(held, 1003, 1016) == [[0, 0], [10, 10]]


def test_a_path_is_where_and_its_timing_is_when():
    handle = {
        "at": [0, 0],
        "path": [[0, 0], [40, 0]],
        "timing": {1001: 0, 1009: {"to": 1, "ease": "linear"}, 1017: {"to": 0.25, "ease": "linear"}},
    }
    assert targets(handle, 1001, 1005, 1009, 1013, 1017, 1024) == [
        [0, 0], [20, 0], [40, 0], [25, 0], [10, 0], [10, 0]
    ]  # fmt: skip


def test_without_a_timing_a_path_is_walked_over_the_shot():
    handle = {"at": [0, 0], "path": [[0, 0], [23, 0]], "interp": "linear"}
    assert targets(handle, 1001, 1008, 1024) == [[0, 0], [7, 0], [23, 0]]


def test_a_relative_path_is_counted_from_where_the_handle_starts():
    path = {"points": [[0, 0], [5, 10]], "relative": True, "scale": 2}
    timing = {1011: {"to": 1, "ease": "linear"}}
    assert targets({"path": path, "timing": timing}, 1001, 1011) == [[64, 98], [74, 118]]


def test_a_path_drawn_in_another_program():
    handle = {
        "at": [10, 10],
        "path": {"svg": "M 10 10 h 20 v 20"},
        "timing": {1021: {"to": 1, "ease": "linear"}},
    }
    assert targets(handle, 1001, 1006, 1016) == [[10, 10], [20, 10], [30, 20]]


def test_a_closed_path_is_walked_round_and_round():
    path = {"points": [[10, 10], [20, 10], [20, 20], [10, 20]], "closed": True}
    handle = {"at": [10, 10], "path": path, "timing": {1001: 0, 1005: 0.5}, "interp": "linear"}
    round_and_round = {**handle, "extrapolate": {"after": "linear"}}
    assert targets(round_and_round, 1001, 1003, 1009, 1013) == [[10, 10], [20, 10], [10, 10], [20, 20]]


def test_what_is_said_to_come_before_the_first_key_comes_instead_of_the_way_from_at():
    keys = {"keys": {1010: [60, 90], 1014: [60, 94]}, "interp": "linear"}
    assert targets({**keys, "extrapolate": {"before": "held"}}, 1001, 1005) == [[60, 90], [60, 90]]
    assert targets({**keys, "extrapolate": "linear"}, 1001, 1024) == [[60, 81], [60, 104]]
    assert targets({**keys, "extrapolate": {"slope": [1, 0]}}, 1008, 1016) == [[58, 90], [62, 94]]
    assert targets({**keys, "extrapolate": "loop-oscillate"}, 1006, 1018, 1022) == [
        [60, 94],
        [60, 90],
        [60, 94],
    ]


def test_curve_is_another_word_for_bezier_and_auto_for_no_tangent():
    plain = {1001: [64, 98], 1011: [64, 108]}
    written = {
        1001: {"to": [64, 98], "interp": "curve", "out": "auto"},
        1011: {"to": [64, 108], "in": "auto"},
    }
    frames = range(1001, 1012)
    assert targets({"keys": written, "interp": "linear"}, *frames) == targets({"keys": plain}, *frames)


def test_a_pinned_handle_stays_where_it_is():
    samples = sample_timeline(timeline({"nose": {"at": [64, 60], "pin": True}}), 128, 128)
    assert samples.pin.tolist() == [True]
    assert (samples.targets == samples.start).all()


def test_samples_name_and_order_what_they_hold():
    shot = timeline(
        {
            "jaw": {"at": [64, 98], "keys": {1024: [64, 99]}},
            "nose": {"at": [64, 60], "pin": True, "weight": 2},
        }
    )
    samples = sample_timeline(shot, 128, 128)
    assert samples.names == ("jaw", "nose")
    assert samples.frames == tuple(range(1001, 1025))
    assert samples.start.tolist() == [[64, 98], [64, 60]]
    assert samples.weights.tolist() == [[1, 2]] * 24
    assert (samples.influence == 1).all()
    assert samples.targets.shape == (24, 2, 2)
    assert samples.masks is None
    assert samples.tolerance_px is None


def test_keyed_frames_are_the_first_and_those_with_a_key():
    shot = timeline(
        {
            "jaw": {"at": [64, 98], "keys": {1010: [64, 99], 1020: [64, 98]}},
            "brow": {"at": [30, 30], "path": [[30, 30], [30, 20]], "timing": {1015: 1}},
            "nose": {"at": [64, 60], "pin": True},
        }
    )
    assert sample_timeline(shot, 128, 128).keyed == {1001, 1010, 1015, 1020}


def test_a_path_without_a_timing_is_keyed_at_its_ends():
    shot = timeline({"brow": {"at": [30, 30], "path": [[30, 30], [30, 20]]}})
    assert sample_timeline(shot, 128, 128).keyed == {1001, 1024}


@given(handles(), st.lists(st.floats(995, 1030), min_size=1, max_size=10))
def test_a_target_does_not_depend_on_which_frames_are_sampled(handle, frames):
    shot = timeline({"jaw": handle})
    together = sample_handle(shot.handles["jaw"], shot.frames, np.array(frames))
    for one, target in zip(frames, together, strict=True):
        assert sample_handle(shot.handles["jaw"], shot.frames, np.array([one]))[0].tolist() == target.tolist()


@given(handles(), st.sampled_from([32, 64, 256, 512]))
def test_the_canvas_scales_with_the_picture(handle, size):
    shot = timeline({"jaw": handle}, canvas=128, solver={"tolerance": 2})
    own, scaled = sample_timeline(shot, 128, 128), sample_timeline(shot, size, size)
    np.testing.assert_allclose(scaled.targets, own.targets * (size / 128), rtol=1e-12)
    np.testing.assert_allclose(scaled.start, own.start * (size / 128), rtol=1e-12)
    assert scaled.tolerance_px == 2 * size / 128
    assert scaled.keyed == own.keyed


def test_without_a_canvas_coordinates_are_the_pictures():
    shot = timeline({"jaw": {"at": [64, 98], "pin": True}}, solver={"tolerance": 2})
    samples = sample_timeline(shot, 256, 256)
    assert samples.start.tolist() == [[64, 98]]
    assert samples.tolerance_px == 2


def test_the_mask_scales_with_the_canvas_and_is_stored_once():
    shot = timeline(
        {"jaw": {"at": [64, 98], "pin": True}},
        canvas=128,
        mask={"polygon": [[32, 64], [96, 64], [96, 128], [32, 128]]},
    )
    masks = sample_timeline(shot, 32, 32).masks
    assert masks.shape == (24, 32, 32)
    assert masks.still
    assert masks[3] is masks[20]
    assert masks[0].dtype == np.float32
    expected = np.zeros((32, 32))
    expected[16:, 8:24] = 1
    np.testing.assert_array_equal(masks[5], expected)


def test_a_picture_that_is_not_square():
    shot = timeline({"jaw": {"at": [100, 300], "pin": True}}, canvas=[256, 512])
    assert sample_timeline(shot, 128, 256).start.tolist() == [[50, 150]]


def test_a_timeline_that_does_not_fit_the_picture_is_refused():
    shot = timeline({"jaw": {"at": [64, 198], "pin": True}})
    with pytest.raises(TimelineError) as error:
        sample_timeline(shot, 128, 128)
    assert str(error.value) == (
        "handles.jaw.at: (64, 198) is outside the picture: x lies in 0 to 128, y in 0 to 128"
    )
