"""A shot under way in a worker: begun, told of, written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from previz.animate import FrameSolved, SolveEvent, SolveStarted, Take
from previz.batch._account import accounted
from previz.batch._heart import Heart
from previz.batch._host import Worker
from previz.batch._log import ShotLog
from previz.batch._outputs import finished_error, is_finished, sweep, write_outputs
from previz.batch._state import Claim, State, open_state
from previz.batch._types import PlannedShot
from previz.generator import Generator, load_generator
from previz.timeline import Timeline, parse_timeline

_BETWEEN_WORDS = 0.25  # seconds between two notes of progress


class Finish(Protocol):
    """Writes a solved shot's clip, its pictures besides and its .otio, replacing what is there."""

    def __call__(
        self, shot: PlannedShot, timeline: Timeline, take: Take, generator: Generator
    ) -> Mapping[str, Any]:
        """Write them, and return what the report tells of the clip, JSON-able."""


@dataclass(frozen=True)
class WorkOptions:
    """How a worker works.

    Attributes:
        device: what it solves on: cpu, cuda:1 …
        threads: that a CPU solves with; another number gives other last bits.
        overlap: write a shot while the next one is being solved.
        only: ids of the shots to work on; None is all.
        poll: seconds between looks at a list on which nothing can be started.
        parent: the process that it stops with.
        patience: seconds to wait for a shot that can be started, before it leaves though others are at work;
            None stays until nothing is left.
        together: how many shots of one generator are solved side by side; more than one give other last bits.
    """

    device: str = "cpu"
    threads: int = 1
    overlap: bool = False
    only: frozenset[str] | None = None
    poll: float = 0.5
    parent: int | None = None
    patience: float | None = None
    together: int = 1


@dataclass
class Desk:
    """What a worker has at hand."""

    database: Path
    state: State
    worker: Worker
    options: WorkOptions
    finish: Finish
    heart: Heart
    digest: str = ""
    generator: Generator | None = None
    writing: Future[None] | None = None
    pool: ThreadPoolExecutor | None = None


@dataclass(eq=False)
class Job:
    """A claimed shot under way: what its solve tells goes to its row and its log."""

    desk: Desk
    claim: Claim
    log: ShotLog
    timeline: Timeline
    generator: Generator
    told: float = 0.0
    spent: float = 0.0
    solved: int = 0

    def tell(self, event: SolveEvent) -> None:
        """Tell of an event. Raises ClaimLost, and KeyboardInterrupt to stop."""
        state, claim = self.desk.state, self.claim
        self.desk.heart.check(claim)
        if isinstance(event, SolveStarted):
            state.progress(claim, "solving", 0, event.total, 0)
        if not isinstance(event, FrameSolved):
            return
        if not event.reused:
            self.spent, self.solved = self.spent + event.seconds, self.solved + 1
            self.log.frame(event)
        now = time.monotonic()
        if self.solved == 1 or event.index == event.total or now - self.told >= _BETWEEN_WORDS:
            self.told = now
            state.progress(claim, "solving", event.index, event.total, self.solved, event.error_max)


def begun(desk: Desk, claim: Claim, log: ShotLog) -> Job | None:
    """The job that a claimed shot is; None where it is done, and only its row doesn't know."""
    log.begin()
    sweep(claim.shot)
    if is_finished(claim.shot):  # its worker died between its last output and saying so
        log.say("its outputs are all there")
        desk.state.finish(claim, finished_error(claim.shot), 0.0, 0.0, 0)
        return None
    generator = _generator(desk, claim.shot)
    timeline = parse_timeline(claim.shot.timeline, str(claim.shot.source), claim.shot.source)
    return Job(desk, claim, log, timeline, generator)


def hand_over(job: Job, take: Take) -> None:
    """Write a solved shot, or have it written while the next is solved."""
    desk, total = job.desk, len(take)
    desk.state.progress(job.claim, "writing", total, total, job.solved, float(take.error.max(initial=0.0)))
    if desk.pool is None:
        _write(desk.state, job, take)
        return
    wait_for_writing(desk)
    desk.writing = desk.pool.submit(_write_apart, job, take)
    job.log.handed_on = True


def _generator(desk: Desk, shot: PlannedShot) -> Generator:
    """The shot's generator: the one at hand, or a freshly loaded one in its place."""
    if desk.generator is None or desk.digest != shot.digest:
        desk.generator = None  # before the next is loaded, as two may not fit
        desk.generator = load_generator(shot.checkpoint, desk.options.device)
        desk.digest = shot.digest
    return desk.generator


def _write(state: State, job: Job, take: Take) -> None:
    began = time.monotonic()
    write_outputs(job.claim, job.timeline, take, job.generator, job.desk.finish)
    spent = time.monotonic() - began
    error = float(take.error.max(initial=0.0))
    frames = len(job.claim.shot.frames)
    a_frame = job.spent / job.solved if job.solved else 0.0
    state.finish(job.claim, error, a_frame, spent / frames, frames)
    job.log.say(f"done: {frames} frames, error max {error:.2f} px, written in {spent:.1f} s")


def _write_apart(job: Job, take: Take) -> None:
    """The same in a thread, with a connection of its own."""
    state = open_state(job.desk.database)
    try:
        with accounted(job.desk.heart, state, job.claim):
            _write(state, job, take)
    finally:
        state.close()


def wait_for_writing(desk: Desk) -> None:
    """Have the shot written that is being written; what stops the worker is raised."""
    writing, desk.writing = desk.writing, None
    if writing is not None:
        writing.result()
