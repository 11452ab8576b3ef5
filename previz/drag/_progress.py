"""How a drag is judged while it runs: arrived, stalled or at its end, and which iterate was the best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import torch
from torch import Tensor

from previz.drag._settings import IKSettings
from previz.drag._types import Callback, DragResult, DragTask, Iteration, Status

# What a pixel of a soft handle weighs beside one of a hard handle, in the choice of the best iterate.
SOFT_SHARE = 0.01


@dataclass(frozen=True)
class Progress:
    """A drag so far; every solver carries one through its loop.

    Attributes:
        iterations: iterates seen.
        best: the iterate with the least mean distance to the goals, or the one that arrived.
        best_error: its mean distance, image pixels, in which soft handles hardly count.
        last: the iterate seen last.
        last_error: its mean distance, likewise.
        mark: the mean distance, of soft handles like of others, when it last shrank by `stall_improvement`.
        marked_at: the iteration of that.
        status: why the drag ended, None while it goes on.
    """

    iterations: int = 0
    best: DragResult | None = None
    best_error: float = inf
    last: DragResult | None = None
    last_error: float = inf
    mark: float = inf
    marked_at: int = 0
    status: Status | None = None


def distance_to_goals(task: DragTask, handles: Tensor) -> Tensor:
    """[N] how far the handles [N, 2] are from where they can at best arrive, image pixels."""
    distance: Tensor = torch.linalg.vector_norm(task.goals - handles, dim=-1)
    return distance


def is_soft(task: DragTask) -> Tensor:  # [N] bool
    """Which handles yield."""
    return torch.zeros_like(task.weights, dtype=torch.bool) if task.soft is None else task.soft


def mean_distance(task: DragTask, handles: Tensor, share: float = 1.0) -> float:
    """Mean distance to the goals by their weights, soft ones by this share of theirs, image pixels."""
    weights = torch.where(is_soft(task), share * task.weights, task.weights)
    return float((distance_to_goals(task, handles) * weights).sum() / weights.sum().clamp(min=1e-12))


def all_near(task: DragTask, handles: Tensor) -> bool:
    """Whether every handle that is judged is within the tolerance of where it can at best arrive."""
    return bool(((distance_to_goals(task, handles) <= task.tolerance) | (task.weights == 0)).all())


def advance(
    progress: Progress,
    task: DragTask,
    w: Tensor,  # [num_ws, w_dim]
    handles: Tensor,  # [N, 2] tracked in w
    distance: Tensor,  # [N] feature distance
    callback: Callback | None = None,
) -> Progress:
    """Judge an iterate, and tell the callback of it.

    A handle of weight 0 is followed but not judged. The mean is weighted as the motion loss is.
    """
    iteration, settings = progress.iterations, task.settings
    result = _result(task, w, handles, distance, iteration)
    if callback is not None:
        callback(Iteration(iteration, result.w, handles, result.error, distance))
    mean, ranked = mean_distance(task, handles), mean_distance(task, handles, SOFT_SHARE)
    progress = replace(progress, iterations=iteration + 1, last=result, last_error=ranked)
    if all_near(task, handles):
        return replace(progress, best=result, best_error=ranked, status="ok")
    if ranked < progress.best_error:
        progress = replace(progress, best=result, best_error=ranked)
    if mean < progress.mark - settings.stall_improvement:
        progress = replace(progress, mark=mean, marked_at=iteration)
    if iteration >= settings.max_iterations:
        return replace(progress, status="max_iterations")
    if iteration - progress.marked_at >= settings.stall_window:
        return replace(progress, status="stalled")
    return progress


def finish(progress: Progress, task: DragTask) -> DragResult:
    """The result of an ended drag: its best iterate, with all steps that were taken and why it ended.

    Where hard handles are within the tolerance, soft ones have yielded to them, and all is well.
    """
    assert progress.best is not None
    assert progress.status is not None
    hard = replace(task, weights=torch.where(is_soft(task), 0.0, task.weights))
    yielded = bool(is_soft(task).any()) and all_near(hard, progress.best.handles)
    status = "ok" if yielded else progress.status
    return replace(progress.best, iterations=progress.iterations - 1, status=status)


@dataclass(frozen=True)
class Arrival:
    """What came of the iterates within the tolerance.

    Attributes:
        best: of these, the one with the least mean distance to the goals.
        error: its mean distance, image pixels.
        count: iterates seen since the first of them, that one included.
    """

    best: DragResult | None = None
    error: float = inf
    count: int = 0


def note_arrival(arrival: Arrival, progress: Progress, task: DragTask) -> Arrival:
    """Look whether the iterate seen last is within the tolerance of the task."""
    assert progress.last is not None
    if progress.last_error < arrival.error and all_near(task, progress.last.handles):
        arrival = replace(arrival, best=progress.last, error=progress.last_error)
    return replace(arrival, count=arrival.count + (arrival.best is not None))


def end_settling(progress: Progress, arrival: Arrival, longest: int) -> Progress:
    """Ended "ok" at the best arrival, where the drag would end otherwise or has settled so long."""
    over = progress.status is not None or arrival.count > longest
    if arrival.best is None or not over or progress.status == "ok":
        return progress
    return replace(progress, best=arrival.best, status="ok")


@dataclass(frozen=True)
class MaskSettling:
    """What came of the iterates that have settled, where a mask holds something.

    Attributes:
        best: of these, the one in which the least of what is fixed has changed.
        change: how much, squared.
        count: iterates seen since the first of them, that one included.
    """

    best: DragResult | None = None
    change: float = inf
    count: int = 0


def settle_mask(
    progress: Progress, kept: MaskSettling, change: float, ik: IKSettings
) -> tuple[Progress, MaskSettling]:
    """Go on after an arrival while what is fixed comes nearer to how it was, for so many iterations at most.

    `change` is that of the iterate seen last. A drag ends with the iterate of the least change among those
    that arrived.
    """
    settled = progress.status == "ok" and progress.best is progress.last
    if kept.best is None and not settled:
        return progress, kept
    nearer = settled and 0 < change < (1 - ik.mask_gain) * kept.change
    if settled and change < kept.change:
        kept = replace(kept, best=progress.last, change=change)
    kept = replace(kept, count=kept.count + 1)
    if (nearer or not settled) and progress.status in (None, "ok") and kept.count <= ik.mask_iterations:
        return replace(progress, status=None), kept
    return replace(progress, best=kept.best, status="ok"), kept


def _result(task: DragTask, w: Tensor, handles: Tensor, distance: Tensor, iteration: int) -> DragResult:
    return DragResult(
        w=w.detach(),
        handles=handles,
        error=(task.targets - handles).norm(dim=-1),
        feature_distance=distance,
        iterations=iteration,
        status="ok",
        # Written so that a distance that is not a number counts as lost.
        lost=~(distance <= task.settings.lost_threshold),
        out_of_reach=(task.goals != task.targets).any(dim=-1),
    )
