"""JSON: every fact and every position, for a program."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from previz.errors import CurvesError
from previz.interchange._curves import PointCurves
from previz.interchange._text import Stated, stated_origin, stated_rate, stated_size
from previz.interchange._tracks import (
    MAX_PIXELS,
    Facts,
    Imported,
    Origin,
    bake,
    from_origin,
    make_track,
    need_origin,
    need_rate,
    need_size,
)


def write_json(curves: PointCurves, origin: Origin = "top-left") -> str:
    """A mapping with rate, size, origin and frames, and each point's positions [F][x, y], in pixels."""
    positions = from_origin(curves.positions, origin, curves.size).round(4) + 0.0
    points = {name: positions[:, index].tolist() for index, name in enumerate(curves.names)}
    facts = {
        "previz_curves": 1,
        "title": curves.title,
        "rate": str(curves.rate),
        "size": list(curves.size),
        "origin": origin,
        "frames": curves.frames.tolist(),
    }
    rows = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items()]
    tracks = ",\n".join(f"    {json.dumps(name)}: {json.dumps(track)}" for name, track in points.items())
    return "{\n" + ",\n".join(rows) + ',\n  "points": {\n' + tracks + "\n  }\n}\n"


def read_json(text: str, facts: Facts, name: str) -> Imported:
    """Read what `write_json` writes; rate, size and origin may be missing there and come from `facts`.

    `points` may also hold null for a frame without a position. Raises CurvesError.
    """
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise CurvesError(f"{name}: is not JSON: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("points"), dict):
        raise CurvesError(f"{name}: has no `points`; it is a mapping of frames and points")
    stated = _stated(data, name)
    frames = data.get("frames")
    if not isinstance(frames, list) or not all(type(frame) is int for frame in frames):
        raise CurvesError(f"{name}: `frames` is not a list of whole numbers")
    if len(set(frames)) < len(frames):
        raise CurvesError(f"{name}: `frames` has a frame twice")
    size = need_size(stated.size, facts, name)
    origin = need_origin(stated.origin, facts, name)
    rate = need_rate(stated.rate, facts, name)
    tracks = [
        make_track(str(point), _keys(str(point), frames, values, name), origin, size, name)
        for point, values in data["points"].items()
    ]
    return bake(tracks, rate, size, facts, name, stated.title)


def _stated(data: dict[str, Any], name: str) -> Stated:
    size = data.get("size")
    sides = "x".join(map(str, size)) if isinstance(size, list) else str(size)
    return Stated(
        size=None if size is None else stated_size(sides, name),
        rate=None if data.get("rate") is None else stated_rate(str(data["rate"]), name),
        origin=None if data.get("origin") is None else stated_origin(str(data["origin"]), name),
        title=str(data.get("title") or "curves"),
    )


def _keys(point: str, frames: list[int], values: Any, name: str) -> dict[Fraction, tuple[float, float]]:
    if not isinstance(values, list) or len(values) != len(frames):
        raise CurvesError(f"{name}: {point} has not one position for each of the {len(frames)} frames")
    keys = {}
    for frame, value in zip(frames, values, strict=True):
        if value is None:
            continue
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(type(part) in (int, float) and abs(part) <= MAX_PIXELS for part in value)
        ):
            raise CurvesError(f"{name}: {point} on frame {frame}: {value!r:.40} is not [x, y] in pixels")
        keys[Fraction(frame)] = (float(value[0]), float(value[1]))
    return keys
