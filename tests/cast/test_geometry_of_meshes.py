"""Normals, rotations, cameras, and which points a mesh hides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.cast._mesh import (
    look_at,
    normal_gatherer,
    orthographic,
    perspective,
    rotation,
    turn,
    vertex_normals,
)
from previz.cast._visibility import covered

ANGLES = st.floats(-180, 180)


@given(ANGLES, ANGLES, ANGLES)
def test_a_turn_is_a_rotation(yaw, pitch, roll):
    matrix = turn(yaw, pitch, roll)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_yaw_turns_the_nose_to_the_characters_left_and_pitch_turns_it_down():
    nose = np.array([0, 0, 1.0])
    assert (turn(30, 0, 0) @ nose)[0] == pytest.approx(0.5)
    assert (turn(0, 30, 0) @ nose)[1] == pytest.approx(-0.5)


def test_roll_tips_the_crown_to_the_characters_left():
    assert (turn(0, 0, 30) @ np.array([0, 1.0, 0]))[0] == pytest.approx(0.5)


def test_a_quarter_turn_about_y_takes_z_to_x():
    np.testing.assert_allclose(rotation((0, 1, 0), 90) @ [0, 0, 1], [1, 0, 0], atol=1e-12)


def test_normals_of_a_flat_mesh_point_along_z_and_an_unused_vertex_has_none():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [5, 5, 5]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    normals = vertex_normals(vertices, triangles, normal_gatherer(triangles, 5))
    np.testing.assert_allclose(normals, [[0, 0, 1]] * 4 + [[0, 0, 0]])


def test_the_camera_looks_at_its_centre():
    matrix = perspective(18, 1, 20) @ look_at(np.array([1.0, 2, 9]), np.array([1.0, 2, 0]))
    clip = matrix @ [1, 2, 0, 1]
    np.testing.assert_allclose(clip[:2] / clip[3], 0, atol=1e-12)
    assert -1 < clip[2] / clip[3] < 1


def test_the_field_of_view_reaches_the_edge_of_the_picture():
    height = 9 * np.tan(np.radians(9))
    clip = perspective(18, 1, 20) @ look_at(np.array([0, 0, 9.0]), np.zeros(3)) @ [0, height, 0, 1]
    assert clip[1] / clip[3] == pytest.approx(1)


def test_a_parallel_camera_keeps_sizes():
    matrix = orthographic(2, 0, 10) @ look_at(np.array([0, 0, 5.0]), np.zeros(3))
    np.testing.assert_allclose(matrix @ [2, -2, 0, 1], [1, -1, 0, 1], atol=1e-12)


SCREEN = np.array([[0.2, 0.2, 0.5], [0.8, 0.2, 0.5], [0.2, 0.8, 0.7]])
TRIANGLE = np.array([[0, 1, 2]])


@pytest.mark.parametrize(
    ("x", "y", "depth", "hidden"),
    [
        (0.3, 0.3, 0.9, True),  # behind it
        (0.3, 0.3, 0.1, False),  # before it
        (0.7, 0.7, 0.9, False),  # in its box, but outside
        (0.1, 0.3, 0.9, False),  # beside it
        (0.25, 0.7, 0.65, False),  # before its far corner
        (0.25, 0.7, 0.68, True),  # behind its far corner
    ],
)
def test_a_triangle_hides_what_lies_behind_it(x, y, depth, hidden):
    assert covered(np.array([[x, y, depth]]), np.array([depth]), SCREEN, TRIANGLE).tolist() == [hidden]


def test_a_triangle_hides_whichever_way_it_turns():
    point = np.array([[0.3, 0.3, 0.9]])
    assert covered(point, np.array([0.9]), SCREEN, TRIANGLE[:, ::-1]).tolist() == [True]


def test_a_triangle_seen_edge_on_hides_nothing():
    screen = np.array([[0.2, 0.3, 0.1], [0.8, 0.3, 0.1], [0.5, 0.3, 0.1]])
    assert covered(np.array([[0.3, 0.3, 0.9]]), np.array([0.9]), screen, TRIANGLE).tolist() == [False]
