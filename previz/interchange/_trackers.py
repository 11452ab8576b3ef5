"""The plain text of point trackers: name and position a line, 3DEqualizer, PFTrack and SynthEyes.

Each has its own idea of where a pixel is; all are brought to ours (y down, from the top-left corner):

- ascii: pixels, from the corner, with the origin that its header or the user states.
- 3DEqualizer 4: pixels from the bottom-left corner.
- PFTrack .2dt: pixels from the *centre* of the bottom-left pixel, half a pixel from its corner.
- SynthEyes 2-D paths: -1 to 1 from the centre of the first pixel to the centre of the last, v down.

The last three are as Tracksperanto, which many facilities convert with, takes them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from previz.errors import CurvesError
from previz.geometry import Size
from previz.interchange._curves import PointCurves
from previz.interchange._text import decimal, header, read_header
from previz.interchange._tracks import (
    Facts,
    Imported,
    Origin,
    Track,
    bake,
    coordinate,
    fixed_origin,
    from_origin,
    make_track,
    need_origin,
    need_rate,
    need_size,
    number,
)

Line = tuple[int, list[str]]
_FAR = 100.0  # in u and v; pixels taken for them would be beyond it

Keys = dict[Fraction, tuple[float, float]]


def write_ascii(curves: PointCurves, origin: Origin = "bottom-left") -> str:
    """A line a point and frame, `name frame x y`, in pixels; comment lines state the rest."""
    positions = from_origin(curves.positions, origin, curves.size)
    return "\n".join([*header(curves, origin), *_named_lines(curves, positions, 4), ""])


def read_ascii(text: str, facts: Facts, name: str) -> Imported:
    """Read `name frame x y`, or `name x y` on one frame after the other; what follows y is left out.

    Size, rate and origin come from `facts`, else from comment lines; for lines without frames `facts` has to
    give the first frame. Raises CurvesError.
    """
    stated = read_header(text.splitlines(), name)
    size = need_size(stated.size, facts, name)
    origin = need_origin(stated.origin, facts, name)
    rate = need_rate(stated.rate, facts, name)
    found: dict[str, Keys] = {}
    for line, words in _lines(text, name):
        keys = found.setdefault(words[0], {})
        if len(words) < 3:
            raise CurvesError(f"{name}:{line}: a line is `name frame x y`, not {len(words)} words")
        if len(words) == 3 and facts.first_frame is None:
            raise CurvesError(f"{name}:{line}: no frame is written; say the first one with --first-frame")
        at = Fraction(len(keys)) if len(words) == 3 else number(words[1], name, line)
        _add(keys, at, words[-2:] if len(words) == 3 else words[2:4], name, line)
    tracks = [make_track(track, keys, origin, size, name) for track, keys in found.items()]
    return bake(tracks, rate, size, facts, name, stated.title)


def write_equalizer(curves: PointCurves) -> str:
    """3DEqualizer 4's 2D tracks: how many points; then name, colour and length of each, and its positions."""
    positions = from_origin(curves.positions, "bottom-left", curves.size)
    lines = [str(len(curves.names))]
    for index, name in enumerate(curves.names):
        lines += [name, "0", str(len(curves)), *_rows(curves, positions[:, index], 6)]
    return "\n".join([*lines, ""])


def read_equalizer(text: str, facts: Facts, name: str) -> Imported:
    """Read what 3DEqualizer 4 exports as 2D tracks. Raises CurvesError."""
    fixed_origin("bottom-left", facts, name)
    size, rate = need_size(None, facts, name), need_rate(None, facts, name)
    lines = iter([(i, line.strip()) for i, line in enumerate(text.splitlines(), 1) if line.strip()])
    tracks = []
    for _ in range(_count(next(lines, (1, "")), name)):
        _, track = _next(lines, name)
        _next(lines, name)  # its colour
        keys = _keys(lines, _count(_next(lines, name), name), name)
        if keys:
            tracks.append(make_track(track, keys, "bottom-left", size, name))
    return bake(tracks, rate, size, facts, name)


def write_pftrack(curves: PointCurves) -> str:
    """PFTrack's .2dt: name and length of each point, then frame, position and similarity."""
    positions = from_origin(curves.positions, "bottom-left", curves.size) - 0.5
    lines = []
    for index, name in enumerate(curves.names):
        rows = [f"{row} 1.000" for row in _rows(curves, positions[:, index], 4)]
        lines += ["", f'"{name}"', str(len(curves)), *rows]
    return "\n".join([*lines, ""])


def read_pftrack(text: str, facts: Facts, name: str) -> Imported:
    """Read a .2dt of PFTrack or PFMatchit; the camera that versions from 5 on name is left out.

    Raises CurvesError.
    """
    fixed_origin("bottom-left", facts, name)
    size, rate = need_size(None, facts, name), need_rate(None, facts, name)
    kept = [(i, line.strip()) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    lines = iter([(i, line) for i, line in kept if line[0] != "#"])
    tracks = []
    for _, track in lines:
        head = _next(lines, name)
        if not head[1].isdecimal():  # a camera's name
            head = _next(lines, name)
        count = _count(head, name)
        first = _next(lines, name) if count else None
        if first is not None and first[1].isdecimal():  # it was a camera's number
            count, first = _count(first, name), None
        keys = _keys(lines, count, name, first)
        shifted = {at: (x + 0.5, y + 0.5) for at, (x, y) in keys.items()}
        if shifted:
            tracks.append(make_track(track.strip('"'), shifted, "bottom-left", size, name))
    return bake(tracks, rate, size, facts, name)


def write_syntheyes(curves: PointCurves) -> str:
    """SynthEyes' 2-D tracker paths: `name frame u v outcome`; the first frame of a point is a key."""
    positions = _to_uv(curves.positions, curves.size)
    lines = _named_lines(curves, positions, 9)
    return "\n".join([*(f"{line} {30 if i % len(curves) == 0 else 7}" for i, line in enumerate(lines)), ""])


def read_syntheyes(text: str, facts: Facts, name: str) -> Imported:
    """Read SynthEyes' 2-D tracker paths. Raises CurvesError."""
    fixed_origin("top-left", facts, name)
    size, rate = need_size(None, facts, name), need_rate(None, facts, name)
    found: dict[str, Keys] = {}
    for line, words in _lines(text, name):
        if len(words) < 4:
            raise CurvesError(f"{name}:{line}: a line is `name frame u v outcome`, not {len(words)} words")
        _add(found.setdefault(words[0], {}), number(words[1], name, line), words[2:4], name, line)
    tracks = []
    for track, keys in found.items():
        made = make_track(track, keys, "top-left", size, name)
        if np.abs(made.positions).max() > _FAR:
            raise CurvesError(f"{name}: {track} goes far beyond -1 to 1, so these aren't u and v")
        tracks.append(Track(made.name, made.frames, _from_uv(made.positions, size)))
    return bake(tracks, rate, size, facts, name)


def _to_uv(points: NDArray[np.float64], size: Size) -> NDArray[np.float64]:
    span = np.array([size[0] - 1.0, size[1] - 1.0])
    return np.asarray((points - 0.5) / span * 2.0 - 1.0)


def _from_uv(points: NDArray[np.float64], size: Size) -> NDArray[np.float64]:
    span = np.array([size[0] - 1.0, size[1] - 1.0])
    return np.asarray((points + 1.0) / 2.0 * span + 0.5)


def _named_lines(curves: PointCurves, positions: NDArray[np.float64], decimals: int) -> list[str]:
    return [
        f"{_quoted(name)} {row}"
        for index, name in enumerate(curves.names)
        for row in _rows(curves, positions[:, index], decimals)
    ]


def _quoted(name: str) -> str:
    return f'"{name}"' if any(character.isspace() for character in name) else name


def _rows(curves: PointCurves, points: NDArray[np.float64], decimals: int) -> list[str]:
    def text(value: float) -> str:
        return decimal(value) if decimals == 4 else f"{value:.{decimals}f}"

    return [f"{frame} {text(x)} {text(y)}" for frame, (x, y) in zip(curves.frames, points, strict=True)]


def _lines(text: str, name: str) -> Iterator[Line]:
    """The words of each line that isn't empty or a comment."""
    for index, line in enumerate(text.splitlines(), 1):
        if line.strip() and line.lstrip()[0] != "#":
            try:
                words = shlex.split(line.replace(",", " ")) if '"' in line else line.replace(",", " ").split()
            except ValueError:
                raise CurvesError(f"{name}:{index}: a quote is never closed") from None
            if words:
                yield index, words


def _add(keys: Keys, at: Fraction, words: list[str], name: str, line: int) -> None:
    if at in keys:
        raise CurvesError(f"{name}:{line}: has frame {at} twice")
    keys[at] = (coordinate(words[0], name, line), coordinate(words[1], name, line))


def _next(lines: Iterator[tuple[int, str]], name: str) -> tuple[int, str]:
    line = next(lines, None)
    if line is None:
        raise CurvesError(f"{name}: ends in the middle of a track; was it cut short?")
    return line


def _count(line: tuple[int, str], name: str) -> int:
    if not line[1].isdecimal() or len(line[1]) > 9:
        raise CurvesError(f"{name}:{line[0]}: a count was expected, not {line[1]!r:.40}")
    return int(line[1])


def _keys(
    lines: Iterator[tuple[int, str]], count: int, name: str, first: tuple[int, str] | None = None
) -> Keys:
    """That many lines of `frame x y`."""
    keys: Keys = {}
    for index in range(count):
        line, text = first if first is not None and index == 0 else _next(lines, name)
        words = text.split()
        if len(words) < 3:
            raise CurvesError(f"{name}:{line}: a line is `frame x y`, not {len(words)} words")
        _add(keys, number(words[0], name, line), words[1:3], name, line)
    return keys
