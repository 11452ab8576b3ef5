"""What the fields' types can't tell: whether its parts agree with each other, and with a picture."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from previz.errors import Problem, TimelineError
from previz.timebase import FrameRange
from previz.timeline._handle_fields import HandleSpec
from previz.timeline._keys import KeySpec, TimingKeySpec
from previz.timeline._mask_fields import MaskShapeSpec
from previz.timeline._masks import read_mask_picture
from previz.timeline._problems import Finding, Origin, RawLoc
from previz.timeline._sampling import canvas_scale, sample_handle, sample_mask
from previz.timeline._schema import CharacterSpec, Timeline, is_file

Find = Callable[[str], Path]

ASPECT_SLACK = 0.01
"""How much the shapes of canvas and picture may differ: a pixel's rounding on small pictures."""

JUMP_PX = 0.5
"""Pixels of the canvas below which a jump isn't worth a warning."""


def check_character(character: CharacterSpec, find: Find | None) -> Iterator[Finding]:
    """What is wrong with a character, its files included where there is a way to find them."""
    loc = ("character",)
    if character.seed is not None and character.latent is not None:
        yield Finding((*loc, "latent"), "the character starts from a seed or a latent, not both", on_key=True)
    if find is None:
        return
    if character.latent is not None and not is_file(find(character.latent)):
        yield Finding((*loc, "latent"), f"there is no file {character.latent}")
    if "/" in character.checkpoint and not is_file(find(character.checkpoint)):
        yield Finding((*loc, "checkpoint"), f"there is no file {character.checkpoint}")


def check_mask(shapes: Iterable[MaskShapeSpec], find: Find | None) -> Iterator[Finding]:
    """What is wrong with a mask, its pictures included where there is a way to find them."""
    for index, shape in enumerate(shapes):
        loc: RawLoc = ("mask", index)
        given = [name for name in ("ellipse", "polygon", "png") if getattr(shape, name) is not None]
        if len(given) != 1:
            found = "has " + " and ".join(given) if given else "has none"
            yield Finding(loc, f"a shape is one of ellipse, polygon or png; this {found}", on_key=True)
        if shape.png is not None and find is not None:
            try:
                read_mask_picture(find(shape.png))
            except ValueError as error:
                yield Finding((*loc, "png"), str(error))


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


def check_handle(name: str, handle: HandleSpec, shot: FrameRange | None) -> Iterator[Finding]:
    """What is wrong with a handle; the frames of its keys are checked where the shot's range is known."""
    loc: RawLoc = ("handles", name)
    ways = [
        way for way, given in (("keys", handle.keys), ("path", handle.path), ("pin", handle.pin)) if given
    ]
    if not ways:
        yield Finding(loc, "goes nowhere: give it keys or a path, or `pin: true` to hold it", on_key=True)
    if len(ways) > 1:
        yield Finding(loc, f"has {' and '.join(ways)}; a handle has only one of them", on_key=True)
    if handle.timing and not handle.path:
        yield Finding((*loc, "timing"), "a timing needs a path to run along", on_key=True)
    for frame, key in (handle.keys or {}).items():
        if (key.to is None) == (key.by is None):
            found = "this has neither" if key.to is None else "this has both"
            yield Finding((*loc, "keys", frame), f"a key says `to` or `by`; {found}", on_key=True)
    for field, keys in (("keys", handle.keys), ("timing", handle.timing)):
        if keys:
            yield from _check_segments((*loc, field), keys, handle, shot)
            if shot is not None:
                yield from check_frames((*loc, field), keys, shot)


def _check_segments(
    loc: RawLoc,
    keys: Mapping[int, KeySpec] | Mapping[int, TimingKeySpec],
    handle: HandleSpec,
    shot: FrameRange | None,
) -> Iterator[Finding]:
    """Eases and tangents that have no segment to shape, or are too long for it."""
    ordered: list[tuple[int, KeySpec | TimingKeySpec | None]] = sorted(keys.items())
    if shot is not None and ordered[0][0] > shot.first:
        ordered.insert(0, (shot.first, None))  # where it starts, which has no key of its own
    for frame, key in ordered:
        if key is not None and key.hold and key.interp not in (None, "held"):
            yield Finding((*loc, frame, "hold"), f"`hold` and `interp: {key.interp}` contradict each other")
    first, last = ordered[0], ordered[-1]
    if first[1] is not None and (first[1].ease is not None or first[1].tangent_in is not None):
        field = "ease" if first[1].ease is not None else "in"
        yield Finding(
            (*loc, first[0], field),
            "the first key has no way to it that this could shape",
            "warning",
            on_key=True,
        )
    if last[1] is not None and last[1].tangent_out is not None:
        yield Finding(
            (*loc, last[0], "out"),
            "the last key has no way from it that this could shape",
            "warning",
            on_key=True,
        )
    for (start, leaving), (end, arriving) in itertools.pairwise(ordered):
        assert arriving is not None
        length = end - start
        held = leaving is not None and (leaving.hold or leaving.interp == "held")
        interp = "held" if held else (leaving and leaving.interp) or handle.interp
        if held and arriving.ease is not None:
            yield Finding(
                (*loc, end, "ease"),
                f"frame {start} is held until here, which leaves nothing to ease",
                on_key=True,
            )
        for frame, field, tangent, side in (
            (start, "out", leaving and leaving.tangent_out, "next"),
            (end, "in", arriving.tangent_in, "previous"),
        ):
            if not tangent:
                continue
            if arriving.ease is not None or interp != "bezier":
                kind = "eased" if arriving.ease is not None else interp
                yield Finding(
                    (*loc, frame, field),
                    f"from {start} to {end} is {kind}, so a tangent has no use",
                    on_key=True,
                )
            elif tangent[0] > length:
                yield Finding(
                    (*loc, frame, field),
                    f"the tangent is {tangent[0]:g} frames long; the {side} key is {length} away",
                )


def check_against(timeline: Timeline, width: int, height: int) -> tuple[Problem, ...]:
    """What is wrong (errors) or doubtful (warnings) with a timeline on a picture of `width` x `height`."""
    findings = list(_check_aspect(timeline, width, height))
    if not findings:
        canvas = timeline.canvas or (width, height)
        findings += check_places(timeline.handles, canvas)
        findings += _doubtful_motion(timeline, canvas)
        findings += _check_coverage(timeline, width, height)
    return _in_order(timeline, findings)


def timeline_warnings(timeline: Timeline) -> tuple[Problem, ...]:
    """What is doubtful in a timeline that can be solved; `check_against` knows more, as it has a picture."""
    findings = [
        finding
        for name, handle in timeline.handles.items()
        for finding in check_handle(name, handle, timeline.frames)
    ]
    findings = [finding for finding in findings if finding.severity == "warning"]
    if all(handle.pin for handle in timeline.handles.values()):
        findings.append(
            Finding(("handles",), "every handle is pinned, so nothing moves", "warning", on_key=True)
        )
    findings += _doubtful_motion(timeline, timeline.canvas)
    return _in_order(timeline, findings)


def _in_order(timeline: Timeline, findings: Iterable[Finding]) -> tuple[Problem, ...]:
    origin = Origin(timeline._name, timeline._raw, timeline._marks)
    return tuple(map(origin.problem, findings))


def _check_aspect(timeline: Timeline, width: int, height: int) -> Iterator[Finding]:
    scale_x, scale_y = canvas_scale(timeline, width, height)
    if timeline.canvas is not None and abs(scale_x / scale_y - 1.0) > ASPECT_SLACK:
        theirs = f"{timeline.canvas[0]} x {timeline.canvas[1]}"
        yield Finding(
            ("canvas",), f"{theirs} is another shape than the character's picture, {width} x {height}"
        )


def check_places(handles: Mapping[str, HandleSpec], canvas: tuple[int, int]) -> Iterator[Finding]:
    """Handles that start outside the picture."""
    width, height = canvas
    for name, handle in handles.items():
        x, y = handle.at
        if not (0 <= x <= width and 0 <= y <= height):
            limits = f"x lies in 0 to {width}, y in 0 to {height}"
            yield Finding(("handles", name, "at"), f"({x:g}, {y:g}) is outside the picture: {limits}")


def _doubtful_motion(timeline: Timeline, canvas: tuple[int, int] | None) -> Iterator[Finding]:
    """Warnings of handles that jump from one frame to the next, or leave a picture whose size is known."""
    shot = timeline.frames
    frames = np.array(list(shot), dtype=np.float64)
    for name, handle in timeline.handles.items():
        if handle.pin:
            continue
        loc: RawLoc = ("handles", name)
        targets = sample_handle(handle, shot, frames)  # [F, 2]
        away = float(np.hypot(*(targets[0] - handle.at)))
        if away > JUMP_PX:
            message = (
                f"already {away:.1f} px from its `at` on frame {shot.first}; the shot starts with a jump"
            )
            yield Finding(loc, message, "warning", on_key=True)
        outside = np.any((targets < 0.0) | (targets > (canvas or np.inf)), axis=1)
        if canvas is not None and outside.any():
            index = int(np.argmax(outside))
            x, y = targets[index]
            size = f"{canvas[0]} x {canvas[1]}"
            message = f"leaves the picture, {size}, on frame {shot.first + index}, to ({x:.1f}, {y:.1f})"
            yield Finding(loc, message, "warning", on_key=True)
        for field, keys in (("keys", handle.keys), ("timing", handle.timing)):
            yield from _held_jumps((*loc, field), keys or {}, handle, shot)


def _held_jumps(
    loc: RawLoc,
    keys: Mapping[int, KeySpec] | Mapping[int, TimingKeySpec],
    handle: HandleSpec,
    shot: FrameRange,
) -> Iterator[Finding]:
    ordered = sorted(keys)
    for start, end in itertools.pairwise(ordered):
        key = keys[start]
        if not (key.hold or key.interp == "held"):
            continue
        before, after = sample_handle(handle, shot, np.array([start, end], dtype=np.float64))
        jump = float(np.hypot(*(after - before)))
        if jump > JUMP_PX:
            message = (
                f"held since frame {start}, it jumps {jump:.1f} px on frame {end}; without a hold it moves"
            )
            yield Finding((*loc, end), message, "warning", on_key=True)


def _check_coverage(timeline: Timeline, width: int, height: int) -> Iterator[Finding]:
    """A mask that leaves nothing free, or that fixes the place where a handle should move."""
    try:
        mask = sample_mask(timeline, width, height)
    except TimelineError as error:
        yield from (Finding(("mask",), problem.message, on_key=True) for problem in error.problems)
        return
    if mask is None:
        return
    if mask.max() < 0.5:
        yield Finding(("mask",), "the mask leaves nothing of the picture that may move", on_key=True)
        return
    scale = canvas_scale(timeline, width, height)
    for name, handle in timeline.handles.items():
        column, row = (
            min(int(c * s), side - 1) for c, s, side in zip(handle.at, scale, (width, height), strict=True)
        )
        if not handle.pin and min(row, column) >= 0 and mask[row, column] < 0.5:
            yield Finding(("handles", name, "at"), "lies where the mask lets nothing move", "warning")
