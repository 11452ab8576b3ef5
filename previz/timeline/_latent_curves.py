"""The curves of the latent on each frame of a shot, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz.errors import Problem
from previz.timebase import FrameRange
from previz.timeline._animation import curve_key, outside, sample_number
from previz.timeline._curve_checks import (
    check_bounds,
    check_extrapolation,
    check_frames,
    check_segments,
    check_value,
)
from previz.timeline._curves import CurveKey
from previz.timeline._eases import Array
from previz.timeline._extrapolation import sample_curve
from previz.timeline._keys import NumberCurveSpec
from previz.timeline._latent_fields import MAX_AMOUNT, MAX_TRUNCATION, LatentSpec
from previz.timeline._problems import Finding, Origin, RawLoc
from previz.timeline._schema import CharacterSpec, Timeline, is_file

Find = Callable[[str], Path]


@dataclass(frozen=True)
class LatentSamples:
    """The curves of the latent of a timeline with K of them, on its F frames.

    Attributes:
        truncation: float64 [F] the character's psi.
        amounts: float64 [F, K] how much there is of each of the timeline's `latents`.
    """

    truncation: NDArray[np.float64]
    amounts: NDArray[np.float64]


def sample_latents(timeline: Timeline) -> LatentSamples:
    """Sample a timeline's truncation and its `latents` on every frame."""
    frames = np.array(list(timeline.frames), dtype=np.float64)
    amounts = [_amounts(latent, timeline.frames, frames) for latent in timeline.latents or ()]
    return LatentSamples(
        truncation=np.asarray(sample_number(timeline.character.truncation, frames), np.float64),
        amounts=np.stack(amounts, axis=1) if amounts else np.zeros((len(frames), 0)),
    )


def _amounts(latent: LatentSpec, shot: FrameRange, frames: Array) -> Array:
    """How much of it, [F]; it starts from none of it, unless it says what comes before its first key."""
    keys = [curve_key(frame, (key.to,), key, latent.interp) for frame, key in sorted(latent.keys.items())]
    if _starts_from_none(latent, shot):
        keys.insert(0, CurveKey(shot.first, (0.0,), latent.interp))
    before, after = (outside(latent.extrapolate, side) for side in ("before", "after"))
    return np.asarray(sample_curve(keys, frames, before, after)[:, 0])


def _starts_from_none(latent: LatentSpec, shot: FrameRange) -> bool:
    said = latent.extrapolate is not None and latent.extrapolate.before is not None
    return min(latent.keys) > shot.first and not said


def check_truncation(character: CharacterSpec, shot: FrameRange | None) -> Iterator[Finding]:
    """What is wrong with the keys of a character's truncation."""
    loc: RawLoc = ("character", "truncation")
    bounds = -MAX_TRUNCATION, MAX_TRUNCATION
    yield from check_value(loc, character.truncation, shot, 1, bounds)
    if character.latent is not None and isinstance(character.truncation, NumberCurveSpec):
        message = "keys of truncation are for a seed; this character starts from a latent"
        yield Finding(loc, message, on_key=True)


def check_latents(
    latents: Iterable[LatentSpec], shot: FrameRange | None, find: Find | None
) -> Iterator[Finding]:
    """What is wrong with blends of the latent, their files included where there is a way to find them."""
    for index, latent in enumerate(latents):
        loc: RawLoc = ("latents", index)
        if (latent.toward is None) == (latent.direction is None):
            found = "has neither" if latent.toward is None else "has both"
            yield Finding(loc, f"goes `toward` a latent or along a `direction`; this {found}", on_key=True)
        keys: RawLoc = (*loc, "keys")
        start = shot.first if shot is not None and _starts_from_none(latent, shot) else None
        yield from check_segments(keys, latent.keys, latent.interp, start)
        yield from check_extrapolation(loc, latent.extrapolate, 1, len(latent.keys))
        if shot is not None and not latent.overrun:
            yield from check_frames(keys, latent.keys, shot)
        for frame, key in latent.keys.items():
            yield from check_bounds((*keys, frame, "to"), key.to, -MAX_AMOUNT, MAX_AMOUNT)
        yield from _check_toward((*loc, "toward"), latent, find)


def _check_toward(loc: RawLoc, latent: LatentSpec, find: Find | None) -> Iterator[Finding]:
    toward = latent.toward
    if toward is None:
        return
    if (toward.seed is None) == (toward.latent is None):
        found = "this has neither" if toward.seed is None else "this has both"
        yield Finding(loc, f"is a seed or a latent; {found}", on_key=True)
    if toward.latent is not None and find is not None and not is_file(find(toward.latent)):
        yield Finding((*loc, "latent"), f"there is no file {toward.latent}")


def latent_problem(timeline: Timeline, index: int, field: str, message: str) -> Problem:
    """A problem with a field of one of the timeline's `latents` that only the character can tell."""
    origin = Origin(timeline._name, timeline._raw, timeline._marks)
    return origin.problem(Finding(("latents", index, field), message))


def moves_latents(timeline: Timeline) -> bool:
    """Whether a timeline moves the picture without its handles."""
    return timeline.latents is not None or isinstance(timeline.character.truncation, NumberCurveSpec)
