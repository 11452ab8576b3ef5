"""A run of adversarial training: its loop, and what it says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.cast._adversarial import (
    AdversarialState,
    adapt_augmentation,
    adversarial_step,
    mean_over_processes,
    processes,
)
from previz.cast._adversarial_losses import Batch
from previz.cast._adversarial_settings import AdversarialSettings
from previz.cast._adversarial_state import open_adversarial_state, save_adversarial_state
from previz.cast._frechet import frechet_distance
from previz.cast._real_pictures import RealPictures
from previz.cast._stopping import Stop
from previz.generator import Generator, GeneratorConfig

__all__ = ["LOG", "AdversarialEvent", "Features", "draw_random", "train_adversarial"]

LOG = "log.jsonl"
SAMPLES = "samples.png"
ADAPT_EVERY = 4  # steps between two moves of the augmentation's probability
JUDGED = 512  # pictures of each kind in a Fréchet distance

Features = Callable[[Tensor], Tensor]  # pictures [N, 3, H, W] in -1..1 -> features [N, D]


@dataclass(frozen=True)
class AdversarialEvent:
    """What the callback hears."""

    step: int
    seen: int
    seconds: float
    pictures_per_second: float
    figures: dict[str, float]  # of the averaged generator, and means of the steps since the last event


def train_adversarial(
    real: RealPictures,
    folder: Path,
    settings: AdversarialSettings,
    start: Generator | GeneratorConfig,
    callback: Callable[[AdversarialEvent], None] | None = None,
    *,
    device: torch.device | None = None,
    rank: int = 0,
    every: float = 120.0,
    features: Features | None = None,
) -> AdversarialState:
    """Train until `settings.images` pictures were shown, resuming from `folder` where it holds a run.

    The first process (`rank` 0) writes the state, a line of `log.jsonl` and `samples.png` every `every`
    seconds, and the state when the run is interrupted, which ends it with KeyboardInterrupt after the step.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = device or torch.device("cpu")
    state = open_adversarial_state(real, folder, settings, start, device)
    reporter = _Reporter(
        real, folder, settings, callback, every, features if rank == 0 else None, rank, state
    )
    with Stop() as stop:
        while state.seen < settings.images:
            seeds = np.random.SeedSequence([settings.seed, state.step, rank, 1])
            batch = real.batch(np.random.default_rng(seeds), settings.batch, settings.twins)
            batch = Batch(*(_to(tensor, device) for tensor in batch))
            rng = torch.Generator().manual_seed(int(seeds.generate_state(1, np.uint64)[0] >> 1))
            figures = adversarial_step(state, batch, settings, rng)
            shown = settings.batch * processes()
            state.step += 1
            state.seen += shown
            _adapt(state, settings, figures, shown)
            halt = mean_over_processes(torch.tensor(float(stop.asked))) > 0
            reporter.after_step(figures, shown, halt)
            if halt:
                raise KeyboardInterrupt
    return state


def _to(tensor: Tensor, device: torch.device) -> Tensor:
    tensor = tensor.to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _adapt(
    state: AdversarialState, settings: AdversarialSettings, figures: dict[str, float], shown: int
) -> None:
    """Every few steps, move the augmentation's probability by what was seen since."""
    if not settings.augment:
        return
    state.signs += mean_over_processes(torch.tensor(figures["signs"])) / ADAPT_EVERY
    if state.step % ADAPT_EVERY == 0:
        adapt_augmentation(state, settings, state.signs, shown * ADAPT_EVERY)
        state.signs = 0.0


class _Reporter:
    """Keeps the means of the steps, and now and then measures, logs and saves."""

    def __init__(
        self,
        real: RealPictures,
        folder: Path,
        settings: AdversarialSettings,
        callback: Callable[[AdversarialEvent], None] | None,
        every: float,
        features: Features | None,
        rank: int,
        state: AdversarialState,
    ) -> None:
        self.real, self.folder, self.settings = real, folder, settings
        self.callback, self.every, self.features, self.rank = callback, every, features, rank
        self.state = state
        self.real_features = None if features is None else _features(features, real.first(JUDGED))
        self.sums: dict[str, list[float]] = {}
        self.shown, self.busy, self.mark = 0, 0.0, time.monotonic()

    def after_step(self, figures: dict[str, float], shown: int, halt: bool) -> None:
        """Count a step; report where it is time, and save without measuring where the run is to stop."""
        now = time.monotonic()
        self.busy += now - self.mark
        self.state.seconds += now - self.mark
        self.mark = now
        self.shown += shown
        for name, value in figures.items():
            self.sums.setdefault(name, []).append(value)
        done = self.state.seen >= self.settings.images
        if self.rank == 0 and (done or (self.busy > self.every and not halt)):
            self._report()
        elif self.rank == 0 and halt:
            save_adversarial_state(self.state, self.settings, self.real, self.folder)
        self.mark = time.monotonic()

    def _report(self) -> None:
        state = self.state
        save_adversarial_state(state, self.settings, self.real, self.folder)
        figures = {name: float(np.mean(values)) for name, values in self.sums.items()}
        if self.settings.augment:
            figures["augmentation"] = state.augmentation
        if state.balance:
            figures["balance"] = state.balance
        figures |= self.real.figures(state.average)
        if self.features is not None and self.real_features is not None:
            drawn = draw_random(state.average, self.settings, len(self.real_features))
            figures["frechet"] = frechet_distance(_features(self.features, drawn), self.real_features)
        event = AdversarialEvent(state.step, state.seen, state.seconds, self.shown / self.busy, figures)
        line: dict[str, Any] = {key: value for key, value in asdict(event).items() if key != "figures"}
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            rounded = {key: round(value, 6) for key, value in (line | figures).items()}
            file.write(json.dumps({"mode": "adversarial"} | rounded) + "\n")
        self.real.write_samples(state.average, self.folder / SAMPLES)
        self.sums, self.shown, self.busy = {}, 0, 0.0
        if self.callback:
            self.callback(event)


@torch.no_grad()
def draw_random(generator: Generator, settings: AdversarialSettings, count: int, seed: int = 0) -> Tensor:
    """Pictures [count, 3, H, W] in -1..1 on the CPU, of codes that depend on the seed alone."""
    z = torch.randn(count, generator.z_dim, generator=torch.Generator().manual_seed(seed))
    noise = "none" if settings.noise == "none" else "const"
    parts = [
        generator.synthesis(generator.mapping(part), noise)
        for part in torch.split(z.to(generator.device), 16)
    ]
    return torch.cat([part.clamp(-1, 1).cpu() for part in parts])


@torch.no_grad()
def _features(features: Features, pictures: Tensor) -> np.ndarray:
    found = [features(part).float().cpu().numpy() for part in torch.split(pictures, 16)]
    return np.concatenate(found)
