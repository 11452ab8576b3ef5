from fractions import Fraction

import numpy as np
import pytest

from previz import CurvesError
from previz.interchange import Facts, read_curves, write_curves
from tests.interchange.motions import make_curves

KNOWN = Facts((101, 81), Fraction(24))
EQUALIZER = "1\nnose\n0\n2\n1 10.0 20.0\n2 11.5 20.0\n"
PFTRACK = '# "Name"\n\n"nose"\n{camera}2\n1 10.0 20.0 1.0\n2 11.5 20.0 1.0\n'


def read(tmp_path, text, name, facts=KNOWN):
    (tmp_path / "in.txt").write_text(text)
    return read_curves(tmp_path / "in.txt", name, facts)


def failure(tmp_path, text, name, facts=KNOWN):
    with pytest.raises(CurvesError) as error:
        read(tmp_path, text, name, facts)
    return str(error.value).replace(str(tmp_path / "in.txt"), "in.txt")


def test_3dequalizer_counts_pixels_from_the_bottom_left_corner(tmp_path):
    curves = read(tmp_path, EQUALIZER, "3de").curves
    np.testing.assert_allclose(curves.point("nose"), [[10, 61], [11.5, 61]])


@pytest.mark.parametrize("camera", ["", '"clip"\n', "1\n"])
def test_pftrack_counts_from_the_centre_of_the_bottom_left_pixel(tmp_path, camera):
    curves = read(tmp_path, PFTRACK.format(camera=camera), "pftrack").curves
    np.testing.assert_allclose(curves.point("nose"), [[10.5, 60.5], [12, 60.5]])


def test_syntheyes_goes_from_centre_to_centre(tmp_path):
    curves = read(tmp_path, "nose 1 -1 -1 30\nnose 2 1 1 7\nnose 3 0 0 7\n", "syntheyes").curves
    np.testing.assert_allclose(curves.point("nose"), [[0.5, 0.5], [100.5, 80.5], [50.5, 40.5]])


def test_pixels_are_not_taken_for_syntheyes_u_and_v(tmp_path):
    assert failure(tmp_path, "nose 1 900 500 30\n", "syntheyes") == (
        "in.txt: nose goes far beyond -1 to 1, so these aren't u and v"
    )


def test_ascii_lines_are_name_frame_x_and_y(tmp_path):
    facts = Facts((100, 80), Fraction(24), "bottom-left")
    curves = read(tmp_path, 'nose 1 10 20 0.9\n"left eye", 1, 5, 6\n', "ascii", facts).curves
    assert curves.names == ("nose", "left eye")
    np.testing.assert_allclose(curves.positions[0], [[10, 60], [5, 74]])


def test_ascii_lines_without_frames_go_on_from_the_first(tmp_path):
    facts = Facts((100, 80), Fraction(24), "top-left")
    assert failure(tmp_path, "nose 10 20\nnose 11 21\n", "ascii", facts) == (
        "in.txt:1: no frame is written; say the first one with --first-frame"
    )
    told = Facts((100, 80), Fraction(24), "top-left", first_frame=1001)
    curves = read(tmp_path, "nose 10 20\nnose 11 21\n", "ascii", told).curves
    assert str(curves.range) == "1001-1002"
    np.testing.assert_allclose(curves.point("nose"), [[10, 20], [11, 21]])


def test_ascii_of_previz_states_its_facts(tmp_path):
    text = write_curves(make_curves([[[1, 2]]], size=(64, 48)), tmp_path / "a.txt", "ascii").read_text()
    assert text.splitlines()[2:] == [
        "# rate: 24",
        "# size: 64x48",
        "# origin: bottom-left",
        "jaw 1001 1.0000 46.0000",
    ]
    assert read_curves(tmp_path / "a.txt").curves.size == (64, 48)


def test_another_first_frame_renumbers_the_frames(tmp_path):
    facts = Facts((101, 81), Fraction(24), first_frame=1001)
    assert str(read(tmp_path, EQUALIZER, "3de", facts).curves.range) == "1001-1002"


@pytest.mark.parametrize("name", ["3de", "pftrack", "syntheyes"])
def test_size_and_rate_are_asked_for(tmp_path, name):
    assert failure(tmp_path, "", name, Facts(rate=Fraction(24))) == (
        "in.txt: doesn't state the picture's size; say it with --size, as 1920x1080"
    )
    assert failure(tmp_path, "", name, Facts(size=(9, 9))) == (
        "in.txt: doesn't state its frame rate; say it with --fps, as 24 or 23.976"
    )


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("many\n", "3de", "in.txt:1: a count was expected, not 'many'"),
        ("1\nnose\n0\n2\n1 10 20\n", "3de", "in.txt: ends in the middle of a track; was it cut short?"),
        ("1\nnose\n0\n1\n1 10\n", "3de", "in.txt:5: a line is `frame x y`, not 2 words"),
        ("1\nnose\n0\n2\n1 10 20\n1 10 20\n", "3de", "in.txt:6: has frame 1 twice"),
        ('"nose"\n', "pftrack", "in.txt: ends in the middle of a track; was it cut short?"),
        ("nose 1 0.5\n", "syntheyes", "in.txt:1: a line is `name frame u v outcome`, not 3 words"),
        ('"nose 1 2 3\n', "ascii", "in.txt:1: a quote is never closed"),
        ("nose 1\n", "ascii", "in.txt:1: a line is `name frame x y`, not 2 words"),
        ("", "ascii", "in.txt: there are no tracks in it"),
    ],
)
def test_what_is_broken_is_told_with_its_line(tmp_path, text, name, message):
    facts = Facts((101, 81), Fraction(24), "top-left" if name == "ascii" else None)
    assert failure(tmp_path, text, name, facts) == message
