"""The named landmarks of a generated picture, found by the judge that comes with the characters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from previz.cast._factors import domain_of_card
from previz.cast._judge import Judge, load_judge
from previz.generator import JUDGE_SUFFIX, Generator, checkpoint_folders

__all__ = ["NamedPoint", "bundled_judge", "landmarks_of"]

SEEN = 0.5  # how sure the judge must be that a landmark is in view


@dataclass(frozen=True)
class NamedPoint:
    """A landmark: its name, and where it is in px of the picture, from its top-left corner."""

    name: str
    x: float
    y: float


def bundled_judge(generator: Generator) -> Judge | None:
    """The judge for pictures like this generator's; None for a generator that isn't of the cast."""
    domain = domain_of_card(generator.card)
    if domain is None:
        return None
    for folder in checkpoint_folders():
        path = Path(folder) / f"{domain.figure}{JUDGE_SUFFIX}"
        if path.is_file():
            return load_judge(path)
    return None


@torch.no_grad()
def landmarks_of(judge: Judge, picture: Tensor) -> tuple[NamedPoint, ...]:
    """The landmarks in view of a picture [1, 3, H, W] in -1..1."""
    points, seen = judge.landmarks(picture)
    return tuple(
        NamedPoint(name, float(x), float(y))
        for name, (x, y), sure in zip(judge.config.landmarks, points[0].tolist(), seen[0], strict=True)
        if sure >= SEEN
    )
