"""The arithmetic of the suites: means, paired differences, and what curves of points tell."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "carried_forward",
    "lag",
    "mean",
    "paired",
    "second_difference",
    "with_error",
]


def mean(values: Sequence[float | None]) -> float:
    """The mean of the values that are there and finite; not a number where there are none."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    return statistics.fmean(known) if known else math.nan


def paired(own: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """The mean of own - other, case by case, and its standard error.

    The error is that of the mean of independent differences, their standard deviation over the root of their
    number; not a number for fewer than two. Pairs in which either value is not finite are left out.
    """
    both = [(a, b) for a, b in zip(own, other, strict=True) if math.isfinite(a) and math.isfinite(b)]
    differences = [a - b for a, b in both]
    if not differences:
        return math.nan, math.nan
    if len(differences) < 2:
        return differences[0], math.nan
    return statistics.fmean(differences), statistics.stdev(differences) / math.sqrt(len(differences))


def with_error(difference: tuple[float, float]) -> str:
    """`-11.0 ± 4.4`; without the error where it is not known."""
    value, error = difference
    if not math.isfinite(value):
        return "–"
    if not math.isfinite(error):
        return f"{value:+.3g}"
    digits = max(0, 1 - math.floor(math.log10(error))) if error > 0 else 3
    return f"{value:+.{digits}f} ± {error:.{digits}f}"


def second_difference(
    points: NDArray[np.floating],  # [F, N, 2]
    among: NDArray[np.bool_] | None = None,  # [F - 2, N]
) -> float:
    """The mean length of p[f-1] - 2 p[f] + p[f+1], in the unit of the points; not a number where there is
    none.
    """
    if len(points) < 3:
        return math.nan
    bend = np.linalg.norm(np.diff(np.asarray(points, np.float64), n=2, axis=0), axis=-1)
    chosen = bend if among is None else bend[among]
    return float(chosen.mean()) if chosen.size else math.nan


def lag(
    asked: NDArray[np.floating],  # [F, N, 2]
    done: NDArray[np.floating],  # [F, N, 2]
    longest: int = 8,
) -> float:
    """By how many frames what was done trails what was asked for; above 0 is late.

    The shift at which the speeds of both correlate best: over all points that were asked to move, the
    velocities [F - 1, 2] are multiplied frame by frame, as if zero outside. A parabola through the best
    shift and its neighbours tells parts of a frame. Not a number where nothing is asked to move, or nothing
    moves that way.
    """
    velocity = np.diff(np.asarray(asked, np.float64), axis=0)
    moving = np.abs(velocity).sum(axis=(0, 2)) > 0
    if not moving.any():
        return math.nan
    wanted, got = velocity[:, moving], np.diff(np.asarray(done, np.float64), axis=0)[:, moving]
    longest = min(longest, len(wanted) - 1)
    shifts = list(range(-longest, longest + 1))
    scores = np.array([_correlation(wanted, got, shift) for shift in shifts])
    best = int(scores.argmax())
    if scores[best] <= 0:
        return math.nan
    if best in (0, len(shifts) - 1):
        return float(shifts[best])
    before, here, after = scores[best - 1 : best + 2]
    bend = before - 2 * here + after
    return shifts[best] + float(0.5 * (before - after) / bend if bend < 0 else 0.0)


def _correlation(wanted: NDArray[np.float64], got: NDArray[np.float64], shift: int) -> float:
    """The sum of wanted[f] · got[f + shift]."""
    count = len(wanted)
    return float(
        (wanted[max(0, -shift) : count - max(0, shift)] * got[max(0, shift) : count + min(0, shift)]).sum()
    )


def carried_forward(curve: Sequence[float], length: int) -> list[float]:
    """A curve of this length: cut, or with its last value repeated, as a solver that is done stays."""
    return [curve[min(index, len(curve) - 1)] for index in range(length)]
