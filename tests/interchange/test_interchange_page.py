"""The page on interchange: its table is what the formats are, and its examples run."""

import re
from pathlib import Path

from click.testing import CliRunner

import previz
from previz.cli import main
from previz.interchange import FORMATS, parse_mapping

PAGE = (Path(__file__).parents[2] / "docs/interchange.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_table_lists_every_format_with_its_endings():
    rows = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("| `")]
    listed = {name: set(ends.split()) for names, ends in rows for name in re.findall(r"`([\w-]+)`", names)}
    assert listed == {name: set(found.endings) for name, found in FORMATS.items()}


def test_the_mapping_is_one():
    (mapping,) = blocks("yaml")
    assert [drive.handle for drive in parse_mapping(mapping, "page").drive] == ["jaw", "mouth_left"]


def test_python_uses_public_names_and_writes_an_edit(tmp_path, monkeypatch):
    edit, curves = blocks("python")
    monkeypatch.chdir(tmp_path)
    exec(compile(edit, "page", "exec"), {})
    assert (tmp_path / "renders/sq010.otio").is_file()
    names = re.search(r"from previz import (.*)", curves)
    assert names is not None
    assert set(names[1].split(", ")) <= set(previz.__all__)


def test_commands_have_the_options_that_the_page_names():
    helps = "".join(
        CliRunner().invoke(main, [*command, "--help"]).stdout
        for command in (["curves", "export"], ["curves", "import"], ["otio"])
    )
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert named <= set(re.findall(r"--[a-z][a-z-]+", helps))
