"""Where something goes by its own keys, or along its path, without what modifiers add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from previz.timebase import FrameRange
from previz.timeline._animation import curve_key, outside
from previz.timeline._curves import CurveKey
from previz.timeline._eases import Array
from previz.timeline._extrapolation import sample_curve
from previz.timeline._handle_fields import HandleSpec
from previz.timeline._keys import KeySpec, TimingKeySpec
from previz.timeline._modifier_fields import LayerSpec
from previz.timeline._paths import densify, walk
from previz.timeline._svg import svg_line
from previz.timeline._travel import PathSpec

Travel = HandleSpec | LayerSpec


def sample_handle(handle: Travel, shot: FrameRange, frames: Array) -> Array:
    """Return where a handle, or a layer, goes by itself: [F, 2] at `frames` [F], in pixels of the canvas.

    Frames may be fractional, and lie outside the shot. A handle whose first key comes later than the shot's
    first frame starts on that frame from its `at`, or its path's start, unless it says what comes before.
    """
    before, after = (outside(handle.extrapolate, side) for side in ("before", "after"))
    if handle.keys:
        return sample_curve(list(_position_keys(handle, handle.keys, shot)), frames, before, after)
    if handle.path:
        progress = sample_curve(list(_timing_keys(handle, shot)), frames, before, after)[:, 0]
        line, closed = path_line(handle.path, handle.at)
        return walk(line, progress, closed)
    return np.repeat(np.array([handle.at]), len(frames), axis=0)


def path_line(path: PathSpec, at: tuple[float, float]) -> tuple[Array, bool]:
    """The path as a line of points [P, 2] so close that it looks round, and whether it is closed.

    `at` is what a relative path is counted from. Raises ValueError, with a message for the user.
    """
    if path.svg is not None:
        line, closed = svg_line(path.svg)
        if path.closed and (line[0] != line[-1]).any():
            line = np.concatenate([line, line[:1]])
    else:
        line, closed = densify(path.points or (), path.spline, path.closed), path.closed
    if path.scale != 1.0:
        line = line * path.scale
    if path.relative:
        line = line + at
    return line, closed or path.closed


def starts_by_itself(handle: Travel) -> bool:
    """Whether a handle comes from its `at` (or its path's start) to its first key."""
    return handle.extrapolate is None or handle.extrapolate.before is None


def _position_keys(handle: Travel, keys: Mapping[int, KeySpec], shot: FrameRange) -> Iterator[CurveKey]:
    if min(keys) > shot.first and starts_by_itself(handle):
        yield CurveKey(shot.first, handle.at, handle.interp)
    for frame, key in sorted(keys.items()):
        x, y = key.by or (0.0, 0.0)
        value = key.to or (handle.at[0] + x, handle.at[1] + y)
        yield curve_key(frame, value, key, handle.interp)


def _timing_keys(handle: Travel, shot: FrameRange) -> Iterator[CurveKey]:
    keys = handle.timing or {shot.last: TimingKeySpec(to=1.0)}
    if min(keys) > shot.first and (starts_by_itself(handle) or not handle.timing):
        yield CurveKey(shot.first, (0.0,), handle.interp)
    for frame, key in sorted(keys.items()):
        yield curve_key(frame, (key.to,), key, handle.interp)
