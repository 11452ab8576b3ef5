"""The StyleGAN2 generator: mapping network, synthesis network, and what previz asks of them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from previz.errors import PrevizError
from previz.generator._config import GeneratorConfig
from previz.generator._layers import (
    EPSILON,
    FullyConnected,
    StyledConvolution,
    ToRGB,
    full_precision,
    upsample,
)

Noise = Literal["const", "none", "random"]


class MappingNetwork(nn.Module):
    """z, and a label where the generator is conditional, to w; with truncation towards the mean w."""

    w_avg: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.num_ws = config.z_dim, config.c_dim, config.num_ws
        self.num_layers = config.mapping_layers
        embed_dim = (config.embed_dim or config.w_dim) if config.c_dim else 0
        if config.c_dim:
            self.embed = FullyConnected(config.c_dim, embed_dim)
        hidden = config.mapping_width or config.w_dim
        widths = [config.z_dim + embed_dim, *[hidden] * (config.mapping_layers - 1), config.w_dim]
        for index in range(config.mapping_layers):
            layer = FullyConnected(
                widths[index],
                widths[index + 1],
                activate=True,
                lr_multiplier=config.mapping_lr_multiplier,
            )
            self.add_module(f"fc{index}", layer)
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        truncation: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> Tensor:
        """Map z [N, z_dim] and labels c [N, c_dim] to w [N, num_ws, w_dim].

        Labels default to zeros. `truncation` below 1 pulls w towards its mean in the first
        `truncation_cutoff` layers, or in all (Karras et al. 2019, appendix B).
        """
        if z.ndim != 2 or z.shape[1] != self.z_dim:
            raise ValueError(f"z has shape {tuple(z.shape)} where [N, {self.z_dim}] is needed")
        with full_precision(self.w_avg.device):
            x = normalise(z.to(self.w_avg))
            if self.c_dim:
                c = x.new_zeros(len(x), self.c_dim) if c is None else c.to(x)
                if c.shape != (len(x), self.c_dim):
                    raise ValueError(f"c has shape {tuple(c.shape)} where {[len(x), self.c_dim]} is needed")
                x = torch.cat([x, normalise(self.embed(c))], dim=1)
            for index in range(self.num_layers):
                x = self.get_submodule(f"fc{index}")(x)
        w = x[:, None].expand(-1, self.num_ws, -1)  # [N, num_ws, w_dim]
        if truncation == 1.0:
            return w.contiguous()
        cutoff = self.num_ws if truncation_cutoff is None else truncation_cutoff
        return torch.cat([torch.lerp(self.w_avg.to(w), w[:, :cutoff], truncation), w[:, cutoff:]], dim=1)


class SynthesisBlock(nn.Module):
    """One resolution: two styled convolutions (one on top of the constant in the first) and a ToRGB."""

    def __init__(self, config: GeneratorConfig, block: int) -> None:
        super().__init__()
        channels, height, width = config.block_shape(block)
        size, clamp = (height, width), config.conv_clamp
        self.first = block == 1
        if self.first:
            self.const = nn.Parameter(torch.randn(channels, height, width))
        else:
            previous = config.block_shape(block - 1)[0]
            self.conv0 = StyledConvolution(previous, channels, config.w_dim, size, up=True, clamp=clamp)
        self.conv1 = StyledConvolution(channels, channels, config.w_dim, size, up=False, clamp=clamp)
        self.torgb = ToRGB(channels, config.w_dim, clamp=clamp)

    def features(self, x: Tensor | None, w: Tensor, noises: list[Tensor | None]) -> Tensor:
        """Feature map [N, C, h, w] from the last block's (None in the first) and w [N, 1 or 2, w_dim]."""
        if x is None:
            x = self.const.expand(len(w), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        else:
            x = self.conv0(x, w[:, 0], noises[0])
        return cast("Tensor", self.conv1(x, w[:, -1], noises[-1]))


class SynthesisNetwork(nn.Module):
    """w to an image, block by block, the image being the sum of every block's ToRGB ("skip" architecture)."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.w_dim = config.w_dim
        self.num_blocks = config.num_blocks
        for block in range(1, config.num_blocks + 1):
            self.add_module(f"b{2 << block}", SynthesisBlock(config, block))

    def block(self, block: int) -> SynthesisBlock:
        """Block 1 (4 px on the long side) to `num_blocks`; PrevizError outside them."""
        if not 1 <= block <= self.num_blocks:
            raise PrevizError(f"block {block} is outside 1 to {self.num_blocks}")
        return cast("SynthesisBlock", self.get_submodule(f"b{2 << block}"))

    def forward(
        self,
        w: Tensor,
        noise: Noise = "const",
        generator: torch.Generator | None = None,
        max_block: int | None = None,
    ) -> Tensor:
        """w [N, num_ws, w_dim] -> image float32 [N, 3, H, W], about -1..1 and not clamped.

        `noise` is the checkpoint's own ("const"), none, or drawn from `generator` ("random").
        `max_block` stops early: the result is the image after that block, of its size.
        """
        last = self.num_blocks if max_block is None else max_block
        self._check(w, 2 * last)
        x: Tensor | None = None
        image: Tensor | None = None
        for index in range(1, last + 1):
            x = self._step(index, x, w, noise, generator)
            rgb = self.block(index).torgb(x, w[:, 2 * index - 1])
            image = rgb if image is None else upsample(image) + rgb
        assert image is not None
        return image

    def features(
        self,
        w: Tensor,
        block: int,
        noise: Noise = "const",
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """w [N, ≥ 2·block - 1, w_dim] -> feature map [N, C, h, w] of `block`; nothing beyond is computed."""
        self._check(w, 2 * self._known(block) - 1)
        x: Tensor | None = None
        for index in range(1, block + 1):
            x = self._step(index, x, w, noise, generator)
        assert x is not None
        return x

    def _step(
        self, index: int, x: Tensor | None, w: Tensor, noise: Noise, generator: torch.Generator | None
    ) -> Tensor:
        block = self.block(index)
        layers = [block.conv1] if block.first else [block.conv0, block.conv1]
        noises = [_noise(layer, noise, len(w), generator) for layer in layers]
        return block.features(x, w[:, max(0, 2 * index - 3) : 2 * index - 1], noises)

    def _known(self, block: int) -> int:
        self.block(block)
        return block

    def _check(self, w: Tensor, layers: int) -> None:
        if w.ndim != 3 or w.shape[1] < layers or w.shape[2] != self.w_dim:
            raise ValueError(f"w has shape {tuple(w.shape)} where [N, {layers}, {self.w_dim}] is needed")


class Generator(nn.Module):
    """A StyleGAN2 generator.

    `config` is its architecture and `card` what is known of the checkpoint. Freshly built, its weights are
    drawn as the paper draws them and can be trained; `load_generator` freezes what it loads.

    Example: `image = generator.synthesis(generator.sample_w(7, truncation=0.7))`.
    """

    mapping: MappingNetwork
    synthesis: SynthesisNetwork

    def __init__(self, config: GeneratorConfig, card: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.config = config
        self.card: dict[str, Any] = dict(card or {})
        self.z_dim, self.c_dim, self.w_dim = config.z_dim, config.c_dim, config.w_dim
        self.height, self.width = config.height, config.width
        self.num_ws, self.num_blocks = config.num_ws, config.num_blocks
        self.mapping = MappingNetwork(config)
        self.synthesis = SynthesisNetwork(config)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.mapping.w_avg.device

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that name these weights and this architecture, on any device."""
        digest = hashlib.sha256(json.dumps(self.config.to_dict(), sort_keys=True).encode())
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def block_shape(self, block: int) -> tuple[int, int, int]:
        """`(channels, height, width)` of the feature map after `block`, 1 to `num_blocks`."""
        return self.config.block_shape(block)

    def block_num_ws(self, block: int) -> int:
        """How many leading layers of W+ the feature map after `block` depends on."""
        self.config.block_shape(block)
        return 2 * block - 1

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        truncation: float = 1.0,
        truncation_cutoff: int | None = None,
        noise: Noise = "const",
    ) -> Tensor:
        """z [N, z_dim] and labels c [N, c_dim] -> image [N, 3, H, W]."""
        w = self.mapping(z, c, truncation, truncation_cutoff)
        return cast("Tensor", self.synthesis(w, noise))

    def features(
        self,
        w: Tensor,
        block: int,
        noise: Noise = "const",
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Feature map [N, C, h, w] after `block` for w [N, num_ws, w_dim]; gradients flow to w.

        Layers of w beyond `block_num_ws(block)` are not read, and may be left out.
        """
        return self.synthesis.features(w, block, noise, generator)

    def sample_w(
        self,
        seed: int,
        truncation: float = 1.0,
        truncation_cutoff: int | None = None,
        c: Tensor | None = None,
    ) -> Tensor:
        """The w [1, num_ws, w_dim] that NVIDIA's tools give for `seed`, in 0 to 2³² - 1."""
        if not 0 <= seed < 2**32:
            raise PrevizError(f"seed {seed} is outside 0 to {2**32 - 1}")
        z = torch.from_numpy(np.random.RandomState(seed).randn(1, self.z_dim)).to(self.device)
        with torch.no_grad():
            return cast("Tensor", self.mapping(z, c, truncation, truncation_cutoff))


def normalise(x: Tensor) -> Tensor:
    """Scale each row of x [N, C] to a mean square of one."""
    return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + EPSILON)


def _noise(
    layer: StyledConvolution, noise: Noise, count: int, generator: torch.Generator | None
) -> Tensor | None:
    if noise == "const":
        return layer.noise_const
    if noise == "random":
        shape = (count, 1, *layer.size)
        source = generator.device if generator is not None else layer.noise_const.device
        return torch.randn(shape, generator=generator, device=source).to(layer.noise_const.device)
    if noise != "none":
        raise ValueError(f"noise {noise!r} is not const, none or random")
    return None
