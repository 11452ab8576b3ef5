"""Pictures of how far a generator has come: what it draws over the render that it should be."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from previz.cast._pairs import Pairs
from previz.generator import Generator
from previz.media import contact_sheet, write_png


def over_renders(generated: Tensor, renders: Tensor) -> list[NDArray[np.uint8]]:
    """Each generated picture over its render: [N, 3, s, s] in -1..1 twice -> N times uint8 [2 s, s, 3]."""
    pairs = torch.cat([generated, renders], dim=2)
    return list(((pairs + 1) * 127.5 + 0.5).clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())


@torch.no_grad()
def write_samples(generator: Generator, pairs: Pairs, size: int, path: Path, count: int = 12) -> None:
    """Write a sheet of the first `count` held-out pictures at `size` px to `path`, over the last one."""
    z, renders, _ = pairs.read(pairs.held_out()[:count], size)
    generated = generator.synthesis(generator.mapping(z), noise="none", max_block=int(math.log2(size)) - 1)
    write_png(contact_sheet(over_renders(generated, renders), columns=6), path, force=True)
