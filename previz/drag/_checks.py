"""What a drag refuses, each in one line."""

from __future__ import annotations

import torch
from torch import Tensor

from previz.drag._types import FeatureGenerator, Reference
from previz.errors import SolveError


def check_latent(generator: FeatureGenerator, w: Tensor) -> Tensor:
    """The latent as float32 on the generator's device; a SolveError for another shape or for NaN."""
    wanted = (generator.num_ws, generator.w_dim)
    if tuple(w.shape) != wanted:
        raise SolveError(f"w: shape {list(w.shape)} is not the generator's [num_ws, w_dim], {list(wanted)}")
    if not bool(torch.isfinite(w).all()):
        raise SolveError("w: holds values that are not finite numbers")
    return w.detach().to(generator.device, torch.float32)


def check_points(generator: FeatureGenerator, name: str, points: Tensor) -> Tensor:
    """Positions as float32 on the generator's device; a SolveError for another shape or for NaN."""
    if points.ndim != 2 or points.shape[1] != 2:
        raise SolveError(f"{name}: shape {list(points.shape)} is not [N, 2]")
    for index, finite in enumerate(torch.isfinite(points).all(dim=1).tolist()):
        if not finite:
            x, y = points[index].tolist()
            raise SolveError(f"{name}[{index}]: ({x:g}, {y:g}) is not a position")
    return points.detach().to(generator.device, torch.float32)


def check_reference(generator: FeatureGenerator, reference: Reference) -> None:
    """A SolveError for a reference that was made with a generator of another shape."""
    size = (generator.width, generator.height)
    known = reference.block <= generator.num_blocks and reference.image_size == size
    if not known or tuple(reference.feature_map.shape) != generator.block_shape(reference.block):
        raise SolveError(
            f"reference: block {reference.block}, {list(reference.feature_map.shape)}, of a "
            f"{reference.image_size[0]}x{reference.image_size[1]} image is not one of this generator's"
        )


def check_mask(generator: FeatureGenerator, mask: Tensor) -> Tensor:
    """The mask [H, W] as it is; a SolveError for another size or values outside 0 to 1."""
    wanted = (generator.height, generator.width)
    if tuple(mask.shape) != wanted:
        raise SolveError(f"mask: shape {list(mask.shape)} is not the image's [height, width], {list(wanted)}")
    if not bool(((mask >= 0) & (mask <= 1)).all()):
        raise SolveError("mask: holds values outside 0 (fixed) to 1 (movable)")
    return mask


def check_soft(handles: Tensor, soft: Tensor | None) -> Tensor | None:
    """Which handles [N] yield, None where none does; a SolveError for another count or type."""
    if soft is None:
        return None
    if tuple(soft.shape) != (len(handles),) or soft.dtype != torch.bool:
        raise SolveError(
            f"soft: {soft.dtype} {list(soft.shape)} is not torch.bool [{len(handles)}], one for each handle"
        )
    return soft.to(handles.device) if bool(soft.any()) else None


def check_weights(handles: Tensor, weights: Tensor | None) -> Tensor:
    """Weights [N] beside the handles, ones if None; a SolveError for another count or negative ones."""
    if weights is None:
        return handles.new_ones(len(handles))
    if tuple(weights.shape) != (len(handles),):
        raise SolveError(f"weights: shape {list(weights.shape)} is not [{len(handles)}], one for each handle")
    if not bool((torch.isfinite(weights) & (weights >= 0)).all()):
        raise SolveError("weights: must be numbers from 0 up")
    return weights.detach().to(handles.device, handles.dtype)
