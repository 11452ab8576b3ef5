"""One step of adversarial training: StyleGAN2's losses, alone or together with the paired regression.

Non-saturating logistic loss, lazy R1 and path-length regularisation (Karras et al. 2020, sections 3.1 and
3.2; Mescheder et al. 2018), style mixing (Karras et al. 2019) and adaptive augmentation (Karras et al. 2020,
"Training Generative Adversarial Networks with Limited Data"). Where pictures have pairs, their generated
twins are held to them by the regression's loss and by the discriminator's own features, while style-mixed
pictures, which have no twin, are judged by the discriminator alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from previz.cast._adversarial_losses import (
    Batch,
    anchor_loss,
    discriminator_loss,
    generator_losses,
    r1_penalty,
)
from previz.cast._adversarial_settings import AdversarialSettings
from previz.cast._augment import augment
from previz.cast._discriminator import Discriminator, Verdict, config_for
from previz.cast._train import average_gradients
from previz.generator import Generator, GeneratorConfig

__all__ = [
    "AdversarialState",
    "adapt_augmentation",
    "adversarial_step",
    "draw_w",
    "mean_over_processes",
    "new_adversarial_state",
    "path_length_penalty",
    "processes",
]


@dataclass
class AdversarialState:
    """All that a run needs to go on exactly where it stopped."""

    generator: Generator
    average: Generator
    discriminator: Discriminator
    generator_adam: torch.optim.Adam
    discriminator_adam: torch.optim.Adam
    step: int = 0
    seen: int = 0
    seconds: float = 0.0
    augmentation: float = 0.0  # probability
    signs: float = 0.0  # of the verdict on real pictures, summed since the last change of it
    path_mean: float = 0.0
    balance: float = 0.0  # length of the regression's gradient over that of the discriminator's


def new_adversarial_state(
    start: Generator | GeneratorConfig, settings: AdversarialSettings, device: torch.device
) -> AdversarialState:
    """A run's first state: from trained weights or, given an architecture, from scratch."""
    config = start.config if isinstance(start, Generator) else start
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        generator, average = Generator(config), Generator(config).requires_grad_(False)
        discriminator = Discriminator(config_for(config, settings.stride, settings.width))
    if isinstance(start, Generator):
        generator.load_state_dict(start.state_dict())
    average.load_state_dict(generator.state_dict())
    for net in (generator, average, discriminator):
        net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    mapping = list(generator.mapping.parameters())
    groups = [
        {"params": list(generator.synthesis.parameters()), "scale": settings.generator_rate},
        {"params": mapping, "scale": settings.generator_rate * settings.mapping_rate},
    ]
    every = settings.path_every if settings.path_length else 0
    generator_adam = _adam(groups, every)
    groups = [{"params": list(discriminator.parameters()), "scale": settings.discriminator_rate}]
    return AdversarialState(
        generator, average, discriminator, generator_adam, _adam(groups, settings.r1_every)
    )


def _adam(groups: list[dict[str, object]], every: int) -> torch.optim.Adam:
    """Adam without momentum, slowed for the steps that a lazy regularisation adds (appendix B there)."""
    ratio = every / (every + 1) if every else 1.0
    for group in groups:
        group["scale"] = float(str(group["scale"])) * ratio
    return torch.optim.Adam(groups, betas=(0.0, 0.99**ratio), eps=1e-8)


def adversarial_step(
    state: AdversarialState, batch: Batch, settings: AdversarialSettings, rng: torch.Generator
) -> dict[str, float]:
    """Update both networks at once on one batch; returns the step's figures.

    Both losses share one pass of the discriminator over the generated pictures, as neither network has moved
    between them. `rng` draws codes, noise and augmentations: on the CPU, so that a device changes nothing.
    """
    device, warming = batch.real.device, state.seen < settings.warm_up
    with torch.set_grad_enabled(not warming):
        w = draw_w(state.generator, batch.z, len(batch.real), settings.mixing, rng)
        with autocast(device, settings):
            image = state.generator.synthesis(w, settings.noise, rng).float()
    leaf = image.detach().requires_grad_(not warming)
    shown = torch.cat([batch.real, leaf])
    if settings.augment:
        shown = augment(shown, state.augmentation, rng)
    with autocast(device, settings):
        verdict = state.discriminator(shown)
    figures: dict[str, Tensor] = {}
    if not warming:
        figures = _step_generator(state, batch, settings, (image, leaf), verdict, rng)
    loss, signs = discriminator_loss(verdict, batch, settings)
    figures |= {"loss_d": loss, "signs": signs}
    figures |= _step_discriminator(state, settings, loss, shown[: len(batch.real)])
    return {name: float(value.detach()) for name, value in figures.items()}


def autocast(device: torch.device, settings: AdversarialSettings) -> torch.autocast:
    """Half precision where the settings ask for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=settings.bfloat16)


def draw_w(generator: Generator, z: Tensor, count: int, mixing: float, rng: torch.Generator) -> Tensor:
    """The w [count, num_ws, w_dim] of a step: those of z [T, z_dim], then of random codes, style-mixed.

    With probability `mixing` the layers from a random one on take the w of another code.
    """
    free = count - len(z)
    if free == 0:
        w: Tensor = generator.mapping(z)
        return w
    codes = torch.randn(2 * free, generator.z_dim, generator=rng).to(generator.device)
    w = generator.mapping(torch.cat([z.reshape(-1, generator.z_dim).to(codes), codes]))
    first, second = w[len(z) : len(z) + free], w[len(z) + free :]
    start = torch.randint(1, generator.num_ws, (free,), generator=rng)
    mixed = torch.rand(free, generator=rng) < mixing
    start = torch.where(mixed, start, generator.num_ws).to(generator.device)
    swapped = torch.arange(generator.num_ws, device=generator.device) >= start[:, None]
    return torch.cat([w[: len(z)], torch.where(swapped[:, :, None], second, first)])


def _step_generator(
    state: AdversarialState,
    batch: Batch,
    settings: AdversarialSettings,
    images: tuple[Tensor, Tensor],
    verdict: Verdict,
    rng: torch.Generator,
) -> dict[str, Tensor]:
    """Move the generator and its average; `images` are its pictures, and the leaf that was judged."""
    image, leaf = images
    generator = state.generator
    adversarial, matching = generator_losses(verdict, batch, settings)
    told = adversarial + settings.matching * matching
    (gradient,) = torch.autograd.grad(told, leaf, retain_graph=True)
    figures = {"loss_g": adversarial}
    if len(batch.z):
        anchor = anchor_loss(leaf[: len(batch.z)], batch, settings)
        (held,) = torch.autograd.grad(anchor, leaf)
        gradient = held + settings.push * _balance(state, held, gradient, len(batch.z)) * gradient
        figures |= {"matching": matching, "anchor": anchor}
    generator.zero_grad(set_to_none=True)
    image.backward(gradient)  # type: ignore[no-untyped-call]
    if settings.path_length and state.step % settings.path_every == 0:
        penalty = path_length_penalty(state, settings, rng)
        penalty = settings.path_length * settings.path_every * penalty
        penalty.backward()  # type: ignore[no-untyped-call]
    _update(state.generator_adam, generator, settings.rate(state.seen) * settings.risen(state.seen))
    shown = settings.batch * processes()
    half_life = min(settings.ema_pictures, settings.ema_share * (state.seen + shown - settings.warm_up))
    keep = 0.5 ** (shown / half_life)
    with torch.no_grad():
        torch._foreach_lerp_(list(state.average.parameters()), list(generator.parameters()), 1 - keep)
    return figures


def _balance(state: AdversarialState, held: Tensor, pushed: Tensor, twins: int) -> float:
    """How many times longer the regression's gradient is on the pictures that have a twin: a running mean."""
    lengths = torch.stack([gradient[:twins].norm() for gradient in (held, pushed)])
    ratio = mean_over_processes(lengths[0] / (lengths[1] + 1e-12))
    state.balance += (ratio - state.balance) * (0.05 if state.balance else 1.0)
    return state.balance


def _step_discriminator(
    state: AdversarialState, settings: AdversarialSettings, loss: Tensor, real: Tensor
) -> dict[str, Tensor]:
    discriminator, figures = state.discriminator, {}
    discriminator.zero_grad(set_to_none=True)
    loss.backward(inputs=list(discriminator.parameters()))  # type: ignore[no-untyped-call]
    if settings.r1 and state.step % settings.r1_every == 0:
        penalty = r1_penalty(discriminator, real)
        (settings.r1 / 2 * settings.r1_every * penalty).backward()  # type: ignore[no-untyped-call]
        figures["r1"] = penalty
    _update(state.discriminator_adam, discriminator, settings.rate(state.seen))
    return figures


def path_length_penalty(
    state: AdversarialState, settings: AdversarialSettings, rng: torch.Generator
) -> Tensor:
    """How far |Jᵀ y| of half a batch is from its running mean, squared; moves that mean. Full precision."""
    generator = state.generator
    w = draw_w(generator, torch.empty(0, generator.z_dim), max(1, settings.batch // 2), settings.mixing, rng)
    image = generator.synthesis(w, settings.noise, rng)
    y = torch.randn(image.shape, generator=rng).to(image) / math.sqrt(generator.height * generator.width)
    (gradient,) = torch.autograd.grad((image * y).sum(), w, create_graph=True)
    length = gradient.square().sum(dim=2).mean(dim=1).sqrt()  # [N]
    found = mean_over_processes(length.detach().mean())
    state.path_mean += (found - state.path_mean) * (0.01 if state.path_mean else 1.0)
    return (length - state.path_mean).square().mean()


def adapt_augmentation(
    state: AdversarialState, settings: AdversarialSettings, signs: float, shown: int
) -> None:
    """Move the augmentation's probability towards more where the discriminator knows its pictures by heart.

    `signs` is the mean sign of the verdict on the last `shown` real pictures.
    """
    step = math.copysign(shown / settings.augment_pictures, signs - settings.augment_target)
    state.augmentation = min(1.0, max(0.0, state.augmentation + step))


def _update(adam: torch.optim.Adam, network: nn.Module, rate: float) -> None:
    average_gradients(network)
    for group in adam.param_groups:
        group["lr"] = group["scale"] * rate
    adam.step()


def processes() -> int:
    """How many trainer processes share a step."""
    distributed = torch.distributed
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def mean_over_processes(value: Tensor) -> float:
    """The mean of a number over the trainer processes, so that all of them decide alike."""
    if processes() > 1:
        value = value.clone()
        torch.distributed.all_reduce(value)
        value = value / processes()
    return float(value)
