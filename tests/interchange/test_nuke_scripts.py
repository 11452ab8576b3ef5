from fractions import Fraction

import numpy as np
import pytest

from previz import CurvesError
from previz.interchange import Facts, read_curves, write_curves
from tests.interchange.motions import make_curves

KNOWN = Facts((100, 80), Fraction(24))


def read(tmp_path, text, facts=KNOWN):
    (tmp_path / "in.nk").write_text(text)
    return read_curves(tmp_path / "in.nk", facts=facts)


def failure(tmp_path, text, facts=KNOWN):
    with pytest.raises(CurvesError) as error:
        read(tmp_path, text, facts)
    return str(error.value).replace(str(tmp_path / "in.nk"), "in.nk")


def test_a_tracker_has_a_curve_from_the_first_frame_on_and_y_up_from_the_bottom(tmp_path):
    curves = make_curves([[[10.5, 0.0]], [[11, 8]]], size=(100, 80), rate=Fraction(24000, 1001))
    text = write_curves(curves, tmp_path / "a.nk").read_text()
    assert '"jaw" {curve x1001 10.5000 11.0000} {curve x1001 80.0000 72.0000}' in text
    assert ' format "100 80 0 0 100 80 1 previz_100x80"' in text
    assert " fps 23.976" in text.splitlines()


def test_a_trackers_table_has_as_many_cells_as_columns(tmp_path):
    from previz.interchange._tcl import elements

    text = write_curves(make_curves(), tmp_path / "a.nk").read_text()
    node = next(e.text for e in elements(text, "") if e.braced and "tracks" in e.text)
    knob = list(elements(node, ""))
    table = list(elements(knob[[e.text for e in knob].index("tracks") + 1].text, ""))
    counts, columns, rows = (list(elements(part.text, "")) for part in table)
    assert [word.text for word in counts] == ["1", "31", "1"]
    assert len(columns) == 31
    assert [len(list(elements(row.text, ""))) for row in rows] == [31]


def test_pixel_centres_stay_centres(tmp_path):
    first_pixel = make_curves([[[0.5, 79.5]]], size=(100, 80))
    text = write_curves(first_pixel, tmp_path / "a.nk").read_text()
    assert "{curve x1001 0.5000} {curve x1001 0.5000}" in text


@pytest.mark.parametrize(
    ("curve", "frames", "values"),
    [
        ("curve x1 10 x2 11 x3 12", (1, 2, 3), (10, 11, 12)),
        ("curve x5 10 11 12", (5, 6, 7), (10, 11, 12)),
        ("curve i x1 10 x3 12 14", (1, 3, 5), (10, 12, 14)),
        ("curve 10 11", (0, 1), (10, 11)),
        ("curve k x1 10 l x2 11", (1, 2), (10, 11)),
        ("curve x1 1e1 s0 t0.5 u1 v2 x2 11", (1, 2), (10, 11)),
    ],
)
def test_keys_are_read_by_nukes_grammar(curve, frames, values):
    from previz.interchange._nuke_curve import read_scalar

    scalar = read_scalar(curve, "in.nk", 1)
    assert (scalar.frames, scalar.values) == (frames, values)


def test_any_knob_with_two_curves_is_a_point_named_by_node_and_knob(tmp_path):
    script = "Transform {\n translate {{curve x1 5 6} {curve x1 7 8}}\n center {50 40}\n name Move\n}\n"
    curves = read(tmp_path, script).curves
    assert curves.names == ("Move_translate",)
    np.testing.assert_allclose(curves.point("Move_translate"), [[5, 73], [6, 72]])


def test_a_knob_may_be_animated_on_one_axis(tmp_path):
    curves = read(tmp_path, "Transform {\n center {{curve x1 5 6} 7}\n}\n").curves
    np.testing.assert_allclose(curves.point("Transform_center"), [[5, 73], [6, 73]])


def test_copied_curves_need_no_node(tmp_path):
    curves = read(tmp_path, "nose {curve x1 5 6} {curve x1 7 8}\njaw {curve x1 1} {curve x1 2}\n").curves
    assert curves.names == ("nose", "jaw")
    assert read(tmp_path, "{{curve x1 5 6} {curve x1 7 8}}").curves.names == ("point_1",)


def test_tracks_of_several_nodes_have_names_of_their_own(tmp_path):
    node = "Dot {\n pos {{curve x1 5 6} {curve x1 7 8}}\n}\n"
    assert read(tmp_path, node + node).curves.names == ("Dot_pos", "Dot_pos_2")


def test_constant_keys_hold_and_linear_keys_fill_straight(tmp_path):
    found = read(tmp_path, "p {curve K x1 0 L x3 4 x5 8} {curve K x1 0 L x3 4 x5 8}")
    np.testing.assert_allclose(found.curves.point("p")[:, 0], [0, 0, 4, 6, 8])
    assert found.notes == ("p: 1 frames between its keys are filled straight",)


def test_a_curve_that_is_not_baked_is_read_straight_and_told(tmp_path):
    found = read(tmp_path, "p {curve x1 0 x5 8} {curve x1 0 x5 8}")
    np.testing.assert_allclose(found.curves.point("p")[:, 0], [0, 2, 4, 6, 8])
    assert found.notes == (
        "p: curved between the keys 1 and 5, read as straight; bake it to a key a frame for its exact shape",
    )


def test_a_shorter_track_holds_its_nearest_place_and_tells(tmp_path):
    found = read(tmp_path, "a {curve x1 1 2 3} {curve x1 1 2 3}\nb {curve x2 7} {curve x2 7}")
    np.testing.assert_allclose(found.curves.point("b")[:, 0], [7, 7, 7])
    assert found.notes == ("b: has no position on 1, 3; the nearest one is held there",)


def test_a_tracks_offset_is_told(tmp_path):
    text = write_curves(make_curves(), tmp_path / "a.nk").read_text()
    moved = text.replace(
        "{curve K x1001 0} {curve K x1001 0} 1 0 0", "{curve K x1001 4} {curve K x1001 0} 1 0 0"
    )
    assert read(tmp_path, moved, Facts()).notes == ("jaw: the track's offset is left out",)


def test_size_and_rate_are_asked_for_where_the_script_has_none(tmp_path):
    script = "Dot {\n pos {{curve x1 5} {curve x1 7}}\n}\n"
    assert failure(tmp_path, script, Facts()) == (
        "in.nk: doesn't state the picture's size; say it with --size, as 1920x1080"
    )
    assert failure(tmp_path, script, Facts(size=(10, 10))) == (
        "in.nk: doesn't state its frame rate; say it with --fps, as 24 or 23.976"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Dot {\n name a\n}\n", "in.nk: there is no animated position in it"),
        ("Dot {\n name a\n", "in.nk:1: the brace that opens here is never closed; was the file cut short?"),
        ("p {curve x1 abc} {curve x1 2}", "in.nk:1: 'abc' is not a number that can be used"),
        ("p {curve x3 1 x2 1} {curve x1 2}", "in.nk:1: the keys of a curve go back in time"),
        ("p {curve} {curve x1 2}", "in.nk:1: a curve without keys"),
        ("p {curve x1 2e9} {curve x1 2}", "in.nk:1: '2e9' is out of bounds; the largest is 1000000 pixels"),
        (
            "p {curve x1 1 x900000 2} {curve x1 2}",
            "in.nk: the frames 1 to 900000 are more than 100000",
        ),
        ("Tracker4 {\n tracks { { 1 31 1 } }\n}\n", "in.nk:2: the tracks of a Tracker4 can't be made out"),
    ],
)
def test_what_can_not_be_read_is_one_line_with_its_place(tmp_path, text, message):
    assert failure(tmp_path, text) == message


def test_nukes_origin_is_its_own(tmp_path):
    facts = Facts((10, 10), Fraction(24), "top-left")
    assert (
        failure(tmp_path, "", facts) == "in.nk: --origin top-left: this format's origin is always bottom-left"
    )
