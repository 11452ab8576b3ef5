"""What an adversarial run asks of the pictures that it shows as real."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from torch import Tensor

from previz.cast._adversarial_losses import Batch
from previz.generator import Generator

__all__ = ["RealPictures"]


class RealPictures(Protocol):
    """What a run shows as real."""

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of a picture."""

    @property
    def name(self) -> str:
        """What the run is bound to, which a resumed run must find again."""

    def batch(self, rng: np.random.Generator, count: int, twins: int) -> Batch:
        """`count` real pictures, the first `twins` of them with their codes."""

    def first(self, count: int) -> Tensor:
        """At most `count` pictures [N, 3, H, W] to measure by, always the same."""

    def figures(self, generator: Generator) -> dict[str, float]:
        """What can be measured of a generator by these pictures."""

    def write_samples(self, generator: Generator, path: Path) -> None:
        """Write a sheet of what a generator draws, in place of the last one."""
