"""How far a generated picture is from its render, and how that is weighed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

FACE_LANDMARKS = ("pupil", "lid", "eye_", "brow", "mouth", "lip")  # prefixes: what a viewer looks at first
LIMB_LANDMARKS = ("elbow", "wrist", "hand", "fingertip", "thumb", "toe")  # of figures: small, and easily lost
LIMB_SIGMA = 8 / 128  # of their weight, wide enough for a forearm between elbow and wrist
SMALLEST = 16  # px: the coarsest level of the pyramid


def face_weight(landmarks: Tensor, size: int | tuple[int, int], sigma: float = 5 / 128) -> Tensor:
    """A soft mask of the eyes, brows and mouth: 1 on a landmark, falling off as a Gaussian.

    landmarks [N, K, 2] in pixels of a picture of `size` or (height, width) px, sigma a share of its shorter
    side. -> [N, 1, height, width].
    """
    height, width = (size, size) if isinstance(size, int) else size
    scale = 2 * (sigma * min(height, width)) ** 2
    columns = torch.arange(width, device=landmarks.device) + 0.5
    rows = torch.arange(height, device=landmarks.device) + 0.5
    across = torch.exp(-((columns - landmarks[:, :, :1]) ** 2) / scale)  # [N, K, width]
    down = torch.exp(-((rows - landmarks[:, :, 1:]) ** 2) / scale)  # [N, K, height]
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
    """The picture [N, 3, h, w] with the detail that `detail` px along the long side hold.

    It is area-averaged down and bilinear up.
    """
    height, width = image.shape[-2:]
    share = detail / max(height, width)
    small = F.interpolate(image, size=(round(height * share), round(width * share)), mode="area")
    return F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)


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
