"""The keyframe engine: a timeline and a generator in, a Take out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz.animate._asked import Solving, one_at_a_time
from previz.animate._events import FrameIterated, FrameSolved, SolveCallback, SolveFinished, SolveStarted
from previz.animate._modes import knots_needed, solve_every_frame, solve_keys
from previz.animate._prepare import prepare, take_settings
from previz.animate._record import FrameRecord
from previz.animate._shot import Shot, solve_frame
from previz.animate._smoothing import frames_to_smooth, smooth_records, smoothing_of, with_smoothed
from previz.animate._store import FrameStore, open_store
from previz.animate._take import Take, stack
from previz.animate._threads import cpu_threads
from previz.drag import Iteration
from previz.errors import SolveError
from previz.generator import Generator
from previz.timebase import FrameRange
from previz.timeline import Timeline


def solve(
    timeline: Timeline,
    generator: Generator,
    callback: SolveCallback | None = None,
    resume: str | Path | None = None,
    frames: FrameRange | None = None,
    threads: int = 1,
) -> Take:
    """Solve a timeline: for each frame, the latent that puts the handles where the curves want them.

    Each frame is solved from the latent of the one before it (in keys mode: each key, with a spline of
    latents between), and its handles are found again by how they look in the *first* frame, so that errors
    do not add up. The same timeline, checkpoint and device give the same latents, bit for bit, whether in one
    go or resumed. Where the timeline asks for it, the path of the latents is smoothed then; a take keeps
    both.

    Args:
        timeline: what to solve.
        generator: the timeline's character, or another one.
        callback: told what happens (`SolveStarted`, `FrameIterated`, `FrameSolved`, `FramesSmoothed`,
            `SolveFinished`).
        resume: where solved frames are kept while solving, so that a stop or a crash loses at most one: the
            file that the take will be saved in (they are kept in `x.take.partial` beside it), or a folder.
            Frames found there, and in the take, are reused if nothing that they depend on has changed.
        frames: solve no further than its last frame, and what smoothing needs beyond. The take begins with
            the shot in any case, since each frame starts from the last; `decode` takes a range for the
            pictures.
        threads: how many threads a CPU computes with; OMP_NUM_THREADS and torch's own setting don't count.
            One is fastest for small characters. Another number gives latents that differ in their last bits,
            so frames solved with it are not mixed with these.

    Raises:
        SolveError: the timeline asks for what the generator can't do, the solve ran away, or there is not
            one thread.
        OutputError: another process solves in the same place, or frames can't be kept there.

    Example:
        timeline = load_timeline("timelines/smile.yaml")
        take = solve(timeline, load_generator(timeline.checkpoint), resume="renders/smile.take.safetensors")
        take.save("renders/smile.take.safetensors", force=True)
    """
    with cpu_threads(threads):
        return one_at_a_time(solving(timeline, generator, callback, resume, frames, threads))


def solving(
    timeline: Timeline,
    generator: Generator,
    callback: SolveCallback | None,
    resume: str | Path | None,
    frames: FrameRange | None,
    threads: int,
    together: bool = False,
) -> Solving[Take]:
    """What `solve` does, asking for each drag; `together` where they may be done beside others."""
    emit = callback or _ignore
    began = time.perf_counter()
    count = _frames_to_solve(timeline, frames)
    shot = prepare(timeline, generator, threads, together)
    mode = timeline.solver.mode
    smoothing = smoothing_of(timeline.solver.smooth, timeline.rate, len(shot.names))
    needed = count if smoothing is None else frames_to_smooth(shot, count, smoothing)
    total = needed
    if mode == "keys":
        total += sum(knot >= needed for knot in knots_needed(shot, needed))
    emit(SolveStarted(timeline.shot, shot.frames[:count], total, mode, shot.settings.tolerance or 0.0))
    with open_store(resume) as store:
        progress = _Progress(shot, store, emit, total)
        run = solve_keys if mode == "keys" else solve_every_frame
        records = yield from run(shot, needed, progress.obtain)
        smoothed = None
        if smoothing is not None:
            smoothed = yield from smooth_records(shot, records, smoothing, store, emit)
    take = stack(
        records,
        shot=timeline.shot,
        rate=timeline.rate,
        frames=shot.frames[:needed],
        names=shot.names,
        start=shot.start,
        settings=take_settings(timeline, shot, threads, together),
        size=(generator.width, generator.height),
    )
    if smoothing is not None and smoothed is not None:
        take = with_smoothed(take, smoothed[:count], smoothing)
    emit(SolveFinished(progress.done - progress.reused, progress.reused, time.perf_counter() - began))
    return take


def _frames_to_solve(timeline: Timeline, frames: FrameRange | None) -> int:
    """How many frames of the timeline there are up to the end of the range."""
    whole = timeline.frames
    if frames is None:
        return len(whole)
    for frame in (frames.first, frames.last):
        if frame not in whole:
            raise SolveError(f"frame {frame} is outside the shot's frames, {whole}")
    return frames.last - whole.first + 1


def _ignore(event: object) -> None:
    """The callback of those who want none."""


@dataclass
class _Progress:
    """Reuses or solves frames one after the other, keeps them, and tells of each."""

    shot: Shot
    store: FrameStore
    emit: SolveCallback
    total: int
    done: int = 0
    reused: int = 0

    def obtain(
        self,
        index: int,
        key: str,
        latent: NDArray[np.float32],
        handles: NDArray[np.float32],
        interpolated: bool = False,
    ) -> Solving[FrameRecord]:
        """The frame with this input hash: an earlier one, or solved from this latent and these handles."""
        frame = self.shot.frames[index]
        found = self.store.find(key)
        record = found
        if record is None:
            told = _iterations(frame, self.emit)
            record = yield from solve_frame(self.shot, index, key, latent, handles, told)
            if interpolated and record.iterations == 0 and record.status == "ok":
                record = replace(record, status="interpolated")
            self.store.keep(record, frame)
        self.done += 1
        self.reused += found is not None
        self.emit(
            FrameSolved(
                frame=frame,
                index=self.done,
                total=self.total,
                iterations=record.iterations,
                error_max=float(record.error.max(initial=0.0)),
                seconds=record.seconds,
                status=record.status,
                lost=tuple(name for name, lost in zip(self.shot.names, record.lost, strict=True) if lost),
                reused=found is not None,
                method=record.method,
                record=record,
            )
        )
        return record


def _iterations(frame: int, emit: SolveCallback) -> Callable[[Iteration], None]:
    """Tell of a drag's iterations as events of this frame."""

    def tell(iteration: Iteration) -> None:
        error = iteration.error
        largest, mean = (float(error.max()), float(error.mean())) if len(error) else (0.0, 0.0)
        emit(FrameIterated(frame, iteration.index, largest, mean))

    return tell
