"""What docs/timeline.md shows can be used as it stands."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from previz.timeline import (
    EASES,
    Timeline,
    load_motion,
    motion_schema,
    parse_timeline,
    timeline_schema,
    timeline_warnings,
)

PAGE = (Path(__file__).parents[2] / "docs" / "timeline.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SHOT = "previz: 1\nframes: 1001-1048\ncanvas: 256\ncharacter: mira\n"


def as_json(text):
    return json.loads(json.dumps(yaml.safe_load(text)))


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_examples_are_sound_and_nothing_in_them_is_doubtful(block, tmp_path):
    data = yaml.safe_load(block)
    if "motion" in data:
        jsonschema.validate(as_json(block), motion_schema())
        (tmp_path / "motion.yaml").write_text(block)
        assert load_motion(tmp_path / "motion.yaml").handles
    else:
        text = block if "previz" in data else SHOT + block
        jsonschema.validate(as_json(text), timeline_schema())
        timeline = parse_timeline(text)
        warned = [str(problem) for problem in timeline_warnings(timeline)]
        assert data.get("shot") == "sq010_sh020" or warned == []


def test_every_part_of_a_timeline_is_mentioned():
    for name in Timeline.model_fields:
        assert re.search(rf"\b{name}\b", PAGE), name


def test_every_family_of_eases_is_named():
    for family in {name.split("-")[-1] for name in EASES}:
        assert f"`{family}`" in PAGE
