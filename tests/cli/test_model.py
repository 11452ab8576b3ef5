from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from previz.cli import main
from previz.generator import load_generator, save_generator
from tests.generator.layouts import small_generator, write_nvidia


def previz(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["model", *map(str, arguments)])


@pytest.fixture
def pickle(tmp_path) -> Path:
    return write_nvidia(tmp_path / "network.pkl", small_generator((64, 32), c_dim=2))


def test_inspect_shows_the_format_the_architecture_and_the_card(tmp_path):
    path = save_generator(
        small_generator((64, 32), c_dim=2),
        tmp_path / "a.safetensors",
        {"license": "CC0-1.0", "terms": [1, 2]},
    )
    result = previz("inspect", path)
    assert result.exit_code == 0
    lines = {line.split("  ")[0].strip(): line for line in result.stdout.splitlines()}
    assert "previz safetensors" in lines["format"]
    assert "32 × 64 px" in lines["image"]
    assert "z 16, w 16 × 10, 2 labels" in lines["latents"]
    assert "1: 2 × 4 px, 8 channels" in lines["blocks"]
    assert "CC0-1.0" in lines["card: license"]
    assert "[1, 2]" in lines["card: terms"]
    assert load_generator(path).digest in lines["digest"]


def test_inspect_prints_json(pickle):
    result = previz("inspect", pickle, "--json")
    summary = json.loads(result.stdout)
    assert summary["format"] == "NVIDIA PyTorch pickle"
    assert (summary["width"], summary["height"], summary["num_ws"]) == (32, 64, 10)
    assert summary["blocks"][-1] == [4, 64, 32]
    assert summary["bytes"] == pickle.stat().st_size
    assert summary["architecture"]["c_dim"] == 2


def test_convert_writes_previzs_own_format(pickle, tmp_path):
    target = tmp_path / "out" / "head.safetensors"
    result = previz("convert", pickle, target, "--dtype", "fp32")
    assert result.exit_code == 0
    assert result.stdout == f"{target}: {target.stat().st_size / 1e6:.1f} MB, fp32\n"
    assert load_generator(target).digest == load_generator(pickle).digest


def test_convert_does_not_overwrite(pickle, tmp_path):
    target = tmp_path / "head.safetensors"
    target.write_text("mine")
    result = previz("convert", pickle, target)
    assert result.exit_code == 2
    told = f"{target} exists already; pass --force (force=True from Python) to replace it"
    assert result.stderr == f"previz: error: {told}\n"
    assert target.read_text() == "mine"
    assert previz("convert", pickle, target, "--force").exit_code == 0
    assert load_generator(target).width == 32


def test_a_wrong_file_is_one_line_and_exit_code_2(tmp_path):
    path = tmp_path / "cat.pkl"
    path.write_bytes(b"\x80\x02cos\nsystem\n(Vtrue\ntR.")
    result = previz("inspect", path)
    assert result.exit_code == 2
    assert result.stderr == (
        f"previz: error: {path}: refused: it asks for os.system, which no generator needs\n"
    )


def test_list_shows_the_bundled_characters(tmp_path, monkeypatch):
    monkeypatch.setenv("PREVIZ_CHECKPOINTS", str(tmp_path))
    path = save_generator(small_generator(), tmp_path / "tester.safetensors", {"description": "a test"})
    assert f"tester  {path}  a test\n" in previz("list").stdout
    entry = {"name": "tester", "path": str(path), "card": {"description": "a test"}}
    assert entry in json.loads(previz("list", "--json").stdout)


@pytest.mark.parametrize("command", ["inspect", "convert", "list"])
def test_help_ends_with_an_example(command):
    assert f"Example: previz model {command}" in previz(command, "--help").stdout
