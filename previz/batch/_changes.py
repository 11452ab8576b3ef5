"""What a list changes in a timeline: values put in by dotted paths, before the timeline is read."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from previz.errors import Problem
from previz.timeline import Finding, Origin, Timeline, field_name, fields, models_at

Path = tuple[str | int, ...]
Loc = tuple[str | int, ...]

_PART = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")
_SHORT: dict[
    Path, str
] = {  # fields that may be written as one value, and the field of the long form that it stands for
    ("character",): "checkpoint",
    ("solver", "smooth"): "window",
    ("output", "audio"): "file",
    ("output", "letterbox"): "ratio",
}
_LIST_OWNS: dict[Path, str] = {
    ("shot",): "a shot's name is the list's",
    ("previz",): "the format's version is the timeline's",
    ("output", "name"): "files are named by the list's `name`",
    ("output", "version"): "the version is the list's",
}


@dataclass(frozen=True)
class Change:
    """A value for a place of the timeline, and where the list says so.

    Attributes:
        path: the place: ("solver", "tolerance"), ("motions", 0, "with", "amount").
        value: None takes the field away.
        origin: the file that says it.
        loc: where in that file.
    """

    path: Path
    value: Any
    origin: Origin
    loc: Loc

    def problem(self, message: str, on_key: bool = False) -> Problem:
        """A problem at the place where the list says it."""
        return self.origin.problem(Finding(self.loc, message, on_key=on_key))

    @property
    def field(self) -> str:
        """The timeline's field, as problems name it."""
        return field_name(tuple(f"[{part}]" if isinstance(part, int) else part for part in self.path))


def parse_path(text: str) -> Path:
    """The parts of a dotted path. Raises ValueError.

    Example: `parse_path("motions[0].with.amount")` is `("motions", 0, "with", "amount")`.
    """
    parts: list[str | int] = []
    for piece in text.split("."):
        match = _PART.fullmatch(piece)
        if match is None:
            raise ValueError(
                f"{text!r} is not a field's path; write it as solver.tolerance or motions[0].with.amount"
            )
        parts += [match[1], *map(int, re.findall(r"\d+", match[2]))]
    return tuple(parts)


def apply_changes(data: Mapping[Any, Any], changes: Sequence[Change]) -> tuple[dict[Any, Any], list[Problem]]:
    """A timeline's plain data with the changes made, in order, and what was wrong with them."""
    changed: dict[Any, Any] = copy.deepcopy(dict(data))
    problems = []
    for change in changes:
        try:
            _put(changed, change.path, change.value)
        except ValueError as error:
            problems.append(change.problem(str(error), on_key=True))
    return changed, problems


def blame(problem: Problem, changes: Sequence[Change]) -> Change | None:
    """The change that a problem of the changed timeline comes from: at its field, within it, or around it."""
    for change in reversed(changes):
        if _within(problem.field, change.field):
            return change
    for change in reversed(changes):
        if _within(change.field, problem.field):
            return change
    return None


def _within(field: str, outer: str) -> bool:
    return field == outer or field.startswith((f"{outer}.", f"{outer}["))


def _put(data: Any, path: Path, value: Any) -> None:
    """Put a value into plain data in place; raises ValueError for a place that a timeline doesn't have."""
    if path[:2] in _LIST_OWNS or path[:1] in _LIST_OWNS:
        raise ValueError(_LIST_OWNS.get(path[:2], _LIST_OWNS.get(path[:1], "")))
    node = data
    for depth, part in enumerate(path[:-1]):
        here = path[:depth]
        if isinstance(node, list):
            node = node[_index(node, part, here)]
            continue
        key = _key(node, part, here, last=False)
        short = _SHORT.get(path[: depth + 1])
        if key not in node and value is None:
            return
        if key not in node:
            node[key] = {}
        elif short and not isinstance(node[key], (dict, list)):
            node[key] = {short: node[key]}
        node = node[key]
    if isinstance(node, list):
        index = _index(node, path[-1], path[:-1])
        node[index : index + 1] = [] if value is None else [value]
        return
    key = _key(node, path[-1], path[:-1], last=True)
    if value is None:
        node.pop(key, None)
    else:
        node[key] = value


def _index(items: list[Any], part: str | int, here: Path) -> int:
    if isinstance(part, int) and part < len(items):
        return part
    raise ValueError(f"{_told(here)} is a list of {len(items)}; name an item as {_told(here)}[0]")


def _key(node: object, part: str | int, here: Path, last: bool) -> Any:
    """The key of a mapping that a part stands for; raises ValueError where a timeline has none such."""
    if not isinstance(node, dict) or isinstance(part, int):
        what = "is not a list" if isinstance(part, int) else "has no fields"
        raise ValueError(f"{_told(here) or 'a timeline'} {what}")
    keys = {str(key): key for key in node}
    if part in keys:
        return keys[part]
    models: list[type[BaseModel]] = models_at(Timeline, here)
    known = [name for name, _ in fields(models[0])] if models else []
    free = not models or models[0].model_config.get("extra") == "allow"
    if part in known or (free and last):
        return int(part) if here and here[-1] in ("keys", "timing") and part.lstrip("-").isdecimal() else part
    raise ValueError(_unknown(part, here, known or list(keys)))


def _unknown(part: str, here: Path, known: list[str]) -> str:
    of = f" in {_told(here)}" if here else ""
    near = difflib.get_close_matches(part, known, n=1, cutoff=0.6)
    elsewhere = [
        f"{outer}.{name}"
        for outer in ("solver", "output", "character")
        for model in models_at(Timeline, (outer,))[:1]
        for name, _ in fields(model)
        if name == part
    ]
    if near or (elsewhere and not here):
        right = _told((*here, near[0])) if near else elsewhere[0]
        return f"there is no {part}{of}; did you mean {right}?"
    return f"there is no {part}{of}; known are {', '.join(known[:12]) or 'none'}"


def _told(path: Path) -> str:
    return field_name(tuple(f"[{part}]" if isinstance(part, int) else str(part) for part in path))
