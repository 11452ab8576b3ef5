"""Progress on stderr: a live bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from previz import FrameIterated, FrameSolved, FramesSmoothed, SolveFinished, SolveStarted

if TYPE_CHECKING:
    from previz import SolveEvent

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 5.0


class Reporter(Protocol):
    """What a command tells of its progress."""

    def solving(self, event: SolveEvent) -> None:
        """Take an event of `solve`."""

    def encoding(self, frames: Iterable[T], total: int) -> Iterator[T]:
        """Hand frames on while they are encoded."""


@dataclass
class TimeLeft:
    """How long the frames that are left will take, by those solved so far; reused ones take no time."""

    solved: int = 0
    seconds: float = 0.0

    def after(self, event: FrameSolved) -> float | None:
        """Count a frame, and return the seconds that remain, or None before any was solved."""
        if not event.reused:
            self.solved += 1
            self.seconds += event.seconds
        return self.seconds / self.solved * (event.total - event.index) if self.solved else None


def describe(event: FrameSolved, left: float | None) -> str:
    """One frame's line: 12/48 frames, frame 1012: 34 iterations, error 0.82 px, 1:20 left."""
    found = "reused" if event.reused else f"{event.iterations} iterations, error {event.error_max:.2f} px"
    lost = f", lost: {', '.join(event.lost)}" if event.lost else ""
    more = f", {clock(left)} left" if left is not None and event.index < event.total else ""
    return f"{event.index}/{event.total} frames, frame {event.frame}: {found}{lost}{more}"


def told(event: FramesSmoothed) -> str:
    """One step of smoothing: 12/40 steps, frames 1012-1030: error 0.12 px."""
    frames = f"frame {event.first}" if event.first == event.last else f"frames {event.first}-{event.last}"
    return f"{event.index}/{event.total} steps, {frames}: error {event.error_max:.2f} px"


def clock(seconds: float) -> str:
    """Write a duration as 0:07, 12:40 or 2:03:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Lines:
    """Plain lines, for logs and pipes: the first frame, then one every few seconds, and the last."""

    def __init__(self) -> None:
        self._left = TimeLeft()
        self._last = float("-inf")

    def solving(self, event: SolveEvent) -> None:
        """Write a line where it is time for one."""
        if isinstance(event, FramesSmoothed):
            line = f"smoothing: {told(event)}"
        elif isinstance(event, FrameSolved):
            line = f"solving: {describe(event, self._left.after(event))}"
        else:
            return
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES or event.index == event.total:
            self._last = now
            click.echo(line, err=True)

    def encoding(self, frames: Iterable[T], total: int) -> Iterator[T]:
        """Say once that frames are encoded, and hand them on."""
        click.echo(f"encoding: {total} frames", err=True)
        yield from frames


class Silent:
    """Says nothing, for what is quick."""

    def solving(self, event: SolveEvent) -> None:
        """Say nothing."""

    def encoding(self, frames: Iterable[T], total: int) -> Iterator[T]:
        """Hand the frames on."""
        yield from frames


def silent() -> Reporter:
    """A reporter that says nothing."""
    return Silent()


class Bar:
    """A live bar: frames done, the frame under way with its iteration and error, time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._left = TimeLeft()
        self._task = progress.add_task("solving", total=None, status="")
        self._time = ""

    def solving(self, event: SolveEvent) -> None:
        """Move the bar."""
        if isinstance(event, SolveStarted):
            self._progress.update(self._task, total=event.total)
        elif isinstance(event, FrameIterated):
            status = f"{event.frame}: {event.iteration} iterations, {event.error_max:.2f} px"
            self._progress.update(self._task, status=status + self._time)
        elif isinstance(event, FrameSolved):
            left = self._left.after(event)
            self._time = "" if left is None else f", {clock(left)} left"
            if event.lost:
                self._progress.console.print(f"frame {event.frame}: lost {', '.join(event.lost)}")
            self._progress.update(self._task, completed=event.index)
        elif isinstance(event, FramesSmoothed):
            self._progress.update(self._task, status=f"smoothing: {told(event)}")
        elif isinstance(event, SolveFinished):
            self._progress.update(self._task, status=f"done in {clock(event.seconds)}")

    def encoding(self, frames: Iterable[T], total: int) -> Iterator[T]:
        """Hand frames on, moving a second bar."""
        task = self._progress.add_task("encoding", total=total, status="")
        for frame in frames:
            yield frame
            self._progress.advance(task)


@contextmanager
def reporter(console: Console | None = None) -> Iterator[Reporter]:
    """A live bar if the console, by default stderr, is a terminal; plain lines if not."""
    console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        yield Lines()
        return
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description:<8}", markup=False),
        BarColumn(bar_width=14),  # so that all of it fits 80 columns
        TextColumn("{task.completed}/{task.total} frames", markup=False),
        TextColumn("{task.fields[status]}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        yield Bar(progress)
