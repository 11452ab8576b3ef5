"""Reading shot lists: all that is wrong is found before any of it is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from previz.batch._schema import ListSpec, ShotFields
from previz.batch._table import read_table
from previz.batch._types import BatchError
from previz.errors import Problem, TimelineError
from previz.timeline import (
    Document,
    Finding,
    Origin,
    find_beside,
    finding_of,
    in_order,
    read_text,
    read_yaml,
    telling,
    where,
)

TABLES = (".csv", ".tsv")


class ShotListError(TimelineError, BatchError):
    """A shot list that can't be used; carries all of its problems, and reads one problem a line."""


@dataclass(frozen=True)
class ShotList:
    """A shot list as it is written.

    Attributes:
        path: its file.
        spec: its fields; `shots` of it are those of the CSV where it names one.
        shots: by name, in order.
        head: where the list's own fields and its defaults stand.
        rows: where the shots stand: the list, or its CSV.
    """

    path: Path
    spec: ListSpec
    shots: Mapping[str, ShotFields]
    head: Origin
    rows: Origin


def read_list(path: str | Path) -> ShotList:
    """Read a shot list, YAML or CSV, without the timelines that it names.

    Raises ShotListError, which lists every problem as `file:line:column: field: message`.
    """
    name, path = str(path), Path(path)
    document = _document(path, name)
    if not isinstance(document.data, dict):
        message = "a shot list is a mapping that starts with `previz: 1` and has `shots`"
        raise ShotListError(document.problems or [Problem(where(name, (1, 1)), "", message)])
    head = rows = Origin(name, document.data, document.marks)
    spec, findings = _validate(document.data)
    problems = [*document.problems, *map(head.problem, findings)]
    shots = spec.shots if spec is not None else document.data.get("shots")
    if isinstance(shots, str):
        rows, shots, of_table = _table_of(path, shots, head)
        problems += of_table
    if spec is None or problems:
        raise ShotListError(in_order(problems))
    return ShotList(path, spec, dict(shots) if isinstance(shots, Mapping) else {}, head, rows)


def _document(path: Path, name: str) -> Document:
    text = _text(path, name)
    if path.suffix.lower() in TABLES:
        return read_table(text, name)
    if not text.strip():
        message = "the file is empty; it needs at least `previz: 1` and `shots`"
        return Document(None, None, (Problem(where(name, (1, 1)), "", message),))
    return read_yaml(text, name)


def _text(path: Path, name: str) -> str:
    try:
        return read_text(path, name)
    except TimelineError as error:
        problems = [
            Problem(problem.where, problem.field, problem.message.replace("timeline", "shot list"))
            for problem in error.problems
        ]
        raise ShotListError(problems) from None


def _validate(data: Mapping[Any, Any]) -> tuple[ListSpec | None, list[Finding]]:
    try:
        return ListSpec.model_validate(data), []
    except ValidationError as error:
        return None, [_worded(finding_of(detail, ListSpec)) for detail in telling(error.errors())]


def _worded(finding: Finding) -> Finding:
    """What a timeline's words don't fit."""
    if finding.loc == ("previz",) and finding.message.startswith("is missing"):
        return Finding(finding.loc, "is missing; a shot list starts with `previz: 1`", on_key=finding.on_key)
    return finding


def _table_of(path: Path, file: str, head: Origin) -> tuple[Origin, Mapping[str, ShotFields], list[Problem]]:
    """The shots of the CSV that a list names."""
    table = find_beside(path, file)
    if table.suffix.lower() not in TABLES:
        return (
            head,
            {},
            [head.problem(Finding(("shots",), f"must be a mapping of shots or a CSV, not {file}"))],
        )
    try:
        document = read_table(_text(table, str(table)), str(table))
    except ShotListError as error:
        return head, {}, [head.problem(Finding(("shots",), f"{file}: {p.message}")) for p in error.problems]
    rows = Origin(str(table), document.data, document.marks)
    problems = list(document.problems)
    spec, findings = _validate(document.data) if isinstance(document.data, dict) else (None, [])
    problems += map(rows.problem, findings)
    shots = spec.shots if spec is not None and isinstance(spec.shots, dict) else {}
    return rows, shots, problems
