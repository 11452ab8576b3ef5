"""Teaching the mapping network what a code means: the factors of the scene, read from w by a linear map.

The factors are cheap functions of z, so the mapping can see a million codes before the first picture; w then
lies ready for the synthesis to draw from, and stays a space in which pose and expression are directions.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from previz.cast._domain import Domain
from previz.generator import Generator

__all__ = ["lesson_targets", "teach_mapping"]

BATCH = 512
RATE = 2e-3


def lesson_targets(domain: Domain, z: NDArray[np.float64]) -> NDArray[np.float32]:
    """What w shall tell linearly of codes [N, Z]: the factors, and hues also as points of a circle, [N, T].

    A picture needs a colour, and a colour is no linear function of its hue.
    """
    factors = domain.factors(z)
    hues = factors[:, [k for k, name in enumerate(domain.factor_names) if name.endswith("_hue")]]
    turns = np.float32(np.pi) * hues
    return np.concatenate([factors, np.cos(turns), np.sin(turns)], axis=1)


def teach_mapping(generator: Generator, domain: Domain, steps: int, seed: int) -> float:
    """Train the mapping and a linear readout of w alone, and leave w at a mean square of 1.

    Returns the mean of the last fifty losses: the share of the targets' variance that w doesn't tell. The
    mapping is held after it: nothing that trains on takes gradients of it.
    """
    known = lesson_targets(domain, np.random.default_rng(0).standard_normal((10_000, domain.z_dim)))
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-3
    device = generator.device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        readout = nn.Linear(generator.w_dim, known.shape[1]).to(device)
    generator.mapping.requires_grad_(True)
    optimiser = torch.optim.Adam(
        [*generator.mapping.parameters(), *readout.parameters()], lr=RATE, betas=(0.9, 0.99)
    )
    losses: list[float] = []
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * max(0.01, 1 - step / steps)
        z = np.random.default_rng([seed, step, 1]).standard_normal((BATCH, domain.z_dim))
        wanted = torch.from_numpy((lesson_targets(domain, z) - mean) / deviation).to(device)
        told = readout(generator.mapping(torch.from_numpy(z.astype(np.float32)).to(device))[:, 0])
        loss = F.mse_loss(told, wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    generator.mapping.requires_grad_(False)
    _rescale(generator)
    return float(np.mean(losses[-50:]))


@torch.no_grad()
def _rescale(generator: Generator) -> None:
    """Scale the last layer, whose leaky ReLU lets a factor through."""
    z = torch.randn(2000, generator.z_dim, generator=torch.Generator().manual_seed(0))
    size = generator.mapping(z.to(generator.device))[:, 0].square().mean().sqrt()
    last = getattr(generator.mapping, f"fc{generator.config.mapping_layers - 1}")
    last.weight.div_(size)
    last.bias.div_(size)
