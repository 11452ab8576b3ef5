"""The page on outputs says what is so."""

import re
from pathlib import Path

import pytest

import previz
from previz.media import CODECS, PICTURE_DEPTHS
from previz.timeline import parse_timeline

PAGE = Path(__file__).parents[2] / "docs" / "outputs.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_timeline_can_be_read():
    (timeline,) = map(parse_timeline, blocks("yaml"))
    assert timeline.output.slate == 1


def test_table_has_every_codec_with_its_files():
    table = TEXT.split("### Codecs")[1].split("###")[0].split("---|")[-1]
    rows = dict(re.findall(r"^\| `(\w+)`(?: \(default\))? \| ([\w, ]+) \|", table, re.MULTILINE))
    assert rows == {
        name: ", ".join(suffix[1:] for suffix in codec.suffixes) for name, codec in CODECS.items()
    }


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", ".png"), ("TIFF", ".tif"), ("EXR", ".exr")])
def test_depths_of_pictures(kind, suffix):
    (cell,) = re.findall(rf"^\| {kind} \| ([^|]*) \|", TEXT, re.MULTILINE)
    assert tuple(map(int, re.findall(r"\d+", cell))) == tuple(sorted(PICTURE_DEPTHS[suffix]))
    assert int(re.findall(r"\*\*(\d+)\*\*", cell)[0]) == PICTURE_DEPTHS[suffix][0]


def test_python_uses_public_names_only():
    example = "\n".join(blocks("python"))
    compile(example, PAGE.name, "exec")
    assert set(re.findall(r"previz\.(\w+)\(", example)) <= set(previz.__all__)
    named = re.findall(r"`((?:write|draw|shot|compare|plot)_\w+|letterbox)`", TEXT.split("## From Python")[1])
    assert set(named) <= set(previz.__all__)


@pytest.mark.parametrize("file", sorted(set(re.findall(r"\]\(([\w./-]+)\)", TEXT))))
def test_pictures_are_there(file):
    assert (PAGE.parent / file).is_file()
