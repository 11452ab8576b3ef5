import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import SETTINGS as REGRESSION
from discs import write_dataset
from torch import Tensor

from previz.cast import (
    AdversarialEvent,
    AdversarialRun,
    AdversarialSettings,
    export_run,
    open_pairs,
    train_adversarially,
)
from previz.cast import _train as regression
from previz.cast._adversarial_run import train_adversarial
from previz.cast._adversarial_state import load_adversarial_average, starting_generator
from previz.cast._paired_pictures import PairedPictures
from previz.errors import CastError
from previz.generator import Generator, GeneratorConfig, load_generator, save_generator

SETTINGS = AdversarialSettings(images=32, batch=4, warm_up=8, ramp=0, width=0.5, r1_every=2)
CONFIG = GeneratorConfig(
    32, z_dim=2, w_dim=8, channels={4: 8, 8: 8, 16: 8, 32: 8}, mapping_layers=2, mapping_lr_multiplier=1.0
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("pairs") / "data")


@pytest.fixture(scope="module")
def real(data: Path) -> PairedPictures:
    return PairedPictures(open_pairs(data))


@pytest.fixture(scope="module")
def start() -> Generator:
    torch.manual_seed(4)
    return Generator(CONFIG)


def run_state(folder: Path, generator: Generator) -> Path:
    """A folder as the regression leaves it."""
    folder.mkdir()
    content = {"config": json.dumps(generator.config.to_dict()), "average": generator.state_dict()}
    content["progress"] = {"step": 2, "seen": 8, "seconds": 1.0}
    torch.save(content, folder / regression.STATE)
    return folder


def test_a_stopped_run_resumes_to_the_same_weights(
    real: PairedPictures, start: Generator, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, augment=True, augment_pictures=100, path_length=1.0, path_every=2)
    whole = train_adversarial(real, tmp_path / "whole", settings, start, every=1e9)

    def stop(event: AdversarialEvent) -> None:
        if event.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_adversarial(real, tmp_path / "run", settings, start, stop, every=0)
    resumed = train_adversarial(real, tmp_path / "run", settings, start, every=1e9)
    assert (resumed.step, resumed.augmentation) == (whole.step, whole.augmentation)
    for net in ("generator", "average", "discriminator"):
        for name, value in getattr(whole, net).state_dict().items():
            assert torch.equal(value, getattr(resumed, net).state_dict()[name]), f"{net} {name}"


def test_an_interruption_is_obeyed_after_the_step_with_the_state_saved(
    real: PairedPictures, start: Generator, tmp_path: Path
) -> None:
    def press(event: AdversarialEvent) -> None:
        if event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_adversarial(real, tmp_path, SETTINGS, start, press, every=0)
    found = load_adversarial_average(tmp_path)
    assert found is not None
    assert found[1]["step"] == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_line_of_the_log_and_a_sheet_say_how_far_it_is(
    real: PairedPictures, start: Generator, tmp_path: Path
) -> None:
    def features(pictures: Tensor) -> Tensor:
        return pictures.mean(dim=(2, 3))

    events: list[AdversarialEvent] = []
    train_adversarial(real, tmp_path, SETTINGS, start, events.append, every=1e9, features=features)
    (line,) = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert (line["mode"], line["step"], line["seen"]) == ("adversarial", 8, 32)
    names = {"loss_d", "signs", "r1", "loss_g", "matching", "anchor", "balance"}
    names |= {"psnr", "l1", "face_l1", "frechet"}
    assert set(events[0].figures) == names
    assert line["pictures_per_second"] > 0
    assert line["frechet"] >= 0
    assert (tmp_path / "samples.png").exists()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"seed": 1}, "its adversarial run has seed 0, not 1; give another folder"),
        ({"batch": 8}, "its adversarial run has batch 4, not 8; give another folder"),
    ],
)
def test_a_run_is_not_gone_on_with_otherwise_than_it_began(
    real: PairedPictures, start: Generator, tmp_path: Path, change: dict[str, int], text: str
) -> None:
    train_adversarial(real, tmp_path, replace(SETTINGS, images=4), start)
    with pytest.raises(CastError) as error:
        train_adversarial(real, tmp_path, replace(SETTINGS, **change), start)
    assert str(error.value) == f"{tmp_path}: {text}"


def test_length_and_weights_may_change_on_the_way(
    real: PairedPictures, start: Generator, tmp_path: Path
) -> None:
    train_adversarial(real, tmp_path, replace(SETTINGS, images=4), start)
    state = train_adversarial(real, tmp_path, replace(SETTINGS, images=8, push=2.0, r1=3.0), start)
    assert (state.step, state.seen) == (2, 8)


def test_a_generator_of_another_size_is_refused(real: PairedPictures, tmp_path: Path) -> None:
    config = GeneratorConfig((16, 8), z_dim=2, channels=(1024, 8))
    with pytest.raises(CastError) as error:
        train_adversarial(real, tmp_path, SETTINGS, config)
    assert str(error.value) == (
        "the generator draws 8x16 px, the pictures are 32x32; give pictures of its size"
    )


def test_a_damaged_state_is_refused_in_one_line(
    real: PairedPictures, start: Generator, tmp_path: Path
) -> None:
    (tmp_path / "adversarial.pt").write_bytes(b"not a state")
    with pytest.raises(
        CastError, match=r"adversarial\.pt: not a state that can be resumed; move it away to start anew$"
    ):
        train_adversarial(real, tmp_path, SETTINGS, start)


def test_a_run_starts_from_a_regression_a_checkpoint_or_its_own_like(
    real: PairedPictures, start: Generator, tmp_path: Path
) -> None:
    folder = run_state(tmp_path / "run", start)
    path = save_generator(start, tmp_path / "disc.safetensors")
    for source in (folder, path):
        found = starting_generator(source)
        assert found.config == start.config
        with torch.no_grad():
            image = found(torch.ones(1, 2), noise="none")
            assert torch.allclose(image, start(torch.ones(1, 2), noise="none"), atol=0.02)
    state = train_adversarial(real, folder, replace(SETTINGS, images=4), start)
    again = starting_generator(folder)  # the later half of the run
    assert torch.equal(again.synthesis.block(4).conv1.weight, state.average.synthesis.block(4).conv1.weight)
    with pytest.raises(CastError, match=r"nothing: neither a checkpoint nor a run's folder; train one with"):
        starting_generator(tmp_path / "nothing")


def test_export_takes_the_adversarial_half_where_there_is_one(
    data: Path, real: PairedPictures, start: Generator, tmp_path: Path
) -> None:
    folder = run_state(tmp_path / "run", start)
    state = train_adversarial(real, folder, SETTINGS, start)
    generator, _ = export_run(folder, open_pairs(data), tmp_path / "disc.safetensors", "disc")
    assert generator.card["training"]["adversarial_pictures"] == 32
    told = "previz cast train RUN --dataset DATASET --adversarial --processes 2 --pictures 32"
    assert told in generator.card["how"]
    with torch.no_grad():
        expected = state.average(torch.ones(1, 2), noise="none")
        found = load_generator(tmp_path / "disc.safetensors")(torch.ones(1, 2), noise="none")
    assert torch.allclose(found, expected, atol=0.02)


def test_two_processes_train_one_run(data: Path, start: Generator, tmp_path: Path) -> None:
    run = AdversarialRun(run_state(tmp_path / "two", start), replace(SETTINGS, images=24), dataset=data)
    train_adversarially(run, processes=2, device="cpu")
    found = load_adversarial_average(tmp_path / "two")
    assert found is not None
    assert (found[1]["step"], found[1]["seen"]) == (3, 24)
    assert (
        len((tmp_path / "two" / "log.jsonl").read_text().splitlines()) == 1
    )  # the first process alone writes


def test_renders_with_codes_of_another_length_are_refused(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = replace(CONFIG, z_dim=5)
    folder = run_state(tmp_path / "run", Generator(config))
    with pytest.raises(CastError) as error:
        train_adversarially(AdversarialRun(folder, SETTINGS, dataset=data), device="cpu")
    assert str(error.value) == (
        f"{folder}: its generator has codes of 5, the dataset of 2; start from a run on such a dataset"
    )


def test_one_process_leaves_the_callers_threads_and_random_numbers(
    data: Path, start: Generator, tmp_path: Path
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.manual_seed(3)
        expected = torch.rand(2)
        torch.manual_seed(3)
        run = AdversarialRun(run_state(tmp_path / "run", start), replace(SETTINGS, images=4), dataset=data)
        train_adversarially(run, device="cpu")
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.rand(2), expected)
    finally:
        torch.set_num_threads(before)


def test_real_pictures_of_a_step_depend_on_its_numbers_alone(real: PairedPictures) -> None:
    first, again = (real.batch(np.random.default_rng([1, 2]), 4, 3) for _ in range(2))
    assert torch.equal(first.real, again.real)
    assert first.z.shape == (3, 2)
    assert first.weight.shape == (3, 1, 32, 32)
    assert float(first.weight.max()) == pytest.approx(7, abs=0.5)  # on the face
    assert REGRESSION.face_weight == SETTINGS.face_weight
