"""The head family's map from a code to a scene."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from previz.cast import find_domain, random_z
from previz.cast._expressions import EXPRESSIONS, UNITS, mixture, units_of
from previz.errors import CastError

HEAD = find_domain("head")
CODES = arrays(np.float64, HEAD.z_dim, elements=st.floats(-4, 4)).filter(
    lambda z: float(np.abs(z).max()) > 0.1
)


@pytest.fixture(scope="module")
def scenes():
    return [HEAD.scene_from_z(random_z(HEAD, 4, index)) for index in range(600)]


@given(CODES, st.floats(0.1, 10))
def test_only_the_direction_of_a_code_matters(z, factor):
    a, b = HEAD.factors(z[None]), HEAD.factors(factor * z[None])
    np.testing.assert_allclose(a, b, atol=1e-4)


@given(CODES)
def test_every_number_of_a_scene_is_finite_and_every_colour_a_colour(z):
    scene = HEAD.scene_from_z(z)
    for group in (scene.materials, scene.light, scene.pose, scene.gaze):
        for value in dataclasses.astuple(group):
            assert np.isfinite(value).all()
    for name in ("skin", "lips", "brows", "iris", "hair", "cloth", "trim"):
        colour = np.array(getattr(scene.materials, name))
        assert (colour >= 0).all()
        assert (colour <= 1.6).all()


@pytest.mark.parametrize("index", range(HEAD.z_dim), ids=HEAD.z_names)
def test_every_dimension_of_z_drives_something(index):
    differing = 0
    for picture in range(40):
        z = random_z(HEAD, 1, picture)
        other = z.copy()
        other[index] += 1.5
        differing += HEAD.scene_from_z(z) != HEAD.scene_from_z(other)
    assert differing >= 10


def test_all_hair_styles_occur_and_none_dominates():
    codes = np.random.default_rng(0).standard_normal((4000, HEAD.z_dim))
    factors = HEAD.factors(codes)
    styles = [index for index, name in enumerate(HEAD.factor_names) if name.startswith("style_")]
    share = factors[:, styles].mean(axis=0)
    assert share.sum() == pytest.approx(1)
    assert share.min() > 0.03
    assert share.max() < 0.15


def test_a_third_or_more_of_all_faces_smile(scenes):
    smiling = [dict(scene.expression.units).get("mouthSmileLeft", 0.0) > 0.25 for scene in scenes]
    assert np.mean(smiling) > 0.33


def test_beards_are_for_men(scenes):
    bearded = [scene for scene in scenes if scene.materials.stubble > 0.2]
    assert bearded
    assert all(scene.identity.gender > 0.5 for scene in bearded)


def test_darker_skin_gets_more_fill(scenes):
    light = [sum(scene.light.fill_colour) for scene in scenes]
    skin = [sum(scene.materials.skin) for scene in scenes]
    assert np.corrcoef(light, skin)[0, 1] < -0.8


def test_zero_is_a_calm_face_looking_ahead():
    scene = HEAD.scene_from_z(np.zeros(HEAD.z_dim))
    assert (scene.pose.yaw, scene.pose.pitch, scene.pose.roll) == (0, 0, 0)
    assert (scene.gaze.x, scene.gaze.y) == (0, 0)
    assert dict(scene.expression.units).get("jawOpen", 0.0) < 0.1


def test_factors_are_named_grouped_and_about_one_in_size():
    assert len(HEAD.factor_names) == len(set(HEAD.factor_names))
    assert sorted(name for names in HEAD.groups.values() for name in names) == sorted(HEAD.factor_names)
    factors = HEAD.factors(np.random.default_rng(1).standard_normal((500, HEAD.z_dim)))
    assert factors.shape == (500, len(HEAD.factor_names))
    assert np.abs(factors).max() < 1.6


def test_every_dimension_of_z_is_in_one_group():
    assert sorted(i for group in HEAD.z_groups.values() for i in group) == list(range(HEAD.z_dim))


@pytest.mark.parametrize("name", sorted(EXPRESSIONS))
def test_a_code_with_a_named_expression_shows_it_most(name):
    z = HEAD.with_expression(random_z(HEAD, 2, 3), name)
    factors = dict(zip(HEAD.factor_names, HEAD.factors(z[None].astype(np.float64))[0], strict=True))
    assert max(EXPRESSIONS, key=lambda each: factors[each]) == name


def test_a_named_expression_leaves_who_it_is_nearly_alone():
    z = random_z(HEAD, 2, 3)
    identity = [HEAD.factor_names.index(name) for name in HEAD.groups["identity"]]
    before, after = (
        HEAD.factors(code[None].astype(np.float64))[0, identity]
        for code in (z, HEAD.with_expression(z, "happy"))
    )
    assert np.abs(before - after).max() < 0.2


def test_an_unknown_expression_is_named_with_those_there_are():
    with pytest.raises(CastError) as error:
        HEAD.with_expression(random_z(HEAD, 0, 0), "joy")
    assert str(error.value).startswith("head has no expression 'joy'; it has neutral, happy, surprised,")


def test_an_unknown_domain_is_named_with_those_there_are():
    with pytest.raises(CastError, match="no domain 'heads'; there are mira, head"):
        find_domain("heads")


def test_a_code_of_another_length_is_refused():
    with pytest.raises(ValueError, match=rf"z has shape \[3\], expected \[{HEAD.z_dim}\]"):
        HEAD.scene_from_z(np.zeros(3))


@given(arrays(np.float64, (3, 6), elements=st.floats(-5, 5)))
def test_shares_of_expressions_are_a_mixture(moods):
    shares = mixture(moods)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_no_mood_at_all_is_mostly_neutral_and_the_units_are_those_of_arkit():
    shares = mixture(np.zeros((1, 6)))
    assert shares[0].argmax() == list(EXPRESSIONS).index("neutral")
    assert units_of(shares).shape == (1, len(UNITS))
