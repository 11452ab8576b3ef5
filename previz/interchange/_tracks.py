"""What all readers share: what is known of a file, tracks with keys anywhere in time, and baking them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from previz.errors import CurvesError
from previz.geometry import Size, flip_origin
from previz.interchange._curves import PointCurves
from previz.timebase import MAX_FRAMES, FrameRange

Origin = Literal["top-left", "bottom-left"]
ORIGINS: tuple[Origin, ...] = ("top-left", "bottom-left")
MAX_PIXELS = 1_000_000
MAX_TRACKS = 10_000


@dataclass(frozen=True)
class Facts:
    """What is known of a file from outside it; None where the file itself has to say."""

    size: Size | None = None
    rate: Fraction | None = None
    origin: Origin | None = None
    first_frame: int | None = None


@dataclass(frozen=True)
class Imported:
    """Curves that were read, and what a person should know of how.

    `frames_are_free` where the file counts its frames from somewhere that isn't the shot's.
    """

    curves: PointCurves
    notes: tuple[str, ...] = ()
    frames_are_free: bool = False


@dataclass(frozen=True)
class Track:
    """One point's keys: positions [K, 2] in our pixels at ascending frames [K], which may be fractional.

    `curved` are the frames whose way to the next key is neither straight nor held in the file; `held` those
    after which the position stays until the next key.
    """

    name: str
    frames: tuple[Fraction, ...]
    positions: NDArray[np.float64]
    held: frozenset[Fraction] = field(default_factory=frozenset)
    curved: frozenset[Fraction] = field(default_factory=frozenset)


def need_size(stated: Size | None, facts: Facts, name: str) -> Size:
    """The picture's size: what the user says, else what the file states. Raises CurvesError for neither."""
    size = facts.size or stated
    if size is None:
        raise CurvesError(f"{name}: doesn't state the picture's size; say it with --size, as 1920x1080")
    return size


def need_rate(stated: Fraction | None, facts: Facts, name: str) -> Fraction:
    """The rate: what the user says, else what the file states. Raises CurvesError for neither."""
    rate = facts.rate or stated
    if rate is None:
        raise CurvesError(f"{name}: doesn't state its frame rate; say it with --fps, as 24 or 23.976")
    return rate


def need_origin(stated: Origin | None, facts: Facts, name: str) -> Origin:
    """Where y is 0: what the user says, else what the file states. Raises CurvesError for neither."""
    origin = facts.origin or stated
    if origin is None:
        raise CurvesError(
            f"{name}: doesn't state where y is 0; say --origin top-left (y down) or bottom-left (y up)"
        )
    return origin


def fixed_origin(origin: Origin, facts: Facts, name: str) -> None:
    """Refuse an origin that a format doesn't have. Raises CurvesError."""
    if facts.origin not in (None, origin):
        raise CurvesError(f"{name}: --origin {facts.origin}: this format's origin is always {origin}")


def from_origin(points: NDArray[np.float64], origin: Origin, size: Size) -> NDArray[np.float64]:
    """Positions [..., 2] from a file's origin to ours; its own inverse."""
    return np.asarray(flip_origin(points, size[1]), np.float64) if origin == "bottom-left" else points


def number(text: str, name: str, line: int) -> Fraction:
    """The number that a text is, exactly. Raises CurvesError, which names the file's line."""
    try:
        decimal = Decimal(text.strip())
        if not decimal.is_finite() or decimal.adjusted() > 18:
            raise ValueError(text)
    except (InvalidOperation, ValueError):
        raise CurvesError(f"{name}:{line}: {_cut(text)} is not a number that can be used") from None
    return Fraction(decimal) if decimal.adjusted() > -18 else Fraction(0)  # a weight of 1e-30 is none


def coordinate(text: str, name: str, line: int) -> float:
    """A coordinate. Raises CurvesError for what is no number, or beyond a million pixels."""
    value = float(number(text, name, line))
    if abs(value) > MAX_PIXELS:
        raise CurvesError(f"{name}:{line}: {_cut(text)} is out of bounds; the largest is {MAX_PIXELS} pixels")
    return value


def make_track(
    name: str, keys: dict[Fraction, tuple[float, float]], origin: Origin, size: Size, file: str
) -> Track:
    """A track of keys in a file's own pixels. Raises CurvesError for one without keys."""
    if not keys:
        raise CurvesError(f"{file}: the track {name!r} has no positions")
    ordered = sorted(keys)
    points = np.array([keys[frame] for frame in ordered], dtype=np.float64)
    return Track(name, tuple(ordered), from_origin(points, origin, size))


def bake(
    tracks: Sequence[Track], rate: Fraction, size: Size, facts: Facts, file: str, title: str = "curves"
) -> Imported:
    """The tracks on every whole frame from the earliest to the last that any of them has.

    Between its keys a track goes straight (or holds); before its first and after its last it stays there.
    Both are told in a note, as is a way that is curved in the file. `facts.first_frame` renumbers the first.
    Raises CurvesError for no tracks, too many, or too long a range.
    """
    if not tracks:
        raise CurvesError(f"{file}: there are no tracks in it")
    if len(tracks) > MAX_TRACKS:
        raise CurvesError(f"{file}: has {len(tracks)} tracks; the limit is {MAX_TRACKS}")
    first = math.ceil(min(track.frames[0] for track in tracks))
    last = max(first, math.floor(max(track.frames[-1] for track in tracks)))
    if last - first >= MAX_FRAMES:
        raise CurvesError(f"{file}: the frames {first} to {last} are more than {MAX_FRAMES}")
    frames = np.arange(first, last + 1, dtype=np.int64)
    notes = [note for track in tracks for note in _notes(track, first, last)]
    curves = PointCurves(
        names=tuple(track.name for track in tracks),
        frames=frames,
        positions=np.stack([_bake(track, frames) for track in tracks], axis=1),
        rate=rate,
        size=size,
        title=title,
    )
    return Imported(curves if facts.first_frame is None else curves.starting_at(facts.first_frame), (*notes,))


def _bake(track: Track, frames: NDArray[np.int64]) -> NDArray[np.float64]:
    """Positions [F, 2] of a track on whole frames."""
    times = np.array([float(frame) for frame in track.frames])
    x, y = (np.interp(frames, times, track.positions[:, axis]) for axis in (0, 1))
    baked = np.stack([x, y], axis=1)
    for index, (start, end) in enumerate(itertools.pairwise(track.frames)):
        if start in track.held:
            baked[(frames > float(start)) & (frames < float(end))] = track.positions[index]
    return baked


def _notes(track: Track, first: int, last: int) -> list[str]:
    """What was added to a track."""
    begin, end = math.ceil(track.frames[0]), math.floor(track.frames[-1])
    notes = []
    outside = [r for r in (_range(first, begin - 1), _range(end + 1, last)) if r]
    if outside:
        notes.append(f"{track.name}: has no position on {', '.join(outside)}; the nearest one is held there")
    curved = [
        (start, after)
        for start, after in itertools.pairwise(track.frames)
        if start in track.curved and after - start > 1
    ]
    if curved:
        start, after = curved[0]
        more = f" and {len(curved) - 1} more places" if len(curved) > 1 else ""
        notes.append(
            f"{track.name}: curved between the keys {start} and {after}{more}, read as straight; "
            "bake it to a key a frame for its exact shape"
        )
    missing = sum(
        round(after - start) - 1
        for start, after in itertools.pairwise(track.frames)
        if after - start >= Fraction(3, 2) and start not in track.held and start not in track.curved
    )
    if missing > 0:
        notes.append(f"{track.name}: {missing} frames between its keys are filled straight")
    return notes


def _range(first: int, last: int) -> str:
    return str(FrameRange(first, last)) if first <= last else ""


def _cut(text: str) -> str:
    text = repr(text.strip())
    return text if len(text) <= 40 else f"{text[:37]}..."
