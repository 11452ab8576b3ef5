"""Retiming the data of a timeline as it is written, in place: every number that the schema marks as time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from previz.errors import PrevizError
from previz.timebase import FrameRange
from previz.timeline._fields import is_number
from previz.timeline._keys import ExtrapolateSpec, SlopeSpec
from previz.timeline._mask_fields import ImagesSpec
from previz.timeline._problems import Finding, RawLoc
from previz.timeline._retime_map import CollisionError, TimeMap, tidy
from previz.timeline._units import TimeUnit
from previz.timeline._walk import Branch, branches, fields, inside, is_model

Mapped = MutableMapping[Any, Any]


@dataclass(frozen=True)
class Retiming:
    """A walk through the data: the map of frames, what was found wrong, and which nodes were seen.

    A node that an alias repeats is one and the same, and is retimed once. `stretch` is what the lengths of
    tangents are multiplied by, before the key that is walked and after it: as the way to the next key is,
    which for whole frames isn't quite the map's factor.
    """

    map: TimeMap
    nudge: bool = False
    stretch: tuple[Fraction, Fraction] = (Fraction(1), Fraction(1))
    findings: list[Finding] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)


def retime_data(data: Mapped, model: type[BaseModel], walk: Retiming) -> None:
    """Retime the data of a `model` in place. What can't be done is added to the findings."""
    _walk(data, [(model, ())], walk, ())


def _walk(value: Any, options: list[Branch], walk: Retiming, loc: RawLoc) -> Any:
    """Retime a value that may have one of these types, and return it."""
    if unit := _unit(options):
        return _converted(value, unit.kind, walk, loc)
    if isinstance(value, (MutableMapping, MutableSequence)) and id(value) in walk.seen:
        return value
    if isinstance(value, MutableMapping):
        walk.seen.add(id(value))
        _walk_mapping(value, options, walk, loc)
    elif isinstance(value, MutableSequence):
        walk.seen.add(id(value))
        items = [one for option in options if not is_model(option[0]) for one in inside(option, 0)]
        for index, item in enumerate(value):
            value[index] = _walk(item, items, walk, (*loc, index))
    return value


def _unit(options: list[Branch]) -> TimeUnit | None:
    marks = (mark for _, found in options for mark in found)
    return next((mark for mark in marks if isinstance(mark, TimeUnit)), None)


def _walk_mapping(value: Mapped, options: list[Branch], walk: Retiming, loc: RawLoc) -> None:
    lists = [option for option in options if _origin(option[0]) in (tuple, list)]
    alone = [one for option in lists for one in inside(option, 0)]  # a list of one may do without it
    for kind, _ in (*options, *alone):
        if is_model(kind):
            _walk_model(value, kind, walk, loc)
            return
        if _origin(kind) is dict:
            _walk_dict(value, kind, walk, loc)
            return


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _walk_model(value: Mapped, model: type[BaseModel], walk: Retiming, loc: RawLoc) -> None:
    if model is ExtrapolateSpec and "slope" in value:  # the short form for both sides
        model = SlopeSpec
    known = dict(fields(model))
    if "keys" in known and not any(name in value for name in known):  # keys that stand alone
        for kind, _ in known["keys"]:
            _walk_dict(value, kind, walk, loc)
        return
    for name, item in own_items(value):
        if name in known:
            value[name] = _walk(item, known[name], walk, (*loc, name))
    if walk.map.pace != 1:
        _write_defaults(value, model, walk)
    if model is ImagesSpec:
        _write_numbers(value, walk.map)


def _walk_dict(value: Mapped, kind: Any, walk: Retiming, loc: RawLoc) -> None:
    key, inner = (list(branches(argument)) for argument in get_args(kind))
    unit = _unit(key)
    if unit is None:
        for name, item in own_items(value):
            value[name] = _walk(item, inner, walk, (*loc, name))
        return
    written = {int(str(name).replace("_", "")): name for name, _ in own_items(value)}
    try:
        moved = walk.map.frames(written, walk.nudge)
    except CollisionError as error:
        walk.findings.append(Finding(loc, str(error), on_key=True))
        return
    ways = _ways(moved, walk.map)
    for index, frame in enumerate(sorted(written)):
        name = written[frame]
        walked = replace(walk, stretch=(ways[index], ways[index + 1]))
        value[name] = _walk(value[name], inner, walked, (*loc, name))
    rename(value, {name: moved[frame] for frame, name in written.items()})


def _ways(moved: Mapping[int, int], time: TimeMap) -> list[Fraction]:
    """How much longer the way before each key becomes, and after the last; the map's factor without one."""
    ordered = sorted(moved)
    starts = [(time.first, time.start), *((frame, moved[frame]) for frame in ordered)]
    ways = [
        Fraction(moved[frame] - there, frame - start) if frame > start else time.factor
        for (start, there), frame in zip(starts, ordered, strict=False)
    ]
    return [*ways, time.factor]


def own_items(value: Mapped) -> list[tuple[Any, Any]]:
    """The items of a mapping without those that `<<` merges into it, which are retimed where they stand."""
    items: Callable[[], Iterable[tuple[Any, Any]]] = getattr(value, "non_merged_items", value.items)
    return list(items())


def rename(value: Mapped, names: Mapping[Any, Any]) -> None:
    """Give the keys of a mapping other names, in place and in their order, with the comments beside them."""
    items = own_items(value)
    comments: dict[Any, Any] = value.ca.items if hasattr(value, "ca") else {}
    kept = {name: comments.pop(name) for name, _ in items if name in comments}
    for name, _ in items:
        del value[name]
    for name, item in items:
        value[names[name]] = item
        if name in kept:
            comments[names[name]] = kept[name]


def _converted(value: Any, kind: str, walk: Retiming, loc: RawLoc) -> Any:
    """A value of a unit of time as it becomes; what isn't sound stays as it is."""
    time = walk.map
    if kind == "frame":
        return time.frame(int(value)) if str(value).lstrip("-").isdecimal() else value
    if kind == "range":
        return _range(value, time)
    if kind == "frames":
        return time.span(value) if is_number(value) else value
    if kind == "tangent":
        if isinstance(value, MutableSequence) and value and is_number(value[0]):
            value[0] = tidy(value[0] * walk.stretch[0 if loc[-1] == "in" else 1])
        return value
    by = {"per-frame": time.factor, "hertz": time.pace, "speed": time.pace}[kind]
    if isinstance(value, MutableSequence):
        value[:] = [tidy(item / by) if is_number(item) else item for item in value]
        return value
    return tidy(value / by) if is_number(value) else value


def _range(value: Any, time: TimeMap) -> Any:
    try:
        frames = FrameRange.parse(value)
    except PrevizError:
        return value
    return str(FrameRange(time.frame(frames.first), max(time.frame(frames.first), time.frame(frames.last))))


def _write_defaults(value: Mapped, model: type[BaseModel], walk: Retiming) -> None:
    """Write what is so many times a second where it isn't written, since its default doesn't change."""
    for name, spec in model.model_fields.items():
        unit = _unit(list(branches(spec.annotation, tuple(spec.metadata))))
        counts = unit is not None and unit.kind in ("hertz", "speed") and is_number(spec.default)
        if counts and (spec.alias or name) not in value:
            value[spec.alias or name] = tidy(spec.default / walk.map.pace)


def _write_numbers(value: Mapped, time: TimeMap) -> None:
    """Have a sequence of pictures show on each frame the one that it showed at that time."""
    if "number" in value or time.identity or time.limits is None:
        return
    shot, target = time.limits
    steps = Fraction(target.last - target.first) / time.factor
    value["number"] = {
        "keys": {target.first: shot.first, target.last: tidy(min(shot.first + steps, Fraction(shot.last)))},
        "interp": "linear",
    }
    if target.first == target.last:
        value["number"] = shot.first


def expand_short_forms(data: Mapped, time: TimeMap) -> None:
    """Write out the short forms to which retiming adds: pictures, and motions, given by their name alone."""
    shapes = data.get("mask")
    for shape in shapes if isinstance(shapes, MutableSequence) else [shapes]:
        if isinstance(shape, MutableMapping) and isinstance(shape.get("images"), str):
            shape["images"] = {"files": shape["images"]}
    solver = data.get("solver")
    if isinstance(solver, MutableMapping) and is_number(solver.get("smooth")):
        solver["smooth"] = {"window": solver["smooth"]}
    if "motions" in data and time.pace != 1:
        uses = data["motions"]
        written = [_with_parameters(use) for use in (uses if isinstance(uses, MutableSequence) else [uses])]
        if isinstance(uses, MutableSequence):
            uses[:] = written
        else:
            data["motions"] = written[0]


def _with_parameters(use: Any) -> Any:
    """A use that has a place for its `speed`."""
    found = {"use": use} if isinstance(use, str) else use
    if isinstance(found, MutableMapping):
        found.setdefault("with", {})
    return found
