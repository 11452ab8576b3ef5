"""How far a generated picture is from its render, and how that is weighed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

FACE_LANDMARKS = ("pupil", "lid", "eye_", "brow", "mouth", "lip")  # prefixes: what a viewer looks at first
SMALLEST = 16  # px: the coarsest level of the pyramid


def face_weight(landmarks: Tensor, size: int, sigma: float = 5 / 128) -> Tensor:
    """A soft mask of the eyes, brows and mouth: 1 on a landmark, falling off as a Gaussian.

    landmarks [N, K, 2] in pixels of a `size` px picture, sigma a share of that size. -> [N, 1, size, size].
    """
    centres = torch.arange(size, device=landmarks.device) + 0.5
    scale = 2 * (sigma * size) ** 2
    across = torch.exp(-((centres - landmarks[:, :, :1]) ** 2) / scale)  # [N, K, size]
    down = torch.exp(-((centres - landmarks[:, :, 1:]) ** 2) / scale)
    return (down[:, :, :, None] * across[:, :, None, :]).amax(dim=1, keepdim=True)


def pyramid_loss(image: Tensor, target: Tensor, weight: Tensor, gradient_weight: float) -> Tensor:
    """Weighted L1 of the difference and of its gradient, summed over a pyramid of half sizes.

    image, target [N, 3, s, s] in -1..1; weight [N, 1, s, s]. Each level after the first counts half.
    """
    difference = image - target
    total = torch.zeros([], device=image.device)
    share = 1.0
    while True:
        total = total + share * _level(difference, weight, gradient_weight)
        if difference.shape[-1] <= SMALLEST:
            return total
        difference, weight, share = F.avg_pool2d(difference, 2), F.avg_pool2d(weight, 2), 0.5


def _level(difference: Tensor, weight: Tensor, gradient_weight: float) -> Tensor:
    down = difference[..., 1:, :] - difference[..., :-1, :]
    across = difference[..., 1:] - difference[..., :-1]
    edges = (down.abs() * weight[..., 1:, :]).mean() + (across.abs() * weight[..., 1:]).mean()
    return (difference.abs() * weight).mean() + gradient_weight * edges


def blur_to_detail(image: Tensor, detail: int) -> Tensor:
    """The picture with the detail that `detail` px hold: area-averaged down, bilinear up. [N, 3, s, s]."""
    small = F.interpolate(image, size=detail, mode="area")
    return F.interpolate(small, size=image.shape[-1], mode="bilinear", align_corners=False)


def picture_errors(image: Tensor, target: Tensor, weight: Tensor) -> dict[str, Tensor]:
    """Per picture: PSNR in dB, L1 and face L1 on a scale of 0..1. image, target [N, 3, s, s] in -1..1.

    Face L1 is the mean absolute error weighed by `face_weight`, weight [N, 1, s, s].
    """
    difference = (image.clamp(-1, 1) - target) / 2
    return {
        "psnr": -10 * difference.square().mean(dim=(1, 2, 3)).log10(),
        "l1": difference.abs().mean(dim=(1, 2, 3)),
        "face_l1": (difference.abs() * weight).sum(dim=(1, 2, 3)) / (3 * weight.sum(dim=(1, 2, 3))),
    }
