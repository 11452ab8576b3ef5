"""How well the latent space drags, measured by the judge. Lengths are px of the judge's size.

Jacobian. Of the places of the landmarks `HANDLES` (those that the domain has) with respect to w, by
automatic differentiation through the generator and the judge's soft-argmax. Columns are scaled by the
standard deviation of w, so that a unit is a step as long as w itself is wide. Two spaces: `w` (all layers
move alike) and `w_plus` (each of the first six layers by itself, as drags do by default). At each of the
random w:

- *singular values*: the largest, the median and the smallest of the 2 M; how many are at least 1 px a
  standard deviation; *effective rank*, the exponential of the entropy of s / sum(s) (Roy & Vetterli
  2007); *condition*, the largest over the smallest;
- *sd_per_px*: how long the shortest step is, in standard deviations, that moves one landmark by 1 px;
- *others*: by how much the other landmarks move with that step, to first order, 1 being as far as the one
  asked. As parts of a face hang together this can't be 0; where it is near 1 the whole picture slides;
- *joint*: which share of a random wish for all landmarks at once a damped step fulfils, trace(G (G + 0.02
  t I)^-1) / 2 M with G = J J^T and t the mean of its diagonal;
- *step*: what one such step in `w_plus`, asked to move one landmark by 3% of the picture, really does:
  the share of the way made along the direction asked, and how far the others went for each px asked.

The rest (which layers hold what, whether identity survives, whether paths are smooth) is in
`_latent_measures`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.cast._domain import Domain
from previz.cast._judge import Judge
from previz.cast._latent_measures import directions, layer_swaps, smoothness
from previz.cast._measures import draw_w
from previz.errors import CastError
from previz.generator import Generator

__all__ = ["HANDLES", "LAYERS", "jacobian_figures", "jacobians", "measure_drag"]

HANDLES = {  # by the figure that a domain is of
    "head": (
        "pupil_L", "pupil_R", "lid_up_L", "lid_up_R", "eye_out_L", "eye_out_R", "brow_in_L", "brow_in_R",
        "brow_out_L", "brow_out_R", "cheek_L", "cheek_R", "mouth_corner_L", "mouth_corner_R", "lip_up_out",
        "lip_low_out", "nose_tip", "nose_bridge", "glabella", "chin",
    ),
    "body": (
        "head_top", "chin", "throat", "navel", "pelvis", "shoulder_L", "shoulder_R", "elbow_L", "elbow_R",
        "wrist_L", "wrist_R", "fingertip_L", "fingertip_R", "hip_L", "hip_R", "knee_L", "knee_R", "ankle_L",
        "ankle_R", "toe_L", "toe_R",
    ),
}  # fmt: skip
LAYERS = 6  # of W+ that drags change by default
DAMPING = 0.02
ASKED = 0.03  # of the picture's width
BATCH = 8
Progress = Callable[[str, int, int], None]


def measure_drag(
    generator: Generator,
    domain: Domain,
    judge: Judge,
    count: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """All of it, at `count` random w; paths and directions at a quarter of that."""
    tell = progress or (lambda what, done, total: None)
    quarter = max(2, count // 4)
    return {
        "count": count,
        "jacobian": jacobian_figures(generator, domain.figure, judge, count, seed, tell),
        "layer_swaps": layer_swaps(generator, domain, judge, count, seed, tell),
        "directions": directions(generator, domain, judge, quarter, seed, tell),
        "smoothness": smoothness(generator, judge, quarter, seed, tell),
    }


def random_w(generator: Generator, count: int, seed: int) -> Tensor:
    """w [N, num_ws, w_dim] of random codes."""
    codes = np.random.default_rng([seed, 77]).standard_normal((count, generator.z_dim)).astype(np.float32)
    with torch.no_grad():
        w: Tensor = generator.mapping(torch.from_numpy(codes))
    return w


def jacobians(generator: Generator, judge: Judge, w: Tensor, chosen: list[int]) -> tuple[Tensor, Tensor]:
    """Places [N, M, 2] of the chosen landmarks at w [N, num_ws, w_dim], and J [N, 2 M, num_ws, w_dim].

    One backward pass a coordinate serves the whole batch, as pictures of a batch don't depend on each other.
    """
    w = w.detach().requires_grad_(True)
    points = look(generator, judge, w)[:, chosen]
    flat = points.flatten(1)
    rows = [torch.autograd.grad(flat[:, k].sum(), w, retain_graph=True)[0] for k in range(flat.shape[1])]
    return points.detach(), torch.stack(rows, dim=1)


def look(generator: Generator, judge: Judge, w: Tensor) -> Tensor:
    """Where the judge sees the landmarks [N, K, 2] of the pictures of w, px of its own size."""
    images = draw_w(generator, w, (judge.config.height, judge.config.width))
    return judge.landmarks(images)[0]


def jacobian_figures(
    generator: Generator, figure: str, judge: Judge, count: int, seed: int, tell: Progress
) -> dict[str, Any]:
    """Means over `count` random w of what the module's docstring lists; CastError without handles."""
    names = judge.config.landmarks
    chosen = [names.index(name) for name in HANDLES[figure] if name in names]
    if not chosen:
        raise CastError(f"the judge of {judge.config.domain} knows none of the landmarks to drag")
    spread = random_w(generator, 4096, seed + 1)[:, 0].std(dim=0)
    asked = ASKED * judge.config.width
    rng = torch.Generator().manual_seed(seed)
    spaces: dict[str, list[dict[str, Tensor]]] = {"w": [], "w_plus": []}
    steps: list[Tensor] = []
    every = random_w(generator, count, seed)
    for start in range(0, count, BATCH):
        w = every[start : start + BATCH]
        points, jacobian = jacobians(generator, judge, w, chosen)
        scaled = jacobian * spread
        plus = scaled[:, :, :LAYERS].flatten(2)
        spaces["w"].append(linear_figures(scaled.sum(dim=2)))
        spaces["w_plus"].append(linear_figures(plus))
        turns = torch.rand(len(w), generator=rng) * 2 * torch.pi
        wish = asked * torch.stack([turns.cos(), turns.sin()], dim=1)
        handle = torch.arange(start, start + len(w)) % len(chosen)
        change = shortest_step(plus, handle, wish).view(len(w), -1, w.shape[2]) * spread
        moved = w.clone()
        moved[:, : change.shape[1]] += change
        with torch.no_grad():
            steps.append(_made(look(generator, judge, moved)[:, chosen] - points, handle, wish))
        tell("Jacobians", start + len(w), count)
    made = torch.cat(steps)
    return {
        "landmarks": len(chosen),
        **{space: _averages(rows) for space, rows in spaces.items()},
        "step": {
            "asked_px": round(asked, 2),
            "made_share": round(float(made[:, 0].mean()), 3),
            "made_share_lowest_tenth": round(float(made[:, 0].quantile(0.1)), 3),
            "others_per_px": round(float(made[:, 1].mean()), 3),
        },
    }


def linear_figures(jacobian: Tensor) -> dict[str, Tensor]:
    """What the scaled Jacobian J [N, 2 M, D] says, each [N]."""
    gram = jacobian @ jacobian.transpose(1, 2)  # [N, 2 M, 2 M]
    values = torch.linalg.svdvals(jacobian)[:, : jacobian.shape[1]]
    share = values / values.sum(dim=1, keepdim=True)
    entropy = -(share * share.clamp(min=1e-12).log()).sum(dim=1)
    damping = DAMPING * gram.diagonal(dim1=1, dim2=2).mean(dim=1)
    eigen = values.square()
    count = jacobian.shape[1] // 2
    blocks = gram.view(-1, count, 2, count, 2)  # [N, M, 2, M, 2]
    own = torch.linalg.pinv(torch.stack([blocks[:, k, :, k] for k in range(count)], dim=1))  # [N, M, 2, 2]
    response = torch.einsum("najcb,ncbd->najcd", blocks, own)  # of landmark a to a px asked of c
    size = response.square().sum(dim=(2, 4)).div(2).sqrt()  # [N, M, M]
    others = (size.sum(dim=(1, 2)) - size.diagonal(dim1=1, dim2=2).sum(dim=1)) / (count * max(1, count - 1))
    length = own.diagonal(dim1=2, dim2=3).mean(dim=2).clamp(min=0).sqrt().mean(dim=1)
    return {
        "largest": values[:, 0],
        "median": values.median(dim=1).values,
        "smallest": values[:, -1],
        "at_least_1px": (values >= 1).float().sum(dim=1),
        "effective_rank": entropy.exp(),
        "condition": values[:, 0] / values[:, -1].clamp(min=1e-9),
        "sd_per_px": length,
        "others": others,
        "joint": (eigen / (eigen + damping[:, None])).sum(dim=1) / jacobian.shape[1],
    }


def shortest_step(jacobian: Tensor, handle: Tensor, wish: Tensor) -> Tensor:
    """The shortest step [N, D] that moves landmark `handle` [N] by `wish` [N, 2], to first order."""
    rows = torch.stack([2 * handle, 2 * handle + 1], dim=1)
    own = jacobian.gather(1, rows[:, :, None].expand(-1, -1, jacobian.shape[2]))  # [N, 2, D]
    step: Tensor = torch.linalg.pinv(own) @ wish[:, :, None]
    return step[:, :, 0]


def _made(moved: Tensor, handle: Tensor, wish: Tensor) -> Tensor:
    """Of what landmarks did [N, M, 2]: the share of the wish made, the others' way a px asked. [N, 2]."""
    own = moved[torch.arange(len(moved)), handle]
    length = wish.norm(dim=1)
    share = (own * wish).sum(dim=1) / length.square()
    others = (moved.norm(dim=2).sum(dim=1) - own.norm(dim=1)) / max(1, moved.shape[1] - 1)
    return torch.stack([share, others / length], dim=1)


def _averages(rows: list[dict[str, Tensor]]) -> dict[str, float]:
    """Means over all w; medians of the condition, whose mean a single w can rule."""
    columns = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    return {
        name: round(float(values.median() if name == "condition" else values.mean()), 4)
        for name, values in columns.items()
    }
