"""What counts as a short step of the latent: the metric in which solvers look for the nearest solution.

A step is w = A y with y as short as can be. With A the identity every direction of W+ is as near as any
other. With the covariance C of w, A holds two ways, A A^T = 1 1^T x C^0.7 + g^2 I x C^0.5 over layers and W
(x is Kronecker's product): all layers together, a step of W, where pictures are the generator's own, and each
layer apart. Directions in which w hardly varies, where pictures fall apart first, are far in both. With a
mask the second is g^2 I: what moves here and not there is no picture of the generator's own.

Where the card says which numbers of z are a performance (pose, expression, gaze) and which say who performs,
C is nearly the covariance of the performances of one person: a drag moves somebody, rather than make
somebody else of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from previz.drag._types import DragTask, FeatureGenerator
from previz.generator import Generator, latents_of_codes, sample_codes

SAMPLES = 2000
PEOPLE, PERFORMANCES = 200, 20
COMPONENTS = 64
# Of the largest variance: components below are noise of the samples.
LEAST_VARIANCE = 1e-6
TOGETHER = 0.35  # the exponent of the variances in A, of all layers together
APART = 0.25  # and of each apart
APART_GAIN, APART_GAIN_MASKED = 1.5, 2.5  # g
PERFORMED = 0.99  # the weight of performances in C; the rest is of everybody, so that no direction is closed

# The key: the versions of the mapping's weights, which change when they are written to, and what is
# performed. Then the axes and variances of C.
_KNOWN: WeakKeyDictionary[Any, tuple[tuple[object, ...], Tensor, Tensor]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Metric:
    """A [layers * w_dim, K], by its parts: as a whole it would mostly repeat itself, and be zero.

    Attributes:
        layers: that move.
        together: [w_dim, K_1] the steps that all layers make as one.
        apart: [w_dim, K_2] the steps that each layer makes by itself; None where there is one.
    """

    layers: int
    together: Tensor
    apart: Tensor | None = None

    @property
    def size(self) -> int:
        """K."""
        return self.together.shape[1] + (0 if self.apart is None else self.layers * self.apart.shape[1])


def latent_metric(generator: FeatureGenerator, task: DragTask, layers: int) -> Metric | None:
    """A of a task's settings, of the first 64 components of C at most; None is the identity.

    Scaled so that the variances are 1 on average. C is computed once for a generator, of seeded codes; what
    has no mapping network has no covariance either, and gets the identity. `layers` that move as one, as in
    W, are one layer.
    """
    if task.settings.metric == "identity" or not isinstance(generator, Generator):
        return None
    performed = _performed(generator)
    versions = (*(parameter._version for parameter in generator.mapping.parameters()), performed)
    known = _KNOWN.get(generator)
    if known is None or known[0] != versions or known[1].device != generator.device:
        axes, variance = _components(generator, performed)
        known = versions, axes.to(generator.device), variance.to(generator.device)
        _KNOWN[generator] = known
    _, axes, variance = known
    together = (axes * variance**TOGETHER).float()
    if layers == 1:
        return Metric(layers, together)
    if task.fixed is None:
        return Metric(layers, together, (axes * variance**APART * APART_GAIN).float())
    return Metric(layers, together, APART_GAIN_MASKED * torch.eye(len(axes), device=axes.device))


def _performed(generator: Generator) -> tuple[int, ...]:
    """The dimensions of z that the card says are a performance; none where it says nothing of use."""
    names, performance = generator.card.get("z"), generator.card.get("performance")
    if not isinstance(names, list) or not isinstance(performance, list) or len(names) != generator.z_dim:
        return ()
    found = tuple(index for index, name in enumerate(names) if name in performance)
    return found if len(found) < len(names) else ()


def _components(generator: Generator, performed: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Axes of C in columns, [w_dim, K], and their variances [K], the largest first, 1 on average."""
    covariance = torch.cov(sample_codes(generator, SAMPLES, seed=0)[1].double().T)
    if performed:
        own = _covariance_of_performances(generator, performed)
        covariance = PERFORMED * own + (1 - PERFORMED) * covariance
    variance, axes = torch.linalg.eigh(covariance)  # ascending, axes in columns
    kept = min(COMPONENTS, int((variance > LEAST_VARIANCE * variance[-1]).sum()))
    variance, axes = variance.flip(0)[:kept], axes.flip(1)[:, :kept]
    return axes, variance / variance.mean()


def _covariance_of_performances(generator: Generator, performed: tuple[int, ...]) -> Tensor:  # [w_dim, w_dim]
    """The mean covariance of w over the performances of one person."""
    draws = np.random.default_rng(0)
    z = draws.standard_normal((PEOPLE, 1, generator.z_dim)).repeat(PERFORMANCES, axis=1)
    z[..., performed] = draws.standard_normal((PEOPLE, PERFORMANCES, len(performed)))
    w = latents_of_codes(generator, z.reshape(-1, generator.z_dim)).double()
    w = w.reshape(PEOPLE, PERFORMANCES, -1)
    away = (w - w.mean(dim=1, keepdim=True)).flatten(0, 1)
    return away.t() @ away / (PEOPLE * (PERFORMANCES - 1))


def to_metric(rows: Tensor, metric: Metric | None) -> Tensor:  # [R, K], the Jacobian by y
    """J A, of J [R, layers, w_dim], the Jacobian by w."""
    if metric is None:
        return rows.flatten(1)
    together: Tensor = rows.sum(dim=1) @ metric.together.to(rows.dtype)
    if metric.apart is None:
        return together
    return torch.cat([together, (rows @ metric.apart.to(rows.dtype)).flatten(1)], dim=1)


def from_metric(step: Tensor, metric: Metric | None, layers: int) -> Tensor:  # [layers, w_dim]
    """A y, of y [K]."""
    if metric is None:
        return step.reshape(layers, -1)
    first = metric.together.shape[1]
    w: Tensor = (metric.together.to(step.dtype) @ step[:first]).expand(layers, -1)
    if metric.apart is None:
        return w
    own: Tensor = step[first:].reshape(layers, -1) @ metric.apart.to(step.dtype).t()
    return w + own
