"""What a curve does before its first key and after its last, in OpenUSD Ts's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from previz.timeline._curves import CurveKey, auto_slopes, end_slope, sample_between
from previz.timeline._eases import Array

ExtrapolationKind = Literal["held", "linear", "sloped", "loop-repeat", "loop-reset", "loop-oscillate"]


@dataclass(frozen=True)
class Extrapolation:
    """How a curve goes on: `kind`, and for "sloped" the change [D] a frame.

    "linear" goes on at the speed that the curve has at its end. "loop-repeat" runs it again from where it
    ended, "loop-reset" from where it began, "loop-oscillate" to and fro.
    """

    kind: ExtrapolationKind = "held"
    slope: tuple[float, ...] = ()


HELD = Extrapolation()


def sample_curve(
    keys: Sequence[CurveKey], frames: Array, before: Extrapolation = HELD, after: Extrapolation = HELD
) -> Array:
    """Return the curve's values [F, D] at `frames` [F], which need not be whole, sorted or in range.

    `keys` ascend strictly by frame; there is at least one. Tangents that would let time run back are
    shortened. The automatic tangents of a curve that goes on linearly or in a repeating loop flow on too.
    """
    frames = np.asarray(frames, dtype=np.float64)
    slopes = auto_slopes(keys, _flow(before), _flow(after))
    result = sample_between(keys, slopes, frames)
    for last, side in enumerate((before, after)):
        outside = frames > keys[-1].frame if last else frames < keys[0].frame
        if side.kind != "held" and outside.any():
            result[outside] = _beyond(keys, slopes, frames[outside], side, bool(last))
    return result


def _flow(side: Extrapolation) -> Literal["flat", "secant", "loop"]:
    if side.kind == "linear":
        return "secant"
    return "loop" if side.kind == "loop-repeat" else "flat"


def _beyond(keys: Sequence[CurveKey], slopes: Array, frames: Array, side: Extrapolation, last: bool) -> Array:
    """Values [F, D] beyond one end of the curve."""
    key = keys[-1] if last else keys[0]
    end = np.array(key.value, dtype=np.float64)
    if side.kind in ("linear", "sloped"):
        slope = np.array(side.slope) if side.kind == "sloped" else end_slope(keys, slopes, last)
        return np.asarray(end + slope * (frames - key.frame)[:, None])
    first, period = keys[0].frame, keys[-1].frame - keys[0].frame
    if period == 0:
        return np.broadcast_to(end, (len(frames), len(end)))
    turns = np.floor((frames - first) / period)  # [F]; 0 on the curve itself
    within = frames - turns * period
    if side.kind == "loop-oscillate":
        within = np.where(turns % 2 == 0, within, 2 * first + period - within)
    values = sample_between(keys, slopes, within)
    if side.kind == "loop-repeat":
        values = values + turns[:, None] * np.subtract(keys[-1].value, keys[0].value)
    return np.asarray(values)
