"""Shot lists from spreadsheets: CSV with a row a shot, read with the line and column of every cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from previz.errors import Problem
from previz.timeline import Document, Mark, read_yaml, where

_PLAIN = ("timeline", "seed", "character", "frames", "priority", "after", "start_from", "retries", "tags")
_TEXTS = (
    "timeline",
    "character",
    "frames",
    "after",
    "start_from",
    "tags",
)  # a cell of these is text as it is


@dataclass(frozen=True)
class Cell:
    """A cell: its text, and its line and column from 1."""

    text: str
    place: tuple[int, int]


def read_table(text: str, name: str) -> Document:
    """The shots of a CSV as a document with `shots`, the way a YAML list has them.

    The first row names the columns: shot, timeline and the other fields of a shot; `matrix.seed` and
    `resources.gpus` are fields of theirs, and any other column is a dotted path of the timeline. An empty
    cell says nothing. Values are read as in YAML, so [1, 2] is a list. Comma, semicolon or tab separate.
    """
    problems: list[Problem] = []
    rows = [row for row in _rows(text, name, problems) if any(cell.text.strip() for cell in row)]
    head = [Cell(cell.text.strip(), cell.place) for cell in rows[0]] if rows else []
    names = [cell.text for cell in head]
    if "shot" not in names:
        message = "the first row names the columns, and one of them is `shot`"
        return Document(None, None, (*problems, Problem(where(name, (1, 1)), "", message)))
    for index, cell in enumerate(head):
        if cell.text and cell.text in names[:index]:
            problems.append(Problem(where(name, cell.place), cell.text, "there are two columns of this name"))
    shots: dict[str | int, object] = {}
    marks: dict[str, Mark] = {}
    for row in rows[1:]:
        if len(row) > len(head):
            message = f"this row has {len(row)} cells, and there are {len(head)} columns"
            problems.append(Problem(where(name, row[len(head)].place), "", message))
        cells = {column: cell for column, cell in zip(names, row, strict=False) if cell.text.strip()}
        if "shot" not in cells:
            problems.append(Problem(where(name, row[0].place), "shot", "is missing: this row has no name"))
            continue
        shot, place = cells.pop("shot").text.strip(), row[names.index("shot")].place
        if shot in shots:
            message = f"written twice; first on line {marks[shot].key[0]}"
            problems.append(Problem(where(name, place), f"shots.{shot}", message))
            continue
        shots[shot], marks[shot] = _shot(cells, place, name, problems)
    mark = Mark((1, 1), (1, 1), {"shots": Mark((1, 1), (1, 1), marks)})
    return Document({"previz": 1, "shots": shots}, mark, tuple(problems))


def _shot(
    cells: dict[str, Cell], place: tuple[int, int], name: str, problems: list[Problem]
) -> tuple[dict[str | int, object], Mark]:
    data: dict[str | int, Any] = {}
    children: dict[str, Mark] = {}
    for column, cell in cells.items():
        value = cell.text.strip() if column in _TEXTS else _value(cell, name, problems)
        outer, _, inner = column.partition(".")
        if column in _PLAIN:
            data[column], children[column] = value, Mark(cell.place, cell.place)
            continue
        outer, inner = (outer, inner) if outer in ("matrix", "resources") and inner else ("set", column)
        data.setdefault(outer, {})[inner] = value
        children.setdefault(outer, Mark(cell.place, cell.place)).children[inner] = Mark(
            cell.place, cell.place
        )
    return data, Mark(place, place, children)


def _value(cell: Cell, name: str, problems: list[Problem]) -> object:
    document = read_yaml(cell.text, name)
    for problem in document.problems:
        problems.append(Problem(where(name, cell.place), "", problem.message))
    return document.data


def _rows(text: str, name: str, problems: list[Problem]) -> Iterator[list[Cell]]:
    """The rows of a CSV (RFC 4180), each cell with its place; comments start with # and fill a line."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t", key=first.count)
    position, line, start = 0, 1, 0
    row: list[Cell] = []
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    cell = re.compile(rf'[ ]*"((?:[^"]|"")*)"[ ]*(?=[{separator}\n]|\Z)|([^{separator}\n]*)')
    while position <= len(text):
        if not row and text.startswith("#", position) and position == start:
            position = text.find("\n", position) + 1 or len(text) + 1
            line, start = line + 1, position
            continue
        match = cell.match(text, position)
        assert match is not None
        quoted, plain = match.groups()
        if quoted is None and plain.lstrip().startswith('"'):
            problems.append(Problem(where(name, (line, position - start + 1)), "", "a quote is not closed"))
        content = plain if quoted is None else quoted.replace('""', '"')
        row.append(Cell(content, (line, position - start + 1)))
        position = match.end()
        line += match[0].count("\n")
        if "\n" in match[0]:
            start = text.rindex("\n", 0, position) + 1
        if position >= len(text) or text[position] == "\n":
            yield row
            row, line, start = [], line + 1, position + 1
        position += 1
