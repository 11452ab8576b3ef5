"""Fewer keys for the same motion, with a bound on how far it moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def key_frames(values: NDArray[np.float64], tolerance: float) -> list[int]:
    """Indices of the samples [F, D] to keep, so that straight lines in time between them stay near.

    On every frame the line is at most `tolerance` (Euclidean, in the values' unit) from the sample. First and
    last are kept. Ramer's (1972) and Douglas and Peucker's (1973) split at the worst frame, in time.
    """
    return _split(values, tolerance, _from_time)


def path_points(values: NDArray[np.float64], tolerance: float) -> list[int]:
    """Indices of the points [F, D] to keep, so that the line through them in space stays within tolerance."""
    return _split(values, tolerance, _from_line)


def _split(
    values: NDArray[np.float64],
    tolerance: float,
    distance: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> list[int]:
    last = len(values) - 1
    kept = {0, last}
    spans = [(0, last)]
    while spans:
        start, end = spans.pop()
        if end - start < 2:
            continue
        away = distance(values[start : end + 1])[1:-1]  # the ends are kept, and off by rounding at most
        worst = int(np.argmax(away))
        if away[worst] > tolerance:
            middle = start + 1 + worst
            kept.add(middle)
            spans += [(start, middle), (middle, end)]
    return sorted(kept)


def _from_time(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances [F] from the line that goes from the first sample to the last in equal steps."""
    share = np.linspace(0.0, 1.0, len(values))[:, None]
    return np.asarray(np.linalg.norm(values - (values[0] + share * (values[-1] - values[0])), axis=1))


def _from_line(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances [F] from the segment between the first point and the last."""
    return np.asarray(np.linalg.norm(values - project(values, values[0], values[-1])[0], axis=1))


def project(
    values: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The nearest points [F, D] of the segment from `start` to `end`, and their distances [F] along it."""
    way = end - start
    length = float(np.linalg.norm(way))
    if length == 0.0:
        return np.repeat(start[None], len(values), axis=0), np.zeros(len(values))
    along = np.clip((values - start) @ way / length, 0.0, length)
    return np.asarray(start + np.outer(along / length, way)), np.asarray(along)
