"""Bringing a plan into the state: what is new, what is done already, what has changed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from previz.batch._database import database_errors, transaction
from previz.batch._state import CHANGED, State, open_state
from previz.batch._types import BatchError, PlannedShot, ShotOutputs, ShotPlan
from previz.files import check_output
from previz.media import is_sequence

Fate = Literal["run", "continue", "cached", "changed", "running", "failed"]


@dataclass(frozen=True)
class Standing:
    """What a run would make of a shot.

    Attributes:
        shot: the shot.
        fate: "run" is new, "continue" has solved frames, "cached" is done of the same inputs, "changed" has
            outputs of other inputs, "running" is another worker's now, "failed" waits for a retry.
        kept: frames that are solved already, for "run" and "continue".
        error: what went wrong, for "failed".
    """

    shot: PlannedShot
    fate: Fate
    kept: int = 0
    error: str | None = None


def standing(plan: ShotPlan) -> tuple[Standing, ...]:
    """What a run would do with each shot of a plan; nothing is written. Raises OutputError, BatchError."""
    rows: dict[str, sqlite3.Row] = {}
    if plan.database.is_file():
        state = open_state(plan.database, shared=plan.shared)
        rows = _rows(state)
        rows = {
            shot: row for shot, row in rows.items() if row["status"] != "running" or not state.is_dead(row)
        }
        state.close()
    return tuple(_standing(shot, rows.get(shot.id)) for shot in plan.shots)


def sync(plan: ShotPlan, force: bool = False, only: frozenset[str] | None = None) -> State:
    """Open the state of a plan, with a row for each shot; finished shots of the same inputs count as done.

    Shots that have left the list lose their rows, and no files. Raises BatchError, before anything is
    changed, for shots that would replace outputs of other inputs (unless `force`; `only` are the shots that
    matter) and for changed shots that are being rendered; OutputError where the folder can't be written.
    """
    check_output(plan.database, force=True)
    state = open_state(plan.database, plan.stale_after, plan.shared, make=True)
    try:
        with transaction(state.connection, state.path) as db:
            state.put_back(db)
            rows = _rows(state)
            standings = [_standing(shot, rows.get(shot.id)) for shot in plan.shots]
            _refuse(plan, standings, rows, force, only)
            for position, one in enumerate(standings):
                _put(db, position, one, rows.get(one.shot.id), force)
            _drop(db, plan, rows)
            told = {
                "name": plan.name,
                "source": str(plan.source),
                "show": plan.show,
                "sequence": plan.sequence,
                "hooks": list(plan.hooks),
            }
            db.execute("INSERT OR REPLACE INTO meta VALUES ('list', ?)", (json.dumps(told),))
    except BaseException:
        state.close()
        raise
    return state


def stored_plan(state: State) -> ShotPlan:
    """The plan as it was last brought into the state. Raises BatchError for a state without one."""
    with database_errors(state.path):
        found = state.connection.execute("SELECT value FROM meta WHERE key = 'list'").fetchone()
    if found is None:
        raise BatchError(f"{state.path} holds no list; start one with `previz batch run`")
    told = json.loads(found["value"])
    return ShotPlan(
        name=told["name"],
        source=Path(told["source"]),
        show=told["show"],
        sequence=told["sequence"],
        folder=state.path.parent.absolute(),
        shots=tuple(row.planned for row in state.rows()),
        stale_after=state.stale_after,
        hooks=tuple(told.get("hooks", ())),
    )


def finished_hash(outputs: ShotOutputs) -> str | None:
    """The hash of the inputs that finished outputs were made of; None where some are missing."""
    if not all(path.is_file() for path in outputs.finished()):
        return None
    if not is_sequence(outputs.clip) and not outputs.clip.is_file():
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(outputs.report.read_text(encoding="utf-8"))["input_hash"])
    return None


def _rows(state: State) -> dict[str, sqlite3.Row]:
    return {row["id"]: row for row in state.connection.execute("SELECT * FROM shots")}


def _standing(shot: PlannedShot, row: sqlite3.Row | None) -> Standing:
    same = row is not None and row["input_hash"] == shot.input_hash
    if row is not None and row["status"] == "running":
        return Standing(shot, "running")
    if finished_hash(shot.outputs) == shot.input_hash:
        return Standing(shot, "cached")
    if same and row is not None and row["status"] == "failed" and row["error"] != CHANGED:
        return Standing(shot, "failed", _kept(shot), row["error"])
    unfinished = same and row is not None and row["status"] == "waiting"
    if not unfinished and _written(shot.outputs):
        return Standing(shot, "changed")
    kept = _kept(shot)
    return Standing(shot, "continue" if kept else "run", kept)


def _written(outputs: ShotOutputs) -> bool:
    """Whether there is anything where a shot's outputs go."""
    files = (outputs.clip, outputs.take, outputs.report, outputs.sheet, outputs.otio)
    return any(path.is_file() for path in files)


def _kept(shot: PlannedShot) -> int:
    """How many frames an interrupted solve has kept."""
    folder = shot.outputs.take.with_suffix(".partial")
    return min(shot.solves, sum(1 for _ in folder.glob("*.safetensors")))


def _refuse(
    plan: ShotPlan,
    standings: list[Standing],
    rows: dict[str, sqlite3.Row],
    force: bool,
    only: frozenset[str] | None,
) -> None:
    busy = [
        one.shot.id
        for one in standings
        if one.fate == "running" and rows[one.shot.id]["input_hash"] != one.shot.input_hash
    ]
    if busy:
        raise BatchError(
            f"{_named(busy)} {_are(busy)} being rendered as the list was before; wait, or stop it first"
        )
    changed = [
        one.shot.id for one in standings if one.fate == "changed" and (only is None or one.shot.id in only)
    ]
    if changed and not force:
        raise BatchError(
            f"{_named(changed)} {_are(changed)} in {plan.folder} already, made of other inputs; "
            "pass --force to replace, or raise `version`"
        )


def _put(db: sqlite3.Connection, position: int, one: Standing, row: sqlite3.Row | None, force: bool) -> None:
    """Make or bring up to date the row of a shot, and what it waits for."""
    shot = one.shot
    values = (position, json.dumps(shot.to_dict()), shot.digest, shot.priority, shot.retries)
    if row is None or row["input_hash"] != shot.input_hash:
        db.execute("DELETE FROM shots WHERE id = ?", (shot.id,))
        db.execute("DELETE FROM hooks WHERE shot = ?", (shot.id,))
        db.execute(
            "INSERT INTO shots (position, plan, digest, priority, retries, id, input_hash, frames_total)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, shot.id, shot.input_hash, shot.solves),
        )
    else:
        db.execute(
            "UPDATE shots SET position = ?, plan = ?, digest = ?, priority = ?, retries = ? WHERE id = ?",
            (*values, shot.id),
        )
    if one.fate == "cached" and (row is None or row["status"] != "done"):
        db.execute(
            "UPDATE shots SET status = 'done', cached = 1, error = NULL, frames_done = ? WHERE id = ?",
            (shot.solves, shot.id),
        )
    elif one.fate == "changed" and not force:
        db.execute("UPDATE shots SET status = 'failed', error = ? WHERE id = ?", (CHANGED, shot.id))
    elif one.fate not in ("cached", "running", "failed"):
        db.execute(
            "UPDATE shots SET status = 'waiting', cached = 0, failures = 0, deaths = 0, frames_done = 0"
            " WHERE id = ? AND status != 'waiting'",
            (shot.id,),
        )
    db.execute("DELETE FROM needs WHERE shot = ?", (shot.id,))
    db.executemany("INSERT INTO needs VALUES (?, ?)", [(shot.id, other) for other in shot.after])


def _drop(db: sqlite3.Connection, plan: ShotPlan, rows: dict[str, sqlite3.Row]) -> None:
    """Take the rows of shots away that have left the list, but for those that run."""
    left = set(rows) - {shot.id for shot in plan.shots}
    gone = [(shot,) for shot in left if rows[shot]["status"] != "running"]
    db.executemany("DELETE FROM shots WHERE id = ?", gone)
    db.executemany("DELETE FROM needs WHERE shot = ?", gone)


def _named(shots: list[str]) -> str:
    more = f" and {len(shots) - 6} more" if len(shots) > 6 else ""
    return ", ".join(shots[:6]) + more


def _are(shots: list[str]) -> str:
    return "is" if len(shots) == 1 else "are"
