"""Pictures of how far a generator has come: what it draws over the render that it should be."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from previz.animate import to_uint8
from previz.cast._pairs import Pairs
from previz.generator import Generator
from previz.media import contact_sheet, write_png


def draw(generator: Generator, z: Tensor, size: int) -> Tensor:
    """The pictures [N, 3, size, size] that z [N, z_dim] names, of the block of this size, on its device."""
    image: Tensor = generator.synthesis(
        generator.mapping(z.to(generator.device)), noise="none", max_block=int(math.log2(size)) - 1
    )
    return image


def over_renders(generated: Tensor, renders: Tensor) -> list[NDArray[np.uint8]]:
    """Each generated picture over its render: [N, 3, s, s] in -1..1 twice -> N times uint8 [2 s, s, 3]."""
    return list(to_uint8(torch.cat([generated, renders], dim=2)).numpy())


@torch.no_grad()
def write_samples(generator: Generator, pairs: Pairs, size: int, path: Path, count: int = 12) -> None:
    """Write a sheet of the first `count` held-out pictures at `size` px to `path`, over the last one."""
    z, renders, _ = pairs.read(pairs.held_out()[:count], size)
    write_png(
        contact_sheet(over_renders(draw(generator, z, size).cpu(), renders), columns=6), path, force=True
    )
