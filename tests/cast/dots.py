"""Renders that a judge can learn in seconds: a dot for each landmark, placed by Mira's codes."""

import json
from pathlib import Path

import numpy as np

from previz.cast import find_domain
from previz.generator import Generator, GeneratorConfig

NAMES = ["mouth_corner_L", "nose_tip", "ear_top_R"]  # two of the front of a face, one not
SIZE = 64
HELD_OUT = 16


def write_dots(folder: Path, count: int = 160, domain: str = "mira", size: int = SIZE) -> Path:
    """Yaw and pitch move all dots together, the jaw one of them; the third is never visible."""
    folder.mkdir()
    axes = find_domain("mira").factors
    codes = np.random.default_rng(3).standard_normal((count, 12)).astype("<f4")
    yaw, pitch, jaw = axes(codes.astype(np.float64))[:, [0, 1, 3]].T
    centre = np.stack([0.5 + 0.2 * yaw, 0.5 + 0.2 * pitch], axis=1)[:, None]
    points = centre + np.array([(-0.15, 0), (0.15, 0), (0, 0.15)])
    points[:, 0, 1] += 0.1 * jaw
    x, y = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    pictures = np.zeros((count, size, size, 3), "u1")
    for number, place in enumerate(points.transpose(1, 0, 2) * size):
        near = np.hypot(x - place[:, 0, None, None], y - place[:, 1, None, None]) < size / 16
        pictures[..., number] = 255 * near
    visible = np.tile(np.array([1, 1, 0], "u1"), (count, 1))
    arrays = {
        "images.u8": pictures,
        "z.f4": codes,
        "landmarks.f4": (points * size).astype("<f4"),
        "visible.u1": visible,
    }
    for name, array in arrays.items():
        array.tofile(folder / name)
    meta = {
        "domain": domain,
        "count": count,
        "size": size,
        "z_names": list(find_domain("mira").z_names),
        "landmarks": NAMES,
        "held_out": HELD_OUT,
    }
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "done_0of1.json").write_text(json.dumps({"done": count}))
    return folder


def small_generator(z_dim: int = 12) -> Generator:
    """Of random weights, 64 px."""
    channels = {4: 8, 8: 8, 16: 8, 32: 8, 64: 8}
    config = GeneratorConfig(resolution=64, z_dim=z_dim, w_dim=8, channels=channels, mapping_layers=2)
    return Generator(config).requires_grad_(False)
