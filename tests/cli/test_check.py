import json

import jsonschema
import pytest
from click.testing import CliRunner

from previz.cli import main
from previz.generator import save_generator
from tests.animate.characters import make_generator

SOUND = """\
previz: 1
shot: jaw_drop
fps: 23.976
frames: 1001-1048
character: head
handles:
  jaw: {at: [64, 98], keys: {1012: [64, 107]}}
  nose: {at: [64, 60], pin: true}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(SOUND)
    (tmp_path / "bad.yaml").write_text(SOUND.replace("1012", "1060").replace("60]", "'60']"))
    (tmp_path / "odd.yaml").write_text(SOUND.replace("[64, 98]", "[64, 99.5]").replace("1012", "1001"))
    return lambda *args: CliRunner().invoke(main, list(args))


def test_a_sound_timeline_gets_one_line(run):
    result = run("check", "good.yaml")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout == (
        "good.yaml: ok: jaw_drop, 48 frames (1001-1048) at 23.976 fps, 2.00 s, 2 handles (1 pinned)\n"
    )


def test_all_problems_of_all_files_are_listed_and_the_exit_code_is_2(run):
    result = run("check", "bad.yaml", "good.yaml", "none.yaml")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "bad.yaml:7:30: handles.jaw.keys: frame 1060 is after the last frame, 1048",
        "bad.yaml:8:14: handles.nose.at: must be [x, y], two numbers in pixels, not [64, '60']",
        "none.yaml: there is no such file",
    ]
    assert result.stdout.startswith("good.yaml: ok: ")


def test_a_warning_is_no_failure(run):
    result = run("check", "odd.yaml")
    assert result.exit_code == 0
    assert result.stderr == (
        "odd.yaml:7:3: handles.jaw: warning: already 7.5 px from its `at` on frame 1001; "
        "the shot starts with a jump\n"
    )
    assert result.stdout.startswith("odd.yaml: ok: ")


def test_json_for_programs(run):
    result = run("check", "--json", "good.yaml", "bad.yaml")
    assert result.exit_code == 2
    good, bad = json.loads(result.stdout)
    assert (good["ok"], good["frames"], good["rate"], good["handles"]) == (
        True, "1001-1048", "24000/1001", ["jaw", "nose"]
    )  # fmt: skip
    assert bad["ok"] is False
    assert bad["problems"][0] == {
        "where": "bad.yaml:7:30",
        "field": "handles.jaw.keys",
        "message": "frame 1060 is after the last frame, 1048",
        "severity": "error",
        "text": "bad.yaml:7:30: handles.jaw.keys: frame 1060 is after the last frame, 1048",
    }


def test_a_file_must_be_given(run):
    assert run("check").exit_code == 2


def test_help_shows_an_example(run):
    assert "Example: previz check timelines/*.yaml" in run("check", "--help").stdout
    assert "Example: previz schema > timeline.schema.json" in run("schema", "--help").stdout


def test_schema_prints_a_json_schema(run):
    result = run("schema")
    assert result.exit_code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))


def test_the_character_is_asked_for_directions_that_are_named(run, tmp_path):
    save_generator(make_generator(), tmp_path / "tiny.safetensors", {"name": "tiny"})
    (tmp_path / "smile.yaml").write_text(
        "previz: 1\nframes: 1001-1006\ncharacter: tiny.safetensors\n"
        "latents: {direction: smile, keys: {1006: 1}}\n"
    )
    assert run("check", "smile.yaml").exit_code == 0
    result = run("check", "smile.yaml", "--character")
    assert result.exit_code == 2
    assert result.stderr == (
        "smile.yaml:4:22: latents.direction: 'smile' is not a direction. There are pc1 to pc16; "
        "`previz model directions` finds others, kept in tiny.directions.safetensors\n"
    )
