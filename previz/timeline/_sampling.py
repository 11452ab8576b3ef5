"""From a timeline to numbers: each handle's target on each frame, and the mask, in the generator's pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from previz.errors import TimelineError
from previz.timeline._animation import key_frames, sample_number
from previz.timeline._eases import Array
from previz.timeline._handle_fields import HandleSpec
from previz.timeline._mask_frames import MaskFrames, mask_frames
from previz.timeline._modifiers import sample_influence, sample_targets
from previz.timeline._schema import Timeline
from previz.timeline._travelling import Travel


@dataclass(frozen=True)
class Samples:
    """A timeline on its F frames, for N handles; (x, y) in pixels of the generator's picture, y down.

    Attributes:
        frames: the F frame numbers.
        names: the N handles.
        start: [N, 2] where the handles are on the first frame.
        targets: [F, N, 2] where they should be.
        weights: [F, N] how much each counts; 0 where a handle is off.
        influence: [F, N] how much each is on, 0 to 1: while it comes on or lets go its target lies so far on
            the way from where the handle is.
        pin: [N] handles that are held where they are.
        soft: [N] handles that yield to the others.
        masks: 1 may move, 0 is fixed: a mask [H, W] for each frame, or None where all may move.
        keyed: the first frame, and those that carry a key.
        tolerance_px: how near a handle must come.
    """

    frames: tuple[int, ...]
    names: tuple[str, ...]
    start: NDArray[np.float64]
    targets: NDArray[np.float64]
    weights: NDArray[np.float64]
    influence: NDArray[np.float64]
    pin: NDArray[np.bool_]
    soft: NDArray[np.bool_]
    masks: MaskFrames | None
    keyed: frozenset[int]
    tolerance_px: float | None


def sample_timeline(timeline: Timeline, width: int, height: int) -> Samples:
    """Sample `timeline` on every frame, for a generator whose picture is `width` x `height`.

    Coordinates, feather and tolerance are scaled from the timeline's canvas. Raises TimelineError where the
    timeline doesn't fit the picture; `check_against` lists the same without raising.
    """
    from previz.timeline._doubts import check_against  # it samples too

    problems = [problem for problem in check_against(timeline, width, height) if problem.severity == "error"]
    if problems:
        raise TimelineError(problems)
    scale = canvas_scale(timeline, width, height)
    handles = timeline.handles.values()
    frames = np.array(list(timeline.frames), dtype=np.float64)
    influence = _side_by_side([sample_influence(handle, frames) for handle in handles], len(frames))
    weights = _side_by_side([sample_number(handle.weight, frames) for handle in handles], len(frames))
    tolerance = timeline.solver.tolerance
    return Samples(
        frames=tuple(timeline.frames),
        names=tuple(timeline.handles),
        start=np.array([handle.at for handle in handles]).reshape(-1, 2) * scale,
        targets=sample_targets(timeline, frames) * scale,
        weights=np.maximum(weights, 0.0) * influence,
        influence=influence,
        pin=np.array([handle.pin for handle in handles], dtype=np.bool_),
        soft=np.array([handle.soft for handle in handles], dtype=np.bool_),
        masks=mask_frames(timeline, width, height, scale),
        keyed=keyed_frames(timeline),
        tolerance_px=None if tolerance is None else tolerance * scale[0],
    )


def _side_by_side(columns: list[Array], count: int) -> Array:
    """Values [F] of each handle as [F, N]; there may be none."""
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def canvas_scale(timeline: Timeline, width: int, height: int) -> tuple[float, float]:
    """What to multiply x and y by to get from the timeline's canvas to a picture of `width` x `height`."""
    canvas = timeline.canvas or (width, height)
    return width / canvas[0], height / canvas[1]


def keyed_frames(timeline: Timeline) -> frozenset[int]:
    """The first frame, and all of the shot's that carry a key of a handle, or of what moves one."""
    frames, found = {float(timeline.frames.first)}, dict[str, frozenset[float]]()
    for name in timeline.handles:
        frames |= _keyed(timeline, name, found)
    for group in (timeline.groups or {}).values():
        frames |= key_frames(group.offset)
    return frozenset(int(frame) for frame in frames if frame in timeline.frames)


def _keyed(timeline: Timeline, name: str, found: dict[str, frozenset[float]]) -> frozenset[float]:
    """The frames of one handle's keys and of those whom it follows, so many frames later."""
    if name in found:
        return found[name]
    handle = timeline.handles[name]
    frames = {*_travel_keys(handle, timeline), *key_frames(handle.weight)}
    if handle.active is not None:
        frames.update(_active_edges(handle))
    for modifier in handle.modifiers or ():
        if modifier.layer is not None:
            frames.update(_travel_keys(modifier.layer, timeline))
        for leader in (modifier.follow, modifier.mirror):
            if leader is not None:
                led = _keyed(timeline, leader.handle, found)
                frames.update(float(round(frame + leader.frames)) for frame in led)
    found[name] = frozenset(frames)
    return found[name]


def _travel_keys(travel: Travel, timeline: Timeline) -> Iterator[float]:
    yield from travel.keys or ()
    yield from travel.timing or ()
    if travel.path is not None and not travel.timing:
        yield timeline.frames.last


def _active_edges(handle: HandleSpec) -> Iterator[float]:
    assert handle.active is not None
    first, last = handle.active.first, handle.active.last
    yield from (first, round(first + handle.blend_in), round(last - handle.blend_out), last)
