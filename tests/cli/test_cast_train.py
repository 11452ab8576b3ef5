"""`previz cast train` and `previz cast export`, from renders or pictures to a checkpoint."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from previz.cast import AdversarialSettings, TrainSettings
from previz.cast._adversarial_state import load_adversarial_average
from previz.cli import main
from previz.generator import Generator, GeneratorConfig, load_generator, save_generator
from tests.cast.discs import SETTINGS, write_dataset

TINY = AdversarialSettings(images=16, warm_up=4, width=0.5)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["cast", *map(str, arguments)])


def line(result: Result) -> str:
    """The only line of an error."""
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr.removesuffix("\n")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that train in a second: the command has no options for them."""
    monkeypatch.setattr("previz.cli.cast_train.settings_for", lambda domain: SETTINGS)
    monkeypatch.setattr("previz.cli.cast_train.AdversarialSettings", partial(replace, TINY))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("renders") / "data")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for index in range(20):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:02}.png")
    return folder


def test_renders_become_a_checkpoint(data: Path, tmp_path: Path) -> None:
    folder, path = tmp_path / "run", tmp_path / "disc.safetensors"
    result = run("train", folder, "--dataset", data, "--pictures", 16)
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("16 pictures, ")
    result = run("export", data, "--run", folder, "-o", path, "--sheets", tmp_path)
    assert result.exit_code == 0, result.output
    card = load_generator(path).card
    assert card["name"] == "disc"
    assert result.stdout.splitlines() == [f"{name} {value}" for name, value in card["figures"].items()]
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["disc_first.png", "disc_worst.png"]
    again = run("export", data, "--run", folder, "-o", path)
    assert line(again).startswith(f"previz: error: {path} exists already")


def test_the_dataset_may_be_named_first_and_the_run_after_out(data: Path, tmp_path: Path) -> None:
    result = run("train", data, "--out", tmp_path / "run", "--images", 16)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "run" / "state.pt").exists()


def test_a_regression_is_sharpened_in_its_folder_and_exported(data: Path, tmp_path: Path) -> None:
    folder, path = tmp_path / "run", tmp_path / "sharp.safetensors"
    assert run("train", folder, "--dataset", data, "--pictures", 16).exit_code == 0
    result = run("train", folder, "--dataset", data, "--adversarial", "--pictures", 16, "--push", 0.5)
    assert result.exit_code == 0, result.output
    assert "16 pictures, " in result.stderr
    assert "face_l1" in result.stderr
    content = (folder / "log.jsonl").read_text().splitlines()
    assert json.loads(content[-1])["mode"] == "adversarial"
    assert run("export", data, "--run", folder, "-o", path).exit_code == 0
    assert load_generator(path).card["training"]["adversarial_pictures"] == 16


def test_a_sharpening_without_a_regression_is_one_line(data: Path, tmp_path: Path) -> None:
    result = run("train", tmp_path / "run", "--dataset", data, "--adversarial")
    assert line(result) == (
        f"previz: error: {tmp_path / 'run'}: neither a checkpoint nor a run's folder; "
        "train one with `previz cast train`"
    )


def test_a_folder_of_pictures_becomes_a_checkpoint(photographs: Path, tmp_path: Path) -> None:
    folder, path = tmp_path / "run", tmp_path / "mine.safetensors"
    options = ["--resolution", "16x8", "--z-dim", 4, "--channels", 64, 4, "--pictures", 8, "--batch", 4]
    result = run("train", folder, "--images", photographs, *options, "--mirror")
    assert result.exit_code == 0, result.output
    assert "8 pictures, " in result.stderr
    assert "augmentation" in result.stderr
    assert (folder / "samples.png").exists()
    result = run("export", "--run", folder, "-o", path)
    assert result.exit_code == 0, result.output
    generator = load_generator(path)
    assert (generator.height, generator.width, generator.z_dim) == (16, 8, 4)
    assert generator.card["description"] == "learnt adversarially from 20 pictures"
    assert generator.card["training"]["pictures"] == 8
    assert (generator.mapping.w_avg != 0).any()


def test_pictures_may_be_learnt_from_a_checkpoint_on(photographs: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = Generator(GeneratorConfig(16, z_dim=3, channels=(64, 4)))
    save_generator(start, tmp_path / "start.safetensors")
    options = [
        "--images",
        photographs,
        "--pictures",
        4,
        "--batch",
        4,
        "--from",
        tmp_path / "start.safetensors",
    ]
    result = run("train", tmp_path / "run", *options, "--resolution", 16)
    assert result.exit_code == 0, result.output
    found = load_adversarial_average(tmp_path / "run")
    assert found is not None
    assert found[0].config == start.config
    assert line(run("train", tmp_path / "other", *options, "--resolution", 8)) == (
        "previz: error: the generator draws 16x16 px, the pictures are 8x8; give pictures of its size"
    )


def test_pictures_left_out_are_named(photographs: Path, tmp_path: Path) -> None:
    for index in range(12):
        Image.new("RGB", (4, 4)).save(tmp_path / f"tiny{index:02}.png")
    for path in photographs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    options = ["--resolution", 8, "--z-dim", 4, "--channels", 32, 4, "--pictures", 4, "--batch", 4]
    result = run("train", tmp_path / "run", "--images", tmp_path, *options)
    assert result.exit_code == 0, result.output
    said = result.stderr.splitlines()
    assert said[0] == "left out: tiny00.png: is 4x4 px, smaller than the 8x8 to learn"
    assert said[10] == f"left out: 2 more, named in {tmp_path / 'run' / 'images.json'}"


def test_a_run_on_pictures_asked_for_with_another_seed_is_refused(photographs: Path, tmp_path: Path) -> None:
    options = ["--resolution", 8, "--z-dim", 4, "--channels", 32, 4, "--pictures", 4, "--batch", 4]
    command = ["train", tmp_path / "run", "--images", photographs, *options]
    assert run(*command).exit_code == 0
    assert line(run(*command, "--seed", 3)) == (
        f"previz: error: {tmp_path / 'run'}: its adversarial run has seed 0, not 3; give another folder"
    )


def test_a_run_on_renders_starts_from_a_checkpoint(data: Path, tmp_path: Path) -> None:
    short = ["--dataset", data, "--pictures", 16, "--every", 0]
    assert run("train", tmp_path / "first", *short).exit_code == 0
    result = run("train", tmp_path / "second", *short, "--from", tmp_path / "first")
    assert result.exit_code == 0, result.output
    assert ", 32 px, " in result.stderr.splitlines()[0]
    path = tmp_path / "disc.safetensors"
    assert run("export", data, "--run", tmp_path / "second", "-o", path).exit_code == 0
    card = load_generator(path).card
    assert card["training"]["started_from"].startswith("first, digest ")
    told = "previz cast train RUN --dataset DATASET --from first --processes 2 --pictures 16"
    assert told in card["how"]


def test_a_start_that_does_not_fit_the_renders_is_one_line(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_generator(Generator(GeneratorConfig(8, z_dim=3, w_dim=8, channels={4: 8, 8: 8})), path)
    result = run("train", tmp_path / "run", "--dataset", data, "--from", path)
    assert line(result) == (
        f"previz: error: {path}: it has codes of 3 numbers, the renders of 2; "
        "start from another, or from nothing"
    )
    assert not (tmp_path / "run" / "state.pt").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "give what to learn from: --dataset RENDERS or --images FOLDER"),
        (
            ["--dataset", "a", "--images", "b"],
            "give what to learn from: --dataset RENDERS or --images FOLDER",
        ),
        (["--dataset", "a", "--out", "b"], "--out makes RUN the dataset; give --dataset or --out, not both"),
        (["--dataset", "a", "--push", "2"], "--push has no effect without --adversarial"),
        (["--images", "a", "--push", "2"], "--push has no effect without --dataset"),
        (["--images", "a", "--resolution", "8y8"], "'8y8' is neither a size in px nor HEIGHTxWIDTH"),
        (["--dataset", "a", "--images", "0"], "0 is not in the range x>=1"),
        (["--dataset", "a", "--processes", "0"], "0 is not in the range x>=1"),
        (["--dataset", "a", "--every", "-1"], "-1.0 is not in the range x>=0"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: list[str], text: str) -> None:
    result = run("train", tmp_path / "run", *options)
    assert result.exit_code == 2
    assert text in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_folder_without_pictures_is_one_line(tmp_path: Path) -> None:
    result = run("train", tmp_path / "run", "--images", tmp_path / "none")
    assert line(result) == f"previz: error: {tmp_path / 'none'}: not a folder of pictures"


def test_a_dataset_that_is_none_is_one_line(tmp_path: Path) -> None:
    result = run("train", tmp_path, "--out", tmp_path / "run", "--processes", 2)
    assert line(result).startswith(f"previz: error: {tmp_path}: not a dataset of renders (")


def test_a_device_that_is_not_there_is_one_line(data: Path, tmp_path: Path) -> None:
    result = run("train", tmp_path, "--dataset", data, "--adversarial", "--device", "tpu")
    assert line(result) == "previz: error: device 'tpu' is not one; use cpu, cuda, cuda:1 or mps"


def test_a_folder_without_a_run_is_one_line(data: Path, tmp_path: Path) -> None:
    result = run("export", data, "--run", tmp_path, "-o", tmp_path / "x")
    assert line(result) == (f"previz: error: {tmp_path}: holds no run; start one with `previz cast train`")
    result = run("export", "--run", tmp_path, "-o", tmp_path / "x")
    assert line(result) == (
        f"previz: error: {tmp_path}: holds no run on pictures; start one with `previz cast train --images`"
    )


def test_sheets_need_renders_to_compare_with(tmp_path: Path) -> None:
    result = run("export", "--run", tmp_path, "-o", tmp_path / "x", "--sheets", tmp_path)
    assert result.exit_code == 2
    assert "--sheets compares with renders; name their DATASET" in result.stderr


@pytest.mark.parametrize("command", ["train", "export"])
def test_each_command_shows_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: previz cast {command}" in result.output


def test_the_default_length_is_the_settings_own() -> None:
    assert TrainSettings().images == 200_000
    assert AdversarialSettings().images == 30_000
