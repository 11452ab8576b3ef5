"""The door of the room: check a drag, then hand it to its solver."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from previz.drag._adam import drag_adam
from previz.drag._auto import drag_auto
from previz.drag._checks import (
    check_latent,
    check_mask,
    check_points,
    check_reference,
    check_soft,
    check_weights,
)
from previz.drag._ik import drag_ik
from previz.drag._lbfgs import drag_lbfgs
from previz.drag._precision import repeatable, resolve_precision
from previz.drag._settings import DragSettings
from previz.drag._slips import slipped
from previz.drag._supervision import fixed_area
from previz.drag._types import Callback, DragResult, DragTask, FeatureGenerator, Reference, Solver
from previz.errors import SolveError
from previz.geometry import clamp_to_image

SOLVERS: dict[str, Solver] = {
    "adam": drag_adam,
    "ik": drag_ik,
    "lbfgs": drag_lbfgs,
    "auto": drag_auto,
}
"""Every way of dragging, by the name that `DragSettings.method` gives it."""

AUTO = "auto"
"""What is chosen where nothing is: latent IK, and where that gets stuck, the quality mode."""


def drag(
    generator: FeatureGenerator,
    w: Tensor,  # [num_ws, w_dim]
    handles: Tensor,  # [N, 2] (x, y) image pixels: where the handles are in w
    targets: Tensor,  # [N, 2] image pixels
    reference: Reference,
    settings: DragSettings | None = None,
    mask: Tensor | None = None,  # [H, W], 1 = movable, 0 = fixed
    weights: Tensor | None = None,  # [N]
    callback: Callback | None = None,
    soft: Tensor | None = None,  # [N] bool
) -> DragResult:
    """Move a latent until the handles are at their targets (DragGAN, Pan et al. 2023).

    Handles are followed by their looks in the first frame of the shot, which `reference` holds. A target
    outside the image pulls its handle to the border, where it has arrived as far as it can; `out_of_reach`
    says so. Handles on top of one another are each pulled to their own target and, if those differ, end as
    "stalled" or "max_iterations". A handle of weight 0 is followed, neither pulled nor judged. A soft
    handle is pulled as far as that takes no other off its target, and has done well wherever it ends; the
    others are hard. Without handles w comes back as it is.

    The same call on the same device gives the same bits.

    Raises:
        SolveError: shapes that don't fit the generator, the reference or each other; values that are not
            numbers; no such method or block.

    Example:
        >>> settings = DragSettings(tolerance=0.5)
        >>> reference = make_reference(generator, w, handles, settings)
        >>> result = drag(generator, w, handles, handles + torch.tensor([0.0, 8.0]), reference, settings)
        >>> result.status, result.error.max()
    """
    settings = settings or DragSettings()
    solver = _solver(settings)
    task = check_task(generator, w, handles, targets, reference, settings, mask, weights, soft)
    if not len(task.handles):
        none = task.handles.new_zeros(0)
        return DragResult(task.w, task.handles, none, none, 0, "ok", none.bool(), none.bool())
    with repeatable(task.w.device, settings.precision):
        return concluded(generator, task, solver(generator, task, callback))


def concluded(generator: FeatureGenerator, task: DragTask, result: DragResult) -> DragResult:
    """A solver's result, with what is the same for all: who found it, and which handles have slipped."""
    with torch.no_grad():
        feature_map = generator.features(result.w[None], task.reference.block)[0]
    lost = result.lost | slipped(feature_map, result.handles, task.reference, task.settings)
    return replace(result, lost=lost, method=result.method or task.settings.method)


def _solver(settings: DragSettings) -> Solver:
    if settings.method not in SOLVERS:
        raise SolveError(f'solver.method: "{settings.method}" is not one of {", ".join(SOLVERS)}')
    return SOLVERS[settings.method]


def check_task(
    generator: FeatureGenerator,
    w: Tensor,
    handles: Tensor,
    targets: Tensor,
    reference: Reference,
    settings: DragSettings,
    mask: Tensor | None,
    weights: Tensor | None,
    soft: Tensor | None,
) -> DragTask:
    """The task in full, or a SolveError."""
    w, handles = check_latent(generator, w), check_points(generator, "handles", handles)
    targets = check_points(generator, "targets", targets)
    check_reference(generator, reference)
    resolve_precision(settings.precision, generator.device)
    count = len(reference.points)
    for name, points in (("handles", handles), ("targets", targets)):
        if len(points) != count:
            raise SolveError(f"{name}: {len(points)} given for a reference of {count} handles")
    tolerance = settings.tolerance if settings.tolerance is not None else (1.0 if count <= 5 else 2.0)
    return DragTask(
        w=w,
        handles=handles,
        targets=targets,
        goals=clamp_to_image(targets, reference.image_size),
        reference=reference,
        fixed=None if mask is None else fixed_area(check_mask(generator, mask), reference),
        weights=check_weights(handles, weights),
        tolerance=tolerance,
        settings=settings,
        soft=check_soft(handles, soft),
    )
