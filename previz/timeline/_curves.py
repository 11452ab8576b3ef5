"""Curves: values keyed at whole frames, and what lies between, in OpenUSD Ts's words (held, linear, curve).

A curve passes through its keys exactly. Between keys without tangents of their own it eases in and out
and never leaves the range of the two keys beside it; before the first key and after the last it is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from previz.timeline._eases import Array, Ease, apply_ease, bezier, solve_bezier

Interp = Literal["held", "linear", "bezier"]


@dataclass(frozen=True)
class Tangent:
    """A bezier control point: `frames` (0 or more) away from its key, `offset` [D] from its value."""

    frames: float
    offset: tuple[float, ...]


@dataclass(frozen=True)
class CurveKey:
    """A key: `value` [D] at `frame`.

    `interp` shapes the segment that starts here, `ease` (which wins over it) the one that ends here. A
    tangent that is None is automatic.
    """

    frame: int
    value: tuple[float, ...]
    interp: Interp = "bezier"
    ease: Ease | None = None
    tangent_in: Tangent | None = None
    tangent_out: Tangent | None = None


def sample_curve(keys: Sequence[CurveKey], frames: Array) -> Array:
    """Return the curve's values [F, D] at `frames` [F], which need not be whole, sorted or in range.

    `keys` ascend strictly by frame; there is at least one. Tangents are no longer than their segment, so that
    the curve never goes back in time.
    """
    frames = np.asarray(frames, dtype=np.float64)
    times = np.array([key.frame for key in keys], dtype=np.float64)  # [K]
    values = np.array([key.value for key in keys], dtype=np.float64)  # [K, D]
    slopes = _auto_slopes(keys, times, values)
    segment = np.searchsorted(times, frames, side="right") - 1  # [F]; -1 before the first key
    result = values[np.clip(segment, 0, len(keys) - 1)]
    between = (segment >= 0) & (segment < len(keys) - 1)
    between[between] = frames[between] != times[segment[between]]  # on a key the value is the key's
    for index in np.unique(segment[between]):
        inside = between & (segment == index)
        result[inside] = _segment(keys[index], keys[index + 1], slopes[index : index + 2], frames[inside])
    return result


def _segment(start: CurveKey, end: CurveKey, slopes: Array, frames: Array) -> Array:
    """Values [F, D] between two keys; `slopes` [2, D] are those of the automatic tangents, a frame."""
    first, last = np.array(start.value), np.array(end.value)
    length = float(end.frame - start.frame)
    progress = (frames - start.frame) / length  # [F]
    if end.ease is not None:
        return np.asarray(first + (last - first) * apply_ease(end.ease, progress)[:, None])
    if start.interp == "held":
        return np.broadcast_to(first, (len(frames), len(first)))
    if start.interp == "linear":
        return np.asarray(first + (last - first) * progress[:, None])
    third = length / 3.0
    leave = start.tangent_out or Tangent(third, tuple(slopes[0] * third))
    arrive = end.tangent_in or Tangent(third, tuple(-slopes[1] * third))
    automatic = start.tangent_out is None and end.tangent_in is None
    # Control points at the thirds of the time leave time as it is.
    u = progress if automatic else solve_bezier(progress, leave.frames / length, 1.0 - arrive.frames / length)
    values = bezier(u[:, None], first, first + np.array(leave.offset), last + np.array(arrive.offset), last)
    if automatic:  # it can't overshoot, but by rounding
        return np.asarray(np.clip(values, np.minimum(first, last), np.maximum(first, last)))
    return values


def _auto_slopes(keys: Sequence[CurveKey], times: Array, values: Array) -> Array:
    """Slopes [K, D], a frame, that never overshoot: flat at the ends, at extremes and beside holds and eases.

    Between, the weighted harmonic mean of the two neighbouring slopes (Fritsch and Butland, "A method for
    constructing local monotone piecewise cubic interpolants", 1984).
    """
    slopes = np.zeros_like(values)
    for index in range(1, len(keys) - 1):
        if keys[index].ease or keys[index + 1].ease or "held" in (keys[index - 1].interp, keys[index].interp):
            continue
        before, after = times[index] - times[index - 1], times[index + 1] - times[index]
        rise = (values[index] - values[index - 1]) / before  # [D]
        run = (values[index + 1] - values[index]) / after
        weight_rise, weight_run = 2.0 * after + before, after + 2.0 * before
        goes_on = np.sign(rise) * np.sign(run) > 0
        product = np.where(goes_on, rise * run, 0.0)
        weighed = np.where(goes_on, weight_rise * run + weight_run * rise, 1.0)
        slopes[index] = (weight_rise + weight_run) * product / weighed
    return slopes
