"""CSV: one row a frame (wide) or one row a point and frame (long); ours, and the tables of point trackers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from previz.errors import CurvesError
from previz.interchange._curves import PointCurves
from previz.interchange._text import decimal, header, read_header
from previz.interchange._tracks import (
    Facts,
    Imported,
    Origin,
    bake,
    coordinate,
    from_origin,
    make_track,
    need_origin,
    need_rate,
    need_size,
    number,
)

_FRAME = ("frame", "frame_number", "frame_index", "f")
_NAME = (
    "name",
    "track",
    "track_name",
    "track_id",
    "point",
    "point_name",
    "point_id",
    "id",
    "label",
    "handle",
)
_VISIBLE = ("visible", "visibility", "valid", "is_visible", "occluded")
_PAIR = re.compile(r"^(.+?)[._ :\-]([xyXY])$")

Row = tuple[int, list[str]]
Keys = dict[str, dict[Fraction, tuple[float, float]]]


def write_csv(curves: PointCurves, origin: Origin = "top-left") -> str:
    """One row a frame: frame, then x and y of each point, in pixels; comment lines state the rest."""
    rows = [["frame", *(f"{name}.{axis}" for name in curves.names for axis in "xy")]]
    for frame, points in zip(curves.frames, from_origin(curves.positions, origin, curves.size), strict=True):
        rows.append([str(frame), *(decimal(value) for value in points.reshape(-1))])
    return _table(curves, origin, rows)


def write_csv_long(curves: PointCurves, origin: Origin = "top-left") -> str:
    """One row a point and frame: frame, name, x, y, in pixels; comment lines state the rest."""
    rows = [["frame", "name", "x", "y"]]
    positions = from_origin(curves.positions, origin, curves.size)
    for frame, points in zip(curves.frames, positions, strict=True):
        for name, point in zip(curves.names, points, strict=True):
            rows.append([str(frame), name, *(decimal(value) for value in point)])
    return _table(curves, origin, rows)


def _table(curves: PointCurves, origin: Origin, rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return "\n".join([*header(curves, origin), out.getvalue()])


def read_csv(text: str, facts: Facts, name: str) -> Imported:
    """Read a table, wide or long, with a row of column names.

    Long tables have the columns frame, x, y, and one of name, track, point or id; rows without a position, or
    marked as not visible, are left out. Size, rate and origin come from `facts`, else from comment lines.
    Raises CurvesError, with the line, for what can't be read.
    """
    lines = text.splitlines()
    stated = read_header(lines, name)
    rows = list(_rows(lines))
    if not rows:
        raise CurvesError(f"{name}: has no rows")
    columns = [column.strip() for column in rows[0][1]]
    keys = _read_rows(rows, columns, name)
    size = need_size(stated.size, facts, name)
    origin = need_origin(stated.origin, facts, name)
    rate = need_rate(stated.rate, facts, name)
    tracks = [make_track(track, found, origin, size, name) for track, found in keys.items() if found]
    return bake(tracks, rate, size, facts, name, stated.title)


def table_header(text: str) -> list[str]:
    """The column names of a table, in lower case; none where there is no row."""
    row = next(_rows(text.splitlines()), (0, []))
    return [column.strip().lower() for column in row[1]]


def _rows(lines: Sequence[str]) -> Iterator[Row]:
    """Rows with their line numbers, without comments and empty lines; the delimiter is the first row's."""
    kept = [(index, line) for index, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not kept:
        return
    delimiter = max(",;\t", key=kept[0][1].count)
    for index, line in kept:
        yield index, next(csv.reader([line], delimiter=delimiter))


@dataclass(frozen=True)
class _Long:
    """Where the columns of a long table are."""

    frame: int
    x: int
    y: int
    name: int | None
    visible: int | None
    occluded: bool


def _read_rows(rows: list[Row], columns: list[str], name: str) -> Keys:
    lower = [column.lower() for column in columns]
    frame = next((lower.index(word) for word in _FRAME if word in lower), None)
    if frame is None:
        raise CurvesError(f"{name}:{rows[0][0]}: no column is called frame; the first row names the columns")
    if "x" in lower and "y" in lower:
        visible = next((word for word in _VISIBLE if word in lower), None)
        named = next((lower.index(word) for word in _NAME if word in lower), None)
        place = lower.index(visible) if visible else None
        long = _Long(frame, lower.index("x"), lower.index("y"), named, place, visible == "occluded")
        return _read_long(rows[1:], long, name)
    pairs = _pairs(columns)
    if not pairs:
        raise CurvesError(
            f"{name}:{rows[0][0]}: the columns have no positions; they are frame, name, x, y, "
            "or frame, jaw.x, jaw.y and so on"
        )
    return _read_wide(rows[1:], frame, pairs, name)


def _pairs(columns: list[str]) -> dict[str, dict[str, int]]:
    """The columns of x and y by point, of those points that have both."""
    found: dict[str, dict[str, int]] = {}
    for index, column in enumerate(columns):
        if match := _PAIR.match(column):
            found.setdefault(match[1], {})[match[2].lower()] = index
    return {point: axes for point, axes in found.items() if len(axes) == 2}


def _read_wide(rows: list[Row], frame: int, pairs: dict[str, dict[str, int]], name: str) -> Keys:
    keys: Keys = {point: {} for point in pairs}
    for line, cells in rows:
        at = number(_cell(cells, frame, name, line), name, line)
        for point, axes in pairs.items():
            texts = [_cell(cells, axes[axis], name, line) for axis in "xy"]
            if all(text.strip() for text in texts):
                x, y = (coordinate(text, name, line) for text in texts)
                _add(keys[point], at, (x, y), point, name, line)
    return keys


def _read_long(rows: list[Row], columns: _Long, name: str) -> Keys:
    keys: Keys = {}
    for line, cells in rows:
        at = number(_cell(cells, columns.frame, name, line), name, line)
        point = "point" if columns.name is None else _cell(cells, columns.name, name, line).strip()
        texts = [_cell(cells, column, name, line) for column in (columns.x, columns.y)]
        keys.setdefault(point, {})
        if all(text.strip() for text in texts) and _is_visible(cells, columns):
            x, y = (coordinate(text, name, line) for text in texts)
            _add(keys[point], at, (x, y), point, name, line)
    return keys


def _is_visible(cells: list[str], columns: _Long) -> bool:
    if columns.visible is None or columns.visible >= len(cells):
        return True
    marked = cells[columns.visible].strip().lower() not in ("0", "0.0", "false", "no", "")
    return marked != columns.occluded


def _cell(cells: list[str], index: int, name: str, line: int) -> str:
    if index >= len(cells):
        raise CurvesError(f"{name}:{line}: the row has {len(cells)} cells; column {index + 1} is missing")
    return cells[index]


def _add(
    keys: dict[Fraction, tuple[float, float]],
    frame: Fraction,
    point: tuple[float, float],
    track: str,
    name: str,
    line: int,
) -> None:
    if frame in keys:
        raise CurvesError(f"{name}:{line}: {track} has frame {frame} twice")
    keys[frame] = point
