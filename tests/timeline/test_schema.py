import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from previz.errors import TimelineError
from previz.timeline import Timeline, load_timeline, parse_timeline, timeline_schema

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "timelines").glob("*.yaml"))


def documented():
    return re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / "timeline.md").read_text(), re.DOTALL)[1]


def as_json(text):
    return json.loads(json.dumps(yaml.safe_load(text)))


def test_the_json_schema_is_valid():
    jsonschema.Draft202012Validator.check_schema(timeline_schema())


def test_every_field_is_described():
    schema = timeline_schema()
    for model in [schema, *schema["$defs"].values()]:
        for name, field in model["properties"].items():
            assert name == "previz" or "description" in field or "$ref" in field, f"{model['title']}.{name}"


def test_the_documented_timeline_is_sound_and_fits_the_json_schema():
    jsonschema.validate(as_json(documented()), timeline_schema())
    assert parse_timeline(documented()).handles["mouth_right"].path.spline == "catmull-rom"


def test_the_documented_defaults_are_the_defaults():
    text = documented()
    defaults = parse_timeline(
        "previz: 1\nframes: 1001-1048\ncharacter: head\nhandles: {a: {at: [1, 1], pin: true}}"
    )
    assert f"default {defaults.character.truncation}" in text
    for field in ("method", "mode", "max_iterations"):
        assert f"  {field}: {getattr(defaults.solver, field)} " in text
    assert f"  crf: {defaults.output.crf}\n" in text


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_sample_timelines_are_sound_and_fit_the_json_schema(path):
    jsonschema.validate(as_json(path.read_text()), timeline_schema())
    assert load_timeline(path).shot


@pytest.mark.parametrize(
    "wrong",
    [
        {"previz": 2},
        {"frames": "all"},
        {"fps": []},
        {"handles": {}},
        {"handles": {"jaw": {"at": [1, 2, 3]}}},
        {"handles": {"jaw": {"at": [1, 2], "keys": {"1001": {"to": [1, 2], "by": [1, 2]}}}}},
        {"handles": {"jaw": {"at": [1, 2], "keys": {"1001": {"to": [1, 2], "ease": "wobbly"}}}}},
        {"mask": {"ellipse": {"center": [1, 2]}}},
        {"solver": {"tolerance": 0}},
        {"sovler": {}},
    ],
    ids=str,
)
def test_what_the_json_schema_refuses_is_refused_by_the_reader(wrong):
    data = {**as_json(documented()), **wrong}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, timeline_schema())
    with pytest.raises(TimelineError):
        parse_timeline(data)


def test_a_timeline_knows_its_rate_and_length_exactly():
    timeline = parse_timeline(documented().replace("fps: 24 ", "fps: 23.976 "))
    assert str(timeline.rate) == "24000/1001"
    assert str(timeline.duration) == "2002/1000".replace("2002/1000", "1001/500")
    assert str(timeline.frames) == "1001-1048"


def test_a_timeline_as_data_fits_the_json_schema():
    jsonschema.validate(parse_timeline(documented()).to_dict(), timeline_schema())


def test_a_character_may_be_just_its_name():
    short = parse_timeline(documented()).model_copy(update={})
    assert isinstance(short, Timeline)
    data = {**as_json(documented()), "character": "head"}
    assert parse_timeline(data).character.checkpoint == "head"
    jsonschema.validate(data, timeline_schema())
