"""Latent IK: damped Gauss-Newton on tracked positions, the latent as skeleton and the handles as effectors.

A tracked position p(w) is where a patch of the first frame is found again, the minimum of a squared feature
distance; the implicit function theorem gives its Jacobian at the price of two vector-Jacobian products a
handle. The step is that of damped least squares as in inverse kinematics (Buss & Kim 2005), with a pull home
in the null space.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from previz.drag._crops import Evaluation, evaluate
from previz.drag._held import HeldChange, difference, hold, view
from previz.drag._jacobian import FirstStage, Linear, corrected, first_stage, patch_template
from previz.drag._layers import away_from_home, moved_layers, with_offset
from previz.drag._matching import Sight, Template, match, match_again, read_template, smoothed
from previz.drag._metric import latent_metric
from previz.drag._precision import resolve_precision
from previz.drag._progress import (
    Arrival,
    MaskSettling,
    Progress,
    advance,
    end_settling,
    finish,
    note_arrival,
    settle_mask,
)
from previz.drag._settings import IKSettings
from previz.drag._step import clip_length, next_trust, prioritised_step
from previz.drag._tracking import paper_pixel, search_offsets, search_step
from previz.drag._types import Callback, DragResult, DragTask, FeatureGenerator
from previz.geometry import clamp_to_image

# `IKSettings.recent` at most, in the first look of a drag.
FIRST_RECENT = 0.5


@dataclass(frozen=True)
class Look:
    """What an iteration asks for first: the features of a latent, and the picture where a mask holds it.

    Attributes:
        task: whose latent it is.
        layers: that move.
        offset: [len(layers) or 1, w_dim] added to them.
        picture: whether the picture is wanted, too.
    """

    task: DragTask
    layers: tuple[int, ...]
    offset: Tensor
    picture: bool


@dataclass(frozen=True)
class Seen:
    """What it sees; of an offset that gradients flow to.

    Attributes:
        offset: [len(layers) or 1, w_dim].
        evaluation: the features.
        picture: [C, h, w] what `_held.view` gives.
    """

    offset: Tensor
    evaluation: Evaluation
    picture: Tensor | None


@dataclass(frozen=True)
class Derive:
    """What it may ask for then: derivatives by the offset.

    Attributes:
        seen: of what.
        first: of the rows [2N, D] of the handles, what `first_stage` gives; None where they aren't wanted.
        cotangent: [C, h, w] of the picture, or None.
    """

    seen: Seen
    first: FirstStage | None
    cotangent: Tensor | None


Derived = tuple[Tensor | None, Tensor | None]  # rows [2N, D], gradient [D]
Steps = Generator[Look | Derive, Any, DragResult]


def drag_ik(generator: FeatureGenerator, task: DragTask, callback: Callback | None = None) -> DragResult:
    """Step all handles towards their targets at once, by as much as the linearisation can be trusted.

    Every handle is a row pair of the system whether it has arrived or not, so a pinned one is held, not just
    left alone. What is returned is the iterate that settled; else, of those within the tolerance or, where
    there are none, of all, the one with the least mean distance. With a mask it is, of those that settled,
    the one in which the least of what is fixed has changed.
    """
    steps = ik_steps(generator, task, callback)
    try:
        asked = next(steps)
        while True:
            asked = steps.send(look(generator, asked) if isinstance(asked, Look) else derive(asked))
    except StopIteration as end:
        result: DragResult = end.value
        return result


def look(generator: FeatureGenerator, asked: Look) -> Seen:
    """The features and the picture of one latent."""
    offset, block = asked.offset.detach().requires_grad_(), asked.task.reference.block
    precision = resolve_precision(asked.task.settings.precision, offset.device)
    w = with_offset(asked.task.w, asked.layers, offset)
    evaluation = evaluate(generator, w, block, whole=False, precision=precision)
    return Seen(offset, evaluation, view(generator, w, block, precision) if asked.picture else None)


def derive(asked: Derive) -> Derived:
    """The derivatives of one latent."""
    seen, first, gradient = asked.seen, asked.first, None
    if asked.cotangent is not None and seen.picture is not None:
        (gradient,) = torch.autograd.grad(seen.picture, seen.offset, asked.cotangent, retain_graph=True)
    return None if first is None else first.rows(seen.evaluation, seen.offset), gradient


def ik_steps(generator: FeatureGenerator, task: DragTask, callback: Callback | None = None) -> Steps:
    """`drag_ik`, which leaves it to others to run the generator: several drags may share a pass."""
    task = _with_own_limits(task)
    settings, reference, ik = task.settings, task.reference, task.settings.ik
    layers = moved_layers(settings, generator.num_ws)
    template = patch_template(reference, ik.patch_spacing * paper_pixel(reference), ik.smooth)
    search = search_offsets(reference, settings.radius_tracking)
    away = away_from_home(task.w, reference.w, layers, settings.space)
    offset, progress, expected = torch.zeros_like(away), Progress(), task.handles
    linear: Linear | None = None
    sight: Sight | None = None
    finely = replace(task, tolerance=task.tolerance * ik.settle)
    arrived, kept = Arrival(), MaskSettling()
    handles = predicted = task.handles
    trust = ik.trust * paper_pixel(reference)
    metric, step = latent_metric(generator, task, len(away)), offset.flatten()
    held = hold(generator, task, layers, metric)
    while True:
        seen: Seen = yield Look(task, layers, offset, held is not None)
        smooth = smoothed(seen.evaluation.feature_map.detach(), ik.smooth)
        before = handles
        tried = search, search_step(reference), ik.prior
        handles, distance, sight = _find(smooth, handles, expected, template, tried, sight, ik)
        progress = advance(progress, finely, seen.evaluation.w, handles, distance, callback)
        arrived = note_arrival(arrived, progress, task)
        if kept.best is None:
            progress = end_settling(progress, arrived, ik.settle_iterations)
        off = None if held is None or seen.picture is None else difference(seen.picture.detach(), held)
        if off is not None:
            progress, kept = settle_mask(progress, kept, float(off.square().sum()), ik)
        if progress.status is not None:
            return finish(progress, task)
        if progress.iterations > 1:
            trust = next_trust(trust, handles - before, predicted, ik, paper_pixel(reference))
        known = None if linear is None else corrected(linear, step, handles - before - predicted, ik)
        first = None if known else first_stage(seen.evaluation, smooth, handles, template, task)
        cotangent = None if held is None or off is None else off * held.fixed
        rows, gradient = (yield Derive(seen, first, cotangent)) if first or held else (None, None)
        if rows is not None:
            known = Linear(rows)
        assert known is not None
        linear = known
        change = None if held is None or gradient is None else HeldChange(held, gradient.flatten())
        now, wanted = away + offset, clip_length(task.goals - handles, trust)
        step = prioritised_step(linear.rows, wanted, task.weights, task.soft, now, ik, metric, trust, change)
        predicted = (linear.rows @ step).reshape(-1, 2)
        expected = clamp_to_image(handles + predicted, reference.image_size)
        offset = (offset + step.reshape(offset.shape)).detach()


def _find(
    smooth: Tensor,  # [C, h, w]
    handles: Tensor,  # [N, 2] where they were
    expected: Tensor,  # [N, 2] where they are looked for
    template: Template,
    tried: tuple[Tensor, float, float],
    sight: Sight | None,
    ik: IKSettings,
) -> tuple[Tensor, Tensor, Sight | None]:
    """The handles, their feature distance, and how they look now, where that is searched by, too."""
    if ik.recent == 0:
        return *match(smooth, expected, template, *tried), None
    if sight is None:  # the first look: handles may be only nearly where they are said to be
        sight = Sight(read_template(smooth, handles, template), min(ik.recent, FIRST_RECENT))
    found, distance = match_again(smooth, expected, template, *tried, sight)
    return found, distance, Sight(read_template(smooth, found, template), ik.recent)


def _with_own_limits(task: DragTask) -> DragTask:
    """The task with the caps of this solver, whose iterations do more than Adam's."""
    ik = task.settings.ik
    cap = min(task.settings.max_iterations, ik.max_iterations)
    return replace(task, settings=replace(task.settings, max_iterations=cap, stall_window=ik.stall_window))
