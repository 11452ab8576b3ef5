"""The map from a code to a scene."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from previz.cast import Z_DIM, Z_NAMES, Scene, find_domain, random_z, scene_from_axes, scene_from_z

MIRA_DOMAIN = find_domain("mira")
CODES = arrays(np.float64, Z_DIM, elements=st.floats(-4, 4)).filter(lambda z: float(np.abs(z).max()) > 0.1)
ARKIT_UNITS = {
    "jawOpen", "mouthPucker", "mouthLeft", "mouthRight", "browInnerUp",
    *(f"{unit}{side}" for side in ("Left", "Right") for unit in (
        "mouthSmile", "mouthFrown", "cheekSquint", "mouthUpperUp", "mouthLowerDown",
        "eyeBlink", "eyeSquint", "eyeWide", "browOuterUp", "browDown", "noseSneer",
    )),
}  # fmt: skip


def units(scene: Scene) -> dict[str, float]:
    return dict(scene.expression.units)


def vector(scene: Scene) -> np.ndarray:
    """Everything of a scene that a code may change."""
    found = units(scene)
    pose, gaze = scene.pose, scene.gaze
    turns = np.array([pose.yaw, pose.pitch, pose.roll, gaze.x, gaze.y]) / 20
    return np.concatenate([turns, [found.get(name, 0.0) for name in sorted(ARKIT_UNITS)]])


def test_a_code_of_zeros_is_the_neutral_face_looking_straight_ahead():
    scene = scene_from_z(np.zeros(Z_DIM))
    assert scene == scene_from_axes({})
    assert (scene.pose.yaw, scene.pose.pitch, scene.pose.roll) == (0, 0, 0)
    assert (scene.gaze.x, scene.gaze.y) == (0, 0)


def test_the_neutral_face_has_open_eyes_a_closed_mouth_and_a_trace_of_a_smile():
    neutral = units(scene_from_axes({}))
    assert "eyeBlinkLeft" not in neutral
    assert neutral["jawOpen"] < 0.04
    assert 0 < neutral["mouthSmileLeft"] < 0.35


@given(CODES, st.floats(0.2, 5))
def test_the_length_of_a_code_does_not_matter(z, factor):
    np.testing.assert_allclose(vector(scene_from_z(factor * z)), vector(scene_from_z(z)), atol=1e-5)


@given(CODES)
def test_every_code_keeps_pose_gaze_and_units_in_range(z):
    scene = scene_from_z(z)
    assert abs(scene.pose.yaw) <= 20
    assert abs(scene.pose.pitch) <= 12
    assert abs(scene.pose.roll) <= 6
    assert abs(scene.gaze.x) <= 20
    assert abs(scene.gaze.y) <= 11
    assert set(units(scene)) <= ARKIT_UNITS
    assert all(0 < amount <= 2 for amount in units(scene).values())


@given(CODES, arrays(np.float64, Z_DIM, elements=st.floats(-1, 1)))
def test_a_small_step_of_a_code_is_a_small_step_of_the_scene(z, direction):
    step = 1e-4
    unit_z = z / np.sqrt(np.mean(z**2))
    change = np.abs(vector(scene_from_z(unit_z + step * direction)) - vector(scene_from_z(unit_z))).max()
    assert change < 20 * step


@pytest.mark.parametrize("name", Z_NAMES)
def test_the_slope_along_an_axis_has_no_jumps(name):
    values = np.array([vector(scene_from_axes({name: e})) for e in np.linspace(-1, 1, 2001)])
    slopes = np.diff(values, axis=0) * 1000
    assert np.abs(np.diff(slopes, axis=0)).max() < 0.1


@pytest.mark.parametrize("name", Z_NAMES)
def test_every_axis_drives_something(name):
    ends = vector(scene_from_axes({name: -1.0})), vector(scene_from_axes({name: 1.0}))
    assert np.abs(ends[0] - ends[1]).max() > 0.3


def test_signs_of_the_axes_are_those_of_their_names():
    assert scene_from_axes({"yaw": 1.0}).pose.yaw == 20
    assert scene_from_axes({"gaze_y": -1.0}).gaze.y == -11
    assert units(scene_from_axes({"smile": 1.0}))["mouthSmileLeft"] > 1
    assert units(scene_from_axes({"smile": -1.0}))["mouthFrownRight"] > 0.8
    smirk = units(scene_from_axes({"smirk": 1.0}))
    assert smirk["mouthSmileLeft"] > smirk["mouthSmileRight"] + 0.5


def test_about_two_in_five_mouths_are_open_and_one_in_five_lids_closed():
    found = [units(scene_from_z(random_z(MIRA_DOMAIN, 3, i))) for i in range(2000)]
    opened = np.mean([scene.get("jawOpen", 0) > 0.1 for scene in found])
    closed = np.mean([scene.get("eyeBlinkLeft", 0) > 0.8 for scene in found])
    assert 0.38 < opened < 0.48
    assert 0.16 < closed < 0.25


def test_a_closed_lid_is_neither_squinted_nor_widened():
    scene = units(scene_from_axes({"blink": 1.0, "smile": 1.0, "brow": 1.0}))
    assert scene["eyeBlinkLeft"] == 1
    assert "eyeSquintLeft" not in scene
    assert "eyeWideLeft" not in scene


def test_codes_depend_on_seed_and_index_alone():
    np.testing.assert_array_equal(random_z(MIRA_DOMAIN, 1, 7), random_z(MIRA_DOMAIN, 1, 7))
    assert not np.array_equal(random_z(MIRA_DOMAIN, 1, 7), random_z(MIRA_DOMAIN, 1, 8))
    assert not np.array_equal(random_z(MIRA_DOMAIN, 1, 7), random_z(MIRA_DOMAIN, 2, 7))


def test_a_code_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"^z has shape \[14\], expected \[12\] \(yaw, pitch, roll, "):
        scene_from_z(np.zeros(14))
