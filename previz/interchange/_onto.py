"""Curves onto a timeline: a new one with a handle a point, or one that exists with those handles moved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from previz.errors import CurvesError, TimelineError
from previz.files import output_file, writing
from previz.geometry import Size
from previz.interchange._curves import PointCurves
from previz.interchange._motion import Shape, handle_motion
from previz.timebase import FrameRange
from previz.timeline import Timeline, load_timeline

ASPECT_SLACK = 0.01

_MOTION = {"at", "keys", "path", "timing", "interp", "extrapolate", "pin", "modifiers", "overrun"}


def handle_names(curves: PointCurves, names: Mapping[str, str]) -> PointCurves:
    """The curves by the names of handles: as `names` says, else their own made fit for a timeline.

    Raises CurvesError for a name that isn't there, or two points that come to the same.
    """
    for name in names:
        curves.point(name)
    chosen = {name: names.get(name) or _fit(name) for name in curves.names}
    for name, handle in chosen.items():
        if not re.fullmatch(r"[^\W\d][\w\-]*", handle):
            raise CurvesError(
                f"{handle!r} is no handle's name; use letters, digits, _ and -, and no digit first"
            )
        twin = next(other for other in chosen if chosen[other] == handle)
        if twin != name:
            raise CurvesError(
                f"{twin!r} and {name!r} would both be the handle {handle}; rename one with --map"
            )
    return curves.renamed(chosen)


def _fit(name: str) -> str:
    text = re.sub(r"[^\w\-]+", "_", name).strip("_-") or "point"
    return (text if not text[0].isdecimal() else f"track_{text}")[:100]


def timeline_of_curves(
    curves: PointCurves, checkpoint: str, seed: int = 0, shape: Shape = "keys", tolerance: float = 0.0
) -> dict[str, Any]:
    """A timeline as plain data: the curves' frames and rate, their size as its canvas, and a handle a point.

    Each handle comes within `tolerance` pixels of its curve on every frame.
    """
    return {
        "previz": 1,
        "fps": _rate(curves.rate),
        "frames": str(curves.range),
        "canvas": list(curves.size),
        "character": {"checkpoint": checkpoint, "seed": seed},
        "handles": {
            name: handle_motion(curves.frames, curves.point(name), shape, tolerance) for name in curves.names
        },
    }


def fit_to(
    timeline: Timeline, curves: PointCurves, canvas: Size | None = None, relative: bool = False
) -> tuple[PointCurves, tuple[str, ...]]:
    """The curves at a timeline's rate, in pixels of its canvas, on its frames; and what was cut off.

    With `relative` they are moved so that each starts where the timeline's handle is, and their size follows
    the picture's height; else the two pictures have to be of the same shape. `canvas` is for a timeline that
    has none. Raises CurvesError.
    """
    size = timeline.canvas or canvas
    if size is None:
        raise CurvesError("the timeline has no `canvas`, so its pixels are the character's; give their size")
    curves = curves.resampled(timeline.rate)
    shot, had = timeline.frames, curves.range
    first, last = max(shot.first, had.first), min(shot.last, had.last)
    if last < first:
        raise CurvesError(
            f"the curves' frames, {had}, are not the shot's, {shot}; "
            f"--first-frame {shot.first} lets them start with it"
        )
    curves = curves.part(FrameRange(first, last))
    cut = len(had) - len(curves)
    notes = (f"{cut} of {len(had)} frames lie outside the shot, {shot}, and are left out",) if cut else ()
    if relative:
        return _moved(timeline, curves, size), notes
    ours, theirs = size[0] / size[1], curves.size[0] / curves.size[1]
    if abs(ours / theirs - 1.0) > ASPECT_SLACK:
        raise CurvesError(
            f"the curves' picture, {curves.size[0]} x {curves.size[1]}, is another shape than the "
            f"timeline's, {size[0]} x {size[1]}; --relative takes the motion alone"
        )
    return curves.resized(size), notes


def _moved(timeline: Timeline, curves: PointCurves, size: Size) -> PointCurves:
    """The motion of each curve from where its handle starts."""
    missing = [name for name in curves.names if name not in timeline.handles]
    if missing:
        raise CurvesError(
            f"the timeline has no handle {missing[0]!r} that its motion could start from; --map TRACK=HANDLE "
            f"gives it one of {', '.join(timeline.handles)}"
        )
    positions = (curves.positions - curves.positions[:1]) * (size[1] / curves.size[1])
    start = [timeline.handles[name].at for name in curves.names]
    return replace(curves, positions=positions + start, size=size)


def timeline_with_curves(
    timeline: Timeline, curves: PointCurves, shape: Shape = "keys", tolerance: float = 0.0
) -> dict[str, Any]:
    """A timeline as plain data, its handles of the curves' names moved by them, and added where missing.

    What the timeline's author wrote of other fields stays, comments excepted. The curves are as `fit_to`
    gives them.
    """
    data = _plain(timeline.model_dump(mode="json", exclude_unset=True))
    if timeline.source is not None and timeline.shot == timeline.source.stem:
        del data["shot"]  # its file's name, and this will be another file
    handles: dict[str, Any] = dict(data["handles"])
    for name in curves.names:
        kept = {key: value for key, value in handles.get(name, {}).items() if key not in _MOTION}
        handles[name] = {**handle_motion(curves.frames, curves.point(name), shape, tolerance), **kept}
    return {**data, "fps": _rate(timeline.rate), "handles": handles}


def _plain(value: Any) -> Any:
    """Data as a person writes it: frames that are keys as numbers, and 12 for 12.0."""
    if isinstance(value, dict):
        return {
            int(key) if re.fullmatch(r"-?\d+", str(key)) else key: _plain(item) for key, item in value.items()
        }
    if isinstance(value, float) and value == int(value):
        return int(value)
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _rate(rate: Fraction) -> int | str:
    return rate.numerator if rate.denominator == 1 else str(rate)


class _Flow(dict[Any, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Flow,
    lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True),
)


def _styled(value: Any, depth: int = 0) -> Any:
    if not isinstance(value, dict):
        return value
    short = depth > 0 and len(repr(value)) < 90 and not any(isinstance(key, int) for key in value)
    inside = {key: _styled(item, depth + 1) for key, item in value.items()}
    return _Flow(inside) if short else inside


def write_timeline(
    data: Mapping[str, Any], path: str | Path, about: str = "", force: bool = False
) -> Timeline:
    """Write a timeline's plain data as YAML, and return the timeline that it is.

    It is read and checked before it is put in place. Raises TimelineError for data that is no timeline, and
    OutputError for a file that exists (unless `force`).
    """
    path = Path(path)
    text = yaml.dump(
        _styled(dict(data)),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=109,
    )
    comment = f"# {about}\n" if about else ""
    with output_file(path, force) as temporary:
        with writing(path):
            temporary.write_text(comment + text, encoding="utf-8")
        try:
            load_timeline(temporary)
        except TimelineError as error:
            named = (replace(p, where=p.where.replace(str(temporary), str(path))) for p in error.problems)
            raise TimelineError(named) from None
    return load_timeline(path)
