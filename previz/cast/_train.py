"""Paired regression: a StyleGAN2 generator learns to draw the scene that z names."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from previz.cast._domain import Domain
from previz.cast._domains import find_domain
from previz.cast._lesson import teach_mapping
from previz.cast._losses import face_weight, picture_errors, pyramid_loss
from previz.cast._muon import Muon
from previz.cast._pairs import Pairs
from previz.cast._samples import draw, write_samples
from previz.cast._warm_start import Source, adopt, check_source
from previz.errors import CastError
from previz.generator import Generator, GeneratorConfig

CPU = torch.device("cpu")
STATE = "state.pt"
LOG = "log.jsonl"
SAMPLES = "samples.png"
_PROGRESS = ("step", "seen", "seconds", "known", "source")


@dataclass(frozen=True)
class TrainSettings:
    """How a character is trained; all that a resumed run must repeat, but for the length.

    `images` is the length of the run in pictures shown. `phases` lists (share of that length, size in px,
    pictures a step and process): training grows from small pictures to full ones; sizes beyond the dataset's
    are left out. The learning rate warms up over 50 steps, holds, and falls linearly to a hundredth over the
    last `decay` of the run.

    The mapping is taught first and alone, factors and landmarks, in `mapping_steps` steps, and is then held:
    learning on at the pictures' rate made it forget (the hair style that w tells was right for 82% of codes,
    not for 90%).
    """

    images: int = 200_000
    phases: tuple[tuple[float, int, int], ...] = (
        (0.05, 16, 16),
        (0.08, 32, 16),
        (0.20, 64, 8),
        (0.43, 128, 8),
        (0.24, 256, 4),
    )
    channels: dict[int, int] = field(
        default_factory=lambda: {4: 256, 8: 256, 16: 192, 32: 128, 64: 64, 128: 32, 256: 16}
    )
    w_dim: int = 128
    mapping_layers: int = 4
    mapping_width: int | None = None  # w_dim where None
    mapping_steps: int = 5000
    learning_rate: float = 1e-2
    decay: float = 0.5
    ema: float = 0.999
    face_weight: float = 6.0
    gradient_weight: float = 1.2
    bfloat16: bool = True
    seed: int = 0

    def phase(self, seen: int, largest: int, known: int = 0) -> tuple[int, int]:
        """(size in px, pictures a step and process) after `seen` pictures, of renders of `largest` px.

        Sizes below `known` px are left out: a run that starts from a checkpoint draws them already.
        """
        known = min(known, self.phases[-1][1])
        phases = [phase for phase in self.phases if known <= phase[1] <= largest]
        whole, passed = sum(share for share, _, _ in phases), 0.0
        for share, size, batch in phases:
            passed += share / whole
            if seen < passed * self.images:
                return size, batch
        return phases[-1][1:]

    def rate(self, seen: int, step: int) -> float:
        """The learning rate after `seen` pictures and `step` steps."""
        left = max(0.0, 1 - seen / self.images)
        return self.learning_rate * min(1.0, (step + 1) / 50) * max(0.01, min(1.0, left / self.decay))


@dataclass(frozen=True)
class TrainEvent:
    """What the callback hears: figures of the averaged generator on held-out renders."""

    step: int
    seen: int
    seconds: float
    size: int
    learning_rate: float
    loss: float
    figures: dict[str, float]


@dataclass
class TrainState:
    """All that a run needs to go on exactly where it stopped."""

    generator: Generator
    average: Generator
    domain: Domain | None  # None for pairs that are not of the cast's own domains
    muon: Muon
    adam: torch.optim.Adam
    step: int = 0
    seen: int = 0
    seconds: float = 0.0
    known: int = 0  # size in px of what it was started from
    source: str = ""  # which that is
    seed: int = 0


def new_config(settings: TrainSettings, z_dim: int, shape: tuple[int, int]) -> GeneratorConfig:
    """The architecture for codes of `z_dim` and renders of (height, width); CastError where there is none."""
    try:
        return GeneratorConfig(
            resolution=shape,
            z_dim=z_dim,
            w_dim=settings.w_dim,
            channels={px: n for px, n in settings.channels.items() if px <= max(shape)},
            mapping_layers=settings.mapping_layers,
            mapping_width=settings.mapping_width,
            mapping_lr_multiplier=1.0,
        )
    except ValueError as error:
        raise CastError(f"renders of {shape[1]}x{shape[0]} px can't be learnt: {error}") from None


def settings_for(domain: str | None) -> TrainSettings:
    """What a domain is trained with by default: families of characters have a wider w and more channels."""
    if domain not in ("head", "body"):
        return TrainSettings()
    wide = {4: 256, 8: 256, 16: 256, 32: 128, 64: 64, 128: 32, 256: 16}
    return TrainSettings(images=300_000, channels=wide, w_dim=256, mapping_width=512, mapping_steps=6000)


def new_state(
    config: GeneratorConfig, domain: Domain | None, seed: int = 0, device: torch.device = CPU
) -> TrainState:
    """A freshly drawn generator, its average and its optimisers; drawn alike for every device."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator, average = Generator(config), Generator(config).requires_grad_(False)
    with torch.no_grad():
        for block in range(1, generator.num_blocks + 1):
            generator.synthesis.block(block).torgb.weight.mul_(0.3)  # the pictures start near grey
    average.load_state_dict(generator.state_dict())
    for net in (generator, average):
        net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    kernels = [p for p in generator.parameters() if _is_kernel(p)]
    others = [p for p in generator.parameters() if not _is_kernel(p)]
    adam = torch.optim.Adam(others, betas=(0.9, 0.99))
    generator.mapping.requires_grad_(domain is None)  # one that has had its lesson is held
    return TrainState(generator, average, domain, Muon(kernels), adam, seed=seed)


def _is_kernel(parameter: nn.Parameter) -> bool:
    """Whether it is a 3×3 kernel, which Muon steps; Adam steps the others."""
    return parameter.ndim == 4 and parameter.shape[-1] == 3


def save_state(state: TrainState, settings: TrainSettings, folder: Path) -> None:
    """Write the run to `folder`, in place of what was there, in one step."""
    content = {
        "generator": state.generator.state_dict(),
        "average": state.average.state_dict(),
        "domain": state.domain.name if state.domain else None,
        "muon": state.muon.velocities,
        "adam": state.adam.state_dict(),
        "progress": {name: getattr(state, name) for name in _PROGRESS},
        "settings": json.dumps(asdict(settings)),
        "config": json.dumps(state.generator.config.to_dict()),
    }
    partial = folder / (STATE + ".partial")
    torch.save(content, partial)
    partial.replace(folder / STATE)


def load_state(folder: Path, device: torch.device = CPU) -> TrainState:
    """Read what `save_state` wrote; CastError where it is missing or damaged."""
    path = folder / STATE
    if not path.exists():
        raise CastError(f"{folder}: holds no run; start one with `previz cast train`")
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        config = GeneratorConfig.from_dict(json.loads(content["config"]))
        state = new_state(
            config, find_domain(content["domain"]) if content["domain"] else None, device=device
        )
        state.generator.load_state_dict(content["generator"])
        state.average.load_state_dict(content["average"])
        for velocity, saved in zip(state.muon.velocities, content["muon"], strict=True):
            velocity.copy_(saved)
        state.adam.load_state_dict(content["adam"])
        for name, value in content["progress"].items():
            setattr(state, name, value)
        state.seed = int(json.loads(content["settings"])["seed"])
    except Exception as error:
        raise CastError(f"{path}: not a state that can be resumed; move it away to start anew") from error
    return state


def train_step(state: TrainState, batch: tuple[Tensor, Tensor, Tensor], settings: TrainSettings) -> float:
    """One step on z [N, z_dim], targets [N, 3, h, w] in -1..1 and weights [N, 1, h, w]; returns the loss."""
    z, target, weight = (part.to(state.generator.device) for part in batch)
    generator, rate = state.generator, settings.rate(state.seen, state.step)
    with torch.autocast(generator.device.type, torch.bfloat16, enabled=settings.bfloat16):
        image = draw(generator, z, max(target.shape[-2:]))
    loss = pyramid_loss(image.float(), target, weight, settings.gradient_weight)
    generator.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    average_gradients(generator)
    for group in state.adam.param_groups:
        group["lr"] = rate
    state.adam.step()
    state.muon.step(rate)
    blend = 1 - min(settings.ema, (state.step + 1) / (state.step + 15))
    with torch.no_grad():
        torch._foreach_lerp_(list(state.average.parameters()), list(generator.parameters()), blend)
    return float(loss.detach())


def average_gradients(*networks: nn.Module) -> None:
    """Make all processes' gradients the mean of them; nothing to do where there is one process."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return
    gradients = [p.grad for network in networks for p in network.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for gradient, part in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view(gradient.shape))


def draw_batch(
    pairs: Pairs, settings: TrainSettings, state: TrainState, rank: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The pictures of a step: a pure function of seed, step and process, given what is rendered."""
    size, batch = settings.phase(state.seen, pairs.size, state.known)
    generator = np.random.default_rng([settings.seed, state.step, rank])
    index = np.sort(generator.choice(pairs.training(), size=batch))
    z, target, _ = pairs.read(index, size)
    weight = pairs.weight(index, size, settings.face_weight)
    return z, target.contiguous(memory_format=torch.channels_last), weight


@torch.no_grad()
def evaluate(generator: Generator, pairs: Pairs, size: int, count: int = 256) -> dict[str, float]:
    """Mean PSNR, L1 and face L1 over the first `count` held-out renders, at `size` px."""
    sums: dict[str, float] = {}
    index = pairs.held_out()[:count]
    for part in np.array_split(index, max(1, len(index) // 16)):
        z, target, landmarks = pairs.read(part, size)
        image = draw(generator, z, size).cpu()
        for name, values in picture_errors(
            image, target, face_weight(landmarks, (target.shape[-2], target.shape[-1]))
        ).items():
            sums[name] = sums.get(name, 0.0) + float(values.sum())
    return {name: value / len(index) for name, value in sums.items()}


def set_w_average(generator: Generator, count: int = 10_000, seed: int = 0) -> None:
    """Give the generator the mean w of `count` codes, which truncation needs."""
    z = torch.randn(count, generator.z_dim, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        generator.mapping.w_avg.copy_(generator.mapping(z)[:, 0].mean(dim=0))


def open_run(
    pairs: Pairs,
    folder: Path,
    settings: TrainSettings,
    device: torch.device = CPU,
    source: Source | None = None,
) -> TrainState:
    """The state of the run in `folder`, or of a new one; CastError where it can't be gone on with.

    A new one starts from the layers of `source`, where that is given, with a mapping that is taught anew.
    """
    pairs.training()  # which raises where there is nothing to train on
    config = new_config(settings, pairs.z_dim, pairs.shape)
    domain = find_domain(pairs.domain) if pairs.domain else None
    if (folder / STATE).exists():
        state = load_state(folder, device)
        if state.generator.config != config or state.domain != domain:
            raise CastError(f"{folder}: holds a run of another architecture or domain; give another folder")
        if state.seed != settings.seed:
            wrong = f"holds a run of seed {state.seed}, not {settings.seed}"
            raise CastError(f"{folder}: {wrong}; give that seed, or another folder")
        return state
    state = new_state(config, domain, settings.seed, device)
    if source:
        check_source(state.generator, source, domain)
    if domain:
        teach_mapping(state.generator, domain, settings.mapping_steps, settings.seed, pairs)
    if source:
        adopt(state.generator, source.generator, taught=domain is not None)
        state.known, state.source = source.size, str(source)
    state.average.load_state_dict(state.generator.state_dict())
    return state


def train(
    pairs: Pairs,
    folder: Path,
    settings: TrainSettings,
    callback: Callable[[TrainEvent], None] | None = None,
    *,
    rank: int = 0,
    evaluate_every: float = 120.0,
    device: torch.device = CPU,
    source: Source | None = None,
) -> TrainState:
    """Train until `settings.images` pictures were shown, resuming from `folder` where it holds a run.

    A run that isn't there yet starts from the layers of `source`, where that is given.
    The first process (`rank` 0) writes the state, a line of `log.jsonl` and `samples.png` every
    `evaluate_every` seconds.
    With torch.distributed initialised every process takes its own part of each step.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = open_run(pairs, folder, settings, device, source)
    world = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    mark = time.monotonic()
    spoken = state.seconds
    while state.seen < settings.images:
        batch = draw_batch(pairs, settings, state, rank)
        loss = train_step(state, batch, settings)
        state.step += 1
        state.seen += len(batch[0]) * world
        now = time.monotonic()
        state.seconds, mark = state.seconds + now - mark, now
        if rank == 0 and (state.seconds - spoken > evaluate_every or state.seen >= settings.images):
            spoken = state.seconds
            _report(state, settings, folder, pairs, loss, callback)
            mark = time.monotonic()
    return state


def _report(
    state: TrainState,
    settings: TrainSettings,
    folder: Path,
    pairs: Pairs,
    loss: float,
    callback: Callable[[TrainEvent], None] | None,
) -> None:
    size = settings.phase(state.seen, pairs.size, state.known)[0]
    figures = evaluate(state.average, pairs, size)
    rate = settings.rate(state.seen, state.step)
    event = TrainEvent(state.step, state.seen, state.seconds, size, rate, loss, figures)
    save_state(state, settings, folder)
    write_samples(state.average, pairs, size, folder / SAMPLES)
    line: dict[str, Any] = {key: value for key, value in asdict(event).items() if key != "figures"} | figures
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps({key: round(value, 6) for key, value in line.items()}) + "\n")
    if callback:
        callback(event)
