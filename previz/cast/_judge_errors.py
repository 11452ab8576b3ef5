"""How far a judge is from the truth, on renders that it was not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.cast._judge import STRIDE, Judge
from previz.cast._judge_data import Labelled

__all__ = ["front_face", "judge_errors", "r_squared"]

FRONT_FACE = ("pupil", "lid", "eye_", "brow", "ala", "mouth", "lip", "nose", "glabella", "cheek", "chin")
_NOT_FRONT = ("chin_low",)


def front_face(names: tuple[str, ...]) -> Tensor:
    """Which landmarks [K] are on the front of a face: no ear, jaw angle, neck or hairline."""
    return torch.tensor([name.startswith(FRONT_FACE) and name not in _NOT_FRONT for name in names])


def judge_errors(judge: Judge, data: Labelled, count: int = 1000) -> dict[str, Any]:
    """The errors of a judge on the first `count` held-out renders.

    Landmarks: mean distance in px of the judge's size, over those in the picture, over the visible ones and
    over the visible ones of the front of the face; the share of them whose visibility is right. Factors: R²
    (1 is exact, 0 what the mean would do) of each, and its mean over each group.
    """
    index = data.pairs.held_out()[:count]
    parts = [_look(judge, data, part) for part in np.array_split(index, max(1, len(index) // 32))]
    distance, inside, visible, right, said, true = (torch.cat(column) for column in zip(*parts, strict=True))
    measured = {"all": inside, "visible": visible, "front_face": visible & front_face(data.names)}
    by_name = dict(zip(judge.config.factors, r_squared(said, true).tolist(), strict=True))
    groups = {group: [by_name[n] for n in names] for group, names in judge.config.groups.items() if names}
    return {
        "held_out": len(index),
        "size": [judge.config.height, judge.config.width],
        "landmark_px": {
            name: round(float(distance[which].mean()), 4) for name, which in measured.items() if which.any()
        },
        "visible_right": round(float(right.float().mean()), 4),
        "factor_r2": {group: round(sum(values) / len(values), 4) for group, values in groups.items()},
        "r2": {name: round(value, 3) for name, value in by_name.items()},
    }


@torch.no_grad()
def _look(judge: Judge, data: Labelled, index: np.ndarray) -> tuple[Tensor, ...]:
    """Distances [N, K], which are in the picture, seen, rightly called seen; factors said and true [N, P]."""
    pictures, points, seen, factors = data.read(index, max(judge.config.height, judge.config.width))
    sight = judge(pictures)
    limit = points.new_tensor([pictures.shape[3], pictures.shape[2]])
    inside = ((points >= 0) & (points <= limit)).all(dim=-1)
    visible = (seen > 0) & inside
    distance = (sight.points * STRIDE - points).norm(dim=-1)
    return distance, inside, visible, (sight.visible > 0) == visible, sight.factors, factors


def r_squared(said: Tensor, true: Tensor) -> Tensor:
    """R² [P] of what is said [N, P] against what is true [N, P]; 0 where the truth does not vary."""
    error = (said - true).square().mean(dim=0)
    spread = (true - true.mean(dim=0)).square().mean(dim=0)
    return torch.where(spread > 1e-8, 1 - error / spread.clamp(min=1e-8), torch.zeros_like(error))
