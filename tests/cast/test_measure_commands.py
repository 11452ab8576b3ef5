"""`previz cast judge` and `previz cast measure` on small dots: what they print, and what they refuse."""

import json

import pytest
import torch
from click.testing import CliRunner
from dots import small_generator, write_dots

from previz.cli import main
from previz.generator import save_generator


def run(*arguments):
    return CliRunner().invoke(main, ["cast", *map(str, arguments)])


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A dataset, a judge of it that has seen it twice, and a generator of random weights."""
    folder = tmp_path_factory.mktemp("measure")
    write_dots(folder / "data", 48)
    torch.manual_seed(0)
    save_generator(small_generator(), folder / "small.safetensors", {"name": "small"})
    judge = folder / "judge.safetensors"
    trained = run("judge", "train", folder / "data", judge, "--pictures", 64, "--size", 64)
    assert trained.exit_code == 0, trained.output
    assert trained.stdout == f"{judge}\n"
    return folder


def measure(work, *options):
    where = ("--dataset", work / "data", "--judge", work / "judge.safetensors")
    return run("measure", work / "small.safetensors", *where, *options)


@pytest.mark.parametrize("command", [("judge", "train"), ("judge", "show"), ("measure",)])
def test_each_command_shows_an_example(command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert f"Example: previz cast {' '.join(command)}" in result.output


def test_a_judge_shows_its_errors(work):
    result = run("judge", "show", work / "judge.safetensors")
    assert result.exit_code == 0
    assert result.output.startswith("judge of mira\nlandmark error in px: all ")
    assert "on 16 held-out renders of [64, 64] px" in result.output
    figures = json.loads(run("judge", "show", work / "judge.safetensors", "--json").output)
    assert set(figures["factor_r2"]) == {"pose", "expression", "gaze"}


def test_a_judge_is_not_replaced_unasked(work):
    result = run("judge", "train", work / "data", work / "judge.safetensors")
    assert result.exit_code == 2
    assert "judge.safetensors exists already; pass --force" in result.stderr


def test_a_folder_without_renders_can_not_train_a_judge(tmp_path):
    result = run("judge", "train", tmp_path, tmp_path / "judge.safetensors")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"previz: error: {tmp_path}: not a dataset of renders (")
    assert result.stderr.count("\n") == 1


def test_a_checkpoint_is_measured_as_a_table(work):
    result = measure(work, "--count", 4)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "renders             4" in lines
    assert any(line.startswith("pictures            psnr ") for line in lines)
    assert any(line.startswith("  generated           all ") for line in lines)
    assert "held-out renders: 4/4" in result.stderr


def test_a_checkpoint_is_measured_as_json_with_how_it_drags(work):
    result = measure(work, "--count", 4, "--drag", "--drag-count", 4, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["domain"] == "mira"
    assert figures["drag"]["count"] == 4
    assert set(figures["drag"]) >= {"jacobian", "layer_swaps", "directions", "smoothness"}


def test_a_dry_run_says_what_would_be_measured(work):
    result = measure(work, "-n", "--drag")
    assert result.exit_code == 0
    expected = f"{work / 'small.safetensors'} (64x64) on 16 renders of {work / 'data'}, 200 w\n"
    assert result.stdout == expected


def test_a_judge_that_is_not_there_is_one_line(work, tmp_path):
    judge = tmp_path / "no.safetensors"
    result = run("measure", work / "small.safetensors", "--dataset", work / "data", "--judge", judge)
    assert result.exit_code == 2
    text = f"previz: error: {judge}: not found; make a judge with `previz cast judge train`\n"
    assert result.stderr == text
