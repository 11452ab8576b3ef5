"""Which frames are solved, and what each starts from: every frame, or keys with a spline between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from previz.animate._asked import Solving
from previz.animate._record import FrameRecord, input_hash
from previz.animate._shot import Shot, frame_hash


class Obtain(Protocol):
    """Reuse or solve the frame at a position."""

    def __call__(
        self,
        index: int,
        key: str,
        latent: NDArray[np.float32],
        handles: NDArray[np.float32],
        interpolated: bool = False,
    ) -> Solving[FrameRecord]:
        """Return the frame with this input hash, which starts from this latent with its handles here."""


def solve_every_frame(shot: Shot, count: int, obtain: Obtain) -> Solving[list[FrameRecord]]:
    """Solve the first `count` frames, each from the one before it."""
    return list((yield from _chain(shot, range(count), obtain)).values())


def solve_keys(shot: Shot, count: int, obtain: Obtain) -> Solving[list[FrameRecord]]:
    """Solve the keyed frames, each from the key before it, and lay a spline of latents between them.

    The spline is the curve that keys without tangents have in a timeline, so that handles keyed on the same
    frames come out near their curves. A frame between is tracked, and solved from the spline's latent if its
    handles are off. It depends on the two keys on either side alone: an edit reaches no further back.
    """
    knots = knots_needed(shot, count)
    solved = yield from _chain(shot, knots, obtain)
    for index in range(count):
        if index in solved:
            continue
        window = neighbours(knots, index)
        near = [solved[knot] for knot in window]
        offsets = [knot - index for knot in window]
        about = {"spline": "pchip", "offsets": offsets, "keys": [record.key for record in near]}
        key = frame_hash(shot, index, input_hash(shot.root, about, {}))
        latent = _spline_of_change(shot, window, [record.latent for record in near], index)
        handles = spline(window, [record.handles for record in near], index)
        solved[index] = yield from obtain(index, key, latent, handles, interpolated=True)
    return [solved[index] for index in range(count)]


def _chain(shot: Shot, indices: Sequence[int], obtain: Obtain) -> Solving[dict[int, FrameRecord]]:
    """Solve these frames, each from the one before it, the first from the shot's start."""
    key, latent, handles, before = shot.root, shot.base(0), shot.start, 0
    solved: dict[int, FrameRecord] = {}
    for index in indices:
        start = shot.carry(latent, before, index)
        record = yield from obtain(index, frame_hash(shot, index, key), start, handles)
        key, latent, handles, before = record.key, record.latent, record.handles, index
        solved[index] = record
    return solved


def _spline_of_change(
    shot: Shot, knots: Sequence[int], latents: Sequence[NDArray[np.float32]], index: int
) -> NDArray[np.float32]:
    """The latent at a position between knots: its base, with a spline of what the drag changed at them."""
    if shot.path is None:
        return spline(knots, latents, index)
    changes = [latent - shot.path[knot] for knot, latent in zip(knots, latents, strict=True)]
    return np.asarray(shot.path[index] + spline(knots, changes, index), np.float32)


def knots_needed(shot: Shot, count: int) -> list[int]:
    """Positions of the keys that the first `count` frames depend on: those in them and up to two after.

    The first and last frame of a shot are keys even where nothing is keyed there.
    """
    knots = sorted({0, *shot.keyed, len(shot.frames) - 1})
    inside = sum(knot < count for knot in knots)
    ends_on_key = knots[inside - 1] == count - 1
    return knots[: inside + (1 if ends_on_key else 2)]


def neighbours(knots: Sequence[int], index: int) -> list[int]:
    """The two keys before a position between keys and the two after it, as far as there are any."""
    after = int(np.searchsorted(knots, index))
    return list(knots[max(0, after - 2) : after + 2])


def spline(knots: Sequence[int], values: Sequence[NDArray[np.float32]], index: int) -> NDArray[np.float32]:
    """The values [...] at a position between the knots that `neighbours` gives, in double precision.

    Monotone cubic (Fritsch and Butland 1984), flat at the first and last key: it doesn't overshoot, and
    stands still where two keys are equal.
    """
    times, points = np.asarray(knots, np.float64), np.stack(values).astype(np.float64)
    slopes = PchipInterpolator(times, points, axis=0).derivative()(times)
    slopes[[0, -1]] = 0.0  # of keys that are neither end of the segment, the slopes are not used
    return np.asarray(CubicHermiteSpline(times, points, slopes, axis=0)(float(index)), dtype=np.float32)
