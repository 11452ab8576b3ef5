import json
from fractions import Fraction

import numpy as np
import opentimelineio as otio
import pytest
import torch
from click.testing import CliRunner, Result

from previz import save_generator, write_video
from previz.cli import main
from tests.animate.characters import make_generator

SHOT = """\
previz: 1
fps: 23.976
frames: 1001-1006
character: {checkpoint: tiny.safetensors, seed: 3, truncation: 1.0}
handles:
  jaw: {at: [12, 16], keys: {1001: {by: [0, 0]}, 1003: {by: [0, 3]}, 1006: {by: [2, 0]}}}
solver: {method: adam, learning_rate: 0.02, max_iterations: 1, tolerance: 0.25}
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A folder with a rendered shot, of all of its frames and of a part."""
    folder = tmp_path_factory.mktemp("shot")
    save_generator(make_generator(), folder / "tiny.safetensors", {"name": "tiny"}, dtype=torch.float32)
    (folder / "nod.yaml").write_text(SHOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("render", "nod.yaml")
        run("render", "nod.yaml", "--frames", "1003-1004")
    return folder


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def clips(path):
    return list(otio.adapters.read_from_file(str(path)).find_clips())


def test_a_render_writes_the_clips_real_frames_rate_keys_and_take(rendered):
    (clip,) = clips(rendered / "renders/nod.otio")
    available = clip.media_reference.available_range
    assert clip.media_reference.target_url == "nod.mp4"
    assert (available.start_time.value, available.duration.value) == (0, 6)
    assert Fraction(available.duration.rate).limit_denominator(1001) == Fraction(24000, 1001)
    assert clip.source_range == available
    marks = [(mark.name, mark.marked_range.start_time.value) for mark in clip.markers]
    assert marks == [("jaw", 0), ("jaw", 2), ("jaw", 5)]
    facts = clip.metadata["previz"]
    assert (facts["seed"], facts["checkpoint"], list(facts["handles"])) == (3, "tiny.safetensors", ["jaw"])
    assert facts["checkpoint_digest"] == make_generator().digest
    assert facts["solver"]["method"] == "adam"


def test_a_part_of_a_shot_has_the_parts_frames_and_keys(rendered):
    (clip,) = clips(rendered / "renders/nod.1003-1004.otio")
    assert clip.media_reference.target_url == "nod.1003-1004.mp4"
    assert clip.source_range.duration.value == 2
    assert [mark.marked_range.start_time.value for mark in clip.markers] == [0]
    assert clip.metadata["previz"]["frames"] == "1003-1004"


def test_clips_become_an_edit(rendered, tmp_path):
    write_video(np.zeros((5, 32, 32, 3), np.uint8), tmp_path / "slate.mp4", 25)
    files = [tmp_path / "slate.mp4", rendered / "renders/nod.mp4", rendered / "renders/nod.1003-1004.otio"]
    result = run("otio", *files, "-o", tmp_path / "cut.otio")
    assert result.stdout == f"{tmp_path / 'cut.otio'}: 3 clips, 13 frames\n"
    found = clips(tmp_path / "cut.otio")
    assert [clip.name for clip in found] == ["slate", "nod", "nod"]
    assert found[0].media_reference.target_url == "slate.mp4"
    assert (tmp_path / found[1].media_reference.target_url).resolve() == rendered / "renders/nod.mp4"
    assert [len(clip.markers) for clip in found] == [0, 3, 1]


def test_an_edit_is_told_to_a_program(rendered, tmp_path):
    result = run(
        "otio", rendered / "renders/nod.otio", "-o", tmp_path / "cut.otio", "--name", "reel", "--json"
    )
    assert json.loads(result.stdout)["clips"] == [{"name": "nod", "frames": 6}]
    assert otio.adapters.read_from_file(str(tmp_path / "cut.otio")).name == "reel"


def test_an_edit_is_not_overwritten_unasked(rendered, tmp_path):
    (tmp_path / "cut.otio").write_text("precious")
    arguments = ["otio", rendered / "renders/nod.otio", "-o", tmp_path / "cut.otio"]
    assert "exists already; pass --force" in run(*arguments, code=2).stderr
    run(*arguments, "--force")
    assert len(clips(tmp_path / "cut.otio")) == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["none.otio", "-o", "a.otio"], "none.otio: there is no such file"),
        (["none.mp4", "-o", "a.otio"], "none.mp4: no such file"),
        (["none.otio", "-o", "a.aaf"], "a.aaf: an edit's name ends in .otio, .edl, .xml"),
    ],
)
def test_what_makes_no_edit_is_one_line(tmp_path, monkeypatch, arguments, line):
    monkeypatch.chdir(tmp_path)
    assert run("otio", *arguments, code=2).stderr == f"previz: error: {line}\n"
    assert list(tmp_path.iterdir()) == []


def test_help_has_an_example():
    assert "Example: previz otio" in run("otio", "--help").stdout
