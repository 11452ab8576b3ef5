"""The Fréchet distance between two sets of features, each taken as a normal distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from previz.errors import CastError

__all__ = ["frechet_distance"]


def frechet_distance(a: ArrayLike, b: ArrayLike) -> float:
    """|mean difference|² + trace(A + B - 2 (A B)^½), A and B the covariances (Heusel et al. 2017, eq. 6).

    a [N, D] and b [M, D]. Zero for equal distributions; sets of few pictures (N near D) read too high, so
    compare figures of equal N, and with that of two disjoint sets of real pictures. CastError for features of
    different width, fewer than two pictures, or values that aren't finite.
    """
    first, second = (np.asarray(features, np.float64) for features in (a, b))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise CastError(
            f"features have shapes {list(first.shape)} and {list(second.shape)} where [N, D] twice is needed"
        )
    if min(len(first), len(second)) < 2:
        raise CastError(f"a Fréchet distance of {len(first)} and {len(second)} pictures: 2 are the least")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise CastError("features hold values that aren't finite")
    difference = first.mean(axis=0) - second.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(features, rowvar=False)) for features in (first, second)]
    # The trace of (A B)^½ is the sum of the singular values of √A √B: symmetric roots, and all stays real.
    roots = [_root(covariance) for covariance in covariances]
    shared = linalg.svdvals(roots[0] @ roots[1]).sum()
    spread = sum(float(np.trace(covariance)) for covariance in covariances)
    return max(0.0, float(difference @ difference + spread - 2 * shared))


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance [D, D], which may be singular."""
    values, vectors = linalg.eigh(covariance)
    root: np.ndarray = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root
