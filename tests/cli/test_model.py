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


@pytest.mark.parametrize("command", ["inspect", "convert", "list", "directions"])
def test_help_ends_with_an_example(command):
    assert f"Example: previz model {command}" in previz(command, "--help").stdout


def test_directions_are_written_beside_the_checkpoint_and_then_shown(tmp_path):
    path = save_generator(small_generator(), tmp_path / "tester.safetensors")
    kept = tmp_path / "tester.directions.safetensors"
    first = previz("directions", path, "--pca", "2")
    assert first.exit_code == 0
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["pc1", "pc2"]
    assert first.stderr == f"{kept}\n"
    again = previz("directions", path)
    assert again.stdout == first.stdout
    assert again.stderr == f"{kept} (kept from before; --force finds them anew)\n"
    assert len(previz("directions", path, "--pca", "3", "--force").stdout.splitlines()) == 3


def test_directions_as_json_hold_their_vectors(tmp_path):
    path = save_generator(small_generator(), tmp_path / "tester.safetensors")
    told = json.loads(previz("directions", path, "--pca", "1", "--json", "-n").stdout)
    assert told["generator"] == load_generator(path).digest
    (one,) = told["directions"]
    assert (one["name"], one["kind"], len(one["vector"])) == ("pc1", "component", 16)
    assert not (tmp_path / "tester.directions.safetensors").exists()


def test_directions_elsewhere_replace_nothing_unasked(tmp_path):
    path = save_generator(small_generator(), tmp_path / "tester.safetensors")
    (tmp_path / "mine.safetensors").write_text("mine")
    result = previz("directions", path, "-o", tmp_path / "mine.safetensors")
    assert result.exit_code == 2
    assert "mine.safetensors exists already; pass --force" in result.stderr


def test_a_bundled_character_has_the_directions_of_its_scene():
    told = json.loads(previz("directions", "mira", "--json").stdout)
    shares = {one["name"]: one["share"] for one in told["directions"]}
    assert shares["yaw"] > 0.98
    assert shares["smile"] > 0.95
