import json
from fractions import Fraction

import numpy as np
import pytest

from previz import CurvesError
from previz.interchange import Facts, read_curves, write_curves
from tests.interchange.motions import make_curves

KNOWN = Facts((100, 80), Fraction(24), "top-left")


def read(tmp_path, text, facts=KNOWN, name="in.csv"):
    (tmp_path / name).write_text(text)
    return read_curves(tmp_path / name, facts=facts)


def failure(tmp_path, text, facts=KNOWN, name="in.csv"):
    with pytest.raises(CurvesError) as error:
        read(tmp_path, text, facts, name)
    return str(error.value).replace(str(tmp_path / name), name)


def test_a_wide_table_has_a_row_a_frame_and_states_its_facts(tmp_path):
    curves = make_curves([[[1, 2], [3, 4]]], ("jaw", "nose"), rate=Fraction(24000, 1001), size=(64, 48))
    assert write_curves(curves, tmp_path / "a.csv").read_text() == (
        "# previz curves 1\n# title: smile\n# rate: 24000/1001\n# size: 64x48\n# origin: top-left\n"
        "frame,jaw.x,jaw.y,nose.x,nose.y\n1001,1.0000,2.0000,3.0000,4.0000\n"
    )


def test_a_long_table_has_a_row_a_point(tmp_path):
    curves = make_curves([[[1, 2], [3, 4]]], ("jaw", "nose"))
    text = write_curves(curves, tmp_path / "a.csv", "csv-long").read_text()
    assert text.splitlines()[-3:] == ["frame,name,x,y", "1001,jaw,1.0000,2.0000", "1001,nose,3.0000,4.0000"]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("frame,jaw_x,jaw_y\n1,5,6\n2,7,8\n", ("jaw",)),
        ("Frame;jaw x;jaw y\n1;5;6\n2;7;8\n", ("jaw",)),
        ("frame\tx\ty\n1\t5\t6\n2\t7\t8\n", ("point",)),
        ("track_id,frame,x,y\n3,1,5,6\n3,2,7,8\n", ("3",)),
        ("frame,point_id,x,y,visible,confidence\n1,0,5,6,True,1\n2,0,7,8,True,1\n", ("0",)),
    ],
)
def test_tables_of_other_programs_are_read(tmp_path, table, names):
    found = read(tmp_path, table)
    assert found.curves.names == names
    np.testing.assert_array_equal(found.curves.positions[:, 0], [[5, 6], [7, 8]])


def test_the_origin_is_converted(tmp_path):
    facts = Facts((100, 80), Fraction(24), "bottom-left")
    np.testing.assert_array_equal(read(tmp_path, "frame,x,y\n1,5,6\n", facts).curves.positions[0, 0], [5, 74])


def test_points_that_are_not_visible_are_filled_and_told(tmp_path):
    table = "frame,id,x,y,visible\n1,a,0,0,1\n2,a,99,99,0\n3,a,4,8,1\n"
    found = read(tmp_path, table)
    np.testing.assert_array_equal(found.curves.point("a"), [[0, 0], [2, 4], [4, 8]])
    assert found.notes == ("a: 1 frames between its keys are filled straight",)


def test_occluded_points_are_not_visible(tmp_path):
    found = read(tmp_path, "frame,id,x,y,occluded\n1,a,0,0,false\n2,a,9,9,true\n3,a,4,8,false\n")
    np.testing.assert_array_equal(found.curves.point("a")[1], [2, 4])


def test_empty_cells_are_no_position(tmp_path):
    found = read(tmp_path, "frame,a.x,a.y,b.x,b.y\n1,0,0,1,1\n2,,,2,2\n3,4,8,3,3\n")
    np.testing.assert_array_equal(found.curves.point("a")[1], [2, 4])


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (Facts(), "in.csv: doesn't state the picture's size; say it with --size, as 1920x1080"),
        (
            Facts(size=(9, 9)),
            "in.csv: doesn't state where y is 0; say --origin top-left (y down) or bottom-left (y up)",
        ),
        (
            Facts(size=(9, 9), origin="top-left"),
            "in.csv: doesn't state its frame rate; say it with --fps, as 24 or 23.976",
        ),
    ],
)
def test_nothing_is_assumed(tmp_path, facts, message):
    assert failure(tmp_path, "frame,x,y\n1,5,6\n", facts) == message


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "in.csv: has no rows"),
        ("1,5,6\n", "in.csv:1: no column is called frame; the first row names the columns"),
        (
            "frame,size\n1,5\n",
            "in.csv:1: the columns have no positions; they are frame, name, x, y, "
            "or frame, jaw.x, jaw.y and so on",
        ),
        ("# a\nframe,x,y\n1,5,left\n", "in.csv:3: 'left' is not a number that can be used"),
        ("frame,x,y\n1,5\n", "in.csv:2: the row has 2 cells; column 3 is missing"),
        ("frame,x,y\n1,5,6\n1,5,6\n", "in.csv:3: point has frame 1 twice"),
        ("frame,x,y\n1,5,1e99\n", "in.csv:2: '1e99' is not a number that can be used"),
        ("frame,x,y\n1,nan,1\n", "in.csv:2: 'nan' is not a number that can be used"),
        ("frame,x,y\n1,,\n", "in.csv: there are no tracks in it"),
        ("# size: wide\nframe,x,y\n1,2,3\n", "in.csv: its size, 'wide', is not a size such as 1920x1080"),
    ],
)
def test_a_broken_table_is_told_with_its_line(tmp_path, table, message):
    assert failure(tmp_path, table) == message


def test_json_holds_every_fact(tmp_path):
    curves = make_curves([[[1, 2]], [[3, 4.00001]]], rate=Fraction(24000, 1001))
    data = json.loads(write_curves(curves, tmp_path / "a.json").read_text())
    assert data == {
        "previz_curves": 1,
        "title": "smile",
        "rate": "24000/1001",
        "size": [256, 256],
        "origin": "top-left",
        "frames": [1001, 1002],
        "points": {"jaw": [[1.0, 2.0], [3.0, 4.0]]},
    }


def test_json_may_miss_positions(tmp_path):
    found = read(tmp_path, '{"frames": [1, 2, 3], "points": {"a": [[0, 0], null, [4, 8]]}}', name="in.json")
    np.testing.assert_array_equal(found.curves.point("a")[1], [2, 4])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "in.json: has no `points`; it is a mapping of frames and points"),
        ('{"points": {}, "frames": [1.5]}', "in.json: `frames` is not a list of whole numbers"),
        ('{"points": {}, "frames": [1, 1]}', "in.json: `frames` has a frame twice"),
        ('{"points": {}, "frames": [1]}', "in.json: there are no tracks in it"),
        (
            '{"points": {"a": [[1, 2]]}, "frames": [1, 2]}',
            "in.json: a has not one position for each of the 2 frames",
        ),
        (
            '{"points": {"a": [[1, true]]}, "frames": [1]}',
            "in.json: a on frame 1: [1, True] is not [x, y] in pixels",
        ),
        ('{"points": {"a": [null]}, "frames": [1]}', "in.json: the track 'a' has no positions"),
    ],
)
def test_broken_json_is_told(tmp_path, text, message):
    assert failure(tmp_path, text, name="in.json") == message


def test_text_that_is_no_json_is_told(tmp_path):
    assert failure(tmp_path, "{", name="in.json").startswith("in.json: is not JSON: ")
