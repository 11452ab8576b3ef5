"""What docs/timeline.md shows can be used as it stands."""

import re
from pathlib import Path

import pytest
import yaml

from previz.timeline import EASES, Timeline, load_motion, parse_timeline, timeline_warnings

PAGE = (Path(__file__).parents[2] / "docs" / "timeline.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SHOT = "previz: 1\nframes: 1001-1048\ncanvas: 256\ncharacter: mira\n"


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_examples_are_sound_and_nothing_in_them_is_doubtful(block, tmp_path):
    data = yaml.safe_load(block.replace("- ${", "- $${"))
    if "motion" in data:
        (tmp_path / "motion.yaml").write_text(block)
        assert load_motion(tmp_path / "motion.yaml").handles
    else:
        timeline = parse_timeline(block if "previz" in data else SHOT + block)
        warned = [str(problem) for problem in timeline_warnings(timeline)]
        assert data.get("shot") == "sq010_sh020" or warned == []


def test_every_part_of_a_timeline_is_mentioned():
    for name in Timeline.model_fields:
        assert re.search(rf"\b{name}\b", PAGE), name


def test_every_family_of_eases_is_named():
    for family in {name.split("-")[-1] for name in EASES}:
        assert f"`{family}`" in PAGE
