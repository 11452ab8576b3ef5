"""The step of latent IK: damped least squares with a pull home in the null space, within a trust radius."""

from __future__ import annotations

from math import inf

import torch
from torch import Tensor

from previz.drag._held import HeldChange
from previz.drag._metric import Metric, from_metric, to_metric
from previz.drag._settings import IKSettings

# Of mu, in what the pull home is not to undo.
HOME_DAMPING = 0.01
# kappa, by metric, where the settings leave it open; with a mask, which draws what is fixed home by itself, a
# wider pull undoes what keeps it there.
PULL = {"identity": 0.3, "covariance": 0.1}
PULL_MASKED = 0.05


def damped_step(
    rows: Tensor,  # [2N, D] of the handles
    wanted: Tensor,  # [N, 2] image pixels
    weights: Tensor,  # [N]
    away: Tensor,  # [layers, w_dim] how far from home, D values in all
    ik: IKSettings,
    metric: Metric | None = None,
    trust: float = inf,  # image pixels
    change: HeldChange | None = None,
) -> Tensor:  # [D]
    """A (J_y^T (J_y J_y^T + mu t I)^-1 e - kappa (1 - J_y^+ J_y) y), J_y = J A, t the mean squared row of it.

    J_y^+ is damped far less than the first term. With one damping for both, the drag would come to rest where
    what the damping withholds balances the pull, short of the target wherever handles move each other much.

    With a mask, J_y^T becomes H^-1 J_y^T, H = I + V S V^T / (nu S_1) of what is fixed: the shortest way is
    one that changes it little. And in the null space of the handles a Newton step -V (S + nu S_1)^-1 V^T g
    undoes what has changed, no longer than a step that moves a handle by the trust radius.
    """
    shape, scale = (-1, *away.shape), _scale(weights)
    jacobian = to_metric(rows.double().reshape(shape), metric) * scale[:, None]
    soft = soften(jacobian, change, ik)  # J H^-1
    system = jacobian @ soft.t()
    count = (scale > 0).sum().clamp(min=1)
    t = system.diagonal().sum() / count
    undo = _undo(change, metric, away, ik)
    far = undo.norm() * (jacobian.square().sum() / count).sqrt()  # as far as handles go by such a step
    undo = undo * min(1.0, trust / max(float(far), 1e-12))
    pull = ik.pull if ik.pull is not None else _pull(metric, change)
    moved = pull * (rows.double() @ away.reshape(-1).double()) * scale - jacobian @ undo
    eye = torch.eye(len(system), dtype=system.dtype, device=system.device)
    arrive = torch.linalg.solve(system + (ik.damping * t + 1e-12) * eye, wanted.reshape(-1).double() * scale)
    keep = torch.linalg.solve(system + (ik.damping * t * HOME_DAMPING + 1e-12) * eye, moved)
    y = soft.t() @ (arrive + keep) + undo
    step = from_metric(y, metric, len(away)) - pull * away.double()
    return step.reshape(-1).to(rows.dtype)


def soften(rows: Tensor, change: HeldChange | None, ik: IKSettings) -> Tensor:  # [..., D] of y
    """Rows times H^-1; as they are without a mask."""
    if change is None:
        return rows
    axes, curvature = change.held.axes, change.held.curvature
    share = curvature / (curvature + ik.mask_damping * curvature[0]).clamp(min=1e-30)
    return rows - (rows @ axes.t() * share) @ axes


def _undo(
    change: HeldChange | None, metric: Metric | None, away: Tensor, ik: IKSettings
) -> Tensor:  # [D] of y
    """The Newton step that undoes the change of what is fixed, as far as its axes tell."""
    if change is None:
        return to_metric(torch.zeros_like(away).double()[None], metric)[0]
    axes, curvature = change.held.axes, change.held.curvature
    gradient = to_metric(change.gradient.double().reshape(1, *away.shape), metric)[0]
    stiff = (curvature + ik.mask_damping * curvature[0]).clamp(min=1e-30)
    step: Tensor = -((axes @ gradient) / stiff) @ axes
    return step


def _pull(metric: Metric | None, change: HeldChange | None) -> float:
    if change is not None:
        return PULL_MASKED
    return PULL["identity" if metric is None else "covariance"]


def prioritised_step(
    rows: Tensor,  # [2N, D]
    wanted: Tensor,  # [N, 2] image pixels
    weights: Tensor,  # [N]
    yielding: Tensor | None,  # [N] bool
    away: Tensor,  # [layers, w_dim]
    ik: IKSettings,
    metric: Metric | None,
    trust: float,
    change: HeldChange | None,
) -> Tensor:  # [D]
    """The step of the hard handles, and on top of it what of the soft ones' wishes it leaves open.

    The second is sought in the null space of the first, as tasks of lower priority are in inverse kinematics
    (Siciliano & Slotine 1991): y_2 = (J_s N)^T (J_s N N J_s^T + mu t I)^-1 (e_s - J_s y_1), with
    N = 1 - J_h^+ J_h; with a mask in the same norm as the first.
    """
    if yielding is None:
        return damped_step(rows, wanted, weights, away, ik, metric, trust, change)
    none = torch.zeros_like(weights)
    hard, soft = torch.where(yielding, none, weights), torch.where(yielding, weights, none)
    first = damped_step(rows, wanted, hard, away, ik, metric, trust, change)
    left = (wanted - (rows @ first).reshape(-1, 2)).reshape(-1).double() * _scale(soft)
    both = to_metric(rows.double().reshape(-1, *away.shape), metric)  # [2N, K]
    above, own = _scale(hard)[:, None] * both, _scale(soft)[:, None] * both
    system = above @ soften(above, change, ik).t()
    eye = torch.eye(len(both), dtype=both.dtype, device=both.device)
    least = HOME_DAMPING * ik.damping * system.diagonal().max() + 1e-12
    held_back = torch.linalg.solve(system + least * eye, soften(above, change, ik) @ own.t()).t()
    free = own - held_back @ above  # J_s N
    ways = soften(free, change, ik)
    t = (own * soften(own, change, ik)).sum() / (2 * (soft > 0).sum()).clamp(min=1)
    solved = torch.linalg.solve(free @ ways.t() + (ik.damping * t + 1e-12) * eye, left)
    return first + from_metric(ways.t() @ solved, metric, len(away)).reshape(-1).to(first.dtype)


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
