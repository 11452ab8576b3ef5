"""How tracked positions and the fixed area change with the latent: rows for the solvers that linearise."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from previz.drag._matching import Template, curvature, feature_gradient, read_template
from previz.drag._sampling import sample_features
from previz.drag._settings import IKSettings
from previz.drag._types import DragTask, Reference
from previz.geometry import rescale


def vjp_batch(ik: IKSettings, device: torch.device) -> int:
    """Vector-Jacobian products a backward pass: on a CPU single ones are faster."""
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
    ik, batch = task.settings.ik, vjp_batch(task.settings.ik, task.w.device)
    count = ik.mask_rows if task.fixed is not None and task.settings.mask_weight > 0 else 0
    if task.fixed is None or count == 0:
        return variable.new_zeros(0, variable.numel()), variable.new_zeros(0)
    draw = torch.Generator().manual_seed(0)
    channels, height, width = feature_map.shape
    of_channels = (torch.randint(2, (count, channels), generator=draw) * 2.0 - 1.0).to(feature_map.device)
    of_pixels = (torch.randint(2, (count, height, width), generator=draw) * 2.0 - 1.0).to(feature_map.device)
    change = (feature_map.detach().float() - task.reference.held_map) * task.fixed
    rows, sums = [], []
    for start in range(0, count, batch):
        some = slice(start, start + batch)
        signs = of_channels[some, :, None, None] * of_pixels[some, None]  # [B, C, h, w]
        sums.append((signs * change).sum(dim=(1, 2, 3)))
        cotangents = (signs * task.fixed).to(feature_map.dtype)
        rows.append(vector_jacobian_products(feature_map, variable, cotangents, batch))
    return torch.cat(rows), torch.cat(sums)
