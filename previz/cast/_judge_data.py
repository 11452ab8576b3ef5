"""Renders with all that they know of themselves, and how they are disturbed for the judge to learn from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from previz.cast._domain import Domain
from previz.cast._domains import find_domain
from previz.cast._pairs import Pairs, open_pairs
from previz.errors import CastError

__all__ = ["Labelled", "move", "open_labelled", "recolour", "soften"]


@dataclass(frozen=True)
class Labelled:
    """A dataset of renders with all that it knows of each picture."""

    pairs: Pairs
    domain: Domain
    names: tuple[str, ...]
    seen: np.ndarray  # uint8 [N, K]

    def read(self, index: np.ndarray, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pictures [N, 3, H, W] in -1..1, landmarks [N, K, 2] in their px, visible [N, K], factors [N, P].

        `size` is their long side.
        """
        pictures = torch.from_numpy(self.pairs.images[index]).permute(0, 3, 1, 2).float() / 127.5 - 1
        shrink = max(pictures.shape[2:]) // size
        if shrink > 1:
            pictures = F.avg_pool2d(pictures, shrink)
        points = torch.from_numpy(self.pairs.landmarks[index]) / shrink
        factors = self.domain.factors(self.pairs.codes[index].astype(np.float64))
        return pictures, points, torch.from_numpy(self.seen[index]).float(), torch.from_numpy(factors)

    @property
    def long_side(self) -> int:
        """Pixels of the longer side of a render."""
        return int(max(self.pairs.images.shape[1:3]))


def open_labelled(folder: Path) -> Labelled:
    """Open a dataset folder with its labels; CastError where it is none, or of an unknown domain."""
    pairs = open_pairs(folder)
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    names = tuple(meta["landmarks"])
    if pairs.domain is None:
        raise CastError(f"{folder}: its pictures are of no domain of the cast; nothing says what they show")
    domain = find_domain(pairs.domain)
    if domain.z_names != pairs.z_names:
        raise CastError(f"{folder}: its codes are not those of the domain {domain.name}; render it anew")
    path = folder / "visible.u1"
    try:
        seen = np.memmap(path, "u1", "r", shape=(len(pairs.images), len(names)))
    except (OSError, ValueError) as error:
        raise CastError(f"{path}: can't be read ({error}); render the dataset anew") from error
    return Labelled(pairs, domain, names, seen)


def soften(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures [N, 3, H, W] at less detail, with a little noise: like a generator's."""
    height, width = pictures.shape[2:]
    share = rng.uniform(0.35, 0.9)
    small = F.interpolate(pictures, size=(round(share * height), round(share * width)), mode="area")
    blurred = F.interpolate(small, size=(height, width), mode="bicubic", align_corners=False)
    noise = rng.standard_normal(blurred.shape, np.float32) * np.float32(rng.uniform(0, 0.06))
    return (blurred + torch.from_numpy(noise)).clamp(-1, 1)


def move(pictures: Tensor, points: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Turn by up to 10 degrees, scale by up to 12% and shift by up to 8%: pictures and their landmarks."""
    count, _, height, width = pictures.shape
    angle, size = rng.uniform(-0.17, 0.17, count), np.exp(rng.uniform(-0.12, 0.12, count))
    cosine, sine = np.cos(angle) * size, np.sin(angle) * size
    turn = torch.from_numpy(np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], 1)).float()
    shift = torch.from_numpy(rng.uniform(-0.08, 0.08, (count, 2))).float() * max(height, width)
    centre = torch.tensor([width / 2, height / 2])
    placed = (points - centre) @ turn.transpose(1, 2) + shift[:, None] + centre
    # grid_sample asks where each pixel of the result comes from: the inverse, in units of half a picture
    inverse = torch.linalg.inv(turn)
    half = centre[None, :, None]
    theta = torch.cat([inverse * half.transpose(1, 2) / half, -(inverse @ shift[:, :, None]) / half], dim=2)
    grid = F.affine_grid(theta, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False), placed


def recolour(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Another exposure, contrast and white balance for each of the pictures [N, 3, H, W]."""
    count = len(pictures)
    gain = torch.from_numpy(np.exp(rng.normal(0, 0.12, (count, 3, 1, 1)))).float()
    lift = torch.from_numpy(rng.normal(0, 0.08, (count, 3, 1, 1))).float()
    return (pictures * gain + lift).clamp(-1, 1)
