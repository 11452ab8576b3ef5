"""What is wrong in a timeline, put for an artist: where, which field, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from previz.errors import Problem
from previz.timeline._fields import show
from previz.timeline._walk import fields, models_at
from previz.timeline._yaml import Loc, Mark, field_name, where

RawLoc = tuple[str | int, ...]
"""A place as pydantic gives it: keys, list indices, and parts that only the long form of a field has."""


@dataclass(frozen=True)
class Finding:
    """A problem at a place of the data; `field` names another place than `loc`, where that reads better."""

    loc: RawLoc
    message: str
    severity: Literal["error", "warning"] = "error"
    field: RawLoc | None = None
    on_key: bool = False  # it is the key that is wrong, rather than its value


@dataclass(frozen=True)
class Origin:
    """What a timeline was read from: its name for messages, its plain data, and the marks of its YAML."""

    name: str
    data: object
    marks: Mark | None

    def problem(self, finding: Finding) -> Problem:
        """Put a finding as a problem, with its line and column where there are marks."""
        loc = self.written(finding.loc)
        field = loc if finding.field is None else self.written(finding.field)
        return Problem(
            where(self.name, self._place(loc, finding.on_key)),
            field_name(field),
            finding.message,
            finding.severity,
        )

    def written(self, loc: RawLoc) -> Loc:
        """The place as written: without the parts that only the long form of a field has."""
        data, parts = self.data, list[str]()
        for place, part in enumerate(loc):
            if isinstance(data, Mapping):
                there = part in data or str(part) in data
                if there or (
                    isinstance(part, str) and place == len(loc) - 1
                ):  # the last may be what is missing
                    parts.append(str(part))
                    data = data.get(part, data.get(str(part)))
            elif isinstance(data, (list, tuple)) and isinstance(part, int):
                parts.append(f"[{part}]")
                data = data[part] if part < len(data) else None
        return tuple(parts)

    def _place(self, loc: Loc, on_key: bool) -> tuple[int, int] | None:
        mark = self.marks
        if mark is None:
            return None
        for part in loc:
            if part not in mark.children:
                return mark.key  # a missing field: the mapping that lacks it
            mark = mark.children[part]
        return mark.key if on_key else mark.value


def finding_of(error: ErrorDetails, model: type[BaseModel]) -> Finding:
    """Put one of pydantic's errors about a `model` in our words."""
    tagged, kind = error["loc"], error["type"]
    loc = tuple(part for part in tagged if not (isinstance(part, str) and part.startswith("<")))
    if loc and loc[-1] == "[key]":
        return Finding(loc[:-1], _message(error), on_key=True)
    if kind == "extra_forbidden":
        return Finding(loc, _unknown_field(model, tagged), on_key=True)
    if loc == ("previz",) and kind == "literal_error":
        return Finding(
            loc, f"must be 1, the only version of the format that is known, not {show(error['input'])}"
        )
    if error["input"] is None:  # nothing is written where the value would be
        return Finding(loc, _message(error), on_key=True)
    if kind in {"model_type", "model_attributes_type"}:
        known = _fields_at(model, tagged)
        return Finding(loc, _message(error) + (f"; its fields are {', '.join(known)}" if known else ""))
    if kind == "missing":
        hint = _MISSING_HINTS.get(loc, "") if "frames" in model.model_fields else ""
        return Finding(loc, "is missing" + hint)
    return Finding(loc, _message(error))


_MISSING_HINTS: dict[RawLoc, str] = {
    ("previz",): "; a timeline starts with `previz: 1`",
    ("frames",): "; write the first and last frame, `frames: 1001-1048`",
}


def _fields_at(model: type[BaseModel], loc: RawLoc) -> list[str]:
    return [name for found in models_at(model, loc)[:1] for name, _ in fields(found)]


def _unknown_field(model: type[BaseModel], loc: RawLoc) -> str:
    known = _fields_at(model, loc[:-1])
    near = difflib.get_close_matches(str(loc[-1]).lower(), known, n=1, cutoff=0.6)
    if near:
        return f"unknown field; did you mean {near[0]}?"
    return f"unknown field; known are {', '.join(known)}" if known else "unknown field"


_TYPES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "finite_number": "a finite number",
    "int_from_float": "a whole number",
}
_LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _message(error: ErrorDetails) -> str:
    kind, value, limits = error["type"], show(error["input"]), error.get("ctx", {})
    if kind == "value_error":
        return str(limits["error"])
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, not {value}"
    if kind in _LIMITS:
        word, name = _LIMITS[kind]
        return f"must be {word} {limits[name]:.10g}, not {value}"
    if kind == "literal_error":
        return _choice(error["input"], limits)
    if kind == "string_type":
        quote = "; put it in quotes" if isinstance(error["input"], (int, float)) else ""
        return f"must be text, not {value}{quote}"
    if kind in {"string_too_short", "too_short"}:
        count = limits["min_length"]
        return (
            "must not be empty"
            if count == 1
            else f"needs at least {count} points, not {limits['actual_length']}"
        )
    if kind == "string_too_long":
        return f"is longer than {limits['max_length']} characters"
    if kind == "string_pattern_mismatch":
        return f"{value} is not a name; use letters, digits, _ and -"
    return error["msg"]


def _choice(value: object, limits: Mapping[str, Any]) -> str:
    expected = str(limits["expected"]).replace("'", "")
    near = difflib.get_close_matches(str(value), expected.replace(" or ", ", ").split(", "), n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"must be {expected}, not {show(value)}{hint}"


def telling(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those of lists that are too short only because items of theirs are wrong."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(
            len(place) > len(error["loc"]) and place[: len(error["loc"])] == error["loc"] for place in places
        )
    ]
