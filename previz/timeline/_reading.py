"""Reading the text of timelines and motions, and putting their problems in order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from previz.errors import Problem, TimelineError
from previz.timeline._yaml import MAX_BYTES, where


def read_text(path: Path, name: str) -> str:
    """The text of a file that may be a timeline; TimelineError where it can't be read."""
    try:
        if path.is_dir():
            raise TimelineError([Problem(name, "", "is a folder, not a timeline")])
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a device may have no end
        if len(content) > MAX_BYTES:
            too_large = f"is larger than {MAX_BYTES // 1_000_000} MB; that is no timeline"
            raise TimelineError([Problem(name, "", too_large)])
    except FileNotFoundError:
        raise TimelineError([Problem(name, "", "there is no such file")]) from None
    except (OSError, ValueError) as error:
        raise TimelineError(
            [Problem(name, "", f"can't be read: {getattr(error, 'strerror', error)}")]
        ) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise TimelineError([Problem(where(name, (line, column)), "", "is not UTF-8 text")]) from None


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, each once: file by file, and within each in the order of its lines."""
    distinct = list(dict.fromkeys(problems))
    files = list(dict.fromkeys(_place(problem)[0] for problem in distinct))
    return sorted(distinct, key=lambda problem: (files.index(_place(problem)[0]), *_place(problem)[1:]))


def _place(problem: Problem) -> tuple[str, int, int]:
    name, *place = problem.where.rsplit(":", 2)
    if len(place) == 2 and all(part.isdigit() for part in place):
        return name, int(place[0]), int(place[1])
    return problem.where, 0, 0
