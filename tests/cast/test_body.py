"""The body family's map from a code to a scene."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from previz.cast import BODY_LANDMARKS, Outfit, find_domain, random_z
from previz.cast._body import HALF, MIDDLE, pose_angles
from previz.cast._stance import ANGLES

BODY = find_domain("body")
CODES = arrays(np.float64, BODY.z_dim, elements=st.floats(-4, 4)).filter(
    lambda z: float(np.abs(z).max()) > 0.1
)


@pytest.fixture(scope="module")
def scenes():
    return [BODY.scene_from_z(random_z(BODY, 4, index)) for index in range(300)]


def test_its_pictures_are_twice_as_high_as_wide():
    assert BODY.picture_shape(256) == (256, 128)
    assert BODY.figure == "body"


@given(CODES, st.floats(0.1, 10))
def test_the_length_of_a_code_changes_no_factor(z, factor):
    np.testing.assert_allclose(BODY.factors(z[None]), BODY.factors(factor * z[None]), atol=1e-4)


@given(CODES)
def test_every_number_of_a_figure_is_finite_and_every_colour_a_colour(z):
    scene = BODY.scene_from_z(z)
    for group in (scene.materials, scene.light, scene.pose, scene.body, scene.outfit):
        for value in dataclasses.astuple(group):
            assert np.isfinite(value).all()
    colours = [getattr(scene.materials, name) for name in ("skin", "lips", "hair", "cloth", "trim")]
    for colour in [*colours, scene.outfit.bottom, scene.outfit.shoe, scene.light.floor]:
        assert min(colour) >= 0
        assert max(colour) <= 1


@pytest.mark.parametrize("index", range(BODY.z_dim), ids=BODY.z_names)
def test_every_dimension_of_a_figure_drives_something(index):
    differing = 0
    for picture in range(12):
        z = random_z(BODY, 1, picture)
        other = z.copy()
        other[index] += 1.5
        # a longer code scales all others: with the same direction but for this one it must differ
        differing += BODY.scene_from_z(z) != BODY.scene_from_z(other)
    assert differing == 12


def test_the_same_code_gives_the_same_figure():
    z = random_z(BODY, 0, 3)
    assert BODY.scene_from_z(z) == BODY.scene_from_z(z.copy())


def test_factors_have_names_in_groups_and_stay_in_range():
    factors = BODY.factors(np.random.default_rng(0).standard_normal((2000, BODY.z_dim)))
    assert factors.shape == (2000, len(BODY.factor_names))
    assert sorted(name for names in BODY.groups.values() for name in names) == sorted(BODY.factor_names)
    assert sorted(i for indices in BODY.z_groups.values() for i in indices) == list(range(BODY.z_dim))
    assert np.abs(factors).max() < 1.3
    assert factors.std(axis=0).min() > 0.1


def test_the_pose_in_factors_is_that_of_the_scene():
    z = random_z(BODY, 0, 7)[None].astype(np.float64)
    elbow = BODY.factors(z)[0, BODY.factor_names.index("elbow_L")]
    degrees = MIDDLE["elbow_L"] + HALF["elbow_L"] * float(elbow)
    assert BODY.scene_from_z(z[0]).body.left.elbow == pytest.approx(degrees, abs=1e-3)


def test_most_people_wear_trousers_and_some_women_skirts(scenes):
    skirts = [scene for scene in scenes if scene.outfit.skirt < Outfit().skirt]
    assert 0.05 < len(skirts) / len(scenes) < 0.25
    assert all(scene.identity.gender < 0.5 for scene in skirts)


def test_arms_and_legs_of_one_figure_differ(scenes):
    assert np.mean([abs(scene.body.left.raised - scene.body.right.raised) for scene in scenes]) > 8
    assert np.mean([abs(scene.body.left_leg.forward - scene.body.right_leg.forward) for scene in scenes]) > 8


def test_everyone_smiles_at_least_a_little(scenes):
    assert min(dict(scene.expression.units)["mouthSmileLeft"] for scene in scenes) > 0.1


def test_every_angle_is_given_for_every_code():
    angles = pose_angles(np.random.default_rng(1).standard_normal((5, BODY.z_dim)))
    assert set(ANGLES) == set(angles)
    assert all(values.shape == (5,) for values in angles.values())


def test_landmarks_come_in_pairs_and_name_no_vertex_twice():
    left = {name.removesuffix("_L") for name in BODY_LANDMARKS if name.endswith("_L")}
    right = {name.removesuffix("_R") for name in BODY_LANDMARKS if name.endswith("_R")}
    assert left == right
    assert len(set(BODY_LANDMARKS.values())) == len(BODY_LANDMARKS) == 49


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("arms-up", lambda body: body.left.raised > 90 and body.right.raised > 90),
        (
            "hands-on-hips",
            lambda body: body.left.elbow > 70 and body.right.elbow > 70 and body.left.inward > 40,
        ),
        ("walking", lambda body: body.right_leg.heel > body.left_leg.heel + 8),
        ("crouching", lambda body: body.left_leg.knee > 50 and body.right_leg.knee > 50),
        ("knee-up", lambda body: body.left_leg.forward > body.right_leg.forward + 20),
    ],
)
def test_a_named_pose_is_what_it_is_called(name, holds):
    bodies = [BODY.scene_from_z(BODY.with_expression(random_z(BODY, 2, k), name)).body for k in range(10)]
    assert sum(holds(body) for body in bodies) >= 9
