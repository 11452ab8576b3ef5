import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from previz.timeline import sample_path

coordinate = st.floats(-500, 500).map(lambda x: round(x, 3))
points = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=6)
splines = st.sampled_from(["linear", "catmull-rom"])
CORNER = [(0.0, 0.0), (10.0, 0.0), (10.0, 30.0)]


def along(path, spline, *progress):
    return sample_path(path, spline, np.array(progress, dtype=float))


def test_a_path_is_walked_by_its_length():
    assert along(CORNER, "linear", 0, 0.125, 0.25, 0.625, 1).tolist() == [
        [0, 0],
        [5, 0],
        [10, 0],
        [10, 15],
        [10, 30],
    ]


@given(points, splines)
def test_a_path_starts_and_ends_on_its_end_points(path, spline):
    assert along(path, spline, 0, 1).tolist() == [list(path[0]), list(path[-1])]


@given(points)
def test_a_spline_passes_through_its_points(path):
    walked = along(path, "catmull-rom", *np.linspace(0, 1, 2000))
    step = np.linalg.norm(np.diff(walked, axis=0), axis=1).max()
    for point in path:
        assert np.linalg.norm(walked - point, axis=1).min() <= step + 1e-9


@given(points, splines)
def test_a_path_is_walked_at_a_constant_speed(path, spline):
    walked = along(path, spline, *np.linspace(0, 1, 200))
    steps = np.linalg.norm(np.diff(walked, axis=0), axis=1)
    length = max(along_length(path, spline), 1e-9)
    assert steps.max() <= length / 199 + 1e-6  # a chord is no longer than the arc


def along_length(path, spline):
    walked = along(path, spline, *np.linspace(0, 1, 20001))
    return np.linalg.norm(np.diff(walked, axis=0), axis=1).sum() * 1.001


@given(points, splines, st.lists(st.floats(-0.2, 1.2), min_size=1, max_size=10))
def test_a_point_does_not_depend_on_what_else_is_asked(path, spline, progress):
    together = along(path, spline, *progress)
    assert [along(path, spline, part)[0].tolist() for part in progress] == together.tolist()


def test_a_spline_is_smooth_where_a_polyline_has_a_corner():
    path = [(0.0, 0.0), (10.0, 10.0), (20.0, 0.0)]
    corner = [
        np.abs(np.diff(along(path, spline, 0.49, 0.5, 0.51)[:, 1])).max()
        for spline in ("catmull-rom", "linear")
    ]
    assert corner[0] < corner[1] / 5


def test_a_spline_through_a_straight_line_is_the_line():
    path = [(0.0, 0.0), (1.0, 2.0), (4.0, 8.0), (5.0, 10.0)]
    progress = np.linspace(0, 1, 50)
    np.testing.assert_allclose(
        along(path, "catmull-rom", *progress), along(path, "linear", *progress), atol=1e-9
    )


def test_progress_beyond_the_ends_goes_straight_on():
    assert along(CORNER, "linear", -0.25, 1.25).tolist() == [[-10, 0], [10, 40]]


@pytest.mark.parametrize("spline", ["linear", "catmull-rom"])
def test_a_path_of_no_length_is_a_point(spline):
    assert along([(3.0, 4.0), (3.0, 4.0)], spline, 0, 0.5, 1).tolist() == [[3, 4]] * 3


@given(points, splines)
def test_points_written_twice_change_nothing(path, spline):
    assume(len(set(path)) > 1)
    twice = [point for point in path for _ in range(2)]
    progress = np.linspace(0, 1, 20)
    assert along(twice, spline, *progress).tolist() == along(path, spline, *progress).tolist()
