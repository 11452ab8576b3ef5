"""Adaptive discriminator augmentation (Karras et al. 2020), written from the paper's appendix B.

Every picture that the discriminator sees, real or generated, is changed at random: flipped, turned by right
angles, shifted, scaled, turned, and its colours moved. Each change happens with a probability below 1, so
that the generator does not learn the changes themselves. The paper's filtering, noise and cutout are left
out, as it found no use for them. Pictures are sampled with a bicubic filter, not the paper's wavelets: what
is flipped, shifted by whole pixels or not changed at all stays as sharp as it was.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["augment", "colour_matrix", "geometric_matrix", "resample"]

LUMA = torch.full((3,), 1 / math.sqrt(3))  # the grey axis


def augment(image: Tensor, probability: float, rng: torch.Generator) -> Tensor:
    """Change each picture [N, 3, H, W] with this probability a change; differentiable once.

    `rng` is on the CPU. Borders are mirrored. A probability of 0 returns the pictures as they are.
    """
    if probability <= 0:
        return image
    count, _, height, width = image.shape
    matrix = geometric_matrix(count, height, width, probability, rng).to(image)
    image = resample(image, matrix)
    colour = colour_matrix(count, probability, rng).to(image)
    return torch.einsum("nij,njhw->nihw", colour[:, :, :3], image) + colour[:, :, 3, None, None]


def geometric_matrix(count: int, height: int, width: int, probability: float, rng: torch.Generator) -> Tensor:
    """Where each picture is read: [N, 2, 3], px from its centre, output to input."""

    def happens(chance: float = probability) -> Tensor:
        return torch.rand(count, generator=rng) < chance

    def normal(deviation: float) -> Tensor:
        return torch.randn(count, generator=rng) * deviation

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=rng)

    zero, one = torch.zeros(count), torch.ones(count)
    flip = torch.where(happens() & (torch.rand(count, generator=rng) < 0.5), -1.0, 1.0)
    turn = torch.where(happens(), torch.randint(0, 4, (count,), generator=rng) * (math.pi / 2), zero)
    across = torch.where(happens(), (uniform(-0.125, 0.125) * width).round(), zero)
    down = torch.where(happens(), (uniform(-0.125, 0.125) * height).round(), zero)
    scale = torch.where(happens(), 2 ** normal(0.2), one)
    chance = 1 - math.sqrt(1 - probability)  # of each of two turns, so that p of all pictures are turned
    before = torch.where(happens(chance), uniform(-math.pi, math.pi), zero)
    stretch = torch.where(happens(), 2 ** normal(0.2), one)
    after = torch.where(happens(chance), uniform(-math.pi, math.pi), zero)
    shifted = happens()
    drift = [torch.where(shifted, normal(0.125) * side, zero) for side in (width, height)]
    matrix = _scaling(flip, one) @ _turning(turn) @ _shifting(across, down) @ _scaling(scale, scale)
    matrix = matrix @ _turning(before) @ _scaling(stretch, 1 / stretch) @ _turning(after) @ _shifting(*drift)
    return matrix[:, :2]


def colour_matrix(count: int, probability: float, rng: torch.Generator) -> Tensor:
    """What is done to each picture's colours: [N, 3, 4], of (red, green, blue, 1), of values -1..1."""

    def happens() -> Tensor:
        return torch.rand(count, generator=rng) < probability

    def normal(deviation: float) -> Tensor:
        return torch.randn(count, generator=rng) * deviation

    zero, one = torch.zeros(count), torch.ones(count)
    identity = torch.eye(3)
    grey = torch.outer(LUMA, LUMA)
    brightness = torch.where(happens(), normal(0.2), zero)
    contrast = torch.where(happens(), 2 ** normal(0.5), one)
    flip = torch.where(happens() & (torch.rand(count, generator=rng) < 0.5), 2.0, 0.0)
    hue = torch.where(happens(), (2 * torch.rand(count, generator=rng) - 1) * math.pi, zero)
    saturation = torch.where(happens(), 2 ** normal(1.0), one)
    linear = contrast[:, None, None] * (identity - flip[:, None, None] * grey)
    offset = contrast * brightness  # grey, which the turns about the grey axis leave but for the luma flip
    offset = offset * (1 - flip)
    linear = _about_grey(hue) @ linear
    linear = (grey + (identity - grey) * saturation[:, None, None]) @ linear
    return torch.cat([linear, offset[:, None, None].expand(-1, 3, 1)], dim=2)


def resample(image: Tensor, matrix: Tensor) -> Tensor:
    """Read the pictures [N, 3, H, W] where `matrix` [N, 2, 3] says, px from the centre; borders mirrored."""
    _, _, height, width = image.shape
    to_px = image.new_tensor([[width / 2, 0, 0], [0, height / 2, 0], [0, 0, 1]])
    to_unit = image.new_tensor([[2 / width, 0], [0, 2 / height]])
    grid = F.affine_grid(to_unit @ matrix @ to_px, list(image.shape), align_corners=False)
    return F.grid_sample(image, grid, mode="bicubic", padding_mode="reflection", align_corners=False)


def _matrix(rows: list[list[Tensor]]) -> Tensor:
    """[N, 3, 3] from numbers of each picture [N]."""
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix([[x, zero, zero], [zero, y, zero], [zero, zero, one]])


def _shifting(x: Tensor, y: Tensor) -> Tensor:
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return _matrix([[one, zero, x], [zero, one, y], [zero, zero, one]])


def _turning(angle: Tensor) -> Tensor:
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    cosine, sine = angle.cos(), angle.sin()
    return _matrix([[cosine, -sine, zero], [sine, cosine, zero], [zero, zero, one]])


def _about_grey(angle: Tensor) -> Tensor:
    """Turn colours about the grey axis (Rodrigues' formula). [N] -> [N, 3, 3]."""
    x, y, z = LUMA.tolist()
    cross = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return cosine * torch.eye(3) + sine * cross + (1 - cosine) * torch.outer(LUMA, LUMA)
