"""What is known of a timeline only with a picture, and what is doubtful though it can be solved."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from previz.errors import Problem, TimelineError
from previz.timebase import FrameRange
from previz.timeline._checks import check_handle, check_mask
from previz.timeline._handle_fields import HandleSpec
from previz.timeline._keys import ShapedKey
from previz.timeline._latent_curves import check_latents, check_truncation, moves_latents
from previz.timeline._mask_frames import mask_frames
from previz.timeline._modifiers import sample_influence, sample_targets
from previz.timeline._problems import Finding, Origin, RawLoc
from previz.timeline._sampling import canvas_scale
from previz.timeline._schema import Timeline
from previz.timeline._travelling import sample_handle

ASPECT_SLACK = 0.01
"""How much the shapes of canvas and picture may differ: a pixel's rounding on small pictures."""

JUMP_PX = 0.5
"""Pixels of the canvas below which a jump isn't worth a warning."""


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
    grouped = {handle for group in (timeline.groups or {}).values() for handle in group.handles}
    findings = [
        finding
        for name, handle in timeline.handles.items()
        for finding in check_handle(name, handle, timeline.frames, name in grouped)
    ]
    findings += check_mask(timeline.mask or (), timeline.frames, None)
    findings += check_truncation(timeline.character, timeline.frames)
    findings += check_latents(timeline.latents or (), timeline.frames, None)
    findings = [finding for finding in findings if finding.severity == "warning"]
    if all(handle.pin for handle in timeline.handles.values()) and not moves_latents(timeline):
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
    targets = sample_targets(timeline, frames)  # [F, N, 2]
    for index, (name, handle) in enumerate(timeline.handles.items()):
        if handle.pin:
            continue
        loc: RawLoc = ("handles", name)
        on = sample_influence(handle, frames) > 0.0  # [F]
        away = float(np.hypot(*(targets[0, index] - handle.at)))
        if away > JUMP_PX and on[0] and handle.active is None:
            message = (
                f"already {away:.1f} px from its `at` on frame {shot.first}; the shot starts with a jump"
            )
            yield Finding(loc, message, "warning", on_key=True)
        if canvas is not None:
            yield from _leaving(loc, targets[:, index], on, shot, canvas)
        for field, keys in (("keys", handle.keys), ("timing", handle.timing)):
            yield from _held_jumps((*loc, field), keys or {}, handle, shot)


def _leaving(
    loc: RawLoc, targets: np.ndarray, on: np.ndarray, shot: FrameRange, canvas: tuple[int, int]
) -> Iterator[Finding]:
    outside = np.any((targets < 0.0) | (targets > canvas), axis=1) & on
    if outside.any():
        index = int(np.argmax(outside))
        x, y = targets[index]
        size = f"{canvas[0]} x {canvas[1]}"
        message = f"leaves the picture, {size}, on frame {shot.first + index}, to ({x:.1f}, {y:.1f})"
        yield Finding(loc, message, "warning", on_key=True)


def _held_jumps(
    loc: RawLoc, keys: Mapping[int, ShapedKey], handle: HandleSpec, shot: FrameRange
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
    """A mask that, on the first frame, leaves nothing free or fixes the place where a handle should move."""
    scale = canvas_scale(timeline, width, height)
    masks = mask_frames(timeline, width, height, scale)
    try:
        mask = None if masks is None else masks[0]
    except TimelineError as error:
        yield from (Finding(("mask",), problem.message, on_key=True) for problem in error.problems)
        return
    if mask is None:
        return
    if mask.max() < 0.5:
        yield Finding(("mask",), "the mask leaves nothing of the picture that may move", on_key=True)
        return
    for name, handle in timeline.handles.items():
        column, row = (
            min(int(c * s), side - 1) for c, s, side in zip(handle.at, scale, (width, height), strict=True)
        )
        if not handle.pin and min(row, column) >= 0 and mask[row, column] < 0.5:
            yield Finding(("handles", name, "at"), "lies where the mask lets nothing move", "warning")
