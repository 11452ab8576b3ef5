"""The report of a list: what became of every shot, for people and programs."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import previz
from previz.batch._report_schema import HookReport, ListReport, ShotReport, SummaryReport
from previz.batch._rows import Row
from previz.batch._types import ShotPlan
from previz.files import output_file, writing

REPORT = "report.json"


def list_report(
    plan: ShotPlan, rows: tuple[Row, ...], hooks: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The report of a list as JSON-able data; `report_schema` tells what is in it.

    `hooks` are what `hook_rows` returns.
    """
    ended: dict[str, list[HookReport]] = {}
    for hook in hooks:
        told = HookReport(**{name: hook[name] for name in HookReport.model_fields})
        ended.setdefault(hook["shot"], []).append(told)
    return ListReport(
        report=1,
        previz=previz.__version__,
        written=round(time.time(), 3),
        list=plan.name,
        source=str(plan.source),
        show=plan.show,
        sequence=plan.sequence,
        folder=str(plan.folder),
        counts=count_rows(rows),
        frames=sum(len(row.planned.frames) for row in rows if row.status == "done"),
        seconds=round(sum(row.seconds for row in rows), 3),
        shots=tuple(shot_told(row, plan.folder, tuple(ended.get(row.id, ()))) for row in rows),
    ).model_dump(mode="json")


def write_report(plan: ShotPlan, rows: tuple[Row, ...], hooks: Iterable[Mapping[str, Any]] = ()) -> Path:
    """Write the report into the list's folder, replacing the last one. Raises OutputError."""
    path = plan.folder / REPORT
    with output_file(path, force=True) as temporary, writing(path):
        temporary.write_text(json.dumps(list_report(plan, rows, hooks), indent=2) + "\n", encoding="utf-8")
    return path


def count_rows(rows: tuple[Row, ...]) -> dict[str, int]:
    """How many shots there are of each status; blocked ones, which wait for failed ones, by themselves."""
    counts = {"done": 0, "running": 0, "waiting": 0, "blocked": 0, "failed": 0}
    for row in rows:
        counts["blocked" if row.blocked else row.status] += 1
    return {"shots": len(rows), **counts}


def shot_told(row: Row, folder: Path, hooks: tuple[HookReport, ...] = ()) -> ShotReport:
    """What a list's report tells of one shot; places are relative to `folder` where they lie in it."""
    shot = row.planned
    same = {name: getattr(row, name) for name in _AS_IN_ROW}
    character = shot.timeline.get("character", {})
    return ShotReport(
        **same,
        labels=dict(shot.labels),
        tags=shot.tags,
        status="blocked" if row.blocked else row.status,
        blocked_by=row.blocked,
        character=str(character.get("checkpoint", "")),
        seed=character.get("seed", 0 if character.get("latent") is None else None),
        frames=str(shot.frames),
        frames_in_clip=len(shot.frames),
        rate=shot.rate,
        seconds=round(row.seconds, 3),
        after=shot.after,
        start_from=shot.start_from,
        summary=_summary(row),
        hooks=hooks,
        outputs={name: _within(path, folder) for name, path in vars(shot.outputs).items()},
    )


_AS_IN_ROW = (
    *("id", "shot", "priority", "cached", "frames_done", "frames_total", "phase", "attempt", "failures"),
    *("host", "pid", "device", "started", "heartbeat", "finished", "error_px", "error", "input_hash"),
)


def _summary(row: Row) -> SummaryReport | None:
    """The figures of a finished shot, from its own report; None where that is gone or another's."""
    if row.status != "done":
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads(row.planned.outputs.report.read_text(encoding="utf-8"))["summary"]
        return SummaryReport(**{name: told[name] for name in SummaryReport.model_fields})
    return None


def _within(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
