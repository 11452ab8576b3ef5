"""Nuke: a script with a Tracker4 node, and the animated positions of any script.

Nuke's y is 0 at the bottom edge of the picture and goes up, and like ours it counts from the corner of a
pixel: the centre of the first is 0.5 (NDK developer guide, "Coordinate system"), so that x stays and y is
height - y. Frames are the shot's. What previz writes has a key a frame, and states size and rate in its Root.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from previz.errors import CurvesError
from previz.geometry import Size
from previz.interchange._curves import PointCurves
from previz.interchange._nuke_curve import is_curve, join, read_scalar, write_curve
from previz.interchange._tcl import Element, elements
from previz.interchange._text import plain_rate, stated_rate
from previz.interchange._tracks import (
    Facts,
    Imported,
    Track,
    bake,
    fixed_origin,
    from_origin,
    need_rate,
    need_size,
)

# The columns of a Tracker4's table as Nuke writes them: kind, shown, width, name, title.
_KEY_COLUMNS = (
    "track",
    "search_x",
    "search_y",
    "search_r",
    "search_t",
    "track_x",
    "track_y",
    "track_r",
    "track_t",
)
_COLUMNS = (
    "5 1 20 enable e",
    "3 1 75 name name",
    *(f"2 1 58 {name} {name}" for name in ("track_x", "track_y")),
    *(f"2 1 63 {name} {name}" for name in ("offset_x", "offset_y")),
    *(f"4 1 27 {name} {name}" for name in "TRS"),
    "2 0 45 error error",
    *(f"1 1 0 {name} {name}" for name in ("error_min", "error_max")),
    *(f"1 1 0 {box}_{side} {box}_{side}" for box in ("pattern", "search") for side in "xyrt"),
    *(f"2 1 0 key_{name} key_{name}" for name in (*_KEY_COLUMNS, "centre_offset_x", "centre_offset_y")),
)


def write_nuke(curves: PointCurves) -> str:
    """A Nuke script with a Tracker4 node, a track a point, baked: to open, or to paste into another."""
    first, last = curves.range.first, curves.range.last
    width, height = curves.size
    positions = from_origin(curves.positions, "bottom-left", curves.size)
    rows = []
    for index, name in enumerate(curves.names):
        x, y = (write_curve(curves.frames, positions[:, index, axis]) for axis in (0, 1))
        label = name.replace("\\", "").replace('"', "")
        rows.append(
            f' {{ {{curve K x{first} 1}} "{label}" {x} {y} {{curve K x{first} 0}} {{curve K x{first} 0}}'
            f" 1 0 0 {{curve x{first} 0}} 1 0 -32 -32 32 32 -22 -22 22 22" + " {}" * 11 + " } "
        )
    columns = " \n".join(f"{{ {column} 1 }}" for column in _COLUMNS)
    node = re.sub(r"\W", "_", curves.title)
    return "\n".join(
        [
            "Root {",
            " inputs 0",
            f" first_frame {first}",
            f" last_frame {last}",
            f" fps {plain_rate(curves.rate)}",
            f' format "{width} {height} 0 0 {width} {height} 1 previz_{width}x{height}"',
            "}",
            "Tracker4 {",
            " inputs 0",
            f" tracks {{ {{ 1 {len(_COLUMNS)} {len(rows)} }} ",
            f"{{ {columns} ",
            "} ",
            "{ ",
            *rows,
            "} ",
            "}",
            f" reference_frame {first}",
            f" name previz_{node}",
            "}",
            "",
        ]
    )


@dataclass(frozen=True)
class _Node:
    """A node of a script, with the knobs whose values are in braces, and those that are words."""

    kind: str
    braced: dict[str, Element]
    words: dict[str, str]

    @property
    def name(self) -> str:
        return self.words.get("name", self.kind)


def read_nuke(text: str, facts: Facts, name: str) -> Imported:
    """Read every animated position of a script, or of curves copied from one.

    The tracks of Tracker4 nodes have their own names; another knob of two values, animated, is called
    NODE_KNOB. Text without a node is `name {curve …} {curve …}`, as often as there are points, or just two
    curves. Size and rate come from `facts`, else from the script's Root. Raises CurvesError.
    """
    fixed_origin("bottom-left", facts, name)
    top = list(elements(text, name))
    nodes = list(_nodes(top, name))
    root = next((node for node in nodes if node.kind == "Root"), None)
    size = need_size(_format(root), facts, name)
    rate = need_rate(_fps(root, name), facts, name)
    tracks: list[Track] = []
    notes: list[str] = []
    for node in nodes:
        if node.kind == "Tracker4" and "tracks" in node.braced:
            tracks += _tracker4(node.braced["tracks"], size, name, notes)
        else:
            tracks += _knobs(node, size, name)
    tracks += _bare(top, size, name)
    if not tracks:
        raise CurvesError(f"{name}: there is no animated position in it")
    found = bake(_unique(tracks), rate, size, facts, name)
    return Imported(found.curves, (*notes, *found.notes))


def _nodes(top: list[Element], name: str) -> Iterator[_Node]:
    for kind, body in itertools.pairwise(top):
        if kind.braced or not body.braced or not re.fullmatch(r"[A-Z]\w*", kind.text):
            continue
        inside = list(elements(body.text, name, body.line))
        braced: dict[str, Element] = {}
        words: dict[str, str] = {}
        for knob, value in itertools.pairwise(inside):
            if not knob.braced and value.braced:
                braced.setdefault(knob.text, value)
            elif not knob.braced:
                words.setdefault(knob.text, value.text)
        yield _Node(kind.text, braced, words)


def _format(root: _Node | None) -> Size | None:
    sides = root.words.get("format", "").split()[:2] if root else []
    return (int(sides[0]), int(sides[1])) if len(sides) == 2 and all(s.isdecimal() for s in sides) else None


def _fps(root: _Node | None, name: str) -> Fraction | None:
    return stated_rate(root.words["fps"], name) if root and "fps" in root.words else None


def _tracker4(knob: Element, size: Size, name: str, notes: list[str]) -> Iterator[Track]:
    """The tracks of a Tracker4's table: its size, its columns, then a row a track."""
    table = [part for part in elements(knob.text, name, knob.line) if part.braced]
    if len(table) != 3:
        raise CurvesError(f"{name}:{knob.line}: the tracks of a Tracker4 can't be made out")
    for row in elements(table[2].text, name, table[2].line):
        cells = list(elements(row.text, name, row.line))
        if len(cells) < 4:
            raise CurvesError(f"{name}:{row.line}: a track has {len(cells)} columns, not {len(_COLUMNS)}")
        x, y = (read_scalar(cell.text, name, cell.line) for cell in cells[2:4])
        offsets = [read_scalar(cell.text, name, cell.line) for cell in cells[4:6] if cell.text.strip()]
        if any(value for offset in offsets for value in offset.values):
            notes.append(f"{cells[1].text}: the track's offset is left out")
        track = join(cells[1].text, x, y, size)
        if track is None:
            notes.append(f"{cells[1].text}: isn't animated, and is left out")
        else:
            yield track


def _knobs(node: _Node, size: Size, name: str) -> Iterator[Track]:
    for knob, value in node.braced.items():
        parts = list(elements(value.text, name, value.line))
        if len(parts) == 2 and any(part.braced and is_curve(part.text) for part in parts):
            track = _pair(f"{node.name}_{knob}", parts[0], parts[1], size, name)
            if track is not None:
                yield track


def _bare(top: list[Element], size: Size, name: str) -> Iterator[Track]:
    """Curves that stand outside a node: each pair, after its name where there is one."""
    index = count = 0
    while index < len(top):
        pair = top[index : index + 2]
        if len(pair) == 1 and pair[0].braced and "curve" in pair[0].text:
            pair = list(elements(pair[0].text, name, pair[0].line))
        if len(pair) < 2 or not all(part.braced and is_curve(part.text) for part in pair):
            index += 1
            continue
        count += 1
        named = index > 0 and not top[index - 1].braced
        track = _pair(top[index - 1].text if named else f"point_{count}", pair[0], pair[1], size, name)
        if track is not None:
            yield track
        index += 2


def _pair(track: str, x: Element, y: Element, size: Size, name: str) -> Track | None:
    if not all(is_curve(part.text) or re.fullmatch(r"\s*[-+.\deE]+\s*", part.text) for part in (x, y)):
        return None  # an expression
    return join(track, read_scalar(x.text, name, x.line), read_scalar(y.text, name, y.line), size)


def _unique(tracks: list[Track]) -> list[Track]:
    """Tracks of the same name, from several nodes, get numbers."""
    seen: dict[str, int] = {}
    result = []
    for track in tracks:
        seen[track.name] = count = seen.get(track.name, 0) + 1
        name = track.name if count == 1 else f"{track.name}_{count}"
        result.append(Track(name, track.frames, track.positions, track.held, track.curved))
    return result
