import re
from pathlib import Path

import pytest

import previz
from previz.timeline import load_timeline, parse_timeline

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_timeline_is_the_sample_that_the_picture_shows():
    (timeline,) = map(parse_timeline, blocks("yaml"))
    sample = load_timeline(REPOSITORY / "timelines" / "smile.yaml")
    assert timeline.handles == sample.handles
    assert timeline.character == sample.character
    assert (timeline.frames, timeline.rate, timeline.output) == (sample.frames, sample.rate, sample.output)


def test_python_uses_public_names_only():
    (example,) = blocks("python")
    compile(example, "README.md", "exec")
    assert set(re.findall(r"previz\.(\w+)\(", example)) <= set(previz.__all__)


@pytest.mark.parametrize("file", sorted(set(re.findall(r"\]\(([\w./-]+\.(?:md|png)|LICENSE)\)", README))))
def test_pages_that_it_links_to_are_there(file):
    assert (REPOSITORY / file).is_file()
