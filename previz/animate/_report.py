"""How well a take came out, in figures. All lengths are pixels of the generator's image."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from previz.animate._take import Take


SMOOTHED = ("jitter", "smoothness", "latent_shake", "error_mean", "error_max", "within_tolerance")
"""The figures of a summary that smoothing changes."""


@dataclass(frozen=True)
class TakeSummary:
    """A take in a few figures; lengths are pixels of the generator's image.

    Attributes:
        frames: how many there are.
        tolerance: how near each handle was to come.
        error_mean: final distance to the target, mean over frames and handles.
        error_max: the largest of them.
        within_tolerance: share (0 to 1) of frames whose handles, soft ones apart, came within the tolerance.
        seconds: wall time that solving took, over all frames.
        seconds_per_frame: mean of it.
        iterations: optimiser steps, over all frames.
        jitter: mean second difference of the tracked handles where their targets hold still for three frames;
            None where no target does.
        smoothness: mean second difference of the way from target to handle: what shake the solve added to the
            motion that was asked for; None for fewer than three frames.
        latent_shake: mean second difference of the latents, root mean square over the layers; None for fewer
            than three frames.
        lost: frames in which a handle was lost.
        unsolved: frames that hit the cap of iterations or stalled.
        methods: how many frames each solver found; "lbfgs" is what "auto" falls back on.
    """

    frames: int
    tolerance: float
    error_mean: float
    error_max: float
    within_tolerance: float
    seconds: float
    seconds_per_frame: float
    iterations: int
    jitter: float | None
    smoothness: float | None
    latent_shake: float | None
    lost: int
    unsolved: int
    methods: dict[str, int]


def summarise(take: Take) -> TakeSummary:
    """The take in a few figures."""
    worst = take.error.max(axis=1, initial=0.0)  # [F]
    judged = take.error[:, ~take.soft].max(axis=1, initial=0.0)  # [F]
    return TakeSummary(
        frames=len(take),
        tolerance=take.tolerance,
        error_mean=float(take.error.mean()) if take.error.size else 0.0,
        error_max=float(worst.max()),
        within_tolerance=float((judged <= take.tolerance).mean()),
        seconds=float(take.seconds.sum()),
        seconds_per_frame=float(take.seconds.mean()),
        iterations=int(take.iterations.sum()),
        jitter=jitter(take.handles, take.targets),
        smoothness=smoothness(take.handles, take.targets),
        latent_shake=latent_shake(take.latents),
        lost=int(take.lost.any(axis=1).sum()),
        unsolved=sum(status in ("max_iterations", "stalled") for status in take.status),
        methods=dict(Counter(method for method in take.method if method)),
    )


def jitter(handles: NDArray[np.floating], targets: NDArray[np.floating]) -> float | None:
    """Mean second difference of handles [F, N, 2] where targets [F, N, 2] hold for three frames.

    In pixels; None where no target holds that long.
    """
    shake = _second_difference(handles)  # [F - 2, N]
    still = (targets[1:] == targets[:-1]).all(axis=-1)  # [F - 1, N]
    held = still[1:] & still[:-1]
    return float(shake[held].mean()) if held.any() else None


def smoothness(handles: NDArray[np.floating], targets: NDArray[np.floating]) -> float | None:
    """Mean second difference of handles - targets, both [F, N, 2], in pixels; None below three frames."""
    shake = _second_difference(np.asarray(handles, np.float64) - targets)
    return float(shake.mean()) if shake.size else None


def latent_shake(latents: NDArray[np.floating]) -> float | None:
    """Mean over frames of the second difference of latents [F, num_ws, w_dim], in units of w.

    Of each frame it is the root mean square over layers of the length of their w's. None below three frames.
    """
    bend = np.diff(np.asarray(latents, np.float64), n=2, axis=0)
    return float(np.sqrt((bend**2).sum(axis=2).mean(axis=1)).mean()) if len(bend) else None


def smoothing_report(take: Take) -> dict[str, Any] | None:
    """What smoothing did to a take, in figures before and after it; None where it was not smoothed."""
    if take.unsmoothed is None:
        return None
    before = take.unsmoothed.summary(len(take))
    return {
        **take.settings["smoothing"],
        "before": {name: getattr(before, name) for name in SMOOTHED},
        "after": {name: getattr(take.summary(), name) for name in SMOOTHED},
    }


def _second_difference(points: NDArray[np.floating]) -> NDArray[np.float64]:
    if len(points) < 3:
        return np.zeros((0, points.shape[1]))
    bend = np.diff(np.asarray(points, np.float64), n=2, axis=0)
    return np.asarray(np.linalg.norm(bend, axis=-1), dtype=np.float64)


def report(take: Take) -> dict[str, Any]:
    """The take as a JSON-able report; see `Take.report`."""
    return {
        "shot": take.shot,
        "rate": str(take.rate),
        "range": str(take.range),
        "units": f"px of the generator's image, {take.width}x{take.height}",
        "handles": list(take.names),
        "summary": asdict(summarise(take)),
        **({} if take.unsmoothed is None else {"smoothing": smoothing_report(take)}),
        "frames": [_frame(take, index) for index in range(len(take))],
    }


def _frame(take: Take, index: int) -> dict[str, Any]:
    error = take.error[index]
    return {
        "frame": int(take.frames[index]),
        "status": take.status[index],
        "method": take.method[index],
        "error": {name: round(float(value), 4) for name, value in zip(take.names, error, strict=True)},
        "error_max": round(float(error.max(initial=0.0)), 4),
        "within_tolerance": bool((error[~take.soft] <= take.tolerance).all()),
        "iterations": int(take.iterations[index]),
        "seconds": round(float(take.seconds[index]), 4),
        "lost": [name for name, lost in zip(take.names, take.lost[index], strict=True) if lost],
    }
