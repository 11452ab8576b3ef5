"""Teaching the mapping network what a code means: the factors of the scene, read from w by a linear map.

The factors are cheap functions of z, so the mapping can see a million codes before the first picture; w then
lies ready for the synthesis to draw from, and stays a space in which pose and expression are directions.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from previz.cast._domain import Domain
from previz.generator import Generator

__all__ = ["Readout", "factor_loss", "teach_mapping"]

BATCH = 512
RATE = 2e-3


class Readout(nn.Module):
    """A linear map from w [N, w_dim] to the standardised factors [N, P] of a domain."""

    def __init__(self, w_dim: int, domain: Domain) -> None:
        super().__init__()
        codes = np.random.default_rng(0).standard_normal((10_000, domain.z_dim))
        factors = domain.factors(codes)
        self.linear = nn.Linear(w_dim, factors.shape[1])
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.from_numpy(factors.mean(axis=0)))
        self.register_buffer("deviation", torch.from_numpy(factors.std(axis=0) + 1e-3))

    def forward(self, w: Tensor) -> Tensor:
        """Standardised factors [N, P] as read from w [N, w_dim]."""
        result: Tensor = self.linear(w)
        return result


def factor_loss(
    generator: Generator, readout: Readout, domain: Domain, seed: list[int], batch: int
) -> Tensor:
    """Mean squared error of the factors of `batch` fresh codes, 1 being what their mean alone leaves."""
    codes = np.random.default_rng(seed).standard_normal((batch, domain.z_dim))
    wanted = (torch.from_numpy(domain.factors(codes)) - readout.mean) / readout.deviation
    w = generator.mapping(torch.from_numpy(codes.astype(np.float32)))[:, 0]
    return F.mse_loss(readout(w), wanted)


def teach_mapping(generator: Generator, readout: Readout, domain: Domain, steps: int, seed: int) -> float:
    """Train the mapping and its readout alone, and leave w at a mean square of 1; returns the last loss.

    The mapping is held after it: nothing that trains on takes gradients of it.
    """
    generator.mapping.requires_grad_(True)
    parameters = [*generator.mapping.parameters(), *readout.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=RATE, betas=(0.9, 0.99))
    loss = torch.ones([])
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * max(0.01, 1 - step / steps)
        optimiser.zero_grad(set_to_none=True)
        loss = factor_loss(generator, readout, domain, [seed, step, 1], BATCH)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    generator.mapping.requires_grad_(False)
    _rescale(generator, readout)
    return float(loss.detach())


@torch.no_grad()
def _rescale(generator: Generator, readout: Readout) -> None:
    """Scale the last layer, whose leaky ReLU lets a factor through, and undo that in the readout."""
    z = torch.randn(2000, generator.z_dim, generator=torch.Generator().manual_seed(0))
    size = generator.mapping(z)[:, 0].square().mean().sqrt()
    last = getattr(generator.mapping, f"fc{generator.config.mapping_layers - 1}")
    last.weight.div_(size)
    last.bias.div_(size)
    readout.linear.weight.mul_(size)
