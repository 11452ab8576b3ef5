"""The generators of NVIDIA's code give here what they gave there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from previz.generator import Generator, load_generator

NAMES = ("stylegan3repo-32px", "stylegan3repo-64px-cond3", "stylegan2ada-64px-fp16")
SEEDS = range(4)


@pytest.fixture(scope="module", params=NAMES)
def case(request, parity: Path) -> tuple[Generator, dict[str, np.ndarray]]:
    with np.load(parity / f"{request.param}.npz") as archive:
        return load_generator(parity / f"{request.param}.pkl"), dict(archive)


def label(expected: dict[str, np.ndarray], seed: int) -> torch.Tensor:
    return torch.from_numpy(expected[f"c{seed}"])


def relative(found: torch.Tensor, expected: np.ndarray) -> float:
    return float(np.abs(found.numpy() - expected).max() / np.ptp(expected))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_means_the_same_z_and_w(case, seed):
    generator, expected = case
    z = torch.from_numpy(expected[f"z{seed}"])
    c = label(expected, seed)
    np.testing.assert_allclose(generator.sample_w(seed, 0.7, c=c), expected[f"w{seed}"], atol=1e-5, rtol=0)
    np.testing.assert_allclose(generator.mapping(z, c, 0.7), expected[f"w{seed}"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_w_without_truncation(case, seed):
    generator, expected = case
    w = generator.sample_w(seed, c=label(expected, seed))
    np.testing.assert_allclose(w, expected[f"wpsi1_{seed}"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_images_with_the_checkpoints_noise(case, seed):
    generator, expected = case
    w = torch.from_numpy(expected[f"w{seed}"])
    assert relative(generator.synthesis(w, noise="const"), expected[f"img{seed}"]) < 1e-4


@pytest.mark.parametrize("seed", SEEDS)
def test_images_without_noise(case, seed):
    generator, expected = case
    w = torch.from_numpy(expected[f"w{seed}"])
    assert relative(generator.synthesis(w, noise="none"), expected[f"img_nonoise{seed}"]) < 1e-4


def test_the_features_of_every_block(case):
    generator, expected = case
    w = torch.from_numpy(expected["w0"])
    for block in range(1, generator.num_blocks + 1):
        features = generator.features(w, block)
        assert relative(features[:, :8], expected[f"feat{block - 1}_first8ch"]) < 1e-4
        mean = float(expected[f"feat{block - 1}_absmean"])
        assert float(features.abs().mean()) == pytest.approx(mean, rel=1e-4)


def test_the_mean_w(case):
    generator, expected = case
    np.testing.assert_array_equal(generator.mapping.w_avg, expected["w_avg"])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_missing_label_is_the_zero_label(parity, seed):
    generator = load_generator(parity / "stylegan3repo-64px-cond3.pkl")
    with np.load(parity / "stylegan3repo-64px-cond3.npz") as expected:
        w = generator.sample_w(seed, 0.7)
        np.testing.assert_allclose(w, expected[f"w_zerolabel{seed}"], atol=1e-5, rtol=0)


def test_what_shapes_do_not_tell_is_read_from_the_pickle(parity):
    config = load_generator(parity / "stylegan2ada-64px-fp16.pkl").config
    assert (config.conv_clamp, config.num_fp16_res, config.mapping_lr_multiplier) == (256, 3, 0.01)
