"""From the shots of a list to its takes: defaults put in, every combination of a matrix's axes made."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from previz.batch._changes import Change, Loc, parse_path
from previz.batch._list import ShotList
from previz.batch._schema import ShotFields
from previz.errors import PrevizError, Problem
from previz.timebase import FrameRange
from previz.timeline import Finding, Origin

TAKE_AXIS = "take"
"""The axis of a matrix whose values are sets of changes, by name."""

MAX_TAKES = 10_000
"""The most shots that a list may come to."""

_UNFIT = re.compile(r"[^\w.\-]+")


@dataclass(frozen=True)
class ListedTake:
    """One take of a shot, before its timeline is read.

    `place` is the shot's in the list, `frames_place` that of its frames, `start_place` that of `start_from`.
    """

    id: str
    shot: str
    labels: Mapping[str, str]
    fields: ShotFields
    changes: tuple[Change, ...]
    timeline: str
    frames: FrameRange | None
    origin: Origin
    place: Loc

    def problem(self, message: str, *field: str, on_key: bool = False) -> Problem:
        """A problem at the shot, or at a field of it."""
        return self.origin.problem(Finding((*self.place, *field), message, on_key=on_key or not field))


@dataclass(frozen=True)
class _Choice:
    """A value of an axis: what it is called, and what it changes."""

    axis: str
    label: str
    changes: tuple[Change, ...]
    frames: FrameRange | None = None


def list_takes(listed: ShotList) -> tuple[list[ListedTake], list[Problem]]:
    """All takes of a list in its order, and what is wrong with its dotted paths and matrices."""
    takes: list[ListedTake] = []
    problems: list[Problem] = []
    places: dict[str, str] = {}
    for shot, own in listed.shots.items():
        for take in _takes_of(listed, shot, own, problems):
            if take.id in places:
                problems.append(
                    take.problem(f"a take of it is called {take.id}, as one of {places[take.id]}")
                )
            places[take.id] = shot
            takes.append(take)
    return takes, problems


def _takes_of(listed: ShotList, shot: str, own: ShotFields, problems: list[Problem]) -> Iterator[ListedTake]:
    defaults, place = listed.spec.defaults, ("shots", shot)
    fields = _with_defaults(own, defaults)
    if fields.timeline is None:
        problems.append(
            listed.rows.problem(Finding(place, "has no timeline; give it one, or `defaults`", on_key=True))
        )
        return
    base = [
        *_changes(defaults, listed.head, ("defaults",), problems),
        *_changes(own, listed.rows, place, problems),
    ]
    by_list = own.matrix is None
    origin, loc = (listed.head, ("defaults",)) if by_list else (listed.rows, place)
    axes = [
        _choices(axis, values, origin, (*loc, "matrix", axis), problems)
        for axis, values in (fields.matrix or {}).items()
    ]
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > MAX_TAKES:
        problems.append(
            origin.problem(Finding((*loc, "matrix"), f"is {count} takes; the most are {MAX_TAKES}"))
        )
        return
    for choices in itertools.product(*axes):
        frames = next((choice.frames for choice in choices if choice.frames is not None), fields.frames)
        yield ListedTake(
            id="_".join([shot, *(choice.label for choice in choices)]),
            shot=shot,
            labels={choice.axis: choice.label for choice in choices},
            fields=fields,
            changes=(*base, *(change for choice in choices for change in choice.changes)),
            timeline=fields.timeline,
            frames=frames,
            origin=listed.rows,
            place=place,
        )


def _with_defaults(own: ShotFields, defaults: ShotFields) -> ShotFields:
    """The shot's fields, with the defaults' where it has none; tags and waits are both's."""
    given = own.model_fields_set
    taken = {
        name: getattr(own if name in given else defaults, name)
        for name in ShotFields.model_fields
        if name in given or name in defaults.model_fields_set
    }
    for name in ("tags", "after"):
        taken[name] = tuple(dict.fromkeys((*getattr(defaults, name), *getattr(own, name))))
    return ShotFields.model_construct(**taken)


def _changes(fields: ShotFields, origin: Origin, loc: Loc, problems: list[Problem]) -> list[Change]:
    """What a shot's fields, or the defaults', change in the timeline."""
    made = []
    if fields.character is not None:
        inner: tuple[str, ...]
        for name, value in fields.character.items():
            inner = ("character",) if fields.character.keys() == {"checkpoint"} else ("character", str(name))
            made.append(Change(("character", str(name)), value, origin, (*loc, *inner)))
    if fields.seed is not None:
        made += _seed(fields.seed, origin, (*loc, "seed"))
    for path, value in fields.set.items():
        made += _at_path(path, value, origin, (*loc, "set", path), problems)
    return made


def _seed(seed: object, origin: Origin, loc: Loc) -> list[Change]:
    """A seed takes the place of a latent."""
    return [
        Change(("character", "latent"), None, origin, loc),
        Change(("character", "seed"), seed, origin, loc),
    ]


def _at_path(path: str, value: Any, origin: Origin, loc: Loc, problems: list[Problem]) -> list[Change]:
    try:
        return [Change(parse_path(path), value, origin, loc)]
    except ValueError as error:
        problems.append(origin.problem(Finding(loc, str(error), on_key=True)))
        return []


def _choices(
    axis: str, values: dict[Any, Any] | list[Any], origin: Origin, loc: Loc, problems: list[Problem]
) -> list[_Choice]:
    """The values of an axis with their names; two of one name are a problem."""
    pairs: list[tuple[str, Any, Loc]]
    if isinstance(values, dict):
        pairs = [(_UNFIT.sub("-", str(name)), value, (*loc, name)) for name, value in values.items()]
    elif axis == TAKE_AXIS:
        message = "is a mapping of names to what each take changes: {calm: {}, wild: {solver.tolerance: 2}}"
        problems.append(origin.problem(Finding(loc, message)))
        return []
    else:
        stem = axis.rpartition(".")[2]
        pairs = [(_label(stem, value, index), value, (*loc, index)) for index, value in enumerate(values)]
    names = [name for name, _, _ in pairs]
    for index, (name, _, place) in enumerate(pairs):
        if name in names[:index]:
            problems.append(origin.problem(Finding(place, f"a second take called {name}")))
    return [
        _choice(axis, name, value, origin, place, problems)
        for index, (name, value, place) in enumerate(pairs)
        if name not in names[:index]
    ]


def _label(stem: str, value: object, index: int) -> str:
    simple = isinstance(value, (int, float)) or (isinstance(value, str) and len(value) <= 24)
    return _UNFIT.sub("-", f"{stem}{value}" if simple else f"{stem}{index + 1}")


def _choice(axis: str, name: str, value: Any, origin: Origin, loc: Loc, problems: list[Problem]) -> _Choice:
    changes: list[Change] = []
    frames = None
    pairs = [(axis, value, loc)]
    if axis == TAKE_AXIS:
        if not isinstance(value, dict):
            message = "a take is a mapping of fields: {seed: 3, solver.tolerance: 2}; {} changes nothing"
            problems.append(origin.problem(Finding(loc, message)))
            return _Choice(axis, name, ())
        pairs = [(str(key), item, (*loc, key)) for key, item in value.items()]
    for key, item, place in pairs:
        if key == "seed":
            changes += _seed(item, origin, place)
        elif key == "character" and not isinstance(item, dict):
            changes.append(Change(("character", "checkpoint"), item, origin, place))
        elif key == "frames":
            try:
                frames = FrameRange.parse(item if isinstance(item, int) else str(item))
            except PrevizError as error:
                problems.append(origin.problem(Finding(place, str(error))))
        else:
            changes += _at_path(key, item, origin, place, problems)
    return _Choice(axis, name, tuple(changes), frames)
