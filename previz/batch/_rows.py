"""The rows of a list's state, as a table, a report or a program reads them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Literal

from previz.batch._types import PlannedShot

Status = Literal["waiting", "running", "done", "failed"]
Phase = Literal["loading", "solving", "writing"]


@dataclass(frozen=True)
class Row:
    """A shot's row. Times are seconds since the epoch, lengths pixels of the generator's image.

    Attributes:
        id: the shot.
        shot: the list's shot that it is a take of.
        status: waiting, running, done or failed.
        blocked: ids of shots that it waits for and that failed.
        cached: done by an earlier run.
        attempt: how often it was started.
        failures: how often it ended in an error since it was last put in line.
        host: where it runs or ran last.
        pid: of that worker.
        device: of that worker.
        started: when that worker claimed it.
        heartbeat: that worker's last word.
        finished: when it was done or failed.
        phase: loading, solving or writing, while it runs.
        frames_done: solved, or found solved.
        frames_total: of how many.
        solved: of them, by the last worker.
        error_px: the farthest handle of the last frame, or of all frames when done.
        seconds: work on it by all of its workers together.
        error: what went wrong last, one line.
        priority: a higher one goes first.
        input_hash: what the outputs were, or will be, made of.
        planned: the whole shot.
    """

    id: str
    shot: str
    status: Status
    blocked: tuple[str, ...]
    cached: bool
    attempt: int
    failures: int
    host: str | None
    pid: int | None
    device: str | None
    started: float | None
    heartbeat: float | None
    finished: float | None
    phase: Phase | None
    frames_done: int
    frames_total: int
    solved: int
    error_px: float | None
    seconds: float
    error: str | None
    priority: int
    input_hash: str
    planned: PlannedShot


def is_left(row: Row) -> bool:
    """Whether something may still become of a shot: it runs, or is in line for a start."""
    return row.status == "running" or (row.status == "waiting" and not row.blocked)


def read_rows(connection: sqlite3.Connection) -> tuple[Row, ...]:
    """All shots, in the list's order."""
    connection.execute("BEGIN")
    found = connection.execute("SELECT * FROM shots ORDER BY position").fetchall()
    needs = connection.execute("SELECT shot, needed FROM needs").fetchall()
    connection.execute("COMMIT")
    status = {row["id"]: row["status"] for row in found}
    needed: dict[str, list[str]] = {}
    for row in needs:
        needed.setdefault(row["shot"], []).append(row["needed"])
    failed = {
        shot: tuple(one for one in _all_needs(shot, needed) if status.get(one) == "failed") for shot in status
    }
    return tuple(_row(row, failed[row["id"]]) for row in found)


def _all_needs(shot: str, needed: dict[str, list[str]]) -> list[str]:
    """What a shot waits for, and what that waits for."""
    found, waiting = list[str](), list(needed.get(shot, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            waiting += needed.get(one, ())
    return found


def _row(row: sqlite3.Row, failed: tuple[str, ...]) -> Row:
    planned = PlannedShot.from_dict(json.loads(row["plan"]))
    names = (
        *("id", "status", "attempt", "failures", "host", "pid", "device", "started", "heartbeat"),
        *("finished", "phase", "frames_done", "frames_total", "solved", "error_px", "seconds", "error"),
        *("priority", "input_hash"),
    )
    blocked = failed if row["status"] == "waiting" else ()
    return Row(
        **{name: row[name] for name in names},
        shot=planned.shot,
        blocked=blocked,
        cached=bool(row["cached"]),
        planned=planned,
    )
