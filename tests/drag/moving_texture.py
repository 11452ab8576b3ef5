"""A generator whose motion is known: a smooth texture that the latent shifts, everywhere or half by half.

It has the part of a generator's interface that a drag uses. Its picture is its feature map.
"""

import math

import torch
from torch import Tensor, nn


class MovingTexture(nn.Module):
    """Channel c at x is sin(a_c · (x - u(x)) + phi_c); u = gain * mean over the first layers of w[...,
    2k:2k+2].

    With halves=True the left half moves by the first pair of w and the right half by the second; they blend
    over the middle eighth of the image.
    """

    def __init__(
        self, width=64, height=64, map_size=(64, 64), gain=50.0, halves=False, channels=16, moved_by=2
    ):
        super().__init__()
        self.width, self.height, self.map_size = width, height, map_size
        self.gain, self.halves, self.moved_by = gain, halves, moved_by
        self.num_ws, self.w_dim, self.num_blocks = 8, 6, 5
        draw = torch.Generator().manual_seed(1)
        period = 12 + 24 * torch.rand(channels, generator=draw)
        angle = 2 * math.pi * torch.rand(channels, generator=draw)
        size = max(width, height) / 64
        waves = torch.stack([angle.cos(), angle.sin()], -1) * (2 * math.pi / period / size)[:, None]
        self.register_buffer("waves", waves)  # [C, 2]
        self.register_buffer("phases", 2 * math.pi * torch.rand(channels, generator=draw))

    @property
    def device(self):
        return self.waves.device

    def block_shape(self, block):
        return len(self.waves), self.map_size[1], self.map_size[0]

    def start(self) -> Tensor:
        return torch.zeros(self.num_ws, self.w_dim)

    def shift(self, w: Tensor) -> Tensor:
        """How far each half has moved in w [num_ws, w_dim]: [2, 2] image pixels."""
        pairs = self.gain * w[: self.moved_by, :4].mean(dim=0).reshape(2, 2)
        return pairs if self.halves else pairs[:1].expand(2, 2)

    def features(self, w: Tensor, block: int, noise: str = "const") -> Tensor:
        columns, rows = self.map_size
        x = (torch.arange(columns) + 0.5) * self.width / columns
        y = (torch.arange(rows) + 0.5) * self.height / rows
        at = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)  # [h, w, 2]
        right = torch.sigmoid((at[..., :1] - self.width / 2) / (self.width / 64))
        maps = []
        for one in w:
            left_shift, right_shift = self.shift(one)
            source = at - (left_shift * (1 - right) + right_shift * right)
            maps.append(torch.sin(source @ self.waves.t() + self.phases).permute(2, 0, 1))
        return torch.stack(maps)
