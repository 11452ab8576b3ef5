"""The step of latent IK: damped least squares with a pull home in the null space, within a trust radius."""

from __future__ import annotations

from math import inf

import torch
from torch import Tensor

from previz.drag._jacobian import Linear
from previz.drag._metric import from_metric, to_metric
from previz.drag._settings import IKSettings

# Of mu, in what the pull home is not to undo.
HOME_DAMPING = 0.01
# kappa, by metric, where the settings leave it open.
PULL = {"identity": 0.3, "covariance": 0.1}


def damped_step(
    rows: Tensor,  # [2N, D] of the handles
    wanted: Tensor,  # [N, 2] image pixels
    weights: Tensor,  # [N]
    held_rows: Tensor,  # [R, D] of the fixed area
    held: Tensor,  # [R] what they sum to, to be undone
    away: Tensor,  # [layers, w_dim] how far from home, D values in all
    ik: IKSettings,
    metric: Tensor | None = None,  # A [w_dim, K]
    trust: float = inf,  # image pixels
) -> Tensor:  # [D]
    """A (J_y^T (J_y J_y^T + mu t I)^-1 e - kappa (1 - J_y^+ J_y) y), J_y = J A, t the mean squared row of it.

    J_y^+ is damped far less than the first term. With one damping for both, the drag would come to rest where
    what the damping withholds balances the pull, short of the target wherever handles move each other much.
    The rows of the fixed area are scaled so that each weighs as much as a handle's; A y is the way from home.
    What undoes the change of the fixed area is no longer than a step that moves a handle by the trust radius.
    """
    scale = _scale(weights)
    shape = (-1, *away.shape)
    moved = torch.cat(
        [rows.double() @ away.reshape(-1).double(), held_rows.double() @ away.reshape(-1).double()]
    )
    handle_rows = to_metric(rows.double().reshape(shape), metric) * scale[:, None]
    held_rows = to_metric(held_rows.double().reshape(shape), metric)
    t = handle_rows.square().sum() / (scale > 0).sum().clamp(min=1)
    same = (t / held_rows.square().sum(dim=1).mean().clamp(min=1e-30)).sqrt() if len(held) else t
    scales = torch.cat([scale, same.expand(len(held))])
    jacobian = torch.cat([handle_rows, held_rows * same])
    residual = torch.cat([wanted.reshape(-1).double(), -held.double()]) * scales
    damping = jacobian.new_full((len(jacobian),), ik.damping)
    damping[len(rows) :] = ik.mask_damping
    system = jacobian @ jacobian.t()
    floor = 1e-12 * torch.eye(len(system), dtype=system.dtype, device=system.device)
    parts = torch.stack([residual, residual], dim=1)  # what the handles ask, and what is fixed
    parts[len(rows) :, 0], parts[: len(rows), 1] = 0.0, 0.0
    solved = torch.linalg.solve(system + torch.diag(damping * t) + floor, parts)
    undone = (jacobian.t() @ solved[:, 1]).norm() * t.sqrt()  # as far as handles would go by such a step
    arrive = solved[:, 0] + solved[:, 1] * min(1.0, trust / max(float(undone), 1e-12))
    keep = torch.linalg.solve(system + torch.diag(damping * t * HOME_DAMPING) + floor, moved * scales)
    pull = ik.pull if ik.pull is not None else PULL["identity" if metric is None else "covariance"]
    step = from_metric(jacobian.t() @ (arrive + pull * keep), metric, len(away)) - pull * away.double()
    return step.reshape(-1).to(rows.dtype)


def prioritised_step(
    linear: Linear,
    wanted: Tensor,  # [N, 2] image pixels
    weights: Tensor,  # [N]
    soft: Tensor | None,  # [N] bool
    held: Tensor,  # [R]
    away: Tensor,  # [layers, w_dim]
    ik: IKSettings,
    metric: Tensor | None,  # [w_dim, K]
    trust: float,
) -> Tensor:  # [D]
    """The step of the hard handles, and on top of it what of the soft ones' wishes it leaves open.

    The second is sought in the null space of the first, as tasks of lower priority are in inverse kinematics
    (Siciliano & Slotine 1991): y_2 = (J_s N)^T (J_s N N J_s^T + mu t I)^-1 (e_s - J_s y_1), with
    N = 1 - J_h^+ J_h. A mask counts among what is hard, by its own damping.
    """
    if soft is None:
        return damped_step(linear.rows, wanted, weights, linear.held, held, away, ik, metric, trust)
    none = torch.zeros_like(weights)
    hard, yielding = torch.where(soft, none, weights), torch.where(soft, weights, none)
    first = damped_step(linear.rows, wanted, hard, linear.held, held, away, ik, metric, trust)
    left = (wanted - (linear.rows @ first).reshape(-1, 2)).reshape(-1).double()
    rows = to_metric(linear.rows.double().reshape(-1, *away.shape), metric)  # [2N, K]
    above = torch.cat(
        [_scale(hard)[:, None] * rows, to_metric(linear.held.double().reshape(-1, *away.shape), metric)]
    )
    damping = above.square().sum(dim=1).clamp(min=1e-12) * HOME_DAMPING * ik.damping
    damping[len(rows) :] *= ik.mask_damping / (HOME_DAMPING * ik.damping)
    inverse = torch.linalg.solve(above @ above.t() + torch.diag(damping), above)
    own = _scale(yielding)[:, None] * rows
    free = own - own @ above.t() @ inverse  # J_s N
    t = own.square().sum() / (yielding > 0).sum().clamp(min=1)
    eye = torch.eye(len(own), dtype=own.dtype, device=own.device)
    solved = torch.linalg.solve(free @ free.t() + (ik.damping * t + 1e-12) * eye, left * _scale(yielding))
    return first + from_metric(free.t() @ solved, metric, len(away)).reshape(-1).to(first.dtype)


def _scale(weights: Tensor) -> Tensor:  # [2N]
    """What the rows of handles with these weights [N] are multiplied by."""
    return weights.double().sqrt().repeat_interleave(2)


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
