"""Runs on renders that start from what another generator has learnt."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from discs import SETTINGS, write_dataset
from torch import Tensor

from previz.cast import TrainEvent, open_pairs
from previz.cast import _train as trainer
from previz.cast._domains import find_domain
from previz.cast._pairs import Pairs
from previz.cast._warm_start import Source, adopt, check_source
from previz.errors import CastError
from previz.generator import Generator, GeneratorConfig

CHANNELS = {4: 8, 8: 4, 16: 4}
LARGER = {"resolution": (32, 32), "channels": CHANNELS | {32: 4}}
CONFIG = GeneratorConfig(resolution=(16, 16), z_dim=6, w_dim=8, channels=CHANNELS, mapping_layers=2)


def drawn(seed: int, **changes: object) -> Generator:
    """A generator of these weights, whose layers all do something."""
    torch.manual_seed(seed)
    generator = Generator(replace(CONFIG, **changes))
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith(("bias", "noise_strength")):
                parameter.add_(0.3 * torch.randn_like(parameter))
    return generator


@torch.no_grad()
def pictures(generator: Generator, block: int | None = None) -> Tensor:
    z = torch.randn(8, generator.z_dim, generator=torch.Generator().manual_seed(7))
    return generator.synthesis(generator.mapping(z), max_block=block)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    return open_pairs(write_dataset(tmp_path_factory.mktemp("pairs") / "data"))


def test_layers_read_a_w_that_tells_the_same_in_another_way() -> None:
    source, generator = drawn(0), drawn(1)
    generator.mapping.load_state_dict(source.mapping.state_dict())
    with torch.no_grad():  # stretched and in another order, which a leaky ReLU lets through
        for tensor in (generator.mapping.fc1.weight, generator.mapping.fc1.bias):
            stretch = torch.linspace(0.5, 2, 8).reshape(-1, *[1] * (tensor.ndim - 1))
            tensor.copy_((tensor * stretch)[torch.tensor([3, 1, 0, 2, 7, 4, 6, 5])])
    assert not torch.allclose(pictures(generator), pictures(source), atol=0.1)
    adopt(generator, source, taught=True)
    torch.testing.assert_close(pictures(generator), pictures(source), atol=1e-4, rtol=1e-4)


def test_a_wider_w_is_read_as_well() -> None:
    source, wide = drawn(0, w_dim=4, mapping_layers=1), drawn(1, w_dim=8, mapping_layers=1)
    with torch.no_grad():  # the old w, and four more numbers that say nothing to the old layers
        for name in ("weight", "bias"):
            getattr(wide.mapping.fc0, name)[:4] = getattr(source.mapping.fc0, name)
    adopt(wide, source, taught=True)
    torch.testing.assert_close(pictures(wide), pictures(source), atol=1e-4, rtol=1e-4)


def test_without_a_lesson_the_mapping_is_the_sources() -> None:
    source, generator = drawn(0), drawn(1)
    adopt(generator, source, taught=False)
    assert torch.equal(pictures(generator), pictures(source))


def test_a_smaller_generator_is_the_beginning_of_a_larger_one() -> None:
    source, generator = drawn(0), drawn(1, **LARGER)
    check_source(generator, Source(Path("small.safetensors"), source), None)
    adopt(generator, source, taught=False)
    assert torch.equal(pictures(generator, block=3), pictures(source))


@pytest.mark.parametrize(
    ("changes", "domain", "reason"),
    [
        ({"z_dim": 5}, None, "it has codes of 5 numbers, the renders of 6"),
        (LARGER, None, "it draws 32x32 px, more than the renders have"),
        (
            {"channels": {4: 8, 8: 8, 16: 4}},
            None,
            "it has 8 feature maps of 8x8 px where the run has 4 feature maps of 8x8 px",
        ),
        (
            {"resolution": (16, 8)},
            None,
            "it has 8 feature maps of 2x4 px where the run has 8 feature maps of 4x4 px",
        ),
        (
            {"mapping_layers": 3},
            None,
            "it has another mapping network, and these renders have no lesson to teach one",
        ),
        ({"mapping_layers": 3, "w_dim": 4}, "mira", None),
    ],
)
def test_what_cannot_be_started_from_is_refused(
    changes: dict[str, object], domain: str | None, reason: str | None
) -> None:
    source = Source(Path("other.safetensors"), drawn(0, **changes))
    learnt = find_domain(domain) if domain else None
    if reason is None:
        check_source(drawn(1), source, learnt)
        return
    with pytest.raises(CastError) as error:
        check_source(drawn(1), source, learnt)
    assert str(error.value) == f"other.safetensors: {reason}; start from another, or from nothing"


def test_a_run_goes_on_from_what_was_learnt_at_its_size(pairs: Pairs, tmp_path: Path) -> None:
    long = replace(SETTINGS, images=480)
    learnt = trainer.train(pairs, tmp_path / "first", long, evaluate_every=1e9).average
    events: list[TrainEvent] = []

    def stop(event: TrainEvent) -> None:
        events.append(event)
        if event.step == 2:
            raise KeyboardInterrupt

    source = Source(tmp_path / "first", learnt)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(pairs, tmp_path / "run", SETTINGS, stop, evaluate_every=0.0, source=source)
    assert events[0].size == 32  # not 16, with which a run from nothing begins
    nothing = trainer.new_state(learnt.config, None).average
    assert events[0].figures["l1"] < 0.5 * trainer.evaluate(nothing, pairs, 32)["l1"]
    resumed = trainer.train(pairs, tmp_path / "run", SETTINGS, stop, evaluate_every=0.0)
    assert resumed.known == 32
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert {json.loads(line)["size"] for line in lines} == {32}


def test_phases_begin_at_the_size_of_the_start() -> None:
    assert SETTINGS.phase(0, largest=64) == (16, 4)
    assert SETTINGS.phase(0, largest=64, known=32) == (32, 4)
    assert SETTINGS.phase(95, largest=64, known=32) == (64, 4)
    assert SETTINGS.phase(0, largest=512, known=512) == (64, 4)
