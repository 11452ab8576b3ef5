"""The pixel convention, and every conversion out of it.

A position is (x, y) in pixels: x to the right, y down, the origin at the top-left *corner* of the image, so
the centre of the first pixel is (0.5, 0.5) and x / width is the normalised coordinate. A size is (width,
height). `grid_sample(align_corners=False)` agrees with this convention; arrays are indexed [row, column],
that is [y, x].

Positions are arrays or tensors of shape [..., 2]; what comes back is of the same kind, dtype and device.
"""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "Size",
    "clamp_to_image",
    "denormalise",
    "flip_origin",
    "from_grid_sample",
    "inside_image",
    "normalise",
    "pixel_centres",
    "points_to_index",
    "rescale",
    "to_grid_sample",
]

Size = tuple[int, int]
"""(width, height) in pixels."""

Points = TypeVar("Points", Tensor, NDArray[np.floating])


def _like(points: Points, pair: tuple[float, float]) -> Points:
    """The pair as a [2] tensor or array of the same kind as the points."""
    if isinstance(points, Tensor):
        return torch.tensor(pair, dtype=points.dtype, device=points.device)
    return cast("Points", np.asarray(pair, dtype=points.dtype))


def _affine(points: Points, scale: tuple[float, float], shift: tuple[float, float]) -> Points:
    """Positions [..., 2] times one pair plus another."""
    moved: Points = points * _like(points, scale) + _like(points, shift)
    return moved


def rescale(points: Points, from_size: Size, to_size: Size) -> Points:
    """Carry positions from one raster of a picture to another: image to feature map, canvas to image, and
    back.

    Args:
        points: [..., 2] (x, y) in pixels of `from_size`.
        from_size: (width, height) that the points are written for.
        to_size: (width, height) wanted.

    Returns:
        [..., 2] (x, y) in pixels of `to_size`. Corners map to corners, so it is a plain scale.
    """
    return _affine(points, (to_size[0] / from_size[0], to_size[1] / from_size[1]), (0.0, 0.0))


def normalise(points: Points, size: Size) -> Points:
    """Pixels [..., 2] to 0..1 across the image (x / width, y / height)."""
    return _affine(points, (1.0 / size[0], 1.0 / size[1]), (0.0, 0.0))


def denormalise(points: Points, size: Size) -> Points:
    """0..1 across the image to pixels [..., 2], the inverse of `normalise`."""
    return _affine(points, (float(size[0]), float(size[1])), (0.0, 0.0))


def to_grid_sample(points: Points, size: Size) -> Points:
    """Pixels [..., 2] to the -1..1 of `torch.nn.functional.grid_sample(align_corners=False)`."""
    return _affine(points, (2.0 / size[0], 2.0 / size[1]), (-1.0, -1.0))


def from_grid_sample(points: Points, size: Size) -> Points:
    """The inverse of `to_grid_sample`."""
    return _affine(points, (size[0] / 2, size[1] / 2), (size[0] / 2, size[1] / 2))


def flip_origin(points: Points, height: float) -> Points:
    """Between our top-left origin and a bottom-left one with y up (Nuke, OpenGL); its own inverse.

    Both measure from the corner of the image, so y' = height - y and the first pixel centre stays at .5.
    """
    return _affine(points, (1.0, -1.0), (0.0, float(height)))


def points_to_index(points: Points) -> Points:
    """Positions [..., 2] to fractional indices (column, row): the centre of the first pixel is index 0."""
    return _affine(points, (1.0, 1.0), (-0.5, -0.5))


def pixel_centres(size: Size, device: torch.device | str = "cpu") -> Tensor:
    """The centre of every pixel, float32 [height, width, 2] as (x, y)."""
    x = torch.arange(size[0], dtype=torch.float32, device=device) + 0.5
    y = torch.arange(size[1], dtype=torch.float32, device=device) + 0.5
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def clamp_to_image(points: Points, size: Size) -> Points:
    """The nearest position [..., 2] that lies in the picture, borders included."""
    limit = _like(points, (float(size[0]), float(size[1])))
    if isinstance(points, Tensor):
        return torch.minimum(points.clamp(min=0.0), limit)
    return cast("Points", np.clip(points, 0.0, limit))


def inside_image(points: Points, size: Size) -> Tensor | NDArray[np.bool_]:
    """Whether each position lies in the picture, borders included: bool [...]."""
    limit = _like(points, (float(size[0]), float(size[1])))
    if isinstance(points, Tensor):
        return ((points >= 0) & (points <= limit)).all(dim=-1)
    return cast("NDArray[np.bool_]", ((points >= 0) & (points <= limit)).all(axis=-1))
