"""The state of a run: a line for each case that was measured, so that a run that was stopped goes on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks._suite import Record
from previz.errors import OutputError
from previz.files import check_output, writing

__all__ = ["Journal", "begin", "read"]

FORMAT = 1


@dataclass(frozen=True)
class Journal:
    """A state file and what it holds.

    Attributes:
        path: the file; its first line says what all of it was measured on, each other one is a case.
        done: records by suite and case.
    """

    path: Path
    done: dict[tuple[str, str], list[Record]]

    def add(self, suite: str, case: str, records: list[Record]) -> None:
        """Keep the records of a case; once this returns, a crash doesn't lose them."""
        self.done[suite, case] = records
        line = json.dumps({"suite": suite, "case": case, "records": records})
        with writing(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def of(self, suite: str) -> list[Record]:
        """The records of a suite, in the order in which they were measured."""
        return [record for (name, _), records in self.done.items() if name == suite for record in records]


def begin(path: Path, about: Record, resume: bool, force: bool) -> Journal:
    """A state file to add to: a fresh one, or with `resume` the one that is there.

    `about` is what cases of one run have in common. Raises OutputError for a file that is there without
    `resume` or `force`, or that was measured on something else.
    """
    if path.exists() and resume:
        journal, before = read(path)
        for name, value in about.items():
            if before.get(name) != value:
                raise OutputError(
                    f"{path}: measured with {name} {before.get(name)}, not {value}; "
                    "--force starts it again, --state keeps another beside it"
                )
        _mend(path)
        return journal
    if path.exists() and not force and not path.is_dir():
        raise OutputError(
            f"{path}: the state of a run; --resume goes on with it or shows it, --force starts again"
        )
    check_output(path, force)
    with writing(path):
        path.write_text(json.dumps({"format": FORMAT, **about}) + "\n", encoding="utf-8")
    return Journal(path, {})


def read(path: Path) -> tuple[Journal, Record]:
    """What a state file holds, and what it was measured on; a last line that was cut off is left out.

    Raises OutputError for a file of another kind.
    """
    with writing(path):
        head, *lines = path.read_text(encoding="utf-8").split("\n")
    try:
        about = json.loads(head)
        if about.pop("format") != FORMAT:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OutputError(f"{path}: not the state of a `previz bench` of this version") from None
    done: dict[tuple[str, str], list[Record]] = {}
    for number, line in enumerate(lines[:-1], start=2):
        try:
            case = json.loads(line)
            done[case["suite"], case["case"]] = case["records"]
        except (ValueError, KeyError, TypeError):
            raise OutputError(
                f"{path}:{number}: not a case of a `previz bench`; --force starts it again"
            ) from None
    return Journal(path, done), about


def _mend(path: Path) -> None:
    """Cut a last line off that lacks its end, as a crash may leave one."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with writing(path):
            path.write_bytes(whole)
