"""How tracked positions change with the latent: rows for the solvers that linearise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from previz.drag._crops import Evaluation, sample_jacobian, whole_map
from previz.drag._matching import Template, curvature, feature_gradient, read_template, smoothed
from previz.drag._sampling import sample_features
from previz.drag._settings import IKSettings
from previz.drag._types import DragTask, Reference
from previz.geometry import rescale


def vjp_batch(ik: IKSettings, device: torch.device) -> int:
    """Vector-Jacobian products a backward pass: on a CPU single ones are faster."""
    if ik.vjp_batch is not None:
        return ik.vjp_batch
    return 1 if device.type == "cpu" else 16


@dataclass(frozen=True)
class Linear:
    """What is known to first order of a step of the latent, D values.

    Attributes:
        rows: [2N, D] of the handles, image pixels.
        reused: steps taken with it already.
    """

    rows: Tensor
    reused: int = 0


@dataclass(frozen=True)
class FirstStage:
    """The rows of the handles, as far as they can be had without going through all of the network.

    Attributes:
        points: [N, 2] image pixels, tracked in the smoothed map.
        template: by which.
        smooth: how often the map is smoothed.
        batch: vector-Jacobian products a backward pass.
        cotangents: what `sample_jacobian` gives; None where crops don't pay.
    """

    points: Tensor
    template: Template
    smooth: int
    batch: int
    cotangents: tuple[Tensor, Tensor] | None

    def rows(self, evaluation: Evaluation, variable: Tensor) -> Tensor:  # [2N, D]
        """All the way to the variable [layers, w_dim], on which the evaluation depends."""
        if self.cotangents is not None and evaluation.low is not None:
            outputs = (evaluation.low, evaluation.w)
            return vector_jacobian_products(outputs, variable, self.cotangents, self.batch)
        feature_map = smoothed(whole_map(evaluation), self.smooth)
        return position_jacobian(feature_map, self.points, self.template, variable, self.batch)


def first_stage(
    evaluation: Evaluation,
    smooth: Tensor,  # [C, h, w] its features, smoothed
    points: Tensor,  # [N, 2] image pixels, tracked in the smoothed map
    template: Template,
    task: DragTask,
) -> FirstStage:
    """Through crops where that is possible."""
    ik = task.settings.ik
    at = rescale(points[:, None] + template.offsets, template.image_size, template.map_size)
    cotangents = position_cotangents(smooth, points, template)
    found = sample_jacobian(evaluation, at, cotangents, ik.smooth)
    return FirstStage(points, template, ik.smooth, vjp_batch(ik, task.w.device), found)


def corrected(
    linear: Linear,
    step: Tensor,  # [D] the step that was taken with it
    miss: Tensor,  # [N, 2] by how much the handles went elsewhere than predicted
    ik: IKSettings,
) -> Linear | None:
    """Corrected by what the last step showed (Broyden 1965); None where that is too much to go on with."""
    predicted = linear.rows @ step
    wrong = float(miss.norm()) > ik.reuse * float(predicted.norm())
    if wrong or linear.reused >= ik.reuse_steps:
        return None
    length = step.square().sum().clamp(min=1e-20)
    return replace(
        linear, rows=linear.rows + torch.outer(miss.flatten(), step / length), reused=linear.reused + 1
    )


def patch_template(reference: Reference, spacing: float, smooth: int = 0) -> Template:
    """The 3x3 places around each handle, `spacing` image pixels apart, as they look in the first frame.

    They are read from its features, smoothed so often.
    """
    line = torch.tensor([-1.0, 0.0, 1.0], device=reference.points.device) * spacing
    offsets = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2)
    size, map_size = reference.image_size, reference.map_size
    empty = Template(offsets, reference.features[:, None], reference.contrast, size, map_size)
    return replace(
        empty, features=read_template(smoothed(reference.feature_map, smooth), reference.points, empty)
    )


def position_jacobian(
    feature_map: Tensor,  # [C, h, w], depends on the variable
    points: Tensor,  # [N, 2] image pixels, tracked in this map
    template: Template,
    variable: Tensor,  # [..., w_dim], D values in all
    batch: int,  # vector-Jacobian products a backward pass
) -> Tensor:  # [2N, D] image pixels per unit of the variable, x and y of each handle in turn
    """dp/dw = -H^-1 sum_k G_k dF_k/dw, from the derivative of the condition that p is a minimum."""
    per_handle = position_cotangents(feature_map, points, template)
    at = rescale(points[:, None] + template.offsets, template.image_size, template.map_size)
    samples = sample_features(feature_map, at)  # [N, K, C]
    cotangents = per_handle.new_zeros(len(points), 2, *samples.shape)
    each = torch.arange(len(points), device=points.device)
    cotangents[each, :, each] = per_handle
    return vector_jacobian_products((samples,), variable, (cotangents.flatten(0, 1),), batch)


def position_cotangents(feature_map: Tensor, points: Tensor, template: Template) -> Tensor:  # [N, 2, K, C]
    """-H^-1 G_k: how x and y of a handle go as the features at the k-th place of its patch change.

    G_k is the gradient of the features along x and y at that place, H = sum_k G_k G_k^T; second derivatives
    of the features, times what of the patch doesn't match, are left out as in Gauss-Newton.
    """
    gradient = feature_gradient(feature_map, points, template)  # [N, K, 2, C]
    solved = torch.linalg.solve(curvature(gradient, template), gradient.permute(0, 2, 1, 3).flatten(2))
    per_handle: Tensor = -solved.reshape(len(points), 2, *gradient.shape[1::2])
    return per_handle


def vector_jacobian_products(
    outputs: tuple[Tensor, ...],
    variable: Tensor,  # D values in all
    cotangents: tuple[Tensor, ...],  # each [R, ...], one for each output
    batch: int,
) -> Tensor:  # [R, D]
    """One row for each cotangent of all outputs together, so many a backward pass; the graph is kept."""
    rows = []
    for chunk in zip(*(torch.split(one, batch) for one in cotangents), strict=True):
        if len(chunk[0]) == 1:
            first = tuple(one[0] for one in chunk)
            (row,) = torch.autograd.grad(outputs, variable, first, retain_graph=True)
            rows.append(row.reshape(1, -1))
        elif len(chunk[0]):
            (some,) = torch.autograd.grad(outputs, variable, chunk, retain_graph=True, is_grads_batched=True)
            rows.append(some.reshape(len(chunk[0]), -1))
    return torch.cat(rows) if rows else variable.new_zeros(0, variable.numel())
