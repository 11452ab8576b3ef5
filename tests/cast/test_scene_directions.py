import numpy as np
import pytest
import torch

from previz.cast import DOMAINS, scene_directions
from previz.generator import load_generator
from tests.animate.characters import make_generator

MIRA = DOMAINS["mira"]


def character(card: dict[str, object], z_dim: int = MIRA.z_dim):
    generator = make_generator(z_dim=z_dim)
    generator.card = card
    return generator


@pytest.mark.parametrize("card", [{"domain": "mira"}, {"z": list(MIRA.z_names)}], ids=["domain", "axes"])
def test_a_character_of_the_cast_is_known_by_its_card(card):
    found = scene_directions(character(card), samples=500)
    assert [one.name for one in found] == list(MIRA.factor_names)


@pytest.mark.parametrize("card", [{}, {"z": "many"}, {"domain": "mars"}])
def test_others_have_no_scene(card):
    assert scene_directions(character(card), samples=500) == ()


def test_a_card_that_does_not_fit_its_generator_is_not_believed():
    assert scene_directions(character({"domain": "mira"}, z_dim=16), samples=500) == ()


def test_a_step_along_a_direction_is_a_step_of_the_factor():
    generator = load_generator("mira")
    found = {one.name: one for one in scene_directions(generator, samples=4000)}
    z = np.random.default_rng(5).standard_normal((2000, MIRA.z_dim))
    w = generator.mapping(torch.from_numpy(z))[:, 0].double().numpy()
    known = MIRA.factors(z)
    read, *_ = np.linalg.lstsq(w - w.mean(axis=0), known - known.mean(axis=0))  # factors by what w says
    for name in ("yaw", "smile"):
        step = found[name].vector.numpy() @ read
        wanted = np.array([name == other for other in MIRA.factor_names], float)
        np.testing.assert_allclose(step, wanted, atol=0.08)
