"""The database of a list: one SQLite file beside the outputs, for any number of processes.

On a disk of this machine it keeps a write-ahead log (WAL). That needs memory that all processes share, so on
a file system of several machines (NFS, SMB, Lustre …) it keeps a rollback journal (DELETE) instead, and
waits longer for its turn: slower, and safe as far as the file system's locks are.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from previz.batch._types import BatchError
from previz.errors import OutputError

FORMAT = 1

_SHARED_KINDS = (
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse", "glusterfs", "gfs2", "gpfs", "lustre"),
    *("ncpfs", "nfs", "ocfs2", "orangefs", "pvfs2", "smb", "virtiofs", "wekafs"),
)
_ROOM = 128 << 10  # bytes; the log's index is 32 KiB at first
_LOCAL_WAIT, _SHARED_WAIT = 30.0, 120.0  # seconds to wait for a turn

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shots (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    plan TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    digest TEXT NOT NULL,
    priority INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting',
    cached INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    worker TEXT, host TEXT, machine TEXT, pid INTEGER, device TEXT,
    started REAL, heartbeat REAL, finished REAL,
    phase TEXT, frames_done INTEGER NOT NULL DEFAULT 0, frames_total INTEGER NOT NULL,
    solved INTEGER NOT NULL DEFAULT 0, error_px REAL,
    seconds REAL NOT NULL DEFAULT 0, error TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS needs (shot TEXT, needed TEXT, PRIMARY KEY (shot, needed)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    shot TEXT, attempt INTEGER, worker TEXT, host TEXT, pid INTEGER, device TEXT,
    started REAL, ended REAL, outcome TEXT, solved INTEGER NOT NULL DEFAULT 0, error TEXT
);
CREATE TABLE IF NOT EXISTS hooks (
    shot TEXT, attempt INTEGER, event TEXT, worker TEXT, machine TEXT, pid INTEGER, started REAL,
    ended REAL, code INTEGER, error TEXT, seconds REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (shot, attempt, event)
);
CREATE TABLE IF NOT EXISTS timings (
    shot TEXT, digest TEXT, device TEXT, host TEXT, solve REAL, frame REAL, frames INTEGER, at REAL
);
"""


def connect(path: Path, shared: bool | None = None, make: bool = False) -> sqlite3.Connection:
    """Open a list's database, making it where `make` says so.

    `shared` says whether it lies on a file system of several machines; None finds out, as far as the system
    tells. Raises OutputError where it can't be opened or written, BatchError for one that isn't there or is a
    newer version's.
    """
    if not make and not path.is_file():
        raise BatchError(f"{path}: there is no such state; `previz batch run` starts one")
    apart = is_shared(path.parent) if shared is None else shared
    with database_errors(path):
        if make:
            path.parent.mkdir(parents=True, exist_ok=True)
        wait = _SHARED_WAIT if apart else _LOCAL_WAIT
        writable = make or os.access(path.parent, os.W_OK)
        # On a read-only disk a state can be looked at; without a log, as nobody else writes there either.
        place = path.absolute().as_uri() + ("" if writable else "?mode=ro&immutable=1")
        connection = sqlite3.connect(place, timeout=wait, isolation_level=None, uri=True)
        connection.row_factory = sqlite3.Row
        if writable:
            connection.execute(f"PRAGMA journal_mode={'DELETE' if apart else 'WAL'}").fetchone()
            connection.execute(f"PRAGMA synchronous={'FULL' if apart else 'NORMAL'}")
        if make:
            # In one transaction, so that nobody opens half a state.
            start = f"INSERT OR IGNORE INTO meta VALUES ('format', '{FORMAT}');"
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {start} COMMIT;")
        made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        found = made and connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    if found is None:
        raise BatchError(f"{path} holds no list; start one with `previz batch run`")
    if int(found["value"]) > FORMAT:
        raise BatchError(f"{path} was written by a newer previz (format {found['value']}); update previz")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """All or nothing: BEGIN IMMEDIATE, so that what is read in it is not changed by another meanwhile."""
    with database_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into an OutputError that names the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(f"{path}: can't be written: {_reason(error, path)}") from error
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror or error}") from error


def is_shared(folder: Path) -> bool:
    """Whether a folder is on a file system that other machines may write to, as far as /proc/mounts tells."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    place = str(folder.absolute())
    kind, longest = "", -1
    for line in mounts:
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if len(point) > longest and (place == point or place.startswith(point.rstrip("/") + "/")):
            kind, longest = found, len(point)
    return kind.startswith(_SHARED_KINDS) and kind not in ("fuseblk", "fuse.fuse-overlayfs")


def _reason(error: sqlite3.Error, path: Path) -> str:
    text = str(error)
    if text in ("disk I/O error", "unable to open database file") and is_full(path.parent):
        return "No space left on device"
    known = {
        "database or disk is full": "No space left on device",
        "attempt to write a readonly database": "it is read-only",
        "unable to open database file": "it can't be opened; is its folder there, and writable?",
        "database is locked": "others have used it all the time; is the file system's locking at work?",
        "file is not a database": "it is not a database",
    }
    return known.get(text, text)


def is_full(folder: Path) -> bool:
    """Whether a disk has no room for what SQLite keeps beside a database, as its own words don't tell."""
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False
