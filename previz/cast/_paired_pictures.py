"""Renders as the real pictures of an adversarial run: their codes are known, so each has a generated twin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from previz.cast._adversarial_losses import Batch
from previz.cast._pairs import Pairs
from previz.cast._samples import write_samples
from previz.cast._train import evaluate
from previz.generator import Generator

__all__ = ["PairedPictures"]


@dataclass
class PairedPictures:
    """The pictures of a dataset of renders; see `RealPictures`."""

    pairs: Pairs
    weight: float = 6.0  # of face and limbs in the regression

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of a picture."""
        return self.pairs.shape

    @property
    def name(self) -> str:
        """What the run is bound to."""
        return f"renders of {self.pairs.domain or 'the cast'} at {self.pairs.size} px"

    def batch(self, rng: np.random.Generator, count: int, twins: int) -> Batch:
        """Random renders, of which the first `twins` come with code and weight."""
        index = rng.choice(self.pairs.training(), size=count)
        z, real, _ = self.pairs.read(index, self.pairs.size)
        weight = self.pairs.weight(index[:twins], self.pairs.size, self.weight)
        return Batch(real, z[:twins], weight)

    def first(self, count: int) -> Tensor:
        """The first held-out renders."""
        return self.pairs.read(self.pairs.held_out()[:count], self.pairs.size)[1]

    def figures(self, generator: Generator) -> dict[str, float]:
        """PSNR, L1 and face L1 on held-out renders."""
        with torch.no_grad():
            return evaluate(generator, self.pairs, self.pairs.size, count=128)

    def write_samples(self, generator: Generator, path: Path) -> None:
        """Held-out pictures over their renders."""
        write_samples(generator, self.pairs, self.pairs.size, path)
