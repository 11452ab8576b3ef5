"""Motion supervision and the mask term (DragGAN, section 3.2): the loss that pulls the handles along."""

from __future__ import annotations

import torch
from torch import Tensor

from previz.drag._sampling import sample_features
from previz.drag._tracking import disc_offsets
from previz.drag._types import Reference
from previz.geometry import rescale

# A handle nearer than this is left alone, as in the paper's code, whatever the tolerance of the whole.
ARRIVED = 1.0


def motion_supervision(
    feature_map: Tensor,  # [C, h, w] of the current w, with gradient
    handles: Tensor,  # [N, 2] image pixels, tracked in this map
    targets: Tensor,  # [N, 2] image pixels
    weights: Tensor,  # [N], 0 for a handle that has arrived
    reference: Reference,
    radius: float,  # r1, in pixels of a 512 px image
) -> Tensor:  # []
    """The first sum of equation 1: sum_i ||F(q_i) - F(q_i + d_i)||_1 over the disc around each handle.

    F(q_i) is held constant, so the content at q_i is what shall appear at q_i + d_i and not the reverse. d_i
    is the unit vector to the target; for a handle less than a pixel away it ends on the target, and so is 0
    where p_i = t_i. The L1 norm is averaged over the disc and the channels, so that lambda means the same for
    every radius, block and image size, as in the paper's code.
    """
    to_target = targets - handles
    direction = to_target / to_target.norm(dim=-1, keepdim=True).clamp(min=1.0)
    disc = handles[:, None] + disc_offsets(reference, radius)  # [N, Q, 2]
    here = rescale(disc, reference.image_size, reference.map_size)
    there = rescale(disc + direction[:, None], reference.image_size, reference.map_size)
    source = sample_features(feature_map.detach(), here)  # [N, Q, C]
    shifted = sample_features(feature_map, there)
    return ((source - shifted).abs().mean(dim=(1, 2)) * weights).sum()


def mask_term(
    feature_map: Tensor,  # [C, h, w] of the current w, with gradient
    reference: Reference,
    fixed: Tensor,  # [h, w], 1 - M
) -> Tensor:  # []
    """The second sum of equation 1, ||(F - F_0) (1 - M)||_1, as a mean over the fixed area.

    The paper's code averages over the whole map, which makes lambda a fraction of itself where little is
    fixed. Here lambda weighs the mean change of what is fixed, be it much or little; the two agree where
    everything is fixed.
    """
    change = (feature_map.float() - reference.held_map).abs().mean(dim=0)  # [h, w]
    return (change * fixed).sum() / fixed.sum()


def fixed_area(
    mask: Tensor,  # [H, W], 1 = movable
    reference: Reference,
) -> Tensor | None:  # [h, w]
    """1 - M on the feature map, each feature pixel the mean of what it covers; None if nothing is fixed."""
    fixed = 1.0 - mask.to(reference.points.device, torch.float32)
    columns, rows = reference.map_size
    fixed = torch.nn.functional.adaptive_avg_pool2d(fixed[None, None], (rows, columns))[0, 0]
    return fixed if bool((fixed > 0).any()) else None
