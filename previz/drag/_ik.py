"""Latent IK: damped Gauss-Newton on tracked positions, the latent as skeleton and the handles as effectors.

A tracked position p(w) is where a patch of the first frame is found again, the minimum of a squared feature
distance; the implicit function theorem gives its Jacobian at the price of two vector-Jacobian products a
handle. The step is that of damped least squares as in inverse kinematics (Buss & Kim 2005), with a pull home
in the null space.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from previz.drag._crops import evaluate
from previz.drag._jacobian import Linear, corrected, linearise, mask_sums, patch_template
from previz.drag._layers import away_from_home, moved_layers, with_offset
from previz.drag._matching import match, smoothed
from previz.drag._metric import latent_metric, metric_name
from previz.drag._progress import Arrival, Progress, advance, end_settling, finish, note_arrival
from previz.drag._step import clip_length, next_trust, prioritised_step
from previz.drag._tracking import paper_pixel, search_offsets, search_step
from previz.drag._types import Callback, DragResult, DragTask, FeatureGenerator
from previz.geometry import clamp_to_image


def drag_ik(generator: FeatureGenerator, task: DragTask, callback: Callback | None = None) -> DragResult:
    """Step all handles towards their targets at once, by as much as the linearisation can be trusted.

    Every handle is a row pair of the system whether it has arrived or not, so a pinned one is held, not just
    left alone. What is returned is the iterate that settled; else, of those within the tolerance or, where
    there are none, of all, the one with the least mean distance.
    """
    task = _with_own_limits(task)
    settings, reference, ik = task.settings, task.reference, task.settings.ik
    layers = moved_layers(settings, generator.num_ws)
    template = patch_template(reference, ik.patch_spacing * paper_pixel(reference), ik.smooth)
    search = search_offsets(reference, settings.radius_tracking)
    away = away_from_home(task.w, reference.w, layers, settings.space)
    offset, progress, expected = torch.zeros_like(away), Progress(), task.handles
    linear: Linear | None = None
    finely = replace(task, tolerance=task.tolerance * ik.settle)
    arrived = Arrival()
    handles = predicted = task.handles
    trust = ik.trust * paper_pixel(reference)
    metric, step = latent_metric(generator, metric_name(task)), offset.flatten()
    while True:
        offset = offset.detach().requires_grad_()
        w = with_offset(task.w, layers, offset)
        seen = evaluate(generator, w, reference.block, whole=task.fixed is not None)
        smooth = smoothed(seen.feature_map.detach(), ik.smooth)
        before = handles
        handles, distance = match(smooth, expected, template, search, search_step(reference), ik.prior)
        progress = advance(progress, finely, w, handles, distance, callback)
        arrived = note_arrival(arrived, progress, task)
        progress = end_settling(progress, arrived, ik.settle_iterations)
        if progress.status is not None:
            return finish(progress, task)
        if progress.iterations > 1:
            trust = next_trust(trust, handles - before, predicted, ik, paper_pixel(reference))
        known = None if linear is None else corrected(linear, step, handles - before - predicted, ik)
        linear = known or linearise(seen, smooth, handles, template, task, offset)
        wanted = clip_length(task.goals - handles, trust)
        change = mask_sums(seen.feature_map, task)
        step = prioritised_step(
            linear, wanted, task.weights, task.soft, change, away + offset.detach(), ik, metric, trust
        )
        predicted = (linear.rows @ step).reshape(-1, 2)
        expected = clamp_to_image(handles + predicted, reference.image_size)
        offset = offset.detach() + step.reshape(offset.shape)


def _with_own_limits(task: DragTask) -> DragTask:
    """The task with the caps of this solver, whose iterations do more than Adam's."""
    ik = task.settings.ik
    cap = min(task.settings.max_iterations, ik.max_iterations)
    return replace(task, settings=replace(task.settings, max_iterations=cap, stall_window=ik.stall_window))
