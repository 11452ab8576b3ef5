"""Several shots of one generator solved in lock step: a frame of each is dragged in one batch."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from previz.animate._asked import Asked, Dragged, Solving, drag_alone
from previz.animate._events import SolveCallback
from previz.animate._solve import solving
from previz.animate._take import Take
from previz.animate._threads import cpu_threads
from previz.drag import Iteration, drag_batch
from previz.errors import SolveError
from previz.generator import Generator as Character
from previz.timebase import FrameRange
from previz.timeline import Timeline


@dataclass(frozen=True, eq=False)
class TakeJob:
    """A shot to be solved beside others. The fields are what `solve` takes of them.

    Attributes:
        timeline: what to solve.
        callback: told what happens.
        resume: where solved frames are kept meanwhile.
        frames: solve no further than their last one.
    """

    timeline: Timeline
    callback: SolveCallback | None = None
    resume: str | Path | None = None
    frames: FrameRange | None = None


@dataclass(eq=False)
class _Running:
    """A job under way: its solve, and the drag that it waits for."""

    job: TakeJob
    solving: Solving[Take]
    asked: Asked | None = None
    ended: Take | Exception | None = None

    def go_on(self, answer: Dragged | Exception | None) -> None:
        """Hand it what came of its drag, None at its start, and let it ask for the next or end."""
        self.asked = None
        try:
            if isinstance(answer, Exception):
                self.asked = self.solving.throw(answer)
            else:
                self.asked = next(self.solving) if answer is None else self.solving.send(answer)
        except StopIteration as end:
            self.ended = end.value
        except Exception as error:
            self.ended = error


Ended = Generator[tuple[TakeJob, Take | Exception], None, None]


def solve_takes(jobs: Iterable[TakeJob], generator: Character, at_once: int = 4, threads: int = 1) -> Ended:
    """Solve shots that share a generator, `at_once` at a time, each frame of all in one batch.

    Yields each job with its take, or with the error that ended it, as soon as it ends; the others go on, and
    the next of `jobs` takes its place. They may differ in all that a timeline says; those whose `precision`
    and feature `block` are the same are dragged in one batch, and a frame of latent IK that has arrived drops
    out of it. What `drag_batch` does one after the other ("adam", "lbfgs", the fallback of "auto"), it does
    so here.

    Latents come within 1e-3, and handles within 1e-3 px, of those of `solve`, as `drag_batch` states it:
    rounding depends on what else is in the batch. Where the tracker hesitates between two places, a handle
    may be farther off, as far as it goes when the start changes by 1e-7 (4e-3 px, with a generator of random
    weights); and frames start from one another. So frames that were kept by one are not reused by the other
    (their input hashes differ), while what was beside a frame when it was solved doesn't matter. A frame that
    has no other beside it is dragged as `solve` drags it, to the same bits.

    Each frame is kept as soon as its batch is done, as `solve` keeps it. A batch that fails, such as for want
    of memory, is done again one frame at a time, and if that goes well, all later frames are.

    Args:
        jobs: what to solve; an iterator is asked for one only when there is room for it.
        generator: of all of them.
        at_once: how many are solved side by side.
        threads: how many a CPU computes with, as in `solve`.

    Raises:
        SolveError: `at_once` is below 1. What one job raises is yielded; only what is no Exception, such as
            KeyboardInterrupt, ends all, and frees their folders.

    Example:
        jobs = [TakeJob(load_timeline(path), resume=f"{path}.take.safetensors") for path in paths]
        for job, take in solve_takes(jobs, generator):
            print(job.timeline.shot, take if isinstance(take, Exception) else take.summary())
    """
    if at_once < 1:
        raise SolveError(f"solve_takes: {at_once} at once is below the least, 1")
    return _lock_step(iter(jobs), generator, at_once, threads)


def _lock_step(jobs: Iterator[TakeJob], generator: Character, at_once: int, threads: int) -> Ended:
    running: list[_Running] = []
    batch = _Batch(generator)
    try:
        while True:
            while len(running) < at_once and (job := next(jobs, None)) is not None:
                begun = (job.timeline, generator, job.callback, job.resume, job.frames, threads)
                running.append(_Running(job, solving(*begun, together=True)))
                with cpu_threads(threads):
                    running[-1].go_on(None)
            if not running:
                return
            waiting = [(one, one.asked) for one in running if one.asked is not None]
            with cpu_threads(threads):
                answers = batch.drag_all([asked for _, asked in waiting])
                for (one, _), answer in zip(waiting, answers, strict=True):
                    one.go_on(answer)
            for one in list(running):
                if one.ended is not None:
                    running.remove(one)
                    yield one.job, one.ended
    finally:
        for one in running:
            one.solving.close()  # frees its folder


@dataclass(eq=False)
class _Batch:
    """Drags what is asked for, side by side as long as that works."""

    generator: Character
    works: bool = True

    def drag_all(self, asked: Sequence[Asked]) -> list[Dragged | Exception]:
        """What came of each drag: an error of its own, or of its callback, is that of no other."""
        if len(asked) > 1 and self.works:
            try:
                return self._side_by_side(asked)
            except Exception:  # whose it is, or that it is of the batch, doing each alone tells
                answers = [_attempt(one) for one in asked]
                self.works = any(isinstance(answer, Exception) for answer in answers)
                return answers
        return [_attempt(one) for one in asked]

    def _side_by_side(self, asked: Sequence[Asked]) -> list[Dragged | Exception]:
        errors: dict[int, Exception] = {}

        def tell(position: int, iteration: Iteration) -> None:
            told = asked[position].callback
            if told is None or position in errors:
                return
            try:
                told(iteration)
            except Exception as error:  # the others' drags go on; this one's shot ends after the batch
                errors[position] = error

        began = time.perf_counter()
        items = [replace(one.item, settings=one.settings) for one in asked]
        results = drag_batch(self.generator, items, callback=tell)
        share = (time.perf_counter() - began) / len(asked)
        return [errors.get(position) or Dragged(result, share) for position, result in enumerate(results)]


def _attempt(asked: Asked) -> Dragged | Exception:
    try:
        return drag_alone(asked)
    except Exception as error:
        return error
