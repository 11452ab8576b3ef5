"""What counts as a short step of the latent: the metric in which solvers look for the nearest solution.

A step is w = A y with y as short as can be. With A the identity every direction of W is as near as any
other; with A = C^(1/4) of the covariance C of w, A A^T = C^(1/2), directions in which w hardly varies, where
pictures fall apart first, are far.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from previz.drag._types import DragTask, FeatureGenerator
from previz.generator import Generator, sample_codes

SAMPLES = 2000
COMPONENTS = 64
# Of the largest variance: components below are noise of the samples.
LEAST_VARIANCE = 1e-6

# The key: the versions of the mapping's weights, which change when they are written to.
_KNOWN: WeakKeyDictionary[Any, tuple[tuple[int, ...], Tensor]] = WeakKeyDictionary()


def metric_name(task: DragTask) -> str:
    """What "auto" is for this task."""
    if task.settings.metric != "auto":
        return task.settings.metric
    return "covariance" if task.fixed is None else "identity"


def latent_metric(generator: FeatureGenerator, name: str) -> Tensor | None:  # [w_dim, K]
    """A = U L^(1/4) of the covariance U L U^T of w, in its first K <= 64 components; None is the identity.

    Scaled so that L is 1 on average. Computed once for a generator, of the w of 2,000 seeded codes; what has
    no mapping network has no covariance either, and gets the identity.
    """
    if name == "identity" or not isinstance(generator, Generator):
        return None
    versions = tuple(parameter._version for parameter in generator.mapping.parameters())
    known = _KNOWN.get(generator)
    if known is None or known[0] != versions or known[1].device != generator.device:
        known = versions, _covariance_metric(generator).to(generator.device)
        _KNOWN[generator] = known
    return known[1]


def _covariance_metric(generator: Generator) -> Tensor:
    w = sample_codes(generator, SAMPLES, seed=0)[1].double()
    variance, axes = torch.linalg.eigh(torch.cov(w.T))  # ascending, axes in columns
    kept = min(COMPONENTS, int((variance > LEAST_VARIANCE * variance[-1]).sum()))
    variance, axes = variance.flip(0)[:kept], axes.flip(1)[:, :kept]
    metric: Tensor = axes * (variance / variance.mean()) ** 0.25
    return metric.float()


def to_metric(
    rows: Tensor,  # [R, layers, w_dim], the Jacobian by w
    metric: Tensor | None,  # [w_dim, K]
) -> Tensor:  # [R, layers * K], the Jacobian by y
    """J A for each layer."""
    return (rows if metric is None else rows @ metric.to(rows.dtype)).flatten(1)


def from_metric(
    step: Tensor,  # [layers * K]
    metric: Tensor | None,  # [w_dim, K]
    layers: int,
) -> Tensor:  # [layers, w_dim]
    """A y for each layer."""
    y = step.reshape(layers, -1)
    return y if metric is None else y @ metric.to(y.dtype).T
