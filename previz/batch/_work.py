"""What a worker does: claim a shot, solve it, write its outputs, and so on until nothing is left.

The generator is loaded once for all shots that share it. With `overlap`, a shot's pictures are decoded and
encoded in a thread while the next one is being solved, which pays on a GPU: solving leaves much of it idle.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from previz.animate import FrameSolved, SolveEvent, SolveStarted, Take, solve
from previz.batch._heart import Heart
from previz.batch._hooks import run_owed_hooks
from previz.batch._host import Worker, this_worker
from previz.batch._log import ShotLog
from previz.batch._outputs import finished_error, is_finished, sweep, write_outputs
from previz.batch._state import Claim, ClaimLost, State, open_state
from previz.batch._types import PlannedShot
from previz.errors import OutputError, PrevizError
from previz.generator import Generator, load_generator, resolve_device
from previz.timeline import Timeline, parse_timeline

_BETWEEN_WORDS = 0.25  # seconds between two notes of progress
_BUSY_DELAY = 5.0  # seconds before a shot that another process still solves is tried again


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
    """

    device: str = "cpu"
    threads: int = 1
    overlap: bool = False
    only: frozenset[str] | None = None
    poll: float = 0.5
    parent: int | None = None
    patience: float | None = None


@dataclass
class _Desk:
    """What a worker has at hand."""

    database: Path
    state: State
    options: WorkOptions
    finish: Finish
    heart: Heart
    digest: str = ""
    generator: Generator | None = None
    writing: Future[None] | None = None
    pool: ThreadPoolExecutor | None = None
    waiting: list[Claim] = field(default_factory=list)


def work(
    database: Path,
    options: WorkOptions,
    finish: Finish,
    worker: Worker | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Work on a list's shots until all that can be done is done, also what others fail to finish.

    An error of a shot goes to its row and its log. Raises OutputError where the outputs can't be written any
    more, as on a full disk: the shot goes back in line, and its solved frames are kept. A KeyboardInterrupt
    puts it back likewise, and so does setting `stop`, which ends in a KeyboardInterrupt. `worker` is what the
    state tells of this process, where `this_worker` doesn't tell enough.
    """
    resolve_device(options.device)
    worker = worker or this_worker(options.device)
    state = open_state(database)
    idle_since = time.monotonic()
    with Heart(database, options.parent, stop) as heart, _pool(options.overlap) as pool:
        desk = _Desk(database, state, options, finish, heart, pool=pool)
        try:
            while True:
                if desk.writing is not None and desk.writing.done():
                    _wait_for_writing(desk)  # raises what stops the worker
                heart.check_stop()
                run_owed_hooks(state, worker)
                claim = state.claim(worker, options.only, desk.digest)
                if claim is not None:
                    _do(desk, claim)
                    idle_since = time.monotonic()
                elif desk.writing is not None:
                    _wait_for_writing(desk)
                elif not _anything_left(state, options.only) or _is_weary(options, idle_since):
                    return
                else:
                    time.sleep(options.poll)
        finally:
            _wait_for_writing(desk)
            state.close()


def _anything_left(state: State, only: frozenset[str] | None) -> bool:
    """Whether a shot may still come to this worker: one in line, or one that another may fail to finish."""
    return any(
        row.status == "running" or (row.status == "waiting" and not row.blocked)
        for row in state.rows()
        if only is None or row.id in only
    )


def _is_weary(options: WorkOptions, idle_since: float) -> bool:
    return options.patience is not None and time.monotonic() - idle_since > options.patience


def _do(desk: _Desk, claim: Claim) -> None:
    """Solve and write one claimed shot; its errors end up in its row."""
    desk.heart.hold(claim)
    with _accounted(desk, desk.state, claim) as log:
        log.begin()
        sweep(claim.shot)
        if is_finished(claim.shot):  # its worker died between its last output and saying so
            log.say("its outputs are all there")
            desk.state.finish(claim, finished_error(claim.shot), 0.0, 0.0, 0)
            return
        timeline, generator, take, seconds = _solved(desk, claim, log)
        if desk.pool is None:
            _write(desk.state, desk.finish, claim, timeline, take, generator, seconds, log)
            return
        _wait_for_writing(desk)
        desk.writing = desk.pool.submit(_write_apart, desk, claim, timeline, take, generator, seconds)
        log.handed_on = True


def _solved(desk: _Desk, claim: Claim, log: ShotLog) -> tuple[Timeline, Generator, Take, float]:
    """The shot's take, and the seconds that a frame took; several takes of one generator would go here.

    A solver that drags many takes in one batch takes as many claims of one `digest`, and tells of each
    frame of each by its claim's `progress`; all else is the same.
    """
    shot = claim.shot
    generator = _generator(desk, shot)
    timeline = parse_timeline(shot.timeline, str(shot.source), shot.source)
    told, spent, solved = 0.0, 0.0, 0

    def tell(event: SolveEvent) -> None:
        nonlocal told, spent, solved
        desk.heart.check(claim)
        if isinstance(event, SolveStarted):
            desk.state.progress(claim, "solving", 0, event.total, 0)
        if not isinstance(event, FrameSolved):
            return
        if not event.reused:
            spent, solved = spent + event.seconds, solved + 1
            log.frame(event)
        now = time.monotonic()
        if solved == 1 or event.index == event.total or now - told >= _BETWEEN_WORDS:
            told = now
            desk.state.progress(claim, "solving", event.index, event.total, solved, event.error_max)

    take = solve(
        timeline,
        generator,
        callback=tell,
        resume=shot.outputs.take,
        frames=shot.frames,
        threads=desk.options.threads,
    )
    total = len(take)
    desk.state.progress(claim, "writing", total, total, solved, float(take.error.max(initial=0.0)))
    return timeline, generator, take, spent / solved if solved else 0.0


def _generator(desk: _Desk, shot: PlannedShot) -> Generator:
    """The shot's generator: the one at hand, or a freshly loaded one in its place."""
    if desk.generator is None or desk.digest != shot.digest:
        desk.generator = None  # before the next is loaded, as two may not fit
        desk.generator = load_generator(shot.checkpoint, desk.options.device)
        desk.digest = shot.digest
    return desk.generator


def _write(
    state: State,
    finish: Finish,
    claim: Claim,
    timeline: Timeline,
    take: Take,
    generator: Generator,
    seconds: float,
    log: ShotLog,
) -> None:
    began = time.monotonic()
    write_outputs(claim, timeline, take, generator, finish)
    spent = time.monotonic() - began
    error = float(take.error.max(initial=0.0))
    frames = len(claim.shot.frames)
    state.finish(claim, error, seconds, spent / frames, frames)
    log.say(f"done: {frames} frames, error max {error:.2f} px, written in {spent:.1f} s")


def _write_apart(
    desk: _Desk, claim: Claim, timeline: Timeline, take: Take, generator: Generator, seconds: float
) -> None:
    """The same in a thread, with a connection of its own."""
    state = open_state(desk.database)
    try:
        with _accounted(desk, state, claim) as log:
            _write(state, desk.finish, claim, timeline, take, generator, seconds, log)
    finally:
        state.close()


def _wait_for_writing(desk: _Desk) -> None:
    writing, desk.writing = desk.writing, None
    if writing is not None:
        writing.result()


@contextmanager
def _pool(overlap: bool) -> Iterator[ThreadPoolExecutor | None]:
    if not overlap:
        yield None
        return
    with ThreadPoolExecutor(1, thread_name_prefix="writing") as pool:
        yield pool


@contextmanager
def _accounted(desk: _Desk, state: State, claim: Claim) -> Iterator[ShotLog]:
    """The shot's log; what is raised ends up in the row, and goes on only where the worker has to stop."""
    log = ShotLog(claim)
    try:
        yield log
    except ClaimLost:
        log.say("another worker has taken it over; left alone")
    except (KeyboardInterrupt, SystemExit):
        log.say("stopped; it waits for the next worker")
        _give_back(state, claim, "stopped")
        raise
    except Exception as error:
        _account(state, claim, log, error)
    finally:
        if not log.handed_on:
            desk.heart.let_go(claim)


def _account(state: State, claim: Claim, log: ShotLog, error: Exception) -> None:
    """An error to the log and the row; one of the disk puts the shot back and is raised again."""
    text = str(error).splitlines() if isinstance(error, PrevizError) else [f"{type(error).__name__}: {error}"]
    line = "; ".join(part for part in text if part) or type(error).__name__
    if is_busy(error):
        log.say(line)
        state.release(claim, line, _BUSY_DELAY)
    elif is_storage(error):
        log.say(line)
        _give_back(state, claim, line)
        raise error
    else:
        log.say(line if isinstance(error, PrevizError) else "".join(traceback.format_exception(error)))
        try:
            again = state.fail(claim, line)
        except ClaimLost:
            return
        log.say("failed; tried again" if again else "failed for good")


def _give_back(state: State, claim: Claim, reason: str) -> None:
    """Put a shot back in line, if that can be written; the end of this process does it otherwise."""
    try:
        state.release(claim, reason)
    except (ClaimLost, PrevizError):
        return


def is_storage(error: BaseException) -> bool:
    """Whether an error is of the disk or the folder, which all shots would meet."""
    if not isinstance(error, OutputError) or is_busy(error):
        return False
    return isinstance(error.__cause__, (OSError, sqlite3.Error)) or "can't be written to" in str(error)


def is_busy(error: BaseException) -> bool:
    """Whether an error is that another process still holds the shot's solved frames."""
    return isinstance(error, OutputError) and "is in use by another previz" in str(error)
