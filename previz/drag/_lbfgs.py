"""The quality mode: L-BFGS on the shifted template.

Instead of a Jacobian of tracked positions, the looks of the first frame are asked for a little nearer to the
target, min over w of the sum over handles of ||F(q + o; w) - f||^2, and handles are tracked again. Looks that
change on the way pull the latent back, which first-order steps of positions don't see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from previz.drag._jacobian import patch_template
from previz.drag._layers import away_from_home, moved_layers, with_offset
from previz.drag._matching import Template, match, smoothed
from previz.drag._metric import from_metric, latent_metric
from previz.drag._progress import Arrival, Progress, advance, end_settling, finish, note_arrival
from previz.drag._sampling import sample_features
from previz.drag._step import clip_length
from previz.drag._tracking import paper_pixel, search_offsets, search_step
from previz.drag._types import Callback, DragResult, DragTask, FeatureGenerator
from previz.geometry import clamp_to_image, rescale

ROUNDS = 16
STALL_ROUNDS = 3
STEPS = 6  # of L-BFGS a round
EVALUATIONS = 10  # of the objective a round, those of the line search counted
HISTORY = 8
# Of the mean squared way from home, beside squared feature distances.
HOME = 1e-2


def drag_lbfgs(generator: FeatureGenerator, task: DragTask, callback: Callback | None = None) -> DragResult:
    """Shift the template towards the targets, fit the latent to it, track, and again.

    `DragResult.iterations` counts evaluations of the objective: a forward and a backward pass each.
    """
    settings, reference, ik = task.settings, task.reference, task.settings.ik
    cap = min(settings.max_iterations, ROUNDS)
    task = replace(task, settings=replace(settings, max_iterations=cap, stall_window=STALL_ROUNDS))
    finely = replace(task, tolerance=task.tolerance * ik.settle)
    template = patch_template(reference, ik.patch_spacing * paper_pixel(reference), ik.smooth)
    # Where the fit falls short, a handle is farther from where it was shifted to than a step of IK leaves it.
    search, reach = search_offsets(reference, 2 * settings.radius_tracking), search_step(reference)
    w, expected, progress, arrived, evaluations = task.w, task.handles, Progress(), Arrival(), 0
    while True:
        with torch.no_grad():
            smooth = smoothed(generator.features(w[None], reference.block)[0], ik.smooth)
        handles, distance = match(smooth, expected, template, search, reach, ik.prior)
        progress = advance(progress, finely, w, handles, distance, callback)
        arrived = note_arrival(arrived, progress, task)
        progress = end_settling(progress, arrived, 1)
        if progress.status is not None:
            return replace(finish(progress, task), iterations=evaluations)
        shift = clip_length(task.goals - handles, ik.trust * paper_pixel(reference))
        expected = clamp_to_image(handles + shift, reference.image_size)
        w, spent = fit(generator, task, template, w, expected)
        evaluations += spent


@dataclass(frozen=True)
class Objective:
    """What is minimised in a round; a function of w [num_ws, w_dim]."""

    generator: FeatureGenerator
    task: DragTask
    template: Template
    places: Tensor  # [N, 2] image pixels: where the template shall be seen

    def __call__(self, w: Tensor) -> Tensor:
        """Squared feature distance, mean over handles, and what the mask and the way from home add."""
        task, template = self.task, self.template
        reference, settings = task.reference, task.settings
        feature_map = self.generator.features(w[None], reference.block)[0]
        at = rescale(self.places[:, None] + template.offsets, template.image_size, template.map_size)
        seen = sample_features(smoothed(feature_map, settings.ik.smooth), at)  # [N, K, C]
        off = (seen - template.features).square().sum(dim=-1).mean(dim=-1) / template.contrast.square()
        loss = (off * task.weights).sum() / task.weights.sum().clamp(min=1e-12)
        if task.fixed is not None and settings.mask_weight > 0:
            change = (feature_map.float() - reference.feature_map).square().sum(dim=0) * task.fixed
            unit = task.fixed.sum() * template.contrast.square().mean()
            loss = loss + settings.mask_weight / 20 * change.sum() / unit
        layers = moved_layers(settings, len(w))
        return loss + HOME * away_from_home(w, reference.w, layers, "w+").square().mean()


def fit(
    generator: FeatureGenerator,
    task: DragTask,
    template: Template,
    w: Tensor,  # [num_ws, w_dim]
    places: Tensor,  # [N, 2]
) -> tuple[Tensor, int]:
    """A few steps of L-BFGS from w towards the template at these places; the new w and the evaluations."""
    objective = Objective(generator, task, template, places)
    layers = moved_layers(task.settings, generator.num_ws)
    rows = len(layers) if task.settings.space == "w+" else 1
    metric = latent_metric(generator, task, rows)
    y = w.new_zeros(rows * w.shape[1] if metric is None else metric.size).requires_grad_()

    def latent() -> Tensor:
        return with_offset(w, layers, from_metric(y, metric, rows))

    spent = 0

    def evaluate() -> Tensor:
        nonlocal spent
        spent += 1
        loss = objective(latent())
        (y.grad,) = torch.autograd.grad(loss, y)
        return loss

    optimiser = torch.optim.LBFGS(
        [y], max_iter=STEPS, max_eval=EVALUATIONS, history_size=HISTORY, line_search_fn="strong_wolfe"
    )
    step: Callable[[Callable[[], Tensor]], object] = optimiser.step
    step(evaluate)
    return latent().detach(), spent
