import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from previz.cast import AdversarialSettings, frechet_distance, photograph_settings
from previz.cast._adversarial import (
    AdversarialState,
    adapt_augmentation,
    adversarial_step,
    draw_w,
    new_adversarial_state,
    path_length_penalty,
)
from previz.cast._adversarial_losses import Batch, discriminator_loss, generator_losses, r1_penalty
from previz.cast._adversarial_run import draw_random
from previz.cast._discriminator import Verdict
from previz.generator import Generator, GeneratorConfig

CONFIG = GeneratorConfig(
    16, z_dim=2, w_dim=8, channels=(4096, 8), mapping_layers=2, mapping_lr_multiplier=1.0
)
SETTINGS = AdversarialSettings(batch=4, warm_up=0, ramp=0, stride=4, width=1.0, bfloat16=False)
CPU = torch.device("cpu")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def state_of(settings: AdversarialSettings = SETTINGS) -> AdversarialState:
    return new_adversarial_state(CONFIG, settings, CPU)


def batch_of(count: int = 4, twins: int = 3) -> Batch:
    real = torch.rand(count, 3, 16, 16, generator=seeded(1)) * 2 - 1
    return Batch(real, torch.randn(twins, 2, generator=seeded(2)), torch.ones(twins, 1, 16, 16))


def weights(network: torch.nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten().clone() for parameter in network.parameters()])


def test_pictures_with_a_twin_are_drawn_from_their_code_and_the_others_are_style_mixed() -> None:
    generator, z = state_of().generator, torch.randn(2, 2, generator=seeded(4))
    with torch.no_grad():
        w = draw_w(generator, z, 50, 1.0, seeded())
        assert torch.equal(w[:2], generator.mapping(z))
        crossings = (w[2:, 1:] != w[2:, :-1]).any(dim=2).sum(dim=1)
        assert (crossings == 1).all()  # one code up to a layer, another from there on
        unmixed = draw_w(generator, z, 50, 0.0, seeded())
        assert ((unmixed[:, 1:] == unmixed[:, :-1]).all(dim=(1, 2))).all()


def test_an_undecided_discriminator_costs_log_2_a_verdict() -> None:
    logits, features = torch.zeros(8), [torch.zeros(8, 2, 4, 4)]
    verdict, batch = Verdict(logits, torch.zeros(8, 4, 4), features), batch_of()
    loss, signs = discriminator_loss(verdict, batch, SETTINGS)
    assert float(loss) == pytest.approx(4 * math.log(2))  # real and generated, whole and local
    assert float(signs) == 0
    adversarial, matching = generator_losses(verdict, batch, SETTINGS)
    assert float(adversarial) == pytest.approx(2 * math.log(2))
    assert float(matching) == 0


def test_the_generator_is_held_to_the_features_of_twins_alone() -> None:
    feature = torch.zeros(8, 2, 4, 4)
    feature[4:7] = 0.5  # generated twins
    feature[7] = 9.0  # style-mixed
    _, matching = generator_losses(Verdict(torch.zeros(8), None, [feature]), batch_of(), SETTINGS)
    assert float(matching) == pytest.approx(0.5)


def test_where_the_regression_looks_closely_so_does_the_local_verdict() -> None:
    batch, logits = batch_of(), torch.zeros(8, 4, 4)
    weight = torch.ones(3, 1, 16, 16)
    weight[:, :, :4, :4] = 49
    logits[4:, 0, 0] = 3.0  # generated pictures pass for real there
    plain = generator_losses(Verdict(torch.zeros(8), logits, []), batch, SETTINGS)[0]
    closer = generator_losses(Verdict(torch.zeros(8), logits, []), batch._replace(weight=weight), SETTINGS)[0]
    assert float(closer) < float(plain)


def test_r1_is_the_squared_gradient_at_real_pictures() -> None:
    discriminator, real = state_of().discriminator, batch_of().real
    discriminator.config = replace(discriminator.config, group=1)
    expected = []
    for picture in real[:, None]:
        leaf = picture.clone().requires_grad_()
        verdict = discriminator(leaf)
        (verdict.whole.sum() + verdict.local.mean()).backward()
        assert leaf.grad is not None
        expected.append(float(leaf.grad.square().sum()))
    assert float(r1_penalty(discriminator, real).detach()) == pytest.approx(np.mean(expected), rel=1e-4)


def test_the_path_length_penalty_compares_lengths_with_their_running_mean() -> None:
    state = state_of()
    first = path_length_penalty(state, SETTINGS, seeded())
    assert state.path_mean > 0
    before = state.path_mean
    again = path_length_penalty(state, SETTINGS, seeded())  # the same codes have the same lengths
    assert state.path_mean == pytest.approx(before)
    assert float(again.detach()) == pytest.approx(float(first.detach()), rel=1e-3)
    first.backward()
    assert state.generator.synthesis.block(1).conv1.weight.grad.abs().max() > 0


def test_the_discriminator_learns_alone_while_it_warms_up() -> None:
    settings = replace(SETTINGS, warm_up=4)
    state = state_of(settings)
    generator, discriminator = weights(state.generator), weights(state.discriminator)
    adversarial_step(state, batch_of(), settings, seeded())
    assert torch.equal(weights(state.generator), generator)
    assert not torch.equal(weights(state.discriminator), discriminator)
    state.seen = 4
    adversarial_step(state, batch_of(), settings, seeded())
    assert not torch.equal(weights(state.generator), generator)
    assert not torch.equal(weights(state.average), generator)


def test_the_mapping_stays_as_the_regression_taught_it_unless_asked() -> None:
    for rate, kept in ((0.0, True), (0.5, False)):
        settings = replace(SETTINGS, mapping_rate=rate)
        state = state_of(settings)
        before = weights(state.generator.mapping)
        adversarial_step(state, batch_of(), settings, seeded())
        assert torch.equal(weights(state.generator.mapping), before) is kept


def test_regression_and_discriminator_pull_with_the_lengths_that_are_asked_for() -> None:
    """However steep the discriminator is, its pull is scaled to the regression's."""
    pulls = []
    for steepness in (1.0, 100.0):
        state = state_of()
        state.discriminator.out.gain *= steepness
        state.discriminator.local_out.gain *= steepness
        adversarial_step(state, batch_of(), replace(SETTINGS, matching=0.0), seeded())
        pulls.append(state.balance)
    assert 10 < pulls[0] / pulls[1] < 1000


def test_pictures_without_twins_are_learnt_from_the_discriminator_alone() -> None:
    settings = replace(SETTINGS, paired=0.0, path_length=2.0, augment=True, noise="random")
    state = state_of(settings)
    state.augmentation = 0.5
    figures = adversarial_step(state, batch_of(twins=0), settings, seeded())
    assert set(figures) == {"loss_g", "loss_d", "signs", "r1"}
    assert all(math.isfinite(value) for value in figures.values())
    assert state.balance == 0
    assert state.path_mean > 0


def test_the_augmentation_follows_how_sure_the_discriminator_is_of_real_pictures() -> None:
    settings, state = replace(SETTINGS, augment_target=0.6, augment_pictures=100), state_of()
    adapt_augmentation(state, settings, signs=0.9, shown=10)
    assert state.augmentation == pytest.approx(0.1)
    adapt_augmentation(state, settings, signs=0.5, shown=4)
    assert state.augmentation == pytest.approx(0.06)
    adapt_augmentation(state, settings, signs=-1.0, shown=50)
    assert state.augmentation == 0
    adapt_augmentation(state, settings, signs=1.0, shown=500)
    assert state.augmentation == 1


def test_rates_rise_hold_and_fall() -> None:
    settings = AdversarialSettings(images=1000, warm_up=100, ramp=100, decay=0.5)
    assert settings.risen(100) == pytest.approx(0.01)
    assert settings.risen(500) == 1
    assert [settings.rate(seen) for seen in (0, 500, 750, 1000)] == pytest.approx([1, 1, 0.5, 0.1])


def discs(count: int, rng: torch.Generator) -> Tensor:
    """Discs of random places and colours on one ground: [N, 3, 16, 16]."""
    place, colour = 5 + 6 * torch.rand(count, 2, generator=rng), torch.rand(count, 3, 1, 1, generator=rng)
    centres = torch.arange(16) + 0.5
    distance = torch.hypot(centres - place[:, :1, None], centres[:, None] - place[:, 1:, None])
    disc = torch.sigmoid(2 * (4 - distance))[:, None]
    ground = torch.tensor([-0.2, 0, 0.2])[:, None, None]
    return disc * (2 * colour - 0.6).clamp(-1, 1) + (1 - disc) * ground


def test_a_generator_learns_a_set_of_pictures_from_nothing() -> None:
    """The Fréchet distance of 4×4 px thumbnails falls to a fraction of what it was."""
    settings = replace(photograph_settings(16, 16), r1=0.05, augment_pictures=10_000, ema_share=0.1)
    config = GeneratorConfig(16, z_dim=16, w_dim=16, channels=(4096, 16), mapping_layers=2)
    state = new_adversarial_state(config, replace(settings, bfloat16=False), CPU)
    pictures = discs(500, seeded())

    def thumbnails(image: Tensor) -> np.ndarray:
        found: np.ndarray = torch.nn.functional.avg_pool2d(image, 4).flatten(1).numpy()
        return found

    def distance() -> float:
        return frechet_distance(thumbnails(draw_random(state.average, settings, 400)), thumbnails(pictures))

    before = distance()
    for step in range(120):
        rng = seeded(step)
        real = pictures[torch.randint(0, 500, (16,), generator=rng)]
        batch = Batch(real, torch.empty(0, 16), torch.empty(0, 1, 16, 16))
        adversarial_step(state, batch, settings, rng)
        state.step, state.seen = step + 1, state.seen + 16
    assert distance() < before / 4


def striped(codes: Tensor, rng: torch.Generator) -> Tensor:
    """Pictures whose brightness is their code's and whose stripes are not: 16 px, -1..1."""
    shift = torch.randint(0, 4, (len(codes), 1, 1, 1), generator=rng)
    stripes = ((torch.arange(16) + shift) % 4 < 2) * 1.0 - 0.5
    brightness = 0.4 * codes[:, :1, None, None].sign()
    return (stripes + brightness).expand(-1, 3, 16, 16).contiguous()


def regressed(rng: torch.Generator) -> Generator:
    """A generator that has learnt what codes say of striped pictures: their brightness."""
    torch.manual_seed(0)
    generator = Generator(CONFIG)
    adam = torch.optim.Adam(generator.parameters(), 2e-2)
    for _ in range(60):
        codes = torch.randn(16, 2, generator=rng)
        (generator(codes, noise="none") - striped(codes, rng)).abs().mean().backward()
        adam.step()
        adam.zero_grad()
    return generator


def test_what_the_regression_blurs_the_discriminator_sharpens() -> None:
    """Stripes that no code names average to grey; a discriminator that knows stripes brings them back."""
    rng = seeded(8)
    settings = replace(SETTINGS, batch=8, generator_rate=5e-3, discriminator_rate=5e-3, r1=0.1)
    settings = replace(settings, matching=0.0, ema_pictures=50, images=10_000, warm_up=80, push=0.5)
    state = new_adversarial_state(regressed(rng), settings, CPU)
    z = torch.randn(64, 2, generator=seeded(7))

    def measured() -> tuple[float, float]:
        """Contrast of the stripes, and how much brighter pictures are whose code says so."""
        with torch.no_grad():
            image = state.average(z, noise="none")
        difference = image[z[:, 0] > 0].mean() - image[z[:, 0] < 0].mean()
        return float(image.std(dim=3).mean()), float(difference)

    before = measured()
    for step in range(100):
        codes = torch.randn(8, 2, generator=rng)
        batch = Batch(striped(codes, rng), codes[:6], torch.ones(6, 1, 16, 16))
        adversarial_step(state, batch, settings, rng)
        state.step, state.seen = step + 1, state.seen + 8
    after = measured()
    assert before[0] < 0.1
    assert after[0] > 0.2
    assert after[1] > 0.4 * before[1]  # and what the code names is still as it says
