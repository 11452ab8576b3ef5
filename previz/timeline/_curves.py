"""Curves: values keyed at whole frames, and what lies between, in OpenUSD Ts's words (held, linear, curve).

A curve passes through its keys exactly. Between keys without tangents of their own it eases in and out and
never leaves the range of the two keys beside it. Time never runs back, whichever tangents are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from previz.timeline._eases import Array, Ease, apply_ease, bezier, solve_bezier

Interp = Literal["held", "linear", "bezier", "hermite"]

SLOPE_STEP = 1e-6
"""The part of a segment over which the slope at its end is measured where no formula gives it."""


@dataclass(frozen=True)
class Tangent:
    """A bezier control point: `frames` (0 or more) away from its key, `offset` [D] from its value.

    On a hermite segment only its slope counts, `offset` / `frames`.
    """

    frames: float
    offset: tuple[float, ...]


@dataclass(frozen=True)
class CurveKey:
    """A key: `value` [D] at `frame`.

    `interp` shapes the segment that starts here, `ease` (which wins over it) the one that ends here. A
    tangent that is None is automatic, one that is "flat" has no slope.
    """

    frame: int
    value: tuple[float, ...]
    interp: Interp = "bezier"
    ease: Ease | None = None
    tangent_in: Tangent | Literal["flat"] | None = None
    tangent_out: Tangent | Literal["flat"] | None = None


def sample_between(keys: Sequence[CurveKey], slopes: Array, frames: Array) -> Array:
    """Return the curve's values [F, D] at `frames` [F]; before its first key and after its last it is held.

    `keys` ascend strictly by frame; there is at least one. `slopes` [K, D] are those of `auto_slopes`.
    """
    times = np.array([key.frame for key in keys], dtype=np.float64)  # [K]
    values = np.array([key.value for key in keys], dtype=np.float64)  # [K, D]
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
    leave, arrive = _control_points(start, end, slopes, length)
    automatic = start.tangent_out is None and end.tangent_in is None
    # Control points at the thirds of the time leave time as it is.
    at_thirds = automatic or start.interp == "hermite"
    u = progress if at_thirds else solve_bezier(progress, leave.frames / length, 1 - arrive.frames / length)
    values = bezier(u[:, None], first, first + np.array(leave.offset), last + np.array(arrive.offset), last)
    if automatic:  # it can't overshoot, but by rounding
        return np.asarray(np.clip(values, np.minimum(first, last), np.maximum(first, last)))
    return values


def _control_points(start: CurveKey, end: CurveKey, slopes: Array, length: float) -> tuple[Tangent, Tangent]:
    """The bezier's two inner control points, as tangents that let time run forwards only."""
    third = length / 3.0
    sides = []
    for tangent, slope in ((start.tangent_out, slopes[0]), (end.tangent_in, -slopes[1])):
        if tangent is None:
            sides.append(Tangent(third, tuple(slope * third)))
        elif tangent == "flat":
            sides.append(Tangent(third, (0.0,) * len(start.value)))
        elif start.interp == "hermite":
            stretch = third / tangent.frames if tangent.frames else 0.0
            sides.append(Tangent(third, tuple(stretch * part for part in tangent.offset)))
        else:
            sides.append(tangent)
    leave, arrive = sides
    factor = shorten_tangents(leave.frames / length, arrive.frames / length)
    return _shortened(leave, factor), _shortened(arrive, factor)


def _shortened(tangent: Tangent, factor: float) -> Tangent:
    if factor == 1.0:
        return tangent
    return Tangent(tangent.frames * factor, tuple(part * factor for part in tangent.offset))


def shorten_tangents(leave: float, arrive: float) -> float:
    """Return by what to multiply two tangents so that time doesn't run back between them; 1 where it doesn't.

    `leave` and `arrive` are their lengths in parts of the segment, 0 or more. Time is the bezier 0, a,
    1 - b, 1; its derivative, a quadratic of the control values a, 1 - a - b and b, is nowhere negative if
    a + b - 1 <= sqrt(ab). Both are shortened alike, which OpenUSD Ts calls keep-ratio.
    """
    if leave + arrive - 1.0 <= np.sqrt(leave * arrive):
        return 1.0
    return float(1.0 / (leave + arrive - np.sqrt(leave * arrive)))


def auto_slopes(
    keys: Sequence[CurveKey],
    before: Literal["flat", "secant", "loop"] = "flat",
    after: Literal["flat", "secant", "loop"] = "flat",
) -> Array:
    """Slopes [K, D], a frame, of automatic tangents: none overshoots (OpenUSD Ts's auto-ease).

    They are flat at extremes and beside holds and eases. At the ends they are flat too, or, where the curve
    goes on beyond them, that of the last segment ("secant") or one that flows through the seam ("loop").
    """
    times = np.array([key.frame for key in keys], dtype=np.float64)  # [K]
    values = np.array([key.value for key in keys], dtype=np.float64)  # [K, D]
    slopes = np.zeros_like(values)
    count = len(keys)
    if count < 2:
        return slopes
    secants = np.diff(values, axis=0) / np.diff(times)[:, None]  # [K - 1, D]
    lengths = np.diff(times)
    shaped = [keys[i].interp == "held" or keys[i + 1].ease is not None for i in range(count - 1)]
    for index in range(1, count - 1):
        if not (shaped[index - 1] or shaped[index]):
            slopes[index] = _harmonic(secants[index - 1], secants[index], lengths[index - 1], lengths[index])
    seam = np.zeros_like(values[0])
    if not (shaped[0] or shaped[-1]):
        seam = _harmonic(secants[-1], secants[0], lengths[-1], lengths[0])
    for index, side, segment in ((0, before, 0), (-1, after, -1)):
        if side == "secant" and not shaped[segment]:
            slopes[index] = secants[segment]
    if "loop" in (before, after):
        slopes[0], slopes[-1] = seam, seam
    return slopes


def _harmonic(rise: Array, run: Array, before: float, after: float) -> Array:
    """The slope [D] at a key: the weighted harmonic mean of those on its sides, 0 where they disagree.

    Fritsch and Butland, "A method for constructing local monotone piecewise cubic interpolants" (1984).
    """
    weight_rise, weight_run = 2.0 * after + before, after + 2.0 * before
    goes_on = np.sign(rise) * np.sign(run) > 0
    product = np.where(goes_on, rise * run, 0.0)
    weighed = np.where(goes_on, weight_rise * run + weight_run * rise, 1.0)
    return np.asarray((weight_rise + weight_run) * product / weighed)


def end_slope(keys: Sequence[CurveKey], slopes: Array, last: bool) -> Array:
    """The slope [D], a frame, with which the curve arrives at its last key, or leaves its first."""
    if len(keys) == 1:
        return np.zeros(len(keys[0].value))
    start, end = keys[-2:] if last else keys[:2]
    if end.ease is None and start.interp == "held":
        return np.zeros(len(start.value))
    length = float(end.frame - start.frame)
    if end.ease is None and start.interp == "linear":
        return np.asarray((np.array(end.value) - np.array(start.value)) / length)
    if end.ease is None:
        pair = slopes[-2:] if last else slopes[:2]
        leave, arrive = _control_points(start, end, pair, length)
        tangent, sign = (arrive, -1.0) if last else (leave, 1.0)
        if tangent.frames > 0.0:
            return np.asarray(sign * np.array(tangent.offset) / tangent.frames)
    step = length * SLOPE_STEP
    near = np.array([end.frame - step, end.frame] if last else [start.frame, start.frame + step])
    values = sample_between([start, end], slopes[-2:] if last else slopes[:2], near)
    return np.asarray((values[1] - values[0]) / step)
