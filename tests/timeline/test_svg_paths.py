"""Paths of cubic beziers and of SVG: drawn in another program, and walked by their length."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.timeline import sample_path
from previz.timeline._paths import walk
from previz.timeline._svg import svg_line

coordinate = st.integers(-300, 300)


def along(data, *progress):
    line, closed = svg_line(data)
    return walk(line, np.array(progress, dtype=float), closed)


def length(data):
    return np.linalg.norm(np.diff(svg_line(data)[0], axis=0), axis=1).sum()


@pytest.mark.parametrize(
    ("data", "points"),
    [
        ("M 0 0 L 10 0 L 10 30", [(0, 0), (10, 0), (10, 30)]),
        ("m 5,5 10,0 0,10", [(5, 5), (15, 5), (15, 15)]),
        ("M1.5.5l-1-1h4v-2H0V7", [(1.5, 0.5), (0.5, -0.5), (4.5, -0.5), (4.5, -2.5), (0, -2.5), (0, 7)]),
        ("M0 0 10 10 20 0", [(0, 0), (10, 10), (20, 0)]),
        ("M0 0L4 0L4 4Z", [(0, 0), (4, 0), (4, 4), (0, 0)]),
        ("  M 0e0 0 L 1e1,0 ", [(0, 0), (10, 0)]),
    ],
)
def test_straight_commands_absolute_and_relative(data, points):
    np.testing.assert_allclose(svg_line(data)[0], points, atol=1e-12)


@pytest.mark.parametrize(
    "data",
    [
        "M 0 0 C 0 50, 50 100, 100 100 S 200 50 200 0",
        "M 0 0 c 0 50 50 100 100 100 s 100 -50 100 -100",
        "M 0 0 C 0 50, 50 100, 100 100 C 150 100 200 50 200 0",
    ],
)
def test_a_smooth_curve_reflects_its_control_point(data):
    (chain,) = [[(0, 0), (0, 50), (50, 100), (100, 100), (150, 100), (200, 50), (200, 0)]]
    progress = np.linspace(0, 1, 30)
    np.testing.assert_allclose(along(data, *progress), sample_path(chain, "bezier", progress), atol=1e-9)


def test_a_quadratic_curve_and_its_smooth_continuation():
    walked = along("M 0 0 Q 50 100 100 0 T 200 0", 0.25, 0.75)
    np.testing.assert_allclose(walked, [[50, 50], [150, -50]], atol=1e-6)  # the tops of its parabolas


@pytest.mark.parametrize("data", ["M 0 0 A 50 50 0 0 1 100 0", "M 0 0 a 50 50 0 01100 0"])
def test_an_arc_is_walked_at_a_constant_speed(data):
    assert length(data) == pytest.approx(np.pi * 50, rel=1e-4)
    x, y = along(data, 0.25)[0]
    assert (x, y) == (pytest.approx(50 - 50 * 0.5**0.5, abs=0.01), pytest.approx(-50 * 0.5**0.5, abs=0.01))


def test_the_flags_of_an_arc_choose_its_side_and_its_length():
    short, long = "M 0 0 A 50 50 0 0 1 50 50", "M 0 0 A 50 50 0 1 1 50 50"
    assert length(long) == pytest.approx(3 * length(short), rel=1e-3)
    assert along("M 0 0 A 50 50 0 0 0 100 0", 0.5)[0, 1] == pytest.approx(50, abs=0.01)


def test_a_turned_ellipse():
    line, _ = svg_line("M 30 0 A 30 10 90 1 1 29.999 0")
    width, height = np.ptp(line, axis=0)
    assert (width, height) == (pytest.approx(20, abs=0.05), pytest.approx(60, abs=0.05))


def test_an_arc_of_no_radius_is_a_line():
    np.testing.assert_allclose(along("M 0 0 A 0 5 0 0 0 8 6", 0.5), [[4, 3]])


@given(st.lists(st.tuples(coordinate, coordinate), min_size=4, max_size=4, unique=True))
def test_a_bezier_starts_and_ends_on_its_ends_and_is_walked_at_a_constant_speed(points):
    walked = sample_path(points, "bezier", np.linspace(0, 1, 200))
    assert walked[[0, -1]].tolist() == [list(points[0]), list(points[-1])]
    finely = sample_path(points, "bezier", np.linspace(0, 1, 20001))
    whole = np.linalg.norm(np.diff(finely, axis=0), axis=1).sum()
    assert np.linalg.norm(np.diff(walked, axis=0), axis=1).max() <= whole / 199 * 1.001 + 1e-6


def test_a_straight_bezier_with_uneven_control_points_is_still_walked_evenly():
    chain = [(0.0, 0.0), (5.0, 0.0), (10.0, 0.0), (100.0, 0.0)]
    np.testing.assert_allclose(
        sample_path(chain, "bezier", np.array([0.25, 0.5])), [[25, 0], [50, 0]], atol=0.01
    )


def test_a_closed_path_comes_back_and_goes_round_again():
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    walked = sample_path(square, "linear", np.array([0, 0.25, 0.875, 1, 1.25, -0.125]), closed=True)
    assert walked.tolist() == [[0, 0], [10, 0], [0, 5], [0, 0], [10, 0], [0, 5]]
    np.testing.assert_allclose(along("M0 0h10v10h-10z", 1.25), [[10, 0]])


@pytest.mark.parametrize("spline", ["catmull-rom", "bezier"])
def test_a_closed_spline_is_smooth_at_its_seam(spline):
    round_path = [(10.0, 0.0), (4.5, 5.5), (-5.5, 5.5), (-10.0, 0.0), (-10.0, -5.5), (10.0, -5.5)]
    steps = np.diff(sample_path(round_path, spline, np.array([-0.001, 0, 0.001]), closed=True), axis=0)
    turn = np.degrees(np.arccos(np.clip(steps[0] @ steps[1] / np.prod(np.linalg.norm(steps, axis=1)), -1, 1)))
    assert turn < (2 if spline == "catmull-rom" else 60)  # control points of a bezier are the artist's


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "M 0 0 X 5 5",
            "'X' at character 7 of the SVG path is no command; commands are M, L, H, V, C, S, Q, T, A and Z, "
            "or in small letters from the last point",
        ),
        ("L 3 4", "an SVG path starts with M x y, its first point"),
        ("", "an SVG path starts with M x y, its first point"),
        ("M 0 0 L 10", "is not an SVG path: L takes 2 numbers at a time, and 1 are left over"),
        ("M 0 0 C 1 1 2 2", "is not an SVG path: C takes 6 numbers at a time, and 4 are left over"),
        ("M 3 4", "the SVG path goes nowhere; after `M x y` it needs an L, C, S, Q, T, H, V or A"),
        (
            "M0 0L5 5M9 9L1 1",
            "the SVG path jumps to (9, 9), where a second M stands; a handle goes without gaps",
        ),
        ("M0 0 L1e400 3", "the SVG path has numbers that are too large"),
    ],
)
def test_what_is_no_path_of_one_piece_is_refused(data, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011  the exact text follows
        svg_line(data)
    assert str(error.value) == message


def test_a_chain_of_beziers_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError) as error:  # noqa: PT011  the exact text follows
        sample_path([(0.0, 0.0)] * 5, "bezier", np.array([0.0]))
    assert str(error.value) == (
        "a chain of beziers is a point, then two control points and a point for each piece: "
        "4, 7, 10 … points, not 5"
    )


@given(st.text(alphabet="MmLlHhVvCcSsQqTtAaZz0123456789.,- +eE", max_size=30))
def test_any_text_is_a_line_or_a_message(text):
    with contextlib.suppress(ValueError):  # and nothing else
        line, _ = svg_line(text)
        assert np.isfinite(line).all()
        assert line.shape[1] == 2
