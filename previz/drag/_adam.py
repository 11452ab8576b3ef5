"""The paper's solver: motion supervision, one Adam step, point tracking, and again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from previz.drag._layers import moved_layers, with_offset
from previz.drag._progress import Progress, advance, distance_to_goals, finish
from previz.drag._supervision import ARRIVED, mask_term, motion_supervision
from previz.drag._tracking import track
from previz.drag._types import Callback, DragResult, DragTask, FeatureGenerator


@dataclass(frozen=True)
class AdamState:
    """What Adam carries from step to step.

    Attributes:
        step: steps taken.
        mean: first moment of the gradient, shaped like the value.
        variance: second moment.
    """

    step: int
    mean: Tensor
    variance: Tensor


def adam_start(value: Tensor) -> AdamState:
    """The state before the first step."""
    return AdamState(0, torch.zeros_like(value), torch.zeros_like(value))


def adam_step(
    value: Tensor,
    gradient: Tensor,
    state: AdamState,
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> tuple[Tensor, AdamState]:
    """One step of Adam (Kingma & Ba 2015, algorithm 1): the stepped value and the state after it."""
    step = state.step + 1
    mean = betas[0] * state.mean + (1 - betas[0]) * gradient
    variance = betas[1] * state.variance + (1 - betas[1]) * gradient.square()
    update = (mean / (1 - betas[0] ** step)) / ((variance / (1 - betas[1] ** step)).sqrt() + epsilon)
    return value - learning_rate * update, AdamState(step, mean, variance)


def drag_adam(generator: FeatureGenerator, task: DragTask, callback: Callback | None = None) -> DragResult:
    """DragGAN's loop (section 3, figure 2) on one forward pass an iteration.

    The paper steps w and tracks the handles in the stepped w; here an iteration tracks in w first and then
    steps, so that one feature map serves both, and w, handles and errors always belong together. What is
    returned is the iterate that arrived, else the one with the least mean distance to the goals.
    """
    settings, reference = task.settings, task.reference
    layers = moved_layers(settings, generator.num_ws)
    offset = task.w.new_zeros(len(layers) if settings.space == "w+" else 1, generator.w_dim)
    state, progress, handles = adam_start(offset), Progress(), task.handles
    while True:
        offset.requires_grad_(True)
        w = with_offset(task.w, layers, offset)
        feature_map = generator.features(w[None], reference.block)[0]
        handles, distance = track(feature_map, handles, reference, settings.radius_tracking)
        progress = advance(progress, task, w, handles, distance, callback)
        if progress.status is not None:
            return finish(progress, task)
        active = task.weights * (distance_to_goals(task, handles) > min(ARRIVED, task.tolerance))
        loss = motion_supervision(
            feature_map, handles, task.targets, active, reference, settings.radius_motion
        )
        if task.fixed is not None and settings.mask_weight > 0:
            loss = loss + settings.mask_weight * mask_term(feature_map, reference, task.fixed)
        (gradient,) = torch.autograd.grad(loss, offset)
        offset, state = adam_step(offset.detach(), gradient, state, settings.learning_rate)
