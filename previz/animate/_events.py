"""What a solve tells its callback. Events are values: a progress bar, a log and a test read the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from previz.animate._record import FrameRecord


@dataclass(frozen=True)
class SolveStarted:
    """A solve is about to begin.

    Attributes:
        shot: the timeline's shot.
        frames: the frames that the take will hold, in order.
        total: how many frames will be solved or reused; in keys mode that takes in keys beyond the last frame
            asked for.
        mode: "every-frame" or "keys".
        tolerance: how near handles must come, pixels of the generator's image.
    """

    shot: str
    frames: tuple[int, ...]
    total: int
    mode: str
    tolerance: float


@dataclass(frozen=True)
class FrameIterated:
    """The drag of a frame is about to take another step.

    Attributes:
        frame: the frame number.
        iteration: 0 before the first step.
        error_max: the farthest handle's distance to its target, pixels of the generator's image.
        error_mean: the mean over the handles, likewise.
    """

    frame: int
    iteration: int
    error_max: float
    error_mean: float


@dataclass(frozen=True)
class FrameSolved:
    """A frame is done, and safe on disk where the solve was given a place to resume from.

    Attributes:
        frame: the frame number.
        index: how many frames are done, this one included.
        total: of how many.
        iterations: optimiser steps that it took (when it was solved, if it was reused).
        error_max: the farthest handle's distance to its target, pixels of the generator's image.
        seconds: wall time that it took (when it was solved, if it was reused).
        status: "ok", "interpolated" (keys mode: the spline was near enough), "max_iterations" or "stalled".
        lost: names of the handles that can't be recognised any more.
        reused: True where it came from an earlier solve.
        method: the solver that found it, of "auto" the one that did.
        record: the frame itself. It is what the take will hold, unless that is smoothed when all are solved.
    """

    frame: int
    index: int
    total: int
    iterations: int
    error_max: float
    seconds: float
    status: str
    lost: tuple[str, ...]
    reused: bool
    method: str = ""
    record: FrameRecord | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class FramesSmoothed:
    """Frames that ask for the same, a hold or a single one, are smoothed (once a pass).

    Attributes:
        first: the first of them.
        last: the last of them.
        index: how many such steps are done, this one included.
        total: of how many.
        error_max: the farthest handle's distance to its target after it, pixels of the generator's image.
    """

    first: int
    last: int
    index: int
    total: int
    error_max: float


@dataclass(frozen=True)
class SolveFinished:
    """All frames are done.

    Attributes:
        solved: how many frames were solved now.
        reused: how many came from an earlier solve.
        seconds: wall time of the whole.
    """

    solved: int
    reused: int
    seconds: float


SolveEvent = SolveStarted | FrameIterated | FrameSolved | FramesSmoothed | SolveFinished
SolveCallback = Callable[[SolveEvent], None]
