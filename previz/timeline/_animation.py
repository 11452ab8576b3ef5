"""From the keys that a timeline writes to the values of its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from previz.timeline._curves import CurveKey, Interp, Tangent
from previz.timeline._eases import Array, parse_ease
from previz.timeline._extrapolation import Extrapolation, sample_curve
from previz.timeline._keys import (
    CornersCurveSpec,
    CornersKeySpec,
    CurveSpec,
    ExtrapolateSpec,
    NumberCurveSpec,
    NumberKeySpec,
    PointCurveSpec,
    PointKeySpec,
    RadiiCurveSpec,
    RadiiKeySpec,
    ShapedKey,
    SlopeSpec,
)

Points = tuple[tuple[float, float], ...]
ValueKey = NumberKeySpec | PointKeySpec | RadiiKeySpec | CornersKeySpec
Animated = float | tuple[float, float] | Points | CurveSpec
"""A value that may be animated: itself, or its curve."""


def curve_key(frame: int, value: Sequence[float], key: ShapedKey, default: Interp) -> CurveKey:
    """A key as curves take it; `default` is the way from it where it says none."""
    return CurveKey(
        frame=frame,
        value=tuple(value),
        interp="held" if key.hold else key.interp or default,
        ease=None if key.ease is None else parse_ease(key.ease),
        tangent_in=_tangent(getattr(key, "tangent_in", None)),  # radii and corners have none
        tangent_out=_tangent(getattr(key, "tangent_out", None)),
    )


def _tangent(written: tuple[float, ...] | str | None) -> Tangent | Literal["flat"] | None:
    if isinstance(written, tuple):
        return Tangent(written[0], written[1:])
    return "flat" if written == "flat" else None


def outside(spec: ExtrapolateSpec | None, side: Literal["before", "after"]) -> Extrapolation:
    """What a curve does on one side of its keys; held where nothing is written."""
    written = None if spec is None else getattr(spec, side)
    if written is None:
        return Extrapolation()
    if isinstance(written, SlopeSpec):
        return Extrapolation("sloped", written.slope)
    return Extrapolation(written)


def sample_value(value: Animated, frames: Array) -> Array:
    """Return the values [F, D] of what may be animated at `frames` [F]; D is 1 for a number, 2 for a point.

    Corners come one after the other, x and y in turn.
    """
    if not isinstance(value, CurveSpec):
        return np.repeat(np.array([_flat(value)]), len(frames), axis=0)
    keys = [
        curve_key(frame, _flat(key.to), key, value.interp) for frame, key in sorted(keys_of(value).items())
    ]
    before, after = (outside(value.extrapolate, side) for side in ("before", "after"))
    return sample_curve(keys, frames, before, after)


def sample_number(value: float | NumberCurveSpec, frames: Array) -> Array:
    """Return the numbers [F] of one that may be animated, at `frames` [F]."""
    return np.asarray(sample_value(value, frames)[:, 0])


def keys_of(value: CurveSpec) -> Mapping[int, ValueKey]:
    """The keys of any curve, by frame."""
    assert isinstance(value, (NumberCurveSpec, PointCurveSpec, RadiiCurveSpec, CornersCurveSpec))
    return value.keys


def key_frames(value: Animated) -> frozenset[int]:
    """The frames of a value's keys; none where it is still."""
    return frozenset(keys_of(value)) if isinstance(value, CurveSpec) else frozenset()


def _flat(value: object) -> list[float]:
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _flat(item)]
    assert isinstance(value, (int, float))
    return [float(value)]
