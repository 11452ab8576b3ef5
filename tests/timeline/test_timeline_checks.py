"""What is known only with a picture, and what is doubtful though it can be solved."""

import pytest

from previz.timeline import check_against, parse_timeline, timeline_warnings

HEAD = "previz: 1\nframes: 1001-1024\ncharacter: head\n"
PINNED = "handles: {nose: {at: [64, 60], pin: true}, jaw: {at: [64, 98], keys: {1010: [64, 99]}}}"


def against(text, width=128, height=128):
    return [
        str(problem).removeprefix("x.yaml:")
        for problem in check_against(parse_timeline(HEAD + text, "x.yaml"), width, height)
    ]


def warnings(text):
    return [
        str(problem).removeprefix("x.yaml:")
        for problem in timeline_warnings(parse_timeline(HEAD + text, "x.yaml"))
    ]


def test_a_timeline_that_fits():
    assert against(PINNED) == []
    assert warnings(PINNED) == []


def test_a_handle_must_start_in_the_picture():
    assert against("handles: {jaw: {at: [64, 98.5], pin: true}}", 64, 64) == [
        "4:21: handles.jaw.at: (64, 98.5) is outside the picture: x lies in 0 to 64, y in 0 to 64"
    ]


@pytest.mark.parametrize("at", ["[0, 0]", "[128, 128]"])
def test_the_border_belongs_to_the_picture(at):
    assert against(f"handles: {{jaw: {{at: {at}, pin: true}}}}") == []


def test_the_canvas_must_have_the_shape_of_the_picture():
    assert against("canvas: [640, 360]\n" + PINNED) == [
        "4:9: canvas: 640 x 360 is another shape than the character's picture, 128 x 128"
    ]


def test_a_mask_must_leave_something_free():
    assert against(PINNED + "\nmask: {polygon: [[0, 0], [128, 0], [128, 128], [0, 128]], fixed: true}") == [
        "5:1: mask: the mask leaves nothing of the picture that may move"
    ]


def test_a_moving_handle_on_a_fixed_place_is_doubtful():
    assert against(PINNED + "\nmask: {ellipse: {center: [64, 20], radius: 15}}") == [
        "4:54: handles.jaw.at: warning: lies where the mask lets nothing move"
    ]


def test_a_target_beyond_the_picture_is_doubtful():
    assert against("handles: {jaw: {at: [64, 98], interp: linear, keys: {1021: [64, 138]}}}") == [
        "4:11: handles.jaw: warning: leaves the picture, 128 x 128, on frame 1017, to (64.0, 130.0)"
    ]


def test_a_handle_that_jumps_on_the_first_frame_is_doubtful():
    assert warnings("handles: {jaw: {at: [64, 98], path: [[64, 102], [70, 102]]}}") == [
        "4:11: handles.jaw: warning: already 4.0 px from its `at` on frame 1001; the shot starts with a jump"
    ]


def test_a_hold_that_ends_in_a_jump_is_doubtful():
    keys = "{1005: {by: [0, 9], hold: true}, 1010: {by: [0, 9], hold: true}, 1020: {by: [0, 0]}}"
    assert warnings(f"handles: {{jaw: {{at: [64, 98], keys: {keys}}}}}") == [
        "4:102: handles.jaw.keys.1020: warning: held since frame 1010, it jumps 9.0 px on frame 1020; "
        "without a hold it moves"
    ]


def test_what_shapes_no_segment_is_doubtful():
    keys = "{1001: {by: [0, 0], ease: in-sine}, 1010: {by: [0, 9], out: [3, 0, 0]}}"
    assert warnings(f"handles: {{jaw: {{at: [64, 98], keys: {keys}}}}}") == [
        "4:57: handles.jaw.keys.1001.ease: warning: the first key has no way to it that this could shape",
        "4:92: handles.jaw.keys.1010.out: warning: the last key has no way from it that this could shape",
    ]


def test_a_shot_in_which_nothing_moves_is_doubtful():
    assert warnings("handles: {nose: {at: [64, 60], pin: true}}") == [
        "4:1: handles: warning: every handle is pinned, so nothing moves"
    ]


def test_a_tangent_that_would_let_time_run_back_is_doubtful():
    keys = "{1001: {to: [64, 98], out: [20, 3, 0]}, 1010: {to: [70, 98], in: [4, 0, 0]}}"
    assert warnings(f"handles: {{jaw: {{at: [64, 98], keys: {keys}}}}}") == [
        "4:64: handles.jaw.keys.1001.out: warning: the tangent is 20 frames long and the next "
        "key 9 away; it is "
        "shortened to 11.96, so that time doesn't run back"
    ]


def test_a_tangent_as_long_as_its_segment_is_not():
    keys = "{1001: {to: [64, 98], out: [9, 3, 0]}, 1010: {to: [70, 98], in: [9, 0, 0]}}"
    assert warnings(f"handles: {{jaw: {{at: [64, 98], keys: {keys}}}}}") == []


def test_a_loop_of_one_key_is_doubtful():
    keys = "keys: {1001: [64, 98]}, extrapolate: {after: loop-repeat}"
    assert warnings(f"handles: {{jaw: {{at: [64, 98], {keys}}}}}") == [
        "4:76: handles.jaw.extrapolate.after: warning: loop-repeat needs two keys; with one, nothing changes"
    ]


def test_a_target_that_a_modifier_takes_beyond_the_picture_is_doubtful():
    layer = "modifiers: [{layer: {keys: {1005: {to: [0, 40], hold: true}}}}]"
    assert against(f"handles: {{jaw: {{at: [64, 98], {layer}}}}}") == [
        "4:11: handles.jaw: warning: leaves the picture, 128 x 128, on frame 1004, to (64.0, 131.8)"
    ]
