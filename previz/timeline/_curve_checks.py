"""What can be wrong with keys: frames outside the shot, and eases and tangents that have nothing to shape."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from previz.timebase import FrameRange
from previz.timeline._animation import Animated, keys_of
from previz.timeline._curves import Interp, shorten_tangents
from previz.timeline._keys import (
    CornersCurveSpec,
    CurveSpec,
    ExtrapolateSpec,
    KeySpec,
    NumberCurveSpec,
    NumberKeySpec,
    PointKeySpec,
    ShapedKey,
    SlopeSpec,
)
from previz.timeline._problems import Finding, RawLoc

Segment = tuple[tuple[int, ShapedKey | None], tuple[int, ShapedKey | None]]


def check_frames(loc: RawLoc, frames: Iterable[object], shot: FrameRange) -> Iterator[Finding]:
    """Keys that lie outside the shot; `loc` is the mapping that holds them."""
    for frame in frames:
        if not isinstance(frame, int):
            continue
        side = (
            f"before the first frame, {shot.first}"
            if frame < shot.first
            else f"after the last frame, {shot.last}"
        )
        if frame not in shot:
            yield Finding((*loc, frame), f"frame {frame} is {side}", field=loc, on_key=True)


def check_value(
    loc: RawLoc,
    value: Animated | None,
    shot: FrameRange | None,
    size: int,
    bounds: tuple[float, float] | None = None,
    overrun: bool = False,
) -> Iterator[Finding]:
    """What is wrong with a value that may be animated, of `size` numbers, each within `bounds`."""
    if not isinstance(value, CurveSpec):
        return
    keys, loc = keys_of(value), (*loc, "keys")
    yield from check_segments(loc, keys, value.interp, None)
    yield from check_extrapolation(loc[:-1], value.extrapolate, size, len(keys))
    if shot is not None and not overrun:
        yield from check_frames(loc, keys, shot)
    if bounds is not None and isinstance(value, NumberCurveSpec):
        for frame, key in value.keys.items():
            yield from check_bounds((*loc, frame, "to"), key.to, *bounds)
    if isinstance(value, CornersCurveSpec):
        yield from _check_corners(loc, value)


def check_bounds(loc: RawLoc, number: float, low: float, high: float) -> Iterator[Finding]:
    """A number outside its limits."""
    if number < low:
        yield Finding(loc, f"must be at least {low:g}, not {number:g}")
    if number > high:
        yield Finding(loc, f"must be at most {high:g}, not {number:g}")


def _check_corners(loc: RawLoc, curve: CornersCurveSpec) -> Iterator[Finding]:
    ordered = sorted(curve.keys.items())
    count = len(ordered[0][1].to)
    for frame, key in ordered[1:]:
        if len(key.to) != count:
            message = (
                f"has {len(key.to)} corners, and {count} on frame {ordered[0][0]}; keys need as many each"
            )
            yield Finding((*loc, frame), message)


def check_extrapolation(loc: RawLoc, spec: ExtrapolateSpec | None, size: int, keys: int) -> Iterator[Finding]:
    """What is wrong with how a curve of so many `keys`, of `size` numbers each, goes on."""
    for side in ("before", "after") if spec is not None else ():
        written = getattr(spec, side)
        place = (*loc, "extrapolate", side)
        if isinstance(written, SlopeSpec) and len(written.slope) != size:
            wanted = "[dx, dy], the pixels a frame" if size == 2 else "one number, the change a frame"
            yield Finding((*place, "slope"), f"must be {wanted}, not {_list(written.slope)}")
        elif isinstance(written, str) and written.startswith("loop") and keys < 2:
            yield Finding(place, f"{written} needs two keys; with one, nothing changes", "warning")


def _list(numbers: tuple[float, ...]) -> str:
    return f"{numbers[0]:g}" if len(numbers) == 1 else "[" + ", ".join(f"{n:g}" for n in numbers) + "]"


def check_segments(
    loc: RawLoc, keys: Mapping[int, ShapedKey], interp: Interp, start: int | None
) -> Iterator[Finding]:
    """Eases and tangents that have no segment to shape, or let time run back.

    `start` is the frame where the curve starts without a key of its own, if it does.
    """
    ordered: list[tuple[int, ShapedKey | None]] = sorted(keys.items())
    if start is not None:
        ordered.insert(0, (start, None))
    for frame, key in ordered:
        if key is not None and key.hold and key.interp not in (None, "held"):
            yield Finding((*loc, frame, "hold"), f"`hold` and `interp: {key.interp}` contradict each other")
    yield from _check_ends(loc, ordered)
    for segment in itertools.pairwise(ordered):
        yield from _check_segment(loc, segment, interp)


def _check_ends(loc: RawLoc, ordered: list[tuple[int, ShapedKey | None]]) -> Iterator[Finding]:
    (first, leaving), (last, arriving) = ordered[0], ordered[-1]
    if leaving is not None and (leaving.ease is not None or _tangent(leaving, "in") is not None):
        field = "ease" if leaving.ease is not None else "in"
        message = "the first key has no way to it that this could shape"
        yield Finding((*loc, first, field), message, "warning", on_key=True)
    if arriving is not None and _tangent(arriving, "out") is not None:
        message = "the last key has no way from it that this could shape"
        yield Finding((*loc, last, "out"), message, "warning", on_key=True)


def _check_segment(loc: RawLoc, segment: Segment, default: Interp) -> Iterator[Finding]:
    (start, leaving), (end, arriving) = segment
    assert arriving is not None
    held = leaving is not None and (leaving.hold or leaving.interp == "held")
    interp = "held" if held else (leaving and leaving.interp) or default
    if held and arriving.ease is not None:
        message = f"frame {start} is held until here, which leaves nothing to ease"
        yield Finding((*loc, end, "ease"), message, on_key=True)
    tangents = _tangent(leaving, "out"), _tangent(arriving, "in")
    for (frame, field), tangent in zip(((start, "out"), (end, "in")), tangents, strict=True):
        if tangent is None:
            continue
        if arriving.ease is not None or interp not in ("bezier", "hermite"):
            kind = "eased" if arriving.ease is not None else interp
            message = f"from {start} to {end} is {kind}, so a tangent has no use"
            yield Finding((*loc, frame, field), message, on_key=True)
        elif interp == "hermite" and tangent == 0.0:
            message = "of a hermite only the slope counts, which a tangent of 0 frames has not"
            yield Finding((*loc, frame, field), message)
    if arriving.ease is None and interp == "bezier":
        yield from _check_regression(loc, segment, tangents)


def _check_regression(
    loc: RawLoc, segment: Segment, tangents: tuple[float | None, float | None]
) -> Iterator[Finding]:
    """Warnings of tangents so long that time would run back; curves shorten them."""
    start, end = segment[0][0], segment[1][0]
    length = end - start
    parts = [1.0 / 3.0 if tangent is None else tangent / length for tangent in tangents]
    factor = shorten_tangents(parts[0], parts[1])
    if factor == 1.0:
        return
    sides = ((start, "out", "next"), (end, "in", "previous"))
    longest = 0 if parts[0] >= parts[1] else 1
    frame, field, other = sides[longest]
    message = (
        f"the tangent is {tangents[longest]:g} frames long and the {other} key {length} away; "
        f"it is shortened to {parts[longest] * length * factor:.4g}, so that time doesn't run back"
    )
    yield Finding((*loc, frame, field), message, "warning")


def _tangent(key: ShapedKey | None, side: str) -> float | None:
    """The length of a tangent in frames; None where there is none, or it is automatic (or flat)."""
    if not isinstance(key, (KeySpec, NumberKeySpec, PointKeySpec)):
        return None
    written = key.tangent_in if side == "in" else key.tangent_out
    return written[0] if isinstance(written, tuple) else None
