"""Motions put into a timeline that uses them: its handles get theirs, as new ones or as a layer on top."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from previz.errors import Problem, TimelineError
from previz.timebase import FrameRange
from previz.timeline._expressions import Value
from previz.timeline._fields import Canvas, Frames, Rate
from previz.timeline._motion_fields import Motions, MotionSpec, UseSpec
from previz.timeline._motions import (
    Motion,
    declared,
    find_motion,
    instantiate,
    parameter_default,
    read_motion,
    scaled,
    unknown_parameter,
    value_problem,
)
from previz.timeline._problems import Finding, Origin, RawLoc, finding_of, telling
from previz.timeline._retime_map import TimeMap
from previz.timeline._retime_walk import Retiming, retime_data
from previz.timeline._schema import Timeline
from previz.timeline._yaml import Document, Mark

_USES: TypeAdapter[tuple[UseSpec, ...]] = TypeAdapter(Motions)
_FRAMES: TypeAdapter[FrameRange] = TypeAdapter(Frames)
_RATE: TypeAdapter[Fraction] = TypeAdapter(Rate)
_CANVAS: TypeAdapter[tuple[int, int] | None] = TypeAdapter(Canvas | None)

TRAVEL = ("at", "keys", "path", "timing", "interp", "extrapolate")
"""The fields of a handle that a layer has too."""


@dataclass
class _Shot:
    """A timeline while motions are put into it: data of its own, the marks, and what was found wrong."""

    data: dict[Any, Any]
    marks: Mark | None
    source: Path | None
    origin: Origin
    problems: list[Problem] = field(default_factory=list)

    def report(self, loc: RawLoc, message: str, on_key: bool = False) -> None:
        """Add a problem at a place of the timeline as it was written."""
        self.problems.append(self.origin.problem(Finding(loc, message, on_key=on_key)))


def expand_motions(document: Document, name: str, source: Path | None) -> tuple[Document, list[Problem]]:
    """Return a timeline's document with its motions put in, and the problems of doing so.

    What comes of a motion has the place of its use.
    """
    data = document.data
    if not isinstance(data, dict) or data.get("motions") is None:
        return document, []
    origin = Origin(name, data, document.marks)
    without = {key: value for key, value in data.items() if key != "motions"}
    try:
        uses = _USES.validate_python(data["motions"])
    except ValidationError as error:
        found = [_in_motions(detail) for detail in telling(error.errors())]
        return replace(document, data=without), [origin.problem(finding_of(one, Timeline)) for one in found]
    handles = data.get("handles")
    if handles is not None and not isinstance(handles, dict):  # its own check says so
        return replace(document, data=without), []
    without["handles"] = copy.deepcopy(handles or {})
    shot = _Shot(without, document.marks, source, origin)
    for index, use in enumerate(uses):
        _put_in(shot, use, ("motions", index))
    return replace(document, data=shot.data, marks=shot.marks), shot.problems


def _in_motions(error: ErrorDetails) -> ErrorDetails:
    """One of pydantic's errors about the motions, with its place in the timeline."""
    found = error.copy()
    found["loc"] = ("motions", *error["loc"])
    return found


def _put_in(shot: _Shot, use: UseSpec, loc: RawLoc) -> None:
    try:
        name = str(find_motion(shot.source, use.use))
        document = read_motion(Path(name), name)
        values = _values(shot, use, document, loc)
        if values is None:
            return
        motion = instantiate(document, name, values)
    except TimelineError as error:
        _used_by(shot, error, use, loc)
        return
    handles = _timed(shot, use, motion, loc)
    if handles is not None:
        _merge(shot, use, motion, handles, loc)


def _used_by(shot: _Shot, error: TimelineError, use: UseSpec, loc: RawLoc) -> None:
    """Pass on the problems of a motion's file, each with the place that uses it."""
    place = shot.origin.problem(Finding((*loc, "use"), "")).where
    for problem in error.problems:
        if problem.message == "there is no such file":
            message = (
                f"there is no motion {use.use}; it is looked for beside the timeline, in the working folder, "
            )
            shot.report((*loc, "use"), message + "and among the bundled ones (motions/nod.yaml)")
        else:
            shot.problems.append(replace(problem, message=f"{problem.message} (used by {place})"))


def _values(shot: _Shot, use: UseSpec, document: Document, loc: RawLoc) -> dict[str, Value] | None:
    """What the parameters are in this use; None where the use is wrong."""
    parameters = declared(document.data)
    if parameters is None:  # the motion's own check says so
        return {}
    defaults = {name: parameter_default(spec) for name, spec in parameters.items()}
    given: Mapping[str, Any] = use.with_.model_extra or {}
    before = len(shot.problems)
    for name, value in given.items():
        if name not in parameters:
            shot.report((*loc, "with", name), unknown_parameter(name, defaults), on_key=True)
        elif (problem := value_problem(parameters[name], value)) is not None:
            shot.report((*loc, "with", name), problem)
    left = [name for name, spec in parameters.items() if spec.unit == "px" and name not in given]
    scale = _scale(shot, document, left, loc)
    if scale is None or len(shot.problems) > before:
        return None
    defaults |= {name: scaled(defaults[name], scale) for name in left}
    return defaults | {
        name: tuple(map(float, value)) if isinstance(value, (list, tuple)) else float(value)
        for name, value in given.items()
    }


def _scale(shot: _Shot, document: Document, left: list[str], loc: RawLoc) -> tuple[float, float] | None:
    """What defaults in pixels are multiplied by; None where that isn't known, and is needed."""
    assert isinstance(document.data, dict)
    theirs, ours = (_sound(_CANVAS, data.get("canvas")) for data in (document.data, shot.data))
    if theirs is None or not left:
        return 1.0, 1.0
    if ours is None:
        names, size = ", ".join(left), " x ".join(map(str, theirs))
        shot.report(
            (*loc, "use"),
            f"the defaults of {names} are pixels of a picture of {size}; write the timeline's `canvas`, or "
            "give them in `with`",
        )
        return None
    return ours[0] / theirs[0], ours[1] / theirs[1]


def _sound(adapter: TypeAdapter[Any], value: object) -> Any:
    try:
        return None if value is None else adapter.validate_python(value)
    except ValidationError:
        return None


def _timed(shot: _Shot, use: UseSpec, motion: Motion, loc: RawLoc) -> dict[str, Any] | None:
    """The data of the motion's handles in the shot's frames; None where keys meet."""
    frames = _sound(_FRAMES, shot.data.get("frames")) or FrameRange(0, 0)
    rate = _sound(_RATE, shot.data.get("fps")) or Fraction(24)
    start = frames.first if use.with_.start is None else use.with_.start
    pace = 1 / Fraction(use.with_.speed).limit_denominator(100_000)
    handles = copy.deepcopy(motion.handles)
    for handle in handles.values():
        _start_at_rest(handle)
    walk = Retiming(TimeMap(0, start, rate / motion.spec.fps * pace, pace))
    retime_data({"handles": handles}, MotionSpec, walk)
    for finding in walk.findings:
        field_name = ".".join(map(str, finding.loc))
        message = finding.message.split(";")[0]
        shot.report((*loc, "use"), f"{field_name}: {message}; use it at a lower `speed`")
    return None if walk.findings else handles


def _start_at_rest(handle: dict[str, Any]) -> None:
    """Have all that it does start on the motion's first frame, instead of the shot's."""
    for modifier in handle.get("modifiers") or ():
        for kind in ("noise", "jitter", "cycle"):
            if modifier.get(kind):
                modifier[kind].setdefault("start", 0)
    layers = [modifier["layer"] for modifier in handle.get("modifiers") or () if modifier.get("layer")]
    for travel in (handle, *layers):
        before = travel.get("extrapolate") or {}
        if isinstance(before, str) or before.get("before") or "slope" in before:
            continue
        for field_name, rest in (("keys", {"by": [0, 0]}), ("timing", {"to": 0})):
            keys = travel.get(field_name)
            if keys and min(map(int, keys)) > 0:
                travel[field_name] = {0: rest, **keys}


def _merge(shot: _Shot, use: UseSpec, motion: Motion, handles: dict[str, Any], loc: RawLoc) -> None:
    """Put handles into the timeline: those that it has already get a layer and modifiers on top."""
    unknown = next((name for name in use.rename if name not in handles), None)
    if unknown is not None:
        known = ", ".join(handles)
        shot.report(
            (*loc, "rename", unknown), f"{motion.name} has no handle {unknown}, but {known}", on_key=True
        )
        return
    names = {name: use.rename.get(name, use.prefix + name) for name in handles}
    place = _mark_of(shot, loc)
    for name, handle in handles.items():
        ours = names[name]
        modifiers = [_renamed(modifier, names) for modifier in handle.get("modifiers") or ()]
        existing = shot.data["handles"].get(ours)
        if existing is None:
            added = {"modifiers": modifiers} if modifiers else {}
            shot.data["handles"][ours] = {**handle, "overrun": True, **added}
            shot.marks = _with_mark(shot.marks, ("handles", ours), place)
        elif isinstance(existing, dict) and not handle.get("pin"):
            if existing.get("pin"):
                message = (
                    f"{ours} is pinned in this timeline, and {motion.name} moves it; take away its `pin`"
                )
                shot.report((*loc, "use"), f"{message}, or `rename` the motion's {name}")
                continue
            layer = {key: handle[key] for key in TRAVEL if key in handle}
            on_top = [{"layer": layer, "overrun": True}] if "keys" in layer or "path" in layer else []
            on_top += [{**modifier, "overrun": True} for modifier in modifiers]
            _add_modifiers(shot, ours, existing, on_top, place)


def _add_modifiers(
    shot: _Shot, name: str, handle: dict[str, Any], added: list[dict[str, Any]], place: Mark | None
) -> None:
    written = handle.get("modifiers")
    if written is not None and not isinstance(written, list):
        return  # reported as what it is
    modifiers = [*(written or ()), *added]
    handle["modifiers"] = modifiers
    if written is None:
        shot.marks = _with_mark(shot.marks, ("handles", name, "modifiers"), place)
    for index in range(len(written or ()), len(modifiers)):
        shot.marks = _with_mark(shot.marks, ("handles", name, "modifiers", f"[{index}]"), place)


def _renamed(modifier: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A modifier with the handle that it follows or mirrors by its name in the timeline."""
    found = dict(modifier)
    for kind in ("follow", "mirror"):
        if isinstance(found.get(kind), dict):
            leader = found[kind]["handle"]
            found[kind] = {**found[kind], "handle": names.get(leader, leader)}
    return found


def _mark_of(shot: _Shot, loc: RawLoc) -> Mark | None:
    """The place of a use, as a mark that has nothing within it."""
    mark = shot.origin.marks
    for part in shot.origin.written(loc):
        if mark is not None:
            mark = mark.children.get(part)
    return None if mark is None else Mark(mark.value, mark.value)


def _with_mark(marks: Mark | None, loc: tuple[str, ...], mark: Mark | None) -> Mark | None:
    """The marks with one more within them."""
    if marks is None or mark is None:
        return marks
    if not loc:
        return mark
    child = marks.children.get(loc[0], Mark(mark.value, mark.key))
    below = _with_mark(child, loc[1:], mark)
    return marks if below is None else replace(marks, children={**marks.children, loc[0]: below})
