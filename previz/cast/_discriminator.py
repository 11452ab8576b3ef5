"""StyleGAN2's residual discriminator, written from the papers (Karras et al. 2018, 2020).

A second, local verdict may be asked for: one logit for each place of a feature map inside, which sees a
patch of the picture only. Where few pictures can be shown it learns what hair, teeth and lashes look like far
sooner than the one number for the whole picture does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from previz.generator import GeneratorConfig

__all__ = ["Discriminator", "DiscriminatorConfig", "Verdict", "minibatch_deviation"]

GAIN = math.sqrt(2)  # of the leaky ReLU
LOW_PASS = (0.125, 0.375, 0.375, 0.125)


@dataclass(frozen=True)
class DiscriminatorConfig:
    """The shape of a discriminator: that of a generator's pictures, with as many channels at each size.

    `local` is the long side of the feature map that gives the local verdict, 0 for none. `group` is how many
    pictures the minibatch standard deviation is taken over.
    """

    resolution: tuple[int, int]  # height, width
    channels: Mapping[int, int]  # long side of the feature map -> channels
    local: int = 0
    group: int = 4

    def sizes(self) -> list[int]:
        """Long sides of the feature maps, from the picture's to 4."""
        return [1 << i for i in range(max(self.resolution).bit_length() - 1, 1, -1)]


def config_for(generator: GeneratorConfig, stride: int = 0, width: float = 1.0) -> DiscriminatorConfig:
    """The discriminator of a generator's pictures, with `width` times its channels.

    The local verdict has a place every `stride` px, a power of two, or as near as the picture's size allows.
    """
    assert isinstance(generator.channels, Mapping)
    channels = {size: max(1, round(count * width)) for size, count in generator.channels.items()}
    config = DiscriminatorConfig((generator.height, generator.width), channels)
    inside = config.sizes()[1:-1]
    if not stride or not inside:
        return config
    return replace(
        config, local=min(inside, key=lambda size: abs(math.log2(size * stride / config.sizes()[0])))
    )


class Verdict(NamedTuple):
    """What a discriminator says of N pictures: logits, above 0 for real."""

    whole: Tensor  # [N]
    local: Tensor | None  # [N, h, w]
    features: list[Tensor]  # the maps that lead to it, largest first, [N, C, h, w]


class _Convolution(nn.Module):
    """A convolution with equalised learning rate; bias, leaky ReLU and halving of the picture optional."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, down: bool = False, activate: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if activate else None
        self.gain = (GAIN if activate else 1.0) / math.sqrt(inputs * kernel**2)
        self.down, self.activate = down, activate

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, h, w] -> [N, out, h, w], or half of that size."""
        kernel, weight = self.weight.shape[-1], self.weight * self.gain
        bias = None if self.bias is None else self.bias * GAIN
        if not self.down:
            x = F.conv2d(x, weight, bias, padding=kernel // 2)
        elif kernel == 1:
            x = F.conv2d(low_pass(x, stride=2, padding=1), weight, bias)
        else:
            x = F.conv2d(low_pass(x, stride=1, padding=2), weight, bias, stride=2)
        return F.leaky_relu(x, 0.2) if self.activate else x


def low_pass(x: Tensor, stride: int, padding: int) -> Tensor:
    """The [1, 3, 3, 1] filter, zeros outside. [N, C, h, w] -> the same, or halved by a stride of 2."""
    taps = x.new_tensor(LOW_PASS)
    channels = x.shape[1]
    kernel = torch.outer(taps, taps).expand(channels, 1, 4, 4)
    return F.conv2d(x, kernel, stride=stride, padding=padding, groups=channels)


class _Block(nn.Module):
    """Two convolutions and a 1×1 way around them; halves the picture."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = _Convolution(inputs, inputs, 3)
        self.conv1 = _Convolution(inputs, outputs, 3, down=True)
        self.skip = _Convolution(inputs, outputs, 1, down=True, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, h, w] -> [N, out, h/2, w/2]."""
        both: Tensor = self.conv1(self.conv0(x)) + self.skip(x)
        return both * math.sqrt(0.5)  # of unit variance again


class _Linear(nn.Module):
    def __init__(self, inputs: int, outputs: int, *, activate: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain = 1 / math.sqrt(inputs)
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        x = F.linear(x, self.weight * self.gain, self.bias)
        return F.leaky_relu(x, 0.2) * GAIN if self.activate else x


class Discriminator(nn.Module):
    """Tells renders or photographs from generated pictures. [N, 3, H, W] in -1..1 -> `Verdict`.

    N must be a multiple of the smaller of N and the group of the minibatch standard deviation; groups are
    neighbours, so that real and generated pictures in one batch stay apart.
    """

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        sizes, channels = config.sizes(), config.channels
        self.from_rgb = _Convolution(3, channels[sizes[0]], 1)
        self.blocks = nn.ModuleList(
            _Block(channels[size], channels[smaller]) for size, smaller in itertools.pairwise(sizes)
        )
        last = channels[sizes[-1]]
        height, width = (side * 4 // max(config.resolution) for side in config.resolution)
        self.conv = _Convolution(last + 1, last, 3)
        self.hidden = _Linear(last * height * width, last, activate=True)
        self.out = _Linear(last, 1, activate=False)
        if config.local:
            inner = channels[config.local]
            self.local_hidden = _Convolution(inner, inner, 3)
            self.local_out = _Convolution(inner, 1, 1, activate=False)

    def forward(self, image: Tensor) -> Verdict:
        """[N, 3, H, W] -> logits for the whole picture and for places of it, and the maps behind them."""
        x, local, features = self.from_rgb(image), None, []
        for size, block in zip(self.config.sizes()[1:], self.blocks, strict=True):
            x = block(x)
            features.append(x)
            if size == self.config.local:
                local = self.local_out(self.local_hidden(x))[:, 0]
        x = self.conv(torch.cat([x, minibatch_deviation(x, self.config.group)], dim=1))
        whole = self.out(self.hidden(x.flatten(1)))[:, 0]
        return Verdict(whole.float(), None if local is None else local.float(), features)


def minibatch_deviation(x: Tensor, group: int) -> Tensor:
    """How much the pictures of a group differ, one number for all of it (Karras et al. 2018, section 3).

    [N, C, h, w] -> [N, 1, h, w]; groups are of neighbours. ValueError where N can't be split so.
    """
    count, _, height, width = x.shape
    group = min(group, count)
    if count % group:
        raise ValueError(f"{count} pictures can't be split into groups of {group}")
    grouped = x.float().reshape(count // group, group, -1)
    deviation = (grouped.var(dim=1, unbiased=False) + 1e-8).sqrt().mean(dim=1)  # [N / group]
    return deviation.repeat_interleave(group)[:, None, None, None].expand(-1, 1, height, width).to(x.dtype)
