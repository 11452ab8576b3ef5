"""The layers of StyleGAN2, written from the paper (Karras et al. 2020, sections 2 and 4, appendix B).

Weights are drawn from N(0, 1) and scaled at run time ("equalised learning rate").
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATION_GAIN = math.sqrt(2)
EPSILON = 1e-8


class FullyConnected(nn.Module):
    """A linear layer with equalised learning rate, leaky ReLU optional. [N, in] -> [N, out]."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activate: bool = False,
        lr_multiplier: float = 1.0,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        weight = torch.randn(out_features, in_features)
        # Without memory behind it there is nothing to scale, and torch would import its compiler to do so.
        self.weight = nn.Parameter(weight if weight.is_meta else weight / lr_multiplier)
        self.bias = nn.Parameter(torch.full((out_features,), bias / lr_multiplier))
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """[N, in] -> [N, out]."""
        x = F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)
        return F.leaky_relu(x, 0.2) * ACTIVATION_GAIN if self.activate else x


class StyledConvolution(nn.Module):
    """A 3×3 convolution modulated by a style, with demodulation, noise, bias and leaky ReLU.

    The modulation is unfused: activations are scaled by the style, convolved with the shared weights, and
    scaled back. It is the same function as scaling the weights (section 2.2), without a kernel a sample.
    """

    noise_const: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        size: tuple[int, int],
        *,
        up: bool,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.affine = FullyConnected(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", torch.randn(size))
        self.up = up
        self.clamp = clamp
        self.size = size
        self.gain = 1 / math.sqrt(in_channels * 9)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """[N, in, h, w], [N, w_dim], noise [h', w'] or [N, 1, h', w'] -> [N, out, h', w']."""
        with full_precision(x.device):
            style, demodulation = self.style(w)
        x = x * style.to(x.dtype)[:, :, None, None]
        x = upsampling_convolution(x, self.weight) if self.up else F.conv2d(x, self.weight, padding=1)
        bias = self.bias[:, None, None] * ACTIVATION_GAIN  # the gain of what follows, where it costs least
        if noise is not None:
            bias = bias + noise * (self.noise_strength * ACTIVATION_GAIN)
        x = torch.addcmul(bias.to(x.dtype), x, demodulation.to(x.dtype)[:, :, None, None])
        return clamp(F.leaky_relu(x, 0.2), self.clamp)

    def style(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """[N, w_dim] -> scales of the input [N, in] and of the output [N, out], equation 3 times √2."""
        style = self.affine(w) * self.gain
        power = self.weight.square().sum(dim=(2, 3))  # [out, in]
        demodulation = torch.rsqrt(style.square() @ power.T + EPSILON * self.gain**2)
        return style, demodulation * ACTIVATION_GAIN


class ToRGB(nn.Module):
    """A modulated 1×1 convolution to three channels, without demodulation."""

    def __init__(self, in_channels: int, w_dim: int, *, clamp: float | None) -> None:
        super().__init__()
        self.affine = FullyConnected(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.clamp = clamp
        self.gain = 1 / math.sqrt(in_channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, in, h, w], [N, w_dim] -> float32 [N, 3, h, w]."""
        with full_precision(x.device):
            style = self.affine(w) * self.gain
        weight = self.weight.flatten(1) * style[:, None]  # [N, 3, in]
        rgb = (weight.to(x.dtype) @ x.flatten(2)).float() + self.bias[:, None]  # [N, 3, h·w]
        return clamp(rgb, self.clamp).view(len(x), 3, *x.shape[2:])


def upsampling_convolution(x: Tensor, weight: Tensor) -> Tensor:
    """Convolve and upsample 2×: transposed convolution, then the [1, 3, 3, 1] low-pass (appendix B).

    [N, in, h, w], [out, in, 3, 3] -> [N, out, 2h, 2w]. In two steps it costs a quarter of the multiplications
    of one 6×6 kernel, and is the fastest of eight equal forms on the CPU (`benchmarks/upsampling.py`).
    """
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    taps = x.new_tensor([0.25, 0.75, 0.75, 0.25])
    channels = x.shape[1]
    return F.conv2d(x, torch.outer(taps, taps).expand(channels, 1, 4, 4), padding=1, groups=channels)


def upsample(image: Tensor) -> Tensor:
    """Upsample 2× with the [1, 3, 3, 1] filter, zeros outside. [N, C, h, w] -> [N, C, 2h, 2w].

    Inside the image that filter is bilinear interpolation at pixel centres, hence the border of zeros.
    """
    padded = F.pad(image, (1, 1, 1, 1))
    return F.interpolate(padded, scale_factor=2, mode="bilinear", align_corners=False)[:, :, 2:-2, 2:-2]


def clamp(x: Tensor, limit: float | None) -> Tensor:
    """Limit x to ±limit, where there is a limit; the published code does so after the activation's gain."""
    return x if limit is None else x.clamp(-limit, limit)


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Styles and demodulation lose too much in half precision: leave autocast for them."""
    if torch.is_autocast_enabled(device.type):
        with torch.autocast(device.type, enabled=False):
            yield
    else:
        yield
