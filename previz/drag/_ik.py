"""Latent IK: damped Gauss-Newton on tracked positions, the latent as skeleton and the handles as effectors.

A tracked position p(w) is where a patch of the first frame is found again, the minimum of a squared feature
distance; the implicit function theorem gives its Jacobian at the price of two vector-Jacobian products a
handle. The step is that of damped least squares as in inverse kinematics (Buss & Kim 2005), with a pull home
in the null space.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import torch
from torch import Tensor

from previz.drag._matching import Template, curvature, feature_gradient, match, read_template
from previz.drag._progress import Progress, advance, all_near, finish
from previz.drag._sampling import sample_features
from previz.drag._settings import IKSettings
from previz.drag._tracking import paper_pixel, search_offsets, search_step
from previz.drag._types import Callback, DragResult, DragTask, FeatureGenerator, Reference
from previz.geometry import clamp_to_image, rescale

# Of mu, in what the pull home is not to undo.
HOME_DAMPING = 0.01


def drag_ik(generator: FeatureGenerator, task: DragTask, callback: Callback | None = None) -> DragResult:
    """Step all handles towards their targets at once, by as much as the linearisation can be trusted.

    Every handle is a row pair of the system whether it has arrived or not, so a pinned one is held, not just
    left alone. What is returned is the iterate that settled; else, of those within the tolerance or, where
    there are none, of all, the one with the least mean distance.
    """
    task = _with_own_limits(task)
    settings, reference, ik = task.settings, task.reference, task.settings.ik
    layers = min(settings.layers, generator.num_ws)
    template = patch_template(reference, ik.patch_spacing * paper_pixel(reference))
    search = search_offsets(reference, settings.radius_tracking)
    away = task.w[:layers] - reference.w[:layers]  # from home, [layers, w_dim]
    away = away if settings.space == "w+" else away.mean(dim=0, keepdim=True)
    offset, progress, expected = torch.zeros_like(away), Progress(), task.handles
    finely = replace(task, tolerance=task.tolerance * ik.settle)
    arrived = Arrival()
    handles = predicted = task.handles
    trust = ik.trust * paper_pixel(reference)
    while True:
        offset = offset.detach().requires_grad_()
        w = torch.cat([task.w[:layers] + offset, task.w[layers:]])
        feature_map = generator.features(w[None], reference.block)[0]
        before = handles
        handles, distance = match(feature_map, expected, template, search, search_step(reference), ik.prior)
        progress = advance(progress, finely, w, handles, distance, callback)
        arrived = note_arrival(arrived, progress, task)
        progress = end_settling(progress, arrived, ik)
        if progress.status is not None:
            return finish(progress)
        if progress.iterations > 1:
            trust = next_trust(trust, handles - before, predicted, ik, paper_pixel(reference))
        rows = position_jacobian(feature_map, handles, template, offset, _vjp_batch(ik, task.w.device))
        wanted = clip_length(task.targets - handles, trust)
        change, held = mask_rows(feature_map, task, offset)
        step = damped_step(rows, wanted, task.weights, change, held, away + offset.detach(), ik)
        predicted = (rows @ step).reshape(-1, 2)
        expected = clamp_to_image(handles + predicted, reference.image_size)
        offset = offset.detach() + step.reshape(offset.shape)


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


def end_settling(progress: Progress, arrival: Arrival, ik: IKSettings) -> Progress:
    """Ended "ok" at the best arrival, where the drag would end otherwise or has settled long enough."""
    over = progress.status is not None or arrival.count > ik.settle_iterations
    if arrival.best is None or not over or progress.status == "ok":
        return progress
    return replace(progress, best=arrival.best, status="ok")


def _with_own_limits(task: DragTask) -> DragTask:
    """The task with the caps of this solver, whose iterations do more than Adam's."""
    ik = task.settings.ik
    cap = min(task.settings.max_iterations, ik.max_iterations)
    return replace(task, settings=replace(task.settings, max_iterations=cap, stall_window=ik.stall_window))


def _vjp_batch(ik: IKSettings, device: torch.device) -> int:
    if ik.vjp_batch is not None:
        return ik.vjp_batch
    return 1 if device.type == "cpu" else 16


def patch_template(reference: Reference, spacing: float) -> Template:
    """The 3x3 places around each handle, `spacing` image pixels apart, as they look in the first frame."""
    line = torch.tensor([-1.0, 0.0, 1.0], device=reference.points.device) * spacing
    offsets = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)
    size, map_size = reference.image_size, reference.map_size
    empty = Template(offsets, reference.features[:, None], reference.contrast, size, map_size)
    return replace(empty, features=read_template(reference.feature_map, reference.points, empty))


def position_jacobian(
    feature_map: Tensor,  # [C, h, w], depends on the variable
    points: Tensor,  # [N, 2] image pixels, tracked in this map
    template: Template,
    variable: Tensor,  # [..., w_dim], D values in all
    batch: int,  # vector-Jacobian products a backward pass
) -> Tensor:  # [2N, D] image pixels per unit of the variable, x and y of each handle in turn
    """dp/dw = -H^-1 sum_k G_k dF_k/dw, from the derivative of the condition that p is a minimum.

    G_k is the gradient of the features along x and y at the k-th place of the patch, H = sum_k G_k G_k^T;
    second derivatives of the features, times what of the patch doesn't match, are left out as in
    Gauss-Newton.
    """
    gradient = feature_gradient(feature_map, points, template)  # [N, K, 2, C]
    solved = torch.linalg.solve(curvature(gradient, template), gradient.permute(0, 2, 1, 3).flatten(2))
    per_handle = -solved.reshape(len(points), 2, *gradient.shape[1::2])  # [N, 2, K, C]
    at = rescale(points[:, None] + template.offsets, template.image_size, template.map_size)
    samples = sample_features(feature_map, at)  # [N, K, C]
    cotangents = per_handle.new_zeros(len(points), 2, *samples.shape)
    each = torch.arange(len(points), device=points.device)
    cotangents[each, :, each] = per_handle
    return vector_jacobian_products(samples, variable, cotangents.flatten(0, 1), batch)


def vector_jacobian_products(
    output: Tensor,  # [...]
    variable: Tensor,  # D values in all
    cotangents: Tensor,  # [R, ...]
    batch: int,
) -> Tensor:  # [R, D]
    """One row for each cotangent, so many of them a backward pass; the graph is kept."""
    rows = []
    for chunk in torch.split(cotangents, batch):
        if len(chunk) == 1:
            (row,) = torch.autograd.grad(output, variable, chunk[0], retain_graph=True)
            rows.append(row.reshape(1, -1))
        else:
            (some,) = torch.autograd.grad(output, variable, chunk, retain_graph=True, is_grads_batched=True)
            rows.append(some.reshape(len(chunk), -1))
    return torch.cat(rows) if rows else variable.new_zeros(0, variable.numel())


def mask_rows(feature_map: Tensor, task: DragTask, variable: Tensor) -> tuple[Tensor, Tensor]:
    """Random projections of the change of the fixed area, which the step shall undo.

    A row is sum (F - F_0) (1 - M) times random signs, a sign for each channel times one for each pixel; the
    sum of their squares has the squared change of the fixed area as its mean. The same signs in every drag,
    so that they add no jitter.

    Returns:
        rows [R, D] and what they sum to now [R]; none where nothing is fixed.
    """
    ik, batch = task.settings.ik, _vjp_batch(task.settings.ik, task.w.device)
    count = ik.mask_rows if task.fixed is not None and task.settings.mask_weight > 0 else 0
    if task.fixed is None or count == 0:
        return variable.new_zeros(0, variable.numel()), variable.new_zeros(0)
    draw = torch.Generator().manual_seed(0)
    channels, height, width = feature_map.shape
    of_channels = (torch.randint(2, (count, channels), generator=draw) * 2.0 - 1.0).to(feature_map.device)
    of_pixels = (torch.randint(2, (count, height, width), generator=draw) * 2.0 - 1.0).to(feature_map.device)
    change = (feature_map.detach().float() - task.reference.feature_map) * task.fixed
    rows, sums = [], []
    for start in range(0, count, batch):
        some = slice(start, start + batch)
        signs = of_channels[some, :, None, None] * of_pixels[some, None]  # [B, C, h, w]
        sums.append((signs * change).sum(dim=(1, 2, 3)))
        cotangents = (signs * task.fixed).to(feature_map.dtype)
        rows.append(vector_jacobian_products(feature_map, variable, cotangents, batch))
    return torch.cat(rows), torch.cat(sums)


def damped_step(
    rows: Tensor,  # [2N, D] of the handles
    wanted: Tensor,  # [N, 2] image pixels
    weights: Tensor,  # [N]
    held_rows: Tensor,  # [R, D] of the fixed area
    held: Tensor,  # [R] what they sum to, to be undone
    away: Tensor,  # [..., w_dim] how far from home, D values in all
    ik: IKSettings,
) -> Tensor:  # [D]
    """J^T (J J^T + mu t I)^-1 e - kappa (1 - J^+ J) y, with t the mean squared row of the handles.

    J^+ is damped far less than the first term. With one damping for both, the drag would come to rest where
    what the damping withholds balances the pull, short of the target wherever handles move each other much.
    The rows of the fixed area are scaled so that each weighs as much as a handle's; y is the way from home.
    """
    scale = weights.sqrt().repeat_interleave(2)
    handle_rows = rows.double() * scale[:, None].double()
    t = handle_rows.square().sum() / (scale > 0).sum().clamp(min=1)
    same = (t / held_rows.double().square().sum(dim=1).mean().clamp(min=1e-30)).sqrt() if len(held) else t
    jacobian = torch.cat([handle_rows, held_rows.double() * same])
    residual = torch.cat([wanted.reshape(-1).double() * scale.double(), -held.double() * same])
    damping = jacobian.new_full((len(jacobian),), ik.damping)
    damping[len(rows) :] = ik.mask_damping
    y = away.reshape(-1).double()
    system = jacobian @ jacobian.t()
    floor = 1e-12 * torch.eye(len(system), dtype=system.dtype, device=system.device)
    arrive = torch.linalg.solve(system + torch.diag(damping * t) + floor, residual)
    keep = torch.linalg.solve(system + torch.diag(damping * t * HOME_DAMPING) + floor, jacobian @ y)
    step: Tensor = jacobian.t() @ (arrive + ik.pull * keep) - ik.pull * y
    return step.to(rows.dtype)


def clip_length(vectors: Tensor, longest: float) -> Tensor:
    """Vectors [N, 2], those longer than `longest` shortened to it."""
    length: Tensor = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return vectors * (longest / length.clamp(min=longest))


def next_trust(trust: float, achieved: Tensor, predicted: Tensor, ik: IKSettings, pixel: float) -> float:
    """The trust radius after a step, in image pixels: wider where the handles [N, 2] went as predicted."""
    ratio = float((achieved * predicted).sum() / predicted.square().sum().clamp(min=1e-12))
    if ratio > 0.75:
        return min(ik.trust_most * pixel, trust * 1.5)
    if ratio < 0.4:
        return max(ik.trust_least * pixel, trust * 0.5)
    return trust
