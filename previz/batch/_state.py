"""The state of a list: who works on which shot, how far, and what came of it.

Each change is one transaction. A worker holds a shot by a claim; one whose claim has passed to another learns
it from `ClaimLost` at its next word, and drops the shot.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from previz.batch._database import connect, database_errors, transaction
from previz.batch._host import Worker, is_alive, this_machine
from previz.batch._rows import Phase, Row, read_rows
from previz.batch._types import PlannedShot

Outcome = Literal["done", "failed", "released", "died"]

MAX_DEATHS = 5
"""How often in a row a shot's worker may die without having solved a frame of it, before the shot fails."""


CHANGED = "its outputs are there, made of other inputs; run it with --force to replace them"
"""The error of a shot that is left alone, as nobody has allowed to replace what is there."""


class ClaimLost(Exception):  # noqa: N818  it is no error: another worker has the shot
    """The shot is another worker's by now: this one was taken for dead."""


@dataclass(frozen=True)
class Claim:
    """A shot that a worker holds.

    Attributes:
        shot: what to do.
        worker: whose it is.
        attempt: which start of the shot this is, from 1.
        started: seconds since the epoch.
    """

    shot: PlannedShot
    worker: Worker
    attempt: int
    started: float


@dataclass
class State:
    """An open database of a list, for one thread. Its methods raise OutputError where it can't be written."""

    path: Path
    connection: sqlite3.Connection
    stale_after: float
    machine: str = field(default_factory=this_machine)
    _seen: dict[str, tuple[str, float, float]] = field(default_factory=dict)

    def close(self) -> None:
        """Close it."""
        self.connection.close()

    def claim(
        self, worker: Worker, only: frozenset[str] | None = None, digest: str = "", strictly: bool = False
    ) -> Claim | None:
        """Take the next shot that may start, or None. Dead workers' shots are put back first.

        `only` are the ids to choose from. Of equal priorities, one with the generator `digest`, which the
        worker holds, goes first; `strictly` takes none whose generator is another, even where it is next.
        """
        with self._change() as db:
            self.put_back(db)
            now = time.time()
            rows = db.execute(
                "SELECT id, plan, attempt, digest FROM shots WHERE status = 'waiting' AND not_before <= ?"
                " AND NOT EXISTS (SELECT 1 FROM needs JOIN shots AS other ON other.id = needs.needed"
                "  WHERE needs.shot = shots.id AND other.status != 'done')"
                " ORDER BY priority DESC, digest != ?, position",
                (now, digest),
            )
            row = next((row for row in rows if only is None or row["id"] in only), None)
            if row is None or (strictly and row["digest"] != digest):
                return None
            attempt = row["attempt"] + 1
            db.execute(
                "UPDATE shots SET status = 'running', attempt = ?, worker = ?, host = ?, machine = ?,"
                " pid = ?, device = ?, started = ?, heartbeat = ?, finished = NULL, phase = 'loading',"
                " solved = 0, frames_done = 0, error_px = NULL, cached = 0 WHERE id = ?",
                (
                    *(attempt, worker.name, worker.host, worker.machine, worker.pid),
                    *(worker.device, now, now, row["id"]),
                ),
            )
            db.execute(
                "INSERT INTO runs (shot, attempt, worker, host, pid, device, started)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row["id"], attempt, worker.name, worker.host, worker.pid, worker.device, now),
            )
        return Claim(PlannedShot.from_dict(json.loads(row["plan"])), worker, attempt, now)

    def heartbeat(self, claim: Claim) -> None:
        """Tell that the worker is alive. Raises ClaimLost."""
        self._update(claim, "heartbeat = ?", time.time())

    def progress(
        self,
        claim: Claim,
        phase: Phase,
        done: int,
        total: int,
        solved: int,
        error_px: float | None = None,
    ) -> None:
        """Tell how far it is: `done` of `total` frames, `solved` of them by this worker. Raises ClaimLost."""
        self._update(
            claim,
            "heartbeat = ?, phase = ?, frames_done = ?, frames_total = ?, solved = ?, error_px = ?",
            *(time.time(), phase, done, total, solved, error_px),
        )

    def finish(self, claim: Claim, error_px: float, solve: float, frame: float, frames: int) -> None:
        """The shot is done and its outputs are there.

        `solve` are the seconds that a frame took to solve, 0 where none was, and `frame` those to decode and
        write one of so many `frames`; later estimates go by them. Raises ClaimLost.
        """
        with self._held(claim) as db:
            self._end(db, claim, "done", None)
            db.execute("UPDATE shots SET error = NULL, error_px = ? WHERE id = ?", (error_px, claim.shot.id))
            db.execute(
                "INSERT INTO timings SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ? > 0",
                (
                    *(claim.shot.id, claim.shot.digest, claim.worker.device.split(":")[0]),
                    *(claim.worker.host, solve, frame, frames, time.time(), frames),
                ),
            )

    def fail(self, claim: Claim, error: str, delay: float = 0.0) -> bool:
        """The shot ended in an error; tell whether it is tried again, in `delay` s. Raises ClaimLost."""
        with self._held(claim) as db:
            row = db.execute("SELECT failures FROM shots WHERE id = ?", (claim.shot.id,)).fetchone()
            again: bool = row["failures"] < claim.shot.retries
            self._end(db, claim, "failed", error)
            db.execute(
                "UPDATE shots SET failures = failures + 1, error = ?, status = ?, not_before = ?"
                " WHERE id = ?",
                (error, "waiting" if again else "failed", time.time() + delay, claim.shot.id),
            )
        return again

    def release(self, claim: Claim, reason: str = "", delay: float = 0.0) -> None:
        """Give the shot back unfinished, as at Ctrl-C: it waits for the next worker. Raises ClaimLost."""
        with self._held(claim) as db:
            self._end(db, claim, "released", reason or None)
            db.execute(
                "UPDATE shots SET status = 'waiting', not_before = ? WHERE id = ?",
                (time.time() + delay, claim.shot.id),
            )

    def put_back_dead(self) -> None:
        """Put shots whose workers have died back in line, as every claim does."""
        with self._change() as db:
            self.put_back(db)

    def retry(self, only: frozenset[str] | None = None) -> tuple[str, ...]:
        """Put failed shots back in line, with all their attempts; return their ids."""
        with self._change() as db:
            failed = [
                row["id"]
                for row in db.execute("SELECT id, error FROM shots WHERE status = 'failed'")
                if row["error"] != CHANGED
            ]
            chosen = tuple(shot for shot in failed if only is None or shot in only)
            db.executemany(
                "UPDATE shots SET status = 'waiting', failures = 0, deaths = 0, not_before = 0 WHERE id = ?",
                [(shot,) for shot in chosen],
            )
        return chosen

    def rows(self) -> tuple[Row, ...]:
        """All shots, in the list's order."""
        with database_errors(self.path):
            return read_rows(self.connection)

    def runs(self) -> tuple[dict[str, Any], ...]:
        """Every start of a shot that there was: worker, times, outcome, frames solved."""
        with database_errors(self.path):
            return tuple(map(dict, self.connection.execute("SELECT * FROM runs ORDER BY started")))

    def timings(self) -> tuple[dict[str, Any], ...]:
        """What finished shots took a frame: to solve, and to decode and write; the latest first."""
        with database_errors(self.path):
            return tuple(map(dict, self.connection.execute("SELECT * FROM timings ORDER BY at DESC")))

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with transaction(self.connection, self.path) as db:
            yield db

    @contextmanager
    def _held(self, claim: Claim) -> Iterator[sqlite3.Connection]:
        """A change to a claimed shot, which no other can claim meanwhile."""
        with self._change() as db:
            row = db.execute(
                "SELECT 1 FROM shots WHERE id = ? AND worker = ? AND attempt = ? AND status = 'running'",
                (claim.shot.id, claim.worker.name, claim.attempt),
            ).fetchone()
            if row is None:
                raise ClaimLost(claim.shot.id)
            yield db

    def _update(self, claim: Claim, changes: str, *values: object) -> None:
        with database_errors(self.path):
            cursor = self.connection.execute(
                f"UPDATE shots SET {changes}"
                " WHERE id = ? AND worker = ? AND attempt = ? AND status = 'running'",
                (*values, claim.shot.id, claim.worker.name, claim.attempt),
            )
        if cursor.rowcount == 0:
            raise ClaimLost(claim.shot.id)

    def _end(self, db: sqlite3.Connection, claim: Claim, outcome: Outcome, error: str | None) -> None:
        now = time.time()
        db.execute(
            "UPDATE runs SET ended = ?, outcome = ?, error = ?,"
            " solved = (SELECT solved FROM shots WHERE id = runs.shot)"
            " WHERE shot = ? AND attempt = ? AND worker = ?",
            (now, outcome, error, claim.shot.id, claim.attempt, claim.worker.name),
        )
        db.execute(
            "UPDATE shots SET status = ?, finished = ?, phase = NULL, deaths = 0,"
            " seconds = seconds + ? WHERE id = ?",
            (outcome, now, now - claim.started, claim.shot.id),
        )

    def put_back(self, db: sqlite3.Connection) -> None:
        """The same, within a transaction."""
        running = db.execute("SELECT * FROM shots WHERE status = 'running'").fetchall()
        for row in running:
            if not self.is_dead(row):
                continue
            deaths = row["deaths"] + 1 if row["solved"] == 0 else 0
            last = row["heartbeat"] or row["started"]
            error = f"its worker {row['host']}:{row['pid']} died"
            if deaths >= MAX_DEATHS:
                error = f"its workers died {deaths} times without solving a frame; see {_log_of(row)}"
            db.execute(
                "UPDATE shots SET status = ?, phase = NULL, deaths = ?, error = ?, finished = ?,"
                " seconds = seconds + ? WHERE id = ?",
                (
                    "failed" if deaths >= MAX_DEATHS else "waiting",
                    *(deaths, error, last, max(0.0, last - row["started"]), row["id"]),
                ),
            )
            db.execute(
                "UPDATE runs SET ended = ?, outcome = 'died', solved = ?, error = ?"
                " WHERE shot = ? AND attempt = ?",
                (last, row["solved"], error, row["id"], row["attempt"]),
            )

    def is_dead(self, row: sqlite3.Row) -> bool:
        """A process of this machine that is gone, or a heartbeat that our own clock saw stand still."""
        if row["machine"] == self.machine and not is_alive(row["pid"]):
            return True
        now = time.monotonic()
        worker, beat, since = self._seen.get(row["id"], ("", 0.0, now))
        if worker != row["worker"] or beat != row["heartbeat"]:
            self._seen[row["id"]] = (row["worker"], row["heartbeat"], now)
            return False
        return now - since > self.stale_after


def open_state(
    path: Path, stale_after: float | None = None, shared: bool | None = None, make: bool = False
) -> State:
    """Open the state at `path`; `stale_after` and `shared` None are as it was made with.

    Raises what `connect` raises.
    """
    connection = connect(path, shared, make)
    with database_errors(path):
        if stale_after is not None:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('stale_after', ?)", (str(stale_after),))
        found = connection.execute("SELECT value FROM meta WHERE key = 'stale_after'").fetchone()
    return State(path, connection, float(found["value"]) if found else 60.0)


def _log_of(row: sqlite3.Row) -> str:
    return str(json.loads(row["plan"])["outputs"]["log"])
