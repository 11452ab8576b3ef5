"""From a timeline to numbers: each handle's target on each frame, and the mask, in the generator's pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from previz.errors import Problem, TimelineError
from previz.timebase import FrameRange
from previz.timeline._curves import CurveKey, Interp, Tangent
from previz.timeline._eases import Array, parse_ease
from previz.timeline._extrapolation import sample_curve
from previz.timeline._handle_fields import HandleSpec
from previz.timeline._keys import KeySpec, TimingKeySpec
from previz.timeline._masks import rasterise_mask
from previz.timeline._paths import sample_path
from previz.timeline._schema import Timeline


@dataclass(frozen=True)
class Samples:
    """A timeline on its F frames, for N handles; (x, y) in pixels of the generator's picture, y down."""

    frames: tuple[int, ...]  # [F]
    names: tuple[str, ...]  # [N]
    start: NDArray[np.float64]  # [N, 2] where the handles are on the first frame
    targets: NDArray[np.float64]  # [F, N, 2] where they should be
    weights: NDArray[np.float64]  # [N]
    pin: NDArray[np.bool_]  # [N] handles that are held where they are
    masks: (
        NDArray[np.float32] | None
    )  # [F, H, W] 1 may move, 0 is fixed; read-only, one picture where it is still
    keyed: frozenset[int]  # the first frame, and those that carry a key
    tolerance_px: float | None


def sample_timeline(timeline: Timeline, width: int, height: int) -> Samples:
    """Sample `timeline` on every frame, for a generator whose picture is `width` x `height`.

    Coordinates, feather and tolerance are scaled from the timeline's canvas. Raises TimelineError where the
    timeline doesn't fit the picture; `check_against` lists the same without raising.
    """
    from previz.timeline._checks import check_against  # it samples too

    problems = [problem for problem in check_against(timeline, width, height) if problem.severity == "error"]
    if problems:
        raise TimelineError(problems)
    scale = canvas_scale(timeline, width, height)
    handles = timeline.handles
    frames = np.array(list(timeline.frames), dtype=np.float64)
    mask = sample_mask(timeline, width, height)
    tolerance = timeline.solver.tolerance
    return Samples(
        frames=tuple(timeline.frames),
        names=tuple(handles),
        start=np.array([handle.at for handle in handles.values()]) * scale,
        targets=np.stack([sample_handle(h, timeline.frames, frames) for h in handles.values()], axis=1)
        * scale,
        weights=np.array([handle.weight for handle in handles.values()]),
        pin=np.array([handle.pin for handle in handles.values()]),
        masks=None if mask is None else np.broadcast_to(mask, (len(frames), height, width)),
        keyed=keyed_frames(timeline),
        tolerance_px=None if tolerance is None else tolerance * scale[0],
    )


def canvas_scale(timeline: Timeline, width: int, height: int) -> tuple[float, float]:
    """What to multiply x and y by to get from the timeline's canvas to a picture of `width` x `height`."""
    canvas = timeline.canvas or (width, height)
    return width / canvas[0], height / canvas[1]


def sample_mask(timeline: Timeline, width: int, height: int) -> NDArray[np.float32] | None:
    """The mask [H, W] for a picture of `width` x `height`; None where all may move. Raises TimelineError."""
    if timeline.mask is None:
        return None
    try:
        return rasterise_mask(
            timeline.mask, width, height, canvas_scale(timeline, width, height), timeline.resolve
        )
    except ValueError as error:
        raise TimelineError([Problem(str(timeline.source or ""), "mask", str(error))]) from None


def keyed_frames(timeline: Timeline) -> frozenset[int]:
    """The first frame, and all that carry a key of a handle or of a path's timing."""
    frames = {timeline.frames.first}
    for handle in timeline.handles.values():
        frames.update(handle.keys or (), handle.timing or ())
        if handle.path is not None and not handle.timing:
            frames.add(timeline.frames.last)
    return frozenset(frames)


def sample_handle(handle: HandleSpec, shot: FrameRange, frames: Array) -> Array:
    """Return the handle's targets [F, 2] at `frames` [F], in pixels of the canvas.

    Frames may be fractional, and lie outside the shot: the first and last keys hold there. A handle whose
    first key comes later than the shot's first frame starts on that frame from its `at`, or its path's start.
    """
    if handle.keys:
        return sample_curve(list(_position_keys(handle, handle.keys, shot)), frames)
    if handle.path:
        progress = sample_curve(list(_timing_keys(handle, shot)), frames)[:, 0]
        return sample_path(handle.path.points, handle.path.spline, progress)
    return np.repeat(np.array([handle.at]), len(frames), axis=0)


def _position_keys(handle: HandleSpec, keys: Mapping[int, KeySpec], shot: FrameRange) -> Iterator[CurveKey]:
    if min(keys) > shot.first:
        yield CurveKey(shot.first, handle.at, handle.interp)
    for frame, key in sorted(keys.items()):
        x, y = key.by or (0.0, 0.0)
        value = key.to or (handle.at[0] + x, handle.at[1] + y)
        yield _curve_key(frame, value, key, handle.interp)


def _timing_keys(handle: HandleSpec, shot: FrameRange) -> Iterator[CurveKey]:
    keys = handle.timing or {shot.last: TimingKeySpec(to=1.0)}
    if min(keys) > shot.first:
        yield CurveKey(shot.first, (0.0,), handle.interp)
    for frame, key in sorted(keys.items()):
        yield _curve_key(frame, (key.to,), key, handle.interp)


def _curve_key(
    frame: int, value: tuple[float, ...], key: KeySpec | TimingKeySpec, default: Interp
) -> CurveKey:
    return CurveKey(
        frame=frame,
        value=value,
        interp="held" if key.hold else key.interp or default,
        ease=None if key.ease is None else parse_ease(key.ease),
        tangent_in=_tangent(key.tangent_in),
        tangent_out=_tangent(key.tangent_out),
    )


def _tangent(written: tuple[float, ...] | str | None) -> Tangent | Literal["flat"] | None:
    if isinstance(written, tuple):
        return Tangent(written[0], written[1:])
    return "flat" if written == "flat" else None
