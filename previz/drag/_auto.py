"""Latent IK, and where that gets stuck the quality mode from there."""

from __future__ import annotations

from dataclasses import replace

from previz.drag._ik import drag_ik
from previz.drag._lbfgs import drag_lbfgs
from previz.drag._progress import SOFT_SHARE, mean_distance
from previz.drag._types import Callback, DragResult, DragTask, FeatureGenerator, Iteration


def drag_auto(generator: FeatureGenerator, task: DragTask, callback: Callback | None = None) -> DragResult:
    """What "ik" gives where it arrives; else the better of that and of "lbfgs" from there.

    `DragResult.method` says which, and `iterations` counts both. A latent that is not better than that of IK
    by `stall_improvement` is not taken.
    """
    first = replace(drag_ik(generator, task, callback), method="ik")
    if first.status == "ok" or not task.settings.max_iterations:
        return first

    def later(iteration: Iteration) -> None:
        if callback is not None:
            callback(replace(iteration, index=first.iterations + 1 + iteration.index))

    second = drag_lbfgs(generator, replace(task, w=first.w, handles=first.handles), later)
    spent = first.iterations + second.iterations
    errors = [mean_distance(task, one.handles, SOFT_SHARE) for one in (first, second)]
    better = errors[1] < errors[0] - task.settings.stall_improvement
    if better or second.status == "ok":
        return replace(second, method="lbfgs", iterations=spent)
    return replace(first, iterations=spent)
