"""Live Link Face: a recording's ARKit curves drive handles, as a mapping file says.

A row has a timecode, HH:MM:SS:FF with a fraction of a frame, and a weight from 0 to 1 for each of the face's
shapes. A mapping says how far, in pixels, which handle goes at a weight of 1:

    previz_mapping: 1
    size: 256                       # the picture that these pixels are for
    drive:
      - {curve: JawOpen, handle: jaw, by: [0, 22]}
      - {curve: MouthSmileLeft, handle: mouth_left, by: [-9, -9], gain: 1.2, offset: -0.05}
    handles:                        # where they are at rest, where the timeline doesn't say
      jaw: [125, 189]

A handle's position is its place at rest and, for each curve that drives it, `by` times (`gain` x weight +
`offset`).
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from previz.errors import CurvesError
from previz.geometry import Size
from previz.interchange._tracks import (
    MAX_PIXELS,
    Facts,
    Imported,
    Track,
    bake,
    coordinate,
    fixed_origin,
    need_rate,
)
from previz.timebase import FIRST_FRAME

Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-MAX_PIXELS, le=MAX_PIXELS)]
Side = Annotated[int, Field(strict=True, ge=1, le=16_384)]
Point = tuple[Number, Number]

_TIMECODE = re.compile(r"^(\d{1,2}):(\d{1,2}):(\d{1,2})([:;])(\d{1,3})(\.\d+)?$")
_NOT_CURVES = ("timecode", "blendshapecount")


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Drive(_Spec):
    """One curve that moves one handle: `by` x (`gain` x weight + `offset`), in pixels."""

    curve: Annotated[str, Field(min_length=1)]
    handle: Annotated[str, Field(min_length=1)]
    by: Point
    gain: Number = 1.0
    offset: Number = 0.0


class FaceMapping(_Spec):
    """Which curve moves which handle how far; see the module."""

    previz_mapping: Literal[1]
    size: Side | tuple[Side, Side]
    drive: Annotated[tuple[Drive, ...], Field(min_length=1)]
    handles: dict[str, Point] = {}

    @property
    def picture(self) -> Size:
        """(width, height) that the pixels are for."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)


class _Loader(yaml.SafeLoader):
    """A SafeLoader that takes 1e-3 for a number, as YAML 1.2 does."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)

_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "too_short": "must not be empty",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "string_type": "must be a name",
    "tuple_type": "must be a list",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
}


def parse_mapping(text: str, name: str) -> FaceMapping:
    """Read a mapping file's text. Raises CurvesError, which lists all that is wrong, a line each."""
    try:
        return FaceMapping.model_validate(yaml.load(text, _Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise CurvesError(f"{place}: is not valid YAML: {getattr(error, 'problem', error)}") from None
    except ValidationError as error:
        raise CurvesError("\n".join(dict.fromkeys(_problems(error, name)))) from None


def _problems(error: ValidationError, name: str) -> Iterator[str]:
    """What is wrong, without the lists that are too short only because an item of theirs is wrong."""
    found = error.errors()
    for problem in found:
        place = problem["loc"]
        within = any(
            len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in found
        )
        if problem["type"] == "too_short" and within:
            continue
        parts = [part for part in place if "constrained" not in str(part) and part != "int"]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
        message = _MESSAGES.get(problem["type"], str(problem["msg"]))
        yield ": ".join(part for part in (name, where.removeprefix("."), message) if part)


def read_livelink(
    text: str, mapping: FaceMapping, facts: Facts, name: str, rest: Mapping[str, Point] | None = None
) -> Imported:
    """Read a recording's CSV as the handles that a mapping drives, in pixels of the mapping's size.

    `facts` has to give the rate that its timecode counts in; the first row falls on its first frame, else on
    1001. `rest` is where handles are that the mapping leaves out, in the same pixels. Raises CurvesError.
    """
    fixed_origin("top-left", facts, name)
    rate = need_rate(None, facts, name)
    rows = [(i, row) for i, row in enumerate(csv.reader(text.splitlines()), 1) if row]
    if not rows or rows[0][1][0].strip().lower() != "timecode":
        raise CurvesError(f"{name}:1: is no Live Link Face recording, whose first column is Timecode")
    columns = [cell.strip() for cell in rows[0][1]]
    times, kept, skipped = _times(rows[1:], rate, name)
    if not kept:
        raise CurvesError(f"{name}: the recording has no rows")
    tracks = []
    for handle, drives in _by_handle(mapping).items():
        start = mapping.handles.get(handle) or (rest or {}).get(handle)
        if start is None:
            raise CurvesError(
                f"{name}: the mapping drives {handle!r}, but nothing says where it is at rest; "
                "add it to `handles`"
            )
        tracks.append(Track(handle, times, _driven(start, drives, columns, kept, name)))
    first = FIRST_FRAME if facts.first_frame is None else facts.first_frame
    found = bake(tracks, rate, mapping.picture, replace(facts, first_frame=first), name)
    note = (f"{skipped} rows at or before the time of the row above are left out",) if skipped else ()
    return Imported(found.curves, (*note, *found.notes), frames_are_free=True)


def _by_handle(mapping: FaceMapping) -> dict[str, list[Drive]]:
    handles: dict[str, list[Drive]] = {}
    for drive in mapping.drive:
        handles.setdefault(drive.handle, []).append(drive)
    return handles


def _driven(
    start: Point, drives: Sequence[Drive], columns: list[str], rows: list[tuple[int, list[str]]], name: str
) -> NDArray[np.float64]:
    """Positions [K, 2] of a handle."""
    positions = np.repeat(np.array([start], dtype=np.float64), len(rows), axis=0)
    for drive in drives:
        column = _column(drive.curve, columns, name)
        weights = np.array([coordinate(_cell(row, column, name, line), name, line) for line, row in rows])
        positions += np.outer(drive.gain * weights + drive.offset, drive.by)
    return positions


def _column(curve: str, columns: list[str], name: str) -> int:
    """The curve's column; JawOpen, jawOpen and jaw_open are the same."""

    def plain(text: str) -> str:
        return text.replace("_", "").lower()

    known = [plain(column) for column in columns]
    if plain(curve) in known and plain(curve) not in _NOT_CURVES:
        return known.index(plain(curve))
    near = difflib.get_close_matches(plain(curve), known, n=1)
    hint = f"; did you mean {columns[known.index(near[0])]}?" if near else ""
    raise CurvesError(f"{name}: the recording has no curve {curve!r}{hint}")


def _cell(row: list[str], column: int, name: str, line: int) -> str:
    if column >= len(row):
        raise CurvesError(f"{name}:{line}: the row has {len(row)} cells; column {column + 1} is missing")
    return row[column]


def _times(
    rows: list[tuple[int, list[str]]], rate: Fraction, name: str
) -> tuple[tuple[Fraction, ...], list[tuple[int, list[str]]], int]:
    """The rows that go on in time, the frames since the first at which they do, and how many don't."""
    times: list[Fraction] = []
    kept = []
    base = -(-rate.numerator // rate.denominator)
    day = 24 * 60 * 60 * base
    for line, row in rows:
        at = _frames(row[0].strip(), rate, base, name, line)
        if times and at < times[-1] - day // 2:  # past midnight
            at += day
        if not times or at > times[-1]:
            times.append(at)
            kept.append((line, row))
    return tuple(at - times[0] for at in times), kept, len(rows) - len(kept)


def _frames(text: str, rate: Fraction, base: int, name: str, line: int) -> Fraction:
    """Frames since midnight; a `;` before the frames is drop-frame, which skips numbers, not frames."""
    match = _TIMECODE.match(text)
    if not match:
        raise CurvesError(f"{name}:{line}: {text!r:.40} is not a timecode such as 14:03:52:28.207")
    hours, minutes, seconds, frame = (int(match[group]) for group in (1, 2, 3, 5))
    if frame >= base:
        raise CurvesError(
            f"{name}:{line}: {text} has frame {frame}, but --fps {rate} counts to {base - 1}; is it right?"
        )
    minutes += hours * 60
    count = (minutes * 60 + seconds) * base + frame
    if match[4] == ";" and rate.denominator == 1001 and base % 30 == 0:
        count -= base // 15 * (minutes - minutes // 10)
    return count + Fraction(match[6] or 0)
