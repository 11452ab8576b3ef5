"""The keyframe engine: a timeline and a generator in, a Take out, and from a Take to pictures."""

from previz.animate._decode import check_generator, decode, decode_latents, to_uint8
from previz.animate._events import (
    FrameIterated,
    FrameSolved,
    FramesSmoothed,
    SolveCallback,
    SolveEvent,
    SolveFinished,
    SolveStarted,
)
from previz.animate._export import export_latents
from previz.animate._prepare import start_latent
from previz.animate._record import SOLVER_VERSION, FrameRecord
from previz.animate._report import TakeSummary, jitter, latent_shake, smoothness
from previz.animate._smooth_take import smooth_take
from previz.animate._solve import solve
from previz.animate._store import discard_partial, partial_folder
from previz.animate._take import TAKE_FORMAT, Take, stack
from previz.animate._threads import cpu_threads, usable_cores
from previz.animate._together import TakeJob, solve_takes

__all__ = [
    "SOLVER_VERSION",
    "TAKE_FORMAT",
    "FrameIterated",
    "FrameRecord",
    "FrameSolved",
    "FramesSmoothed",
    "SolveCallback",
    "SolveEvent",
    "SolveFinished",
    "SolveStarted",
    "Take",
    "TakeJob",
    "TakeSummary",
    "check_generator",
    "cpu_threads",
    "decode",
    "decode_latents",
    "discard_partial",
    "export_latents",
    "jitter",
    "latent_shake",
    "partial_folder",
    "smooth_take",
    "smoothness",
    "solve",
    "solve_takes",
    "stack",
    "start_latent",
    "to_uint8",
    "usable_cores",
]
