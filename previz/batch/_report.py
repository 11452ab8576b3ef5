"""The report of a list: what became of every shot, for people and programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import previz
from previz.batch._rows import Row
from previz.batch._types import ShotPlan
from previz.files import output_file, writing

REPORT = "report.json"


def list_report(plan: ShotPlan, rows: tuple[Row, ...]) -> dict[str, Any]:
    """The report of a list as JSON-able data. Seconds are of work, pixels of the generator's image."""
    return {
        "previz": previz.__version__,
        "list": plan.name,
        "source": str(plan.source),
        "show": plan.show,
        "sequence": plan.sequence,
        "folder": str(plan.folder),
        "counts": count_rows(rows),
        "frames": sum(len(row.planned.frames) for row in rows if row.status == "done"),
        "seconds": round(sum(row.seconds for row in rows), 3),
        "shots": [_told(row, plan.folder) for row in rows],
    }


def write_report(plan: ShotPlan, rows: tuple[Row, ...]) -> Path:
    """Write the report into the list's folder, replacing the last one. Raises OutputError."""
    path = plan.folder / REPORT
    with output_file(path, force=True) as temporary, writing(path):
        temporary.write_text(json.dumps(list_report(plan, rows), indent=2) + "\n", encoding="utf-8")
    return path


def count_rows(rows: tuple[Row, ...]) -> dict[str, int]:
    """How many shots there are of each status; blocked ones, which wait for failed ones, by themselves."""
    counts = {"done": 0, "running": 0, "waiting": 0, "blocked": 0, "failed": 0}
    for row in rows:
        counts["blocked" if row.blocked else row.status] += 1
    return {"shots": len(rows), **counts}


def _told(row: Row, folder: Path) -> dict[str, Any]:
    shot = row.planned
    return {
        "id": row.id,
        "shot": row.shot,
        "labels": dict(shot.labels),
        "tags": list(shot.tags),
        "priority": row.priority,
        "status": "blocked" if row.blocked else row.status,
        "blocked_by": list(row.blocked),
        "cached": row.cached,
        "frames": str(shot.frames),
        "rate": shot.rate,
        "frames_done": row.frames_done,
        "frames_total": row.frames_total,
        "phase": row.phase,
        "attempt": row.attempt,
        "failures": row.failures,
        "host": row.host,
        "pid": row.pid,
        "device": row.device,
        "started": row.started,
        "heartbeat": row.heartbeat,
        "finished": row.finished,
        "seconds": round(row.seconds, 3),
        "error_px": row.error_px,
        "error": row.error,
        "after": list(shot.after),
        "start_from": shot.start_from,
        "input_hash": row.input_hash,
        "outputs": {name: _within(path, folder) for name, path in vars(shot.outputs).items()},
    }


def _within(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
