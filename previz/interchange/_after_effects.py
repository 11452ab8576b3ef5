"""After Effects: "Keyframe Data", the text that its clipboard holds after a copy of keyframes.

Its pixels are ours: y down, from the top-left corner, the centre of the first pixel at 0.5. Its frames count
from the composition's start at 0, and what is pasted begins at the current time, so that the shot's frame
numbers are lost: reading puts the first keyframe on the first frame that is asked for, else on 1001.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from previz.errors import CurvesError
from previz.geometry import Size
from previz.interchange._curves import PointCurves
from previz.interchange._text import decimal, plain_rate, stated_rate
from previz.interchange._tracks import (
    Facts,
    Imported,
    Track,
    bake,
    coordinate,
    fixed_origin,
    make_track,
    need_rate,
    need_size,
    number,
)
from previz.timebase import FIRST_FRAME

MAGIC = "Adobe After Effects"
_END = "End of Keyframe Data"
_POINTS = ("X", "Y")
_POINT_PARAMETER = re.compile(
    r"^(point|position|effect parameter|parameter|attach point|feature center)$", re.I
)


def write_after_effects(curves: PointCurves) -> str:
    """Point Control effects, one a point in the order of the names, with a key a frame.

    To be pasted onto a layer of the picture's size, with the current time at the shot's first frame.
    """
    sections = []
    for index in range(len(curves.names)):
        sections += [f"Effects\tPoint Control #{index + 1}\tPoint #2", "\tFrame\tX pixels\tY pixels\t"]
        sections += _rows(curves, index)
    return _text(curves, sections)


def write_after_effects_position(curves: PointCurves) -> str:
    """The position of a layer, such as a null, with a key a frame. Raises CurvesError for several points."""
    if len(curves.names) > 1:
        raise CurvesError(
            f"a layer has one position, and there are {len(curves.names)} points; choose one with --only NAME"
        )
    return _text(
        curves, ["Transform\tPosition", "\tFrame\tX pixels\tY pixels\tZ pixels\t", *_rows(curves, 0, "\t0")]
    )


def _rows(curves: PointCurves, index: int, z: str = "") -> list[str]:
    points = curves.positions[:, index]
    return [*(f"\t{at}\t{decimal(x)}\t{decimal(y)}{z}\t" for at, (x, y) in enumerate(points)), ""]


def _text(curves: PointCurves, sections: Sequence[str]) -> str:
    lines = [
        f"{MAGIC} 8.0 Keyframe Data",
        "",
        f"\tUnits Per Second\t{plain_rate(curves.rate)}",
        f"\tSource Width\t{curves.size[0]}",
        f"\tSource Height\t{curves.size[1]}",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
        "",
        *sections,
        "",
        _END,
        "",
    ]
    return "\r\n".join(lines)


def read_after_effects(text: str, facts: Facts, name: str) -> Imported:
    """Read the point keys of a clipboard's text: points of effects, track points, puppet pins, positions.

    Effects' points are in the layer's pixels, whose size the text states; a layer's position is in the
    composition's, so that `facts` has to give the size. Raises CurvesError.
    """
    fixed_origin("top-left", facts, name)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[0].startswith(MAGIC):
        raise CurvesError(f"{name}:1: is no After Effects keyframe data, which starts with {MAGIC!r}")
    stated = _facts(lines)
    rate = need_rate(
        stated_rate(stated["Units Per Second"], name) if "Units Per Second" in stated else None, facts, name
    )
    found = _sections(lines, name)
    if not found:
        raise CurvesError(
            f"{name}: there are no keys of a point in it; select a position or a point, and copy"
        )
    size = _size(stated, found, facts, name)
    tracks = _named([make_track(_name(path), keys, "top-left", size, name) for path, keys in found])
    first = FIRST_FRAME if facts.first_frame is None else facts.first_frame
    return replace(bake(tracks, rate, size, replace(facts, first_frame=first), name), frames_are_free=True)


Keys = dict[Fraction, tuple[float, float]]


def _facts(lines: Sequence[str]) -> dict[str, str]:
    cells = (line.strip("\t").split("\t") for line in lines[1:])
    return {cell[0]: cell[1].strip() for cell in cells if len(cell) == 2}


def _sections(lines: Sequence[str], name: str) -> list[tuple[list[str], Keys]]:
    """The properties with x and y, by their path, and their keys; a value without a frame is the only key."""
    found: list[tuple[list[str], Keys]] = []
    keys: Keys | None = None
    path: list[str] = []
    for number_of_line, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line.split("\t")]
        if line.startswith(_END):
            break
        if not line.startswith("\t"):
            keys, path = None, [cell for cell in cells if cell]
        elif cells[1:2] == ["Frame"] and path:
            keys = {} if tuple(cell[:1] for cell in cells[2:4]) == _POINTS and "percent" not in line else None
            if keys is not None and "pixels" in line:
                found.append((path, keys))
        elif keys is not None and len(cells) > 3:
            at = number(cells[1], name, number_of_line) if cells[1] else Fraction(0)
            x, y = (coordinate(cell, name, number_of_line) for cell in cells[2:4])
            keys[at] = (x, y)
    attached = {tuple(path[:-1]) for path, _ in found if path[-1] == "Attach Point"}
    return [
        (path, keys)
        for path, keys in found
        if keys
        and path[-1] != "Anchor Point"
        and not (
            path[-1] == "Feature Center" and tuple(path[:-1]) in attached
        )  # the same, without its offset
    ]


def _size(stated: dict[str, str], found: list[tuple[list[str], Keys]], facts: Facts, name: str) -> Size:
    if facts.size is None and any(path[0] in ("Transform", "Position") for path, _ in found):
        raise CurvesError(
            f"{name}: a layer's position is in pixels of its composition, and the file states only the "
            "layer's size; say the composition's with --size, as 1920x1080"
        )
    sides = [stated.get(key, "") for key in ("Source Width", "Source Height")]
    whole = all(side.isdecimal() and int(side) for side in sides)
    return need_size((int(sides[0]), int(sides[1])) if whole else None, facts, name)


def _name(path: Sequence[str]) -> str:
    """What tells a property from the others: "Point Control 2", "Track Point 1", "Pin 3", "Position"."""
    parts = [part for part in path[1:] or path if not _POINT_PARAMETER.match(part.split(" #")[0])]
    return (parts[-1] if parts else path[-1]).replace("#", "").strip()


def _named(tracks: list[Track]) -> list[Track]:
    """The same with names that don't repeat: a Tracker's Attach Point and Feature Center, several layers."""
    count: dict[str, int] = {}
    result = []
    for track in tracks:
        count[track.name] = seen = count.get(track.name, 0) + 1
        result.append(replace(track, name=track.name if seen == 1 else f"{track.name} ({seen})"))
    return result
