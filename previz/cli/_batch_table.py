"""How a running list is shown: a live table on a terminal, lines elsewhere, events for programs."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from previz.batch import Row, count_rows
from previz.cli._progress import SECONDS_BETWEEN_LINES, clock

_WINDOW = 30.0  # seconds that frames a second are counted over
_NUMBERS = ("frames", "error", "time")  # columns
_STYLES = {"done": "green", "failed": "bold red", "blocked": "red", "running": "bold", "waiting": "dim"}


@dataclass
class Speed:
    """Frames a second, and with them the time that is left, by what was solved of late."""

    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def count(self, rows: tuple[Row, ...]) -> float | None:
        """Count the frames that are done by now; return frames a second, or None at first."""
        now, done = time.monotonic(), _frames_done(rows)
        self.seen.append((now, done))
        while now - self.seen[0][0] > _WINDOW:
            self.seen.popleft()
        before, had = self.seen[0]
        return (done - had) / (now - before) if now - before > 2 and done > had else None

    def left(self, rows: tuple[Row, ...]) -> float | None:
        """Seconds until all frames are done at this speed."""
        speed = self.count(rows)
        ahead = sum(row.frames_total for row in rows if not _is_over(row)) - sum(
            row.frames_done for row in rows if row.status == "running"
        )
        return None if speed is None else ahead / speed


def table(rows: tuple[Row, ...], most: int = 24) -> Table:
    """The shots as a table; where there are more than `most`, those that tell least are left out."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("shot", "", "frames", "error", "time", "where", ""):
        made.add_column(
            name, justify="right" if name in ("frames", "error", "time") else "left", no_wrap=True
        )
    made.columns[-1].no_wrap, made.columns[-1].overflow = False, "fold"
    shown = _worth_showing(rows, most)
    for row in shown:
        word = _word(row)
        made.add_row(
            Text(row.id),
            Text(row.phase if row.phase and word == "running" else word, style=_STYLES[word]),
            f"{row.frames_done}/{row.frames_total}",
            "" if row.error_px is None else f"{row.error_px:.2f} px",
            _time_of(row),
            _place_of(row) if row.status == "running" else "",
            Text(_remark(row)),
        )
    if len(shown) < len(rows):
        made.add_row(Text(f"and {len(rows) - len(shown)} more", style="dim"))
    return made


def closing(rows: tuple[Row, ...]) -> str:
    """A list in one line: 12 of 14 shots done, 1 failed, 1 blocked; 288 frames, 0:31:10 of work."""
    counts = count_rows(rows)
    parts = [f"{counts['done']} of {counts['shots']} shots done"]
    parts += [
        f"{counts[name]} {name}" for name in ("running", "waiting", "failed", "blocked") if counts[name]
    ]
    cached = sum(row.cached for row in rows)
    parts += [f"{cached} of them earlier"] if cached else []
    frames = sum(len(row.planned.frames) for row in rows if row.status == "done")
    return f"{', '.join(parts)}; {frames} frames, {clock(sum(row.seconds for row in rows))} of work"


class Display:
    """Shows rows as they change. `only` are the ids that a run is about."""

    def __init__(self, only: frozenset[str] | None, as_json: bool, live: Live | None) -> None:
        self._only, self._as_json, self._live = only, as_json, live
        self._speed = Speed()
        self._before: dict[str, Row] = {}
        self._last = time.monotonic()

    def watch(self, rows: tuple[Row, ...]) -> None:
        """Show the rows."""
        rows = tuple(row for row in rows if self._only is None or row.id in self._only)
        events = list(_events(self._before, rows))
        left = self._speed.left(rows)
        if self._as_json:
            for event in events:
                click.echo(json.dumps(event))
        if self._live is not None:
            self._live.update(Group(table(rows), Text(self._summary(rows, left))))
        else:
            self._lines(events, rows, left)
        self._before = {row.id: row for row in rows}

    def _lines(self, events: list[dict[str, Any]], rows: tuple[Row, ...], left: float | None) -> None:
        for event in events:
            if event["event"] not in ("progress", "claimed"):
                click.echo(f"{event['shot']}: {_told(event)}", err=True)
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            click.echo(self._summary(rows, left), err=True)

    def _summary(self, rows: tuple[Row, ...], left: float | None) -> str:
        counts = count_rows(rows)
        parts = [f"{counts['done']}/{counts['shots']} shots", f"{counts['running']} running"]
        parts += [f"{counts['failed']} failed"] if counts["failed"] else []
        parts.append(f"{_frames_done(rows)}/{sum(row.frames_total for row in rows)} frames")
        if left is not None:
            speed = self._speed.count(rows)
            parts += [f"{speed:.2f} frames/s"] if speed else []
            parts.append(f"{clock(left)} left")
        return ", ".join(parts)


@contextmanager
def display(only: frozenset[str] | None, as_json: bool) -> Iterator[Display]:
    """A live table if stderr is a terminal, plain lines if not; with `as_json` events on stdout besides."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        yield Display(only, as_json, None)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield Display(only, as_json, live)


def _events(before: dict[str, Row], rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """What has happened between two looks, one event a change of a row."""
    for row in rows:
        old = before.get(row.id)
        facts = {"shot": row.id, "status": row.status, "attempt": row.attempt, "time": round(time.time(), 3)}
        progress = {
            "phase": row.phase,
            "frames_done": row.frames_done,
            "frames_total": row.frames_total,
            "error_px": row.error_px,
        }
        where = {"host": row.host, "pid": row.pid, "device": row.device}
        if old is None:
            if row.status == "done":
                yield {"event": "cached", **facts}
            continue
        if row.attempt != old.attempt:
            if old.status == row.status == "running" and row.failures == old.failures and row.pid != old.pid:
                yield {"event": "taken_over", **facts, **where}
            yield {"event": "claimed", **facts, **where}
        if row.status != old.status or row.failures != old.failures:
            if row.status == "done":
                yield {"event": "done", **facts, "error_px": row.error_px, "seconds": round(row.seconds, 3)}
            elif row.status == "failed" or row.failures > old.failures:
                yield {"event": "failed", **facts, "error": row.error}
            elif row.status == "waiting":
                yield {"event": "put_back", **facts, "error": row.error}
        elif row.status == "running" and (row.frames_done, row.phase) != (old.frames_done, old.phase):
            yield {"event": "progress", **facts, **progress}


def _told(event: dict[str, Any]) -> str:
    name = event["event"]
    if name == "done":
        return f"done, error max {event['error_px']:.2f} px, {clock(event['seconds'])}"
    if name == "failed":
        again = "" if event["status"] == "failed" else "; tried again"
        return f"failed: {event['error']}{again}"
    if name == "cached":
        return "done earlier"
    if name == "taken_over":
        return "taken over by another worker"
    return f"back in line: {event['error']}" if event["error"] else "back in line"


def _worth_showing(rows: tuple[Row, ...], most: int) -> list[Row]:
    """Up to `most` rows in their order: those that run or failed first, then those in line, then done."""
    if len(rows) <= most:
        return list(rows)
    rank = {"running": 0, "failed": 1, "blocked": 2, "waiting": 3, "done": 4}
    latest = sorted(rows, key=lambda row: (rank[_word(row)], -(row.finished or 0) if row.finished else 0))
    chosen = {row.id for row in latest[:most]}
    return [row for row in rows if row.id in chosen]


def _word(row: Row) -> str:
    return "blocked" if row.blocked else row.status


def _is_over(row: Row) -> bool:
    return row.status in ("done", "failed") or bool(row.blocked)


def _frames_done(rows: tuple[Row, ...]) -> int:
    return sum(row.frames_total if row.status == "done" else row.frames_done for row in rows)


def _time_of(row: Row) -> str:
    running = time.time() - row.started if row.status == "running" and row.started else 0.0
    total = row.seconds + running
    return clock(total) if total else ""


def _place_of(row: Row) -> str:
    return f"{row.host}:{row.pid} {row.device}"


def _remark(row: Row) -> str:
    if row.blocked:
        return f"waits for {', '.join(row.blocked)}, which failed"
    if row.cached:
        return "earlier"
    if row.error and row.status != "done":
        again = f", attempt {row.attempt}" if row.status == "running" else ""
        return f"{row.error}{again}"
    return ""
