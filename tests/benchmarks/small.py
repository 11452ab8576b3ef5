"""A character of the cast with random weights, small enough to drag in a test."""

from __future__ import annotations

from pathlib import Path

import torch

from previz.generator import Generator, GeneratorConfig, save_generator


def small_character(folder: Path, resolution: int = 64) -> Path:
    """A checkpoint like Mira's, by its card; what it draws is noise."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GeneratorConfig(
            resolution=resolution, z_dim=12, w_dim=16, channels=(128, 8), mapping_layers=2
        )
        generator = Generator(config, {"domain": "mira"}).eval()
    path = folder / "small.safetensors"
    save_generator(generator, path)
    return path
