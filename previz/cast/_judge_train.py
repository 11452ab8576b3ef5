"""How the judge learns: from renders, which know their own landmarks and factors exactly."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from previz.cast._judge import Judge, JudgeConfig, Sight, pooled, save_judge
from previz.cast._judge_data import Labelled, move, open_labelled, recolour, soften
from previz.cast._judge_errors import judge_errors
from previz.cast._muon import Muon
from previz.errors import CastError
from previz.files import check_output

__all__ = ["JudgeEvent", "JudgeSettings", "judge_losses", "train_judge"]

HIDDEN_WEIGHT = 0.3  # of a landmark that something hides: where it is can only be guessed


@dataclass(frozen=True)
class JudgeSettings:
    """How a judge is trained; all that a resumed run must repeat.

    `pictures` is the length in pictures shown, `size` the long side of the pictures that it looks at, in px.
    """

    pictures: int = 96_000
    size: int = 128
    batch: int = 32
    adam_rate: float = 2e-3
    muon_rate: float = 1e-2
    warm_up: int = 100  # steps
    bfloat16: bool = True
    seed: int = 0

    def rate(self, step: int) -> float:
        """The share of the learning rates at a step: a linear rise, then a cosine to zero."""
        steps = max(1, self.pictures // self.batch)
        return min(1.0, (step + 1) / self.warm_up) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


@dataclass(frozen=True)
class JudgeEvent:
    """What the callback hears now and then."""

    seen: int
    seconds: float
    losses: dict[str, float]


def train_judge(
    dataset: Path,
    path: Path,
    settings: JudgeSettings,
    callback: Callable[[JudgeEvent], None] | None = None,
    *,
    save_every: float = 60.0,
    force: bool = False,
) -> Judge:
    """Train a judge on the renders in `dataset` and write it to `path`, with its errors on held-out ones.

    What is needed to go on after a stop lies beside it, in `path` + ".run", until it is done. One core
    suffices; the caller's number of threads is left alone. Raises CastError and OutputError.
    """
    check_output(path, force)
    data = open_labelled(dataset)
    if settings.size > data.long_side or data.long_side % settings.size:
        raise CastError(f"{dataset}: renders of {data.long_side} px can't be read at {settings.size} px")
    run = path.with_name(path.name + ".run")
    state = _open_run(run, data, settings)
    mark = saved = time.monotonic()
    steps = settings.pictures // settings.batch
    while state.step < steps:
        losses = _train_step(state, _batch(data, settings, state.step), settings)
        state.step += 1
        now = time.monotonic()
        state.seconds, mark = state.seconds + now - mark, now
        if now - saved > save_every or state.step == steps:
            saved = now
            _save_run(state, settings, run)
            if callback:
                callback(JudgeEvent(state.step * settings.batch, state.seconds, losses))
    judge = state.judge.eval()
    _standardise(judge, data, settings.size)
    judge.figures = judge_errors(judge, data) | {
        "trained_on": {"pictures": len(data.pairs.training()), "shown": steps * settings.batch},
        "seconds": round(state.seconds),
    }
    save_judge(judge, path, force=force)
    run.unlink(missing_ok=True)
    return judge.requires_grad_(False)


@dataclass
class _Run:
    judge: Judge
    adam: torch.optim.Adam
    muon: Muon
    scale: Tensor  # [P] one over the spread of each factor
    step: int = 0
    seconds: float = 0.0


def _open_run(path: Path, data: Labelled, settings: JudgeSettings) -> _Run:
    """The run that was stopped, or a new one; CastError where it is another."""
    pictures, _, _, _ = data.read(data.pairs.training()[:1], settings.size)
    groups = {group: tuple(names) for group, names in data.domain.groups.items()}
    config = JudgeConfig(
        data.domain.name, pictures.shape[2], pictures.shape[3], data.names, data.domain.factor_names, groups
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        judge = Judge(config)
    kernels = [p for p in judge.parameters() if p.ndim == 4 and p.shape[-1] == 3 and p.shape[1] > 3]
    chosen = {id(p) for p in kernels}
    others = [p for p in judge.parameters() if id(p) not in chosen]
    codes = np.random.default_rng(settings.seed).standard_normal((4096, data.domain.z_dim))
    spread = data.domain.factors(codes).std(axis=0)
    scale = torch.from_numpy(1 / np.maximum(spread, 0.05)).float()
    run = _Run(judge, torch.optim.Adam(others, betas=(0.9, 0.99)), Muon(kernels), scale)
    if not path.exists():
        return run
    try:
        content = torch.load(path, weights_only=True)
        same = content["settings"] == json.dumps(asdict(settings)) and content["config"] == _text(config)
        if same:
            run.judge.load_state_dict(content["judge"])
            run.adam.load_state_dict(content["adam"])
            for velocity, stored in zip(run.muon.velocities, content["muon"], strict=True):
                velocity.copy_(stored)
            run.step, run.seconds = content["step"], content["seconds"]
    except Exception as error:
        raise CastError(f"{path}: not a run that can be resumed; remove it to start anew") from error
    if not same:
        raise CastError(f"{path}: a run with other settings or data; remove it to start anew")
    return run


def _save_run(run: _Run, settings: JudgeSettings, path: Path) -> None:
    content = {
        "judge": run.judge.state_dict(),
        "adam": run.adam.state_dict(),
        "muon": run.muon.velocities,
        "step": run.step,
        "seconds": run.seconds,
        "settings": json.dumps(asdict(settings)),
        "config": _text(run.judge.config),
    }
    partial = path.with_name(path.name + ".partial")
    torch.save(content, partial)
    partial.replace(path)


def _text(config: JudgeConfig) -> str:
    return json.dumps(asdict(config), sort_keys=True)


Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def _batch(data: Labelled, settings: JudgeSettings, step: int) -> Batch:
    """The pictures of a step, some blurred or moved: a function of seed and step, given what is rendered.

    Returns pictures, landmarks, visible, factors and which of the pictures [N] still show their factors.
    """
    rng = np.random.default_rng([settings.seed, step])
    index = np.sort(rng.choice(data.pairs.training(), size=settings.batch))
    pictures, points, visible, factors = data.read(index, settings.size)
    order = torch.from_numpy(rng.permutation(settings.batch))
    moved, soft = order[: settings.batch // 3], order[settings.batch // 6 : settings.batch // 2]
    pictures[soft] = soften(pictures[soft], rng)
    pictures[moved], points[moved] = move(pictures[moved], points[moved], rng)
    pictures[moved] = recolour(pictures[moved], rng)
    plain = torch.ones(settings.batch)
    plain[moved] = 0
    return pictures, points, visible, factors, plain


def _train_step(run: _Run, batch: Batch, settings: JudgeSettings) -> dict[str, float]:
    pictures, points, visible, factors, plain = batch
    run.judge.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
        sight = run.judge(pictures)
    losses = judge_losses(sight, points, visible, (factors, plain, run.scale), pictures.shape[3])
    total = losses["place"] + 0.5 * losses["heat"] + 0.3 * losses["visible"] + losses["factors"]
    run.judge.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    share = settings.rate(run.step)
    for group in run.adam.param_groups:
        group["lr"] = settings.adam_rate * share
    run.adam.step()
    run.muon.step(settings.muon_rate * share)
    return {name: float(value.detach()) for name, value in losses.items()}


def judge_losses(
    sight: Sight,
    points: Tensor,  # [N, K, 2] px
    visible: Tensor,  # [N, K]
    scene: tuple[Tensor, Tensor, Tensor],  # factors [N, P], which pictures count [N], scale [P]
    width: int,
) -> dict[str, Tensor]:
    """The parts of the loss: places in cells, heatmaps against a Gaussian of one cell, and what is named."""
    factors, plain, scale = scene
    rows, columns = sight.heat.shape[2:]
    target = points * (columns / width)
    limit = target.new_tensor([columns, rows])
    inside = ((target >= 0) & (target <= limit)).all(dim=-1).float()
    weight = inside * torch.where(visible > 0, 1.0, HIDDEN_WEIGHT)
    weight = weight / weight.sum().clamp(min=1)
    place = ((sight.points - target).abs().sum(dim=-1) * weight).sum()
    across = torch.exp(-0.5 * (torch.arange(columns) + 0.5 - target[..., :1]) ** 2)
    down = torch.exp(-0.5 * (torch.arange(rows) + 0.5 - target[..., 1:]) ** 2)
    gauss = (down[..., :, None] * across[..., None, :]).flatten(2)
    gauss = gauss / gauss.sum(dim=-1, keepdim=True).clamp(min=1e-6)
    heat = -((gauss * sight.heat.flatten(2).log_softmax(dim=-1)).sum(dim=-1) * weight).sum()
    error = ((sight.factors - factors) * scale).square().mean(dim=1)
    return {
        "place": place,
        "heat": heat,
        "visible": F.binary_cross_entropy_with_logits(sight.visible, visible * inside),
        "factors": (error * plain).sum() / plain.sum().clamp(min=1),
    }


@torch.no_grad()
def _standardise(judge: Judge, data: Labelled, size: int, count: int = 1024) -> None:
    """Make the feature vector about standard normal over renders that were trained on."""
    index = data.pairs.training()
    index = index[:: max(1, len(index) // count)]
    parts = np.array_split(index, max(1, len(index) // 32))
    averages = torch.cat([pooled(judge.stages(data.read(part, size)[0])) for part in parts])
    judge.feature_mean.copy_(averages.mean(dim=0))
    judge.feature_scale.copy_(averages.std(dim=0).clamp(min=1e-4))
