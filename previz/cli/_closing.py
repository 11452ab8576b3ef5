"""The lines that close a render: what was written, how well it came out, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from fileseq import framesToFrameRange

from previz import FrameRange, Take


def closing_lines(
    take: Take, written: Sequence[Path], frames: FrameRange, size: tuple[int, int], reused: int
) -> Iterator[str]:
    """Yield a render's summary line by line; lost and unreached handles come last, where they are seen."""
    summary = take.summary()
    width, height = size
    yield f"{written[0]}: {len(frames)} frames ({frames}) at {take.rate} fps, {width}x{height}"
    for path in written[1:]:
        yield str(path)
    within = round(summary.within_tolerance * summary.frames)
    yield (
        f"error: mean {summary.error_mean:.2f} px, max {summary.error_max:.2f} px; "
        f"{within} of {summary.frames} frames within {summary.tolerance:g} px"
    )
    yield (
        f"solved: {summary.seconds_per_frame:.2f} s and {summary.iterations / summary.frames:.1f} iterations "
        f"a frame, {summary.seconds:.1f} s in all; {reused} of {summary.frames} frames reused"
    )
    if take.unsmoothed is not None:
        before = take.unsmoothed.summary(len(take))
        latents, handles = (
            f"{getattr(before, name) or 0.0:.3f} to {getattr(summary, name) or 0.0:.3f}"
            for name in ("latent_shake", "smoothness")
        )
        yield f"smoothed: shake of latents {latents}, of handles beside their curves {handles} px"
    if len(summary.methods) > 1:
        fallen = take.frames[np.asarray(take.method) == "lbfgs"]
        yield f"latent IK was stuck, and the quality mode (lbfgs) nearer, on {frame_list(fallen)}"
    off = take.error > take.tolerance
    yield from _per_handle("soft, yielded", take, off & take.soft)
    yield from _per_handle("not reached", take, off & ~take.soft)
    yield from _per_handle("lost", take, take.lost)


def _per_handle(what: str, take: Take, where: np.ndarray) -> Iterator[str]:  # where: bool [F, N]
    for index, name in enumerate(take.names):
        if where[:, index].any():
            farthest = take.error[where[:, index], index].max()
            frames = frame_list(take.frames[where[:, index]])
            yield f"{what}: {name} on {frames}, up to {farthest:.2f} px off"


def frame_list(frames: Iterable[int]) -> str:
    """Write frames as ranges: 1001-1004,1009."""
    return str(framesToFrameRange([int(frame) for frame in frames], sort=True))
