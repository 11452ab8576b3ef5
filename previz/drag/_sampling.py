"""Features at sub-pixel positions, read only where they are needed.

The paper resizes the whole feature map to the image and reads pixels; reading the four neighbours of each
position gives the same values for a fraction of the cost.
"""

from __future__ import annotations

import torch
from torch import Tensor

from previz.geometry import points_to_index


def sample_features(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [..., 2] (x, y) in feature-map pixels
) -> Tensor:  # [..., C] float32
    """Bilinear samples; beyond the border centres the border is repeated.

    The gradient to the feature map is the same bits on every run, also on CUDA: `grid_sample` and plain
    indexing scatter with atomic additions there. Here each pixel touched is gathered once, so the scatter has
    no collisions, and what positions share of it is summed by a matrix product.
    """
    corners, weights = _bilinear_corners(feature_map, points.reshape(-1, 2))
    pixels, places = torch.unique(corners, return_inverse=True)  # [U], [P, 4]
    mixing = weights.new_zeros(len(corners), len(pixels))  # [P, U]
    rows = torch.arange(len(corners), device=points.device)
    for corner in range(4):
        mixing[rows, places[:, corner]] += weights[:, corner]
    touched = feature_map.flatten(1)[:, pixels].float()  # [C, U]
    return (mixing @ touched.t()).reshape(*points.shape[:-1], len(feature_map))


def lookup_features(
    feature_map: Tensor,  # [C, h, w]
    points: Tensor,  # [..., 2] (x, y) in feature-map pixels
) -> Tensor:  # [..., C] float32
    """The same samples where no gradient is wanted: cheaper for the many candidates of a search."""
    corners, weights = _bilinear_corners(feature_map, points.detach().reshape(-1, 2))
    values = feature_map.detach().flatten(1).t()[corners].float()  # [P, 4, C]
    return (values * weights[..., None]).sum(dim=1).reshape(*points.shape[:-1], len(feature_map))


def _bilinear_corners(feature_map: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Flat indices [P, 4] and weights [P, 4] of the pixels around each point [P, 2]."""
    height, width = feature_map.shape[1:]
    limit = torch.tensor((width - 1, height - 1), device=points.device)
    index = torch.minimum(points_to_index(points.float()).clamp(min=0.0), limit.float())
    low = index.floor().long()
    high = torch.minimum(low + 1, limit)
    fraction = index - low
    x, y = fraction.unbind(-1)
    corners = torch.stack(
        [
            low[:, 1] * width + low[:, 0],
            low[:, 1] * width + high[:, 0],
            high[:, 1] * width + low[:, 0],
            high[:, 1] * width + high[:, 0],
        ],
        dim=-1,
    )
    weights = torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], dim=-1)
    return corners, weights
