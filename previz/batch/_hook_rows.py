"""Hooks in the state: which are owed, who runs them, and how they went."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Literal

from previz.batch._database import database_errors, transaction
from previz.batch._host import Worker, is_alive
from previz.batch._rows import Row
from previz.batch._state import State

HookEvent = Literal["done", "failed"]

_FAR = 3600.0  # seconds after which another machine's hook that never ended is run again


def claim_hook(state: State, events: Sequence[HookEvent], worker: Worker) -> tuple[Row, HookEvent] | None:
    """Take a shot that is over, of these events, and whose hook nobody has run or runs; None for none.

    Each start of a shot is handed over once: one that is retried is handed over again when it is over.
    """
    with transaction(state.connection, state.path) as db:
        owed = db.execute(
            "SELECT shots.id, shots.attempt, shots.status, hooks.machine, hooks.pid, hooks.started"
            " FROM shots LEFT JOIN hooks ON hooks.shot = shots.id AND hooks.attempt = shots.attempt"
            "  AND hooks.event = shots.status"
            f" WHERE shots.status IN ({', '.join('?' * len(events))}) AND shots.attempt > 0"
            "  AND hooks.ended IS NULL ORDER BY shots.finished",
            tuple(events),
        ).fetchall()
        found = next((row for row in owed if not _is_run(row, worker)), None)
        if found is None:
            return None
        db.execute(
            "INSERT OR REPLACE INTO hooks (shot, attempt, event, worker, machine, pid, started)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(found["id"], found["attempt"], found["status"]),
                *(worker.name, worker.machine, worker.pid, time.time()),
            ),
        )
    (row,) = (row for row in state.rows() if row.id == found["id"])
    event: HookEvent = "done" if found["status"] == "done" else "failed"
    return row, event


def end_hook(
    state: State, row: Row, event: HookEvent, code: int | None, error: str | None, seconds: float
) -> None:
    """Note how a claimed hook went."""
    with transaction(state.connection, state.path) as db:
        db.execute(
            "UPDATE hooks SET ended = ?, code = ?, error = ?, seconds = ?"
            " WHERE shot = ? AND attempt = ? AND event = ?",
            (time.time(), code, error, round(seconds, 3), row.id, row.attempt, event),
        )


def retry_hooks(state: State, only: frozenset[str] | None = None) -> tuple[str, ...]:
    """Have hooks that failed run again, as after a tracker was down; return their shots' ids."""
    failed = {hook["shot"] for hook in hook_rows(state) if hook["error"] is not None}
    chosen = tuple(sorted(shot for shot in failed if only is None or shot in only))
    with transaction(state.connection, state.path) as db:
        db.executemany("DELETE FROM hooks WHERE shot = ? AND error IS NOT NULL", [(shot,) for shot in chosen])
    return chosen


def hook_rows(state: State) -> tuple[dict[str, Any], ...]:
    """Every hook that was run to its end, in order: shot, attempt, event, exit code, error, seconds."""
    with database_errors(state.path):
        known = state.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'hooks'").fetchone()
        if known is None:  # the state of an earlier version
            return ()
        found = state.connection.execute("SELECT * FROM hooks WHERE ended IS NOT NULL ORDER BY started")
        return tuple(map(dict, found))


def list_facts(state: State) -> dict[str, Any]:
    """What the state tells of its list: name, source, show, sequence, hooks."""
    with database_errors(state.path):
        found = state.connection.execute("SELECT value FROM meta WHERE key = 'list'").fetchone()
    told: dict[str, Any] = json.loads(found["value"]) if found else {}
    return told


def _is_run(row: sqlite3.Row, worker: Worker) -> bool:
    """Whether somebody is at it: a process of this machine that is there, or another's, not too long ago."""
    if row["pid"] is None or (row["machine"], row["pid"]) == (worker.machine, worker.pid):
        return False
    if row["machine"] == worker.machine:
        return is_alive(row["pid"])
    return time.time() - float(row["started"]) < _FAR
