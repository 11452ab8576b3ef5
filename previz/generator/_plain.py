"""The plain twin of `_layers`: modulation as the paper writes it, on the weights, one sample at a time.

Slow, and for reading and for tests: `Generator.features` has to agree with it in values and in gradients.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from previz.generator._layers import EPSILON, StyledConvolution, ToRGB
from previz.generator._network import Generator


def modulated_kernel(weight: Tensor, style: Tensor, *, demodulate: bool) -> Tensor:
    """Equations 1 and 3 of Karras et al. 2020: weight [out, in, k, k], style [in] -> [out, in, k, k]."""
    kernel = weight * style[:, None, None]
    return (
        kernel * torch.rsqrt(kernel.square().sum((1, 2, 3), keepdim=True) + EPSILON) if demodulate else kernel
    )


def zero_insert(x: Tensor) -> Tensor:
    """Put a zero after every pixel, in both directions. [1, C, h, w] -> [1, C, 2h, 2w]."""
    spread = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    spread[:, :, ::2, ::2] = x
    return spread


def low_pass_upsample(x: Tensor) -> Tensor:
    """Zeros between the pixels, then the [1, 3, 3, 1] filter with gain 4. [1, C, h, w] -> [1, C, 2h, 2w]."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    kernel = torch.outer(taps, taps).to(x)[None, None].expand(x.shape[1], 1, 4, 4)
    return F.conv2d(F.pad(zero_insert(x), (2, 1, 2, 1)), kernel, groups=x.shape[1])


def plain_convolution(layer: StyledConvolution, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
    """One styled convolution of one sample: x [1, in, h, w], w [w_dim] -> [1, out, h', w']."""
    style = layer.affine(w[None])[0]
    kernel = modulated_kernel(layer.weight, style, demodulate=True)
    if layer.up:
        # The published order, on an image wide enough that nothing is cut: zeros between the pixels, the
        # kernel (turned, being that of a transposed convolution), the low-pass filter.
        wide = F.pad(zero_insert(x), (2, 1, 2, 1))
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]).to(x) / 4
        blur = torch.outer(taps, taps)[None, None].expand(len(kernel), 1, 4, 4)
        x = F.conv2d(F.pad(F.conv2d(wide, kernel.flip(2, 3)), (1, 1, 1, 1)), blur, groups=len(kernel))
    else:
        x = F.conv2d(x, kernel, padding=1)
    if noise is not None:
        x = x + noise * layer.noise_strength
    x = F.leaky_relu(x + layer.bias[:, None, None], 0.2) * math.sqrt(2)
    return x if layer.clamp is None else x.clamp(-layer.clamp, layer.clamp)


def plain_rgb(layer: ToRGB, x: Tensor, w: Tensor) -> Tensor:
    """ToRGB of one sample: x [1, in, h, w], w [w_dim] -> [1, 3, h, w]."""
    style = layer.affine(w[None])[0] / math.sqrt(x.shape[1])
    rgb = F.conv2d(x, modulated_kernel(layer.weight, style, demodulate=False)) + layer.bias[:, None, None]
    return rgb if layer.clamp is None else rgb.clamp(-layer.clamp, layer.clamp)


def plain_synthesis(generator: Generator, w: Tensor, block: int | None = None) -> tuple[Tensor, Tensor]:
    """Feature map and image after `block`, with the checkpoint's own noise, for one w [num_ws, w_dim]."""
    x = image = None
    for index in range(1, (block or generator.num_blocks) + 1):
        layers = generator.synthesis.block(index)
        if x is None:
            x = layers.const[None]
        else:
            x = plain_convolution(layers.conv0, x, w[2 * index - 3], layers.conv0.noise_const)
        x = plain_convolution(layers.conv1, x, w[2 * index - 2], layers.conv1.noise_const)
        rgb = plain_rgb(layers.torgb, x, w[2 * index - 1])
        image = rgb if image is None else low_pass_upsample(image) + rgb
    assert x is not None
    assert image is not None
    return x, image
