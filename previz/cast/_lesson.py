"""Teaching the mapping network what a code means: factors and landmarks of the scene, linear in w.

The factors are cheap functions of z, so the mapping can see a million codes before the first picture; w then
lies ready for the synthesis to draw from, and stays a space in which pose and expression are directions.
Where a landmark is depends on pose and build together, and is known of rendered codes only. A w that tells it
linearly is one in which a drag is nearly a straight line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from previz.cast._domain import Domain
from previz.cast._pairs import Pairs
from previz.generator import Generator

__all__ = ["Untold", "lesson_targets", "teach_mapping"]

BATCH = 512  # codes a step, drawn afresh
SHOWN = 256  # rendered codes a step
LANDMARKS = 1.0  # their weight beside the factors
RATE = 2e-3


class Untold(NamedTuple):
    """The shares of variance that a linear map of w doesn't tell: means of the last fifty steps."""

    factors: float
    landmarks: float | None  # of rendered codes


def lesson_targets(domain: Domain, z: NDArray[np.float64]) -> NDArray[np.float32]:
    """What w shall tell linearly of codes [N, Z]: the factors, and hues also as points of a circle, [N, T].

    A picture needs a colour, and a colour is no linear function of its hue.
    """
    factors = domain.factors(z)
    hues = factors[:, [k for k, name in enumerate(domain.factor_names) if name.endswith("_hue")]]
    turns = np.float32(np.pi) * hues
    return np.concatenate([factors, np.cos(turns), np.sin(turns)], axis=1)


def teach_mapping(
    generator: Generator, domain: Domain, steps: int, seed: int, pairs: Pairs | None = None
) -> Untold:
    """Train the mapping and linear readouts of w alone, and leave w at a mean square of 1.

    Landmarks are taught of `pairs`, of those that aren't held out. The mapping is held after it: nothing that
    trains on takes gradients of it.
    """
    known = lesson_targets(domain, np.random.default_rng(0).standard_normal((10_000, domain.z_dim)))
    shown = pairs.training() if pairs else np.arange(0)
    places = pairs.landmarks[shown].reshape(len(shown), -1) if pairs else np.zeros((1, 0), np.float32)
    factor, place = _Standard(known), _Standard(places, together=True)
    device = generator.device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        readout = nn.Linear(generator.w_dim, known.shape[1] + places.shape[1]).to(device)
    generator.mapping.requires_grad_(True)
    optimiser = torch.optim.Adam(
        [*generator.mapping.parameters(), *readout.parameters()], lr=RATE, betas=(0.9, 0.99)
    )
    losses: list[tuple[float, float]] = []
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * max(0.01, 1 - step / steps)
        draws = np.random.default_rng([seed, step, 1])
        z = draws.standard_normal((BATCH, domain.z_dim))
        some = draws.integers(0, len(shown), SHOWN) if pairs else np.arange(0)
        codes = np.concatenate([z, pairs.codes[shown[some]]]) if pairs else z
        told = readout(generator.mapping(torch.from_numpy(codes.astype(np.float32)).to(device))[:, 0])
        of_factors, of_places = told[:BATCH, : known.shape[1]], told[BATCH:, known.shape[1] :]
        loss = F.mse_loss(of_factors, factor(lesson_targets(domain, z)).to(device))
        misplaced = F.mse_loss(of_places, place(places[some]).to(device)) if pairs else torch.zeros(())
        optimiser.zero_grad(set_to_none=True)
        (loss + LANDMARKS * misplaced.to(device)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append((float(loss.detach()), float(misplaced.detach())))
    generator.mapping.requires_grad_(False)
    _rescale(generator)
    factors, landmarks = np.mean(losses[-50:], axis=0).tolist()
    return Untold(factors, landmarks if pairs else None)


class _Standard:
    """Shifts and scales columns to mean 0 and variance 1, as those of the examples [N, T].

    `together` gives all columns one scale, and a mean variance of 1: a pixel of a hand, which goes far, then
    counts as much as one of a hip.
    """

    def __init__(self, examples: NDArray[np.float32], together: bool = False) -> None:
        deviation = examples.std(axis=0) + 1e-3
        if together and examples.shape[1]:
            deviation = np.sqrt(np.square(deviation).mean())
        self.mean, self.deviation = examples.mean(axis=0), deviation

    def __call__(self, values: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy((values - self.mean) / self.deviation)


@torch.no_grad()
def _rescale(generator: Generator) -> None:
    """Scale the last layer, whose leaky ReLU lets a factor through."""
    z = torch.randn(2000, generator.z_dim, generator=torch.Generator().manual_seed(0))
    size = generator.mapping(z.to(generator.device))[:, 0].square().mean().sqrt()
    last = getattr(generator.mapping, f"fc{generator.config.mapping_layers - 1}")
    last.weight.div_(size)
    last.bias.div_(size)
