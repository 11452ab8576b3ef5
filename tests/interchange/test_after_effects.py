from fractions import Fraction

import numpy as np
import pytest

from previz import CurvesError
from previz.interchange import Facts, read_curves, write_curves
from tests.interchange.motions import make_curves

HEADER = """\
Adobe After Effects 8.0 Keyframe Data

\tUnits Per Second\t29.97
\tSource Width\t1920
\tSource Height\t1080
\tSource Pixel Aspect Ratio\t1
\tComp Pixel Aspect Ratio\t1

"""
TRACKER = """\
Motion Trackers\tTracker #1\tTrack Point #1\tConfidence
\tFrame\tpercent\t
\t0\t100\t
\t1\t96.1\t

Motion Trackers\tTracker #1\tTrack Point #1\tFeature Center
\tFrame\tX pixels\tY pixels\t
\t0\t1\t2\t
\t1\t1\t2\t

Motion Trackers\tTracker #1\tTrack Point #1\tAttach Point
\tFrame\tX pixels\tY pixels\t
\t0\t938.125\t525.75\t
\t1\t937.273\t526.008\t

Motion Trackers\tTracker #1\tTrack Point #1\tSearch Size
\tFrame\tX \tY \t
\t\t40\t40\t

Effects\tPuppet #2\tarap #3\tMesh\tMesh #1\tDeform\tPin #4\tPosition
\tFrame\tX pixels\tY pixels\t
\t0\t10\t20\t
\t1.5\t13\t20\t

Transform\tAnchor Point
\tFrame\tX pixels\tY pixels\tZ pixels\t
\t\t960\t540\t0\t
"""
POSITION = """\
Transform\tPosition
\tFrame\tX pixels\tY pixels\tZ pixels\t
\t0\t100\t50\t0\t
\t1\t102\t50\t0\t
"""
END = "\n\nEnd of Keyframe Data\n"


def read(tmp_path, text, facts=None, name="clip.txt"):
    (tmp_path / name).write_bytes(text.encode())
    return read_curves(tmp_path / name, facts=facts)


def test_a_clipboards_points_are_read_by_their_names(tmp_path):
    found = read(tmp_path, HEADER + TRACKER + END)
    assert found.curves.names == ("Track Point 1", "Pin 4")
    assert (found.curves.rate, found.curves.size) == (Fraction(30000, 1001), (1920, 1080))
    np.testing.assert_allclose(found.curves.point("Track Point 1"), [[938.125, 525.75], [937.273, 526.008]])


def test_keys_between_frames_are_taken_at_their_time(tmp_path):
    np.testing.assert_allclose(read(tmp_path, HEADER + TRACKER + END).curves.point("Pin 4")[1], [12, 20])


def test_the_first_key_falls_on_1001_or_where_it_is_told_to(tmp_path):
    assert read(tmp_path, HEADER + TRACKER + END).curves.range.first == 1001
    assert read(tmp_path, HEADER + TRACKER + END, Facts(first_frame=7)).curves.range.first == 7


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(tmp_path, line_end):
    text = (HEADER + TRACKER + END).replace("\n", line_end)
    assert len(read(tmp_path, text).curves) == 2


def test_a_utf_16_clipboard_is_read(tmp_path):
    (tmp_path / "clip.txt").write_bytes((HEADER + TRACKER + END).encode("utf-16"))
    assert len(read_curves(tmp_path / "clip.txt").curves.names) == 2


def test_a_layers_position_needs_the_compositions_size(tmp_path):
    with pytest.raises(CurvesError) as error:
        read(tmp_path, HEADER + POSITION + END)
    assert str(error.value) == (
        f"{tmp_path / 'clip.txt'}: a layer's position is in pixels of its composition, and the file states "
        "only the layer's size; say the composition's with --size, as 1920x1080"
    )
    curves = read(tmp_path, HEADER + POSITION + END, Facts(size=(640, 480))).curves
    np.testing.assert_allclose(curves.point("Position"), [[100, 50], [102, 50]])
    assert curves.size == (640, 480)


def test_points_are_written_as_point_controls_that_begin_at_0(tmp_path):
    curves = make_curves([[[1, 2], [3, 4]]], ("jaw", "nose"), rate=Fraction(24000, 1001), size=(64, 48))
    lines = write_curves(curves, tmp_path / "a.txt", "ae").read_bytes().decode().split("\r\n")
    assert lines == [
        "Adobe After Effects 8.0 Keyframe Data",
        "",
        "\tUnits Per Second\t23.976",
        "\tSource Width\t64",
        "\tSource Height\t48",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
        "",
        "Effects\tPoint Control #1\tPoint #2",
        "\tFrame\tX pixels\tY pixels\t",
        "\t0\t1.0000\t2.0000\t",
        "",
        "Effects\tPoint Control #2\tPoint #2",
        "\tFrame\tX pixels\tY pixels\t",
        "\t0\t3.0000\t4.0000\t",
        "",
        "",
        "End of Keyframe Data",
        "",
    ]


def test_a_layer_has_one_position(tmp_path):
    with pytest.raises(CurvesError) as error:
        write_curves(make_curves(names=("jaw", "nose")), tmp_path / "a.txt", "ae-position")
    assert str(error.value) == "a layer has one position, and there are 2 points; choose one with --only NAME"
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + END, "there are no keys of a point in it; select a position or a point, and copy"),
        (
            HEADER.replace("29.97", "fast") + TRACKER,
            "its rate: 'fast' is not a frame rate; write it as 24, 23.976 or 24000/1001",
        ),
        (
            HEADER.replace("\tUnits Per Second\t29.97\n", "") + TRACKER,
            "doesn't state its frame rate; say it with --fps, as 24 or 23.976",
        ),
    ],
)
def test_what_is_missing_is_told(tmp_path, text, message):
    with pytest.raises(CurvesError) as error:
        read(tmp_path, text)
    assert str(error.value) == f"{tmp_path / 'clip.txt'}: {message}"


def test_a_number_that_is_none_is_told_with_its_line(tmp_path):
    with pytest.raises(CurvesError) as error:
        read(tmp_path, HEADER + TRACKER.replace("938.125", "abc"))
    assert str(error.value) == f"{tmp_path / 'clip.txt'}:21: 'abc' is not a number that can be used"
