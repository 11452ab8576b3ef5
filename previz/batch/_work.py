"""What a worker does: claim a shot, solve it, write its outputs, and so on until nothing is left.

The generator is loaded once for all shots that share it. With `overlap`, a shot's pictures are decoded and
encoded in a thread while the next one is being solved, which pays on a GPU: solving leaves much of it idle.
With `together`, several shots are solved at once, a frame of each in one batch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

from previz.animate import TakeJob, solve, solve_takes
from previz.batch._account import accounted, give_back
from previz.batch._heart import Heart
from previz.batch._hooks import run_owed_hooks
from previz.batch._host import Worker, this_worker
from previz.batch._jobs import Desk, Finish, Job, WorkOptions, begun, hand_over, wait_for_writing
from previz.batch._rows import is_left
from previz.batch._state import Claim, State, open_state
from previz.generator import resolve_device

__all__ = ["Finish", "WorkOptions", "work"]


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
        desk = Desk(database, state, worker, options, finish, heart, pool=pool)
        try:
            while True:
                if desk.writing is not None and desk.writing.done():
                    wait_for_writing(desk)  # raises what stops the worker
                heart.check_stop()
                run_owed_hooks(state, worker)
                claim = state.claim(worker, options.only, desk.digest)
                if claim is not None:
                    _do_together(desk, claim) if options.together > 1 else _do(desk, claim)
                    idle_since = time.monotonic()
                elif desk.writing is not None:
                    wait_for_writing(desk)
                elif not _anything_left(state, options.only) or _is_weary(options, idle_since):
                    return
                else:
                    time.sleep(options.poll)
        finally:
            wait_for_writing(desk)
            state.close()


def _anything_left(state: State, only: frozenset[str] | None) -> bool:
    """Whether a shot may still come to this worker: one in line, or one that another may fail to finish."""
    return any(is_left(row) for row in state.rows() if only is None or row.id in only)


def _is_weary(options: WorkOptions, idle_since: float) -> bool:
    return options.patience is not None and time.monotonic() - idle_since > options.patience


def _do(desk: Desk, claim: Claim) -> None:
    """Solve and write one claimed shot; its errors end up in its row."""
    desk.heart.hold(claim)
    with accounted(desk.heart, desk.state, claim) as log:
        job = begun(desk, claim, log)
        if job is None:
            return
        take = solve(
            job.timeline,
            job.generator,
            callback=job.tell,
            resume=claim.shot.outputs.take,
            frames=claim.shot.frames,
            threads=desk.options.threads,
        )
        hand_over(job, take)


def _do_together(desk: Desk, first: Claim) -> None:
    """Solve and write a claimed shot, with others of its checkpoint beside it, as many as are in line.

    When one ends, the next is claimed in its place. Each ends, fails and is tried again by itself; what stops
    the worker gives all of them back.
    """
    held: dict[TakeJob, Job] = {}
    try:
        jobs = _claimed(desk, first, held)
        one = next(jobs, None)
        if one is None:
            return
        generator, options = held[one].generator, desk.options
        with closing(solve_takes(chain([one], jobs), generator, options.together, options.threads)) as takes:
            for asked, take in takes:
                job = held.pop(asked)
                with accounted(desk.heart, desk.state, job.claim, job.log):
                    if isinstance(take, Exception):
                        raise take
                    hand_over(job, take)
    except BaseException:
        for job in held.values():
            job.log.say("stopped; it waits for the next worker")
            give_back(desk.state, job.claim, "stopped")
            desk.heart.let_go(job.claim)
        raise


def _claimed(desk: Desk, first: Claim, held: dict[TakeJob, Job]) -> Iterator[TakeJob]:
    """A claimed shot, and those of its checkpoint that come next in line, claimed when they are asked for."""
    claim: Claim | None = first
    while claim is not None:
        desk.heart.hold(claim)
        job = None
        with accounted(desk.heart, desk.state, claim) as log:
            job = begun(desk, claim, log)
            log.handed_on = job is not None
        if job is not None:
            job.log.handed_on = False
            asked = TakeJob(job.timeline, job.tell, claim.shot.outputs.take, claim.shot.frames)
            held[asked] = job
            yield asked
        if desk.writing is not None and desk.writing.done():
            wait_for_writing(desk)  # raises what stops the worker
        desk.heart.check_stop()
        run_owed_hooks(desk.state, desk.worker)
        claim = desk.state.claim(desk.worker, desk.options.only, first.shot.digest, strictly=True)


@contextmanager
def _pool(overlap: bool) -> Iterator[ThreadPoolExecutor | None]:
    if not overlap:
        yield None
        return
    with ThreadPoolExecutor(1, thread_name_prefix="writing") as pool:
        yield pool
