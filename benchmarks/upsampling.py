"""Which form of StyleGAN2's upsampling convolution is fastest on the CPU: `python -m benchmarks.upsampling`.

All forms are the same function: a transposed convolution with stride 2, then the [1, 3, 3, 1] low-pass.
Each is compared with the first in values and gradients, and timed, forward and backward, on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

LAYERS = ((192, 96, 16), (96, 48, 32), (48, 24, 64))  # channels in and out, size in
BATCH, ROUNDS = 8, 7
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
BLUR = torch.outer(TAPS, TAPS)


def transpose_then_blur(x: Tensor, weight: Tensor) -> Tensor:
    """The published form, with the filter as one depthwise convolution."""
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    return F.conv2d(x, BLUR.expand(x.shape[1], 1, 4, 4), padding=1, groups=x.shape[1])


def transpose_then_separable_blur(x: Tensor, weight: Tensor) -> Tensor:
    """The filter as two depthwise convolutions."""
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    count = x.shape[1]
    x = F.conv2d(x, TAPS.view(1, 1, 4, 1).expand(count, 1, 4, 1), padding=(1, 0), groups=count)
    return F.conv2d(x, TAPS.view(1, 1, 1, 4).expand(count, 1, 1, 4), padding=(0, 1), groups=count)


def transpose_then_sums(x: Tensor, weight: Tensor) -> Tensor:
    """The filter as sums of shifted views."""
    x = F.pad(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), (1, 1, 1, 1))
    height, width = x.shape[2] - 3, x.shape[3] - 3
    x = (x[:, :, 1 : height + 1] + x[:, :, 2 : height + 2]) * 0.75 + (x[:, :, :height] + x[:, :, 3:]) * 0.25
    return (x[..., 1 : width + 1] + x[..., 2 : width + 2]) * 0.75 + (x[..., :width] + x[..., 3:]) * 0.25


def transpose_then_pools(x: Tensor, weight: Tensor) -> Tensor:
    """The filter as three 2×2 averages: [1, 1] three times over is [1, 3, 3, 1]."""
    x = F.pad(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), (1, 1, 1, 1))
    for _ in range(3):
        x = F.avg_pool2d(x, 2, 1)
    return x * 4


def one_kernel(x: Tensor, weight: Tensor) -> Tensor:
    """Convolution and filter as one 6×6 transposed convolution."""
    return F.conv_transpose2d(x, _fused(weight).transpose(0, 1), stride=2, padding=2)


def phases_of_one_kernel(x: Tensor, weight: Tensor) -> Tensor:
    """The 6×6 kernel as four 3×3 ones, one for each output pixel of a square."""
    out, inner = weight.shape[:2]
    phases = _fused(weight).view(out, inner, 3, 2, 3, 2).flip(2, 4).permute(0, 3, 5, 1, 2, 4)
    return F.pixel_shuffle(F.conv2d(x, phases.reshape(out * 4, inner, 3, 3), padding=1), 2)


def phases_then_blur(x: Tensor, weight: Tensor) -> Tensor:
    """The transposed convolution as four 2×2 ones, then the filter."""
    out, inner = weight.shape[:2]
    phases = F.pad(weight, (0, 1, 0, 1)).view(out, inner, 2, 2, 2, 2).flip(2, 4).permute(0, 3, 5, 1, 2, 4)
    x = F.pixel_shuffle(F.conv2d(x, phases.reshape(out * 4, inner, 2, 2), padding=1), 2)[:, :, :-1, :-1]
    return F.conv2d(x, BLUR.expand(out, 1, 4, 4), padding=1, groups=out)


def blur_then_convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Bilinear upsampling of the input, which is the same filter, then a plain convolution."""
    x = F.interpolate(F.pad(x, (2, 2, 2, 2)), scale_factor=2, mode="bilinear", align_corners=False)
    return F.conv2d(x[:, :, 3:-3, 3:-3], weight.flip(2, 3))


FORMS: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    transpose_then_blur,
    transpose_then_separable_blur,
    transpose_then_sums,
    transpose_then_pools,
    one_kernel,
    phases_of_one_kernel,
    phases_then_blur,
    blur_then_convolve,
)


def _fused(weight: Tensor) -> Tensor:
    out, inner = weight.shape[:2]
    return F.conv2d(weight.reshape(-1, 1, 3, 3), BLUR[None, None], padding=3).view(out, inner, 6, 6)


def measure(form: Callable[[Tensor, Tensor], Tensor], x: Tensor, weight: Tensor) -> float:
    """Milliseconds of the fastest of a few rounds, forward and backward."""
    expected = transpose_then_blur(x, weight)
    gradient = torch.ones_like(expected)
    references = torch.autograd.grad(expected, (x, weight), gradient)
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        found = form(x, weight)
        gradients = torch.autograd.grad(found, (x, weight), gradient)
        seconds.append(time.process_time() - start)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(gradients, references, atol=1e-2, rtol=1e-3)
    return min(seconds) * 1000


def main() -> None:
    """Print a table of milliseconds: a row a form, a column a layer and memory layout."""
    torch.set_num_threads(1)
    columns = [
        (layer, layout) for layer in LAYERS for layout in (torch.contiguous_format, torch.channels_last)
    ]
    titles = [f"{size}→{2 * size} px {'last' if layout == torch.channels_last else 'first'}"
              for (_, _, size), layout in columns]  # fmt: skip
    print(f"{'milliseconds, channels first or last':36}" + "".join(f"{title:>18}" for title in titles))
    for form in FORMS:
        row = []
        for (inner, out, size), layout in columns:
            x = torch.randn(BATCH, inner, size, size).contiguous(memory_format=layout).requires_grad_()
            row.append(measure(form, x, torch.randn(out, inner, 3, 3).requires_grad_()))
        print(f"{form.__name__:36}" + "".join(f"{value:18.1f}" for value in row), flush=True)


if __name__ == "__main__":
    main()
