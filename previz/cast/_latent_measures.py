"""What the latent space of a generator holds where, measured by the judge on generated pictures.

Factors are counted in standard deviations that they have over random codes. The judge errs; so its
factors are those that it *says*, both before and after a change.

- *layer_swaps*: between two random w the first c layers are exchanged. For each group of factors, the
  share of the way from the one picture's to the other's that the picture makes: 0 where the group stays,
  1 where it follows;
- *directions*: w is moved along its covariance with a factor, which is where the mean w goes when that
  factor grows by a standard deviation (least squares of w on the factor, over 4,096 random codes), by -2,
  -1, 1 and 2 of these, in the first six layers or in all. `gain` is by how many standard deviations the
  factor then moves a unit; `drift` is how far identity (hair, colour) moves, as a share of the distance
  between random people. `same_codes` is the floor of that: the drift where pose, expression and gaze are
  exchanged in z, and all else is the same;
- *smoothness*: 24 steps from one seed to another, straight in w, or on a sphere in z. `speed` is the root
  of the LPIPS-like distance of neighbours times the number of steps; `jump` is the fastest step over the
  mean one, its mean over paths and that of the worst path; `path_length` the mean of speed squared, as
  Karras et al. 2020; `detour` the way over the root distance of the ends; `landmark_jump` is as `jump`,
  for the mean way of landmarks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.cast._domain import Domain
from previz.cast._eval_pairs import exchange_performance
from previz.cast._judge import Judge, stage_distance
from previz.cast._measures import draw_w
from previz.generator import Generator

__all__ = ["directions", "layer_swaps", "smoothness"]

BATCH = 16
STEPS = 24
MOVES = (-2.0, -1.0, 1.0, 2.0)
DRAG_LAYERS = 6
KEPT = ("identity", "hair", "colour")  # groups that should survive a change of performance
NAMED = {
    "jaw": ("jaw", "jawOpen"),
    "smile": ("smile", "mouthSmileLeft", "mouthSmileRight"),
    "blink": ("blink", "eyeBlinkLeft", "eyeBlinkRight"),
    "gaze": ("gaze_x",),
}
Progress = Callable[[str, int, int], None]


@torch.no_grad()
def layer_swaps(
    generator: Generator, domain: Domain, judge: Judge, count: int, seed: int, tell: Progress
) -> dict[str, dict[str, float]]:
    """Group of factors -> {how many first layers were exchanged: share of the way made}."""
    scale = 1 / factor_spread(domain)
    groups = _columns(judge)
    codes = random_codes(generator, 2 * count, seed)
    cuts = range(2, generator.num_ws, 2)
    way = {group: torch.zeros(len(cuts)) for group in groups}
    whole = dict.fromkeys(groups, 0.0)
    for part in _parts(count):
        first, second = generator.mapping(codes[part]), generator.mapping(codes[part + count])
        start, end = (said(generator, judge, w) * scale for w in (first, second))
        for group, columns in groups.items():
            whole[group] += float((end - start)[:, columns].square().sum())
        for position, cut in enumerate(cuts):
            mixed = torch.cat([second[:, :cut], first[:, cut:]], dim=1)
            moved = said(generator, judge, mixed) * scale - start
            for group, columns in groups.items():
                way[group][position] += (moved[:, columns] * (end - start)[:, columns]).sum()
        tell("layer swaps", int(part[-1]) + 1, count)
    return {
        group: {
            str(cut): round(float(way[group][k]) / max(whole[group], 1e-9), 3) for k, cut in enumerate(cuts)
        }
        for group in groups
    }


@torch.no_grad()
def directions(
    generator: Generator, domain: Domain, judge: Judge, count: int, seed: int, tell: Progress
) -> dict[str, Any]:
    """For each direction: gain and drifts in the first layers and in all; and the floors of the drifts."""
    spread = factor_spread(domain)
    groups = {group: columns for group, columns in _columns(judge).items() if group in KEPT}
    first, second = torch.split(random_codes(generator, 2 * count, seed), count)
    exchanged = [
        exchange_performance(domain, *two) for two in zip(first.numpy(), second.numpy(), strict=True)
    ]
    same = torch.from_numpy(np.stack(exchanged)).float()
    w = generator.mapping(first)
    start, other, kept = (
        _in_batches(generator, judge, generator.mapping(z)) / spread for z in (first, second, same)
    )
    between = {group: _distance(start, other, columns) for group, columns in groups.items()}
    found: dict[str, Any] = {
        "same_codes": {g: round(_distance(start, kept, c) / between[g], 3) for g, c in groups.items()}
    }
    wanted = _wanted(judge)
    pull = covariance(generator, domain, wanted)
    for done, (name, columns) in enumerate(wanted.items()):
        found[name] = {}
        for space, layers in (("first_layers", DRAG_LAYERS), ("all_layers", generator.num_ws)):
            step = torch.zeros_like(w[:1])
            step[:, :layers] = pull[name]
            moved = [_in_batches(generator, judge, w + move * step) / spread - start for move in MOVES]
            gains = [float(way[:, columns].mean()) / move for way, move in zip(moved, MOVES, strict=True)]
            found[name][space] = {"gain": round(sum(gains) / len(gains), 3)} | {
                f"{group}_drift": round(_distance(torch.cat(moved), 0, members) / between[group], 3)
                for group, members in groups.items()
            }
        tell("directions", done + 1, len(wanted))
    return found


@torch.no_grad()
def smoothness(
    generator: Generator, judge: Judge, count: int, seed: int, tell: Progress
) -> dict[str, dict[str, float]]:
    """Figures of `count` paths in w and in z."""
    codes = random_codes(generator, 2 * count, seed)
    share = torch.linspace(0, 1, STEPS + 1)[:, None]
    paths: dict[str, list[tuple[Tensor, Tensor, float]]] = {"w": [], "z": []}
    for index in range(count):
        first, second = codes[index : index + 1], codes[index + count : index + count + 1]
        ends = generator.mapping(torch.cat([first, second]))
        straight = ends[:1] + share[:, :, None] * (ends[1:] - ends[:1])
        for space, w in (("w", straight), ("z", generator.mapping(on_sphere(first, second, share)))):
            paths[space].append(_walk(generator, judge, w))
        tell("paths", index + 1, count)
    return {space: _path_figures(walks) for space, walks in paths.items()}


def on_sphere(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Codes [N, Z] from the direction of first [1, Z] to that of second, at share [N, 1] of the angle."""
    a, b = (code / code.norm() for code in (first, second))
    angle = (a * b).sum().clamp(-1, 1).acos()
    path: Tensor = ((1 - share) * angle).sin() * a + (share * angle).sin() * b
    return path


def random_codes(generator: Generator, count: int, seed: int) -> Tensor:
    """z [N, Z], standard normal."""
    rng = np.random.default_rng([seed, 78])
    return torch.from_numpy(rng.standard_normal((count, generator.z_dim)).astype(np.float32))


def factor_spread(domain: Domain) -> Tensor:
    """The standard deviation [P] of each factor over random codes, at least 0.05."""
    codes = np.random.default_rng(5).standard_normal((4096, domain.z_dim))
    return torch.from_numpy(np.maximum(domain.factors(codes).std(axis=0), 0.05)).float()


def covariance(generator: Generator, domain: Domain, wanted: dict[str, list[int]]) -> dict[str, Tensor]:
    """Where the mean w [w_dim] goes when the mean of the wanted factors grows by a standard deviation."""
    codes = random_codes(generator, 4096, 9)
    factors = torch.from_numpy(domain.factors(codes.double().numpy())) / factor_spread(domain)
    w = generator.mapping(codes)[:, 0]
    w = w - w.mean(dim=0)
    found = {}
    for name, columns in wanted.items():
        value = factors[:, columns].mean(dim=1)
        value = (value - value.mean()) / value.std().clamp(min=1e-6)
        found[name] = (w * value[:, None]).mean(dim=0)
    return found


def said(generator: Generator, judge: Judge, w: Tensor) -> Tensor:
    """The factors [N, P] that the judge sees in the pictures of w [N, num_ws, w_dim]."""
    return judge.factors(draw_w(generator, w, (judge.config.height, judge.config.width)))


def _in_batches(generator: Generator, judge: Judge, w: Tensor) -> Tensor:
    return torch.cat([said(generator, judge, part) for part in torch.split(w, BATCH)])


def _walk(generator: Generator, judge: Judge, w: Tensor) -> tuple[Tensor, Tensor, float]:
    """Speed of each step, mean way of landmarks in it, and the root distance of the ends."""
    shape = (judge.config.height, judge.config.width)
    sights = [judge(draw_w(generator, part, shape)) for part in torch.split(w, BATCH)]
    stages = [torch.cat(maps) for maps in zip(*(sight.stages for sight in sights), strict=True)]
    points = torch.cat([sight.points for sight in sights])
    speed = stage_distance([m[1:] for m in stages], [m[:-1] for m in stages]).sqrt() * (len(w) - 1)
    ends = stage_distance([m[:1] for m in stages], [m[-1:] for m in stages]).sqrt()
    return speed, (points[1:] - points[:-1]).norm(dim=2).mean(dim=1), float(ends)


def _path_figures(walks: list[tuple[Tensor, Tensor, float]]) -> dict[str, float]:
    speed = torch.stack([walk[0] for walk in walks])  # [paths, steps]
    way = torch.stack([walk[1] for walk in walks])
    jump = speed.amax(dim=1) / speed.mean(dim=1).clamp(min=1e-9)
    moved = way.amax(dim=1) / way.mean(dim=1).clamp(min=1e-9)
    figures = {
        "speed": speed.mean(),
        "jump": jump.mean(),
        "worst_jump": jump.max(),
        "path_length": speed.square().mean(),
        "detour": (speed.mean(dim=1) / torch.tensor([max(walk[2], 1e-9) for walk in walks])).mean(),
        "landmark_jump": moved.mean(),
        "worst_landmark_jump": moved.max(),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def _columns(judge: Judge) -> dict[str, list[int]]:
    """Group -> where its factors are."""
    names = judge.config.factors
    return {
        group: [names.index(n) for n in members] for group, members in judge.config.groups.items() if members
    }


def _wanted(judge: Judge) -> dict[str, list[int]]:
    """The directions that are tried: all of the pose, and the named ones that the domain has."""
    names = judge.config.factors
    wanted = {name: (name,) for name in judge.config.groups.get("pose", ())} | NAMED
    found = {name: [names.index(m) for m in members if m in names] for name, members in wanted.items()}
    return {name: columns for name, columns in found.items() if columns}


def _distance(a: Tensor, b: Tensor | int, columns: list[int]) -> float:
    """The mean distance of factors, a and b [N, P], in the columns of one group."""
    return float((a - b)[:, columns].norm(dim=1).mean())


def _parts(count: int) -> Iterator[Tensor]:
    return iter(torch.split(torch.arange(count), BATCH))
