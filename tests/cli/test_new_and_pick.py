"""The first ten minutes: a new timeline, and where its points are."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from previz import load_timeline, save_generator
from previz.cli import main
from previz.generator import Generator, GeneratorConfig


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def width(path):
    with Image.open(path) as picture:
        return picture.size[0]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A checkpoint that isn't of the cast, so that previz knows no landmarks of it."""
    torch.manual_seed(1)
    config = GeneratorConfig(
        resolution=(32, 16), z_dim=4, w_dim=4, channels={4: 4, 8: 4, 16: 4, 32: 4}, mapping_layers=1
    )
    path = tmp_path_factory.mktemp("models") / "stranger.safetensors"
    return save_generator(Generator(config).requires_grad_(False), path, {"name": "stranger"})


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    path = tmp_path_factory.mktemp("shots") / "sq010_sh020.yaml"
    done = run("new", path, "--character", "mira", "--seed", 7, "--fps", "23.976", "--frames", "1001-1024")
    assert done.exit_code == 0, done.output
    return path


def test_a_new_timeline_is_valid_and_has_handles_on_the_face(shot):
    timeline = load_timeline(shot)
    assert timeline.shot == "sq010_sh020"
    assert str(timeline.rate) == "24000/1001"
    assert {"chin", "nose_tip", "eye_out_L", "eye_out_R"} <= set(timeline.handles)
    left, right = (timeline.handles[name].at for name in ("eye_out_L", "eye_out_R"))
    chin, nose = (timeline.handles[name].at for name in ("chin", "nose_tip"))
    assert right[0] < nose[0] < left[0]
    assert nose[1] < chin[1] < 256


def test_its_checks_pass(shot):
    done = run("check", shot, "--character")
    assert done.exit_code == 0, done.output
    assert "ok: sq010_sh020, 24 frames" in done.output


def test_it_has_comments_for_the_other_landmarks(shot):
    assert "  # mouth_corner_L: {at: [" in shot.read_text()


def test_a_figure_raises_a_hand_and_stands_where_it_is(tmp_path):
    path = tmp_path / "wave.yaml"
    assert run("new", path, "--character", "body", "--seed", 12).exit_code == 0
    handles = load_timeline(path).handles
    assert {"navel", "ankle_L", "ankle_R"} < set(handles)
    hand = handles["hand_R"]
    assert 0 < hand.at[0] < handles["navel"].at[0] < 64
    assert "{by: [0, -8], ease: out-cubic}     # 8 px up, fast at first" in path.read_text()


def test_a_stranger_gets_one_handle_in_the_middle(stranger, tmp_path):
    path = tmp_path / "odd.yaml"
    assert run("new", path, "--character", stranger).exit_code == 0
    timeline = load_timeline(path)
    assert list(timeline.handles) == ["point"]
    assert tuple(timeline.handles["point"].at) == (8, 16)
    assert "see where points are with `previz pick`" in path.read_text()


@pytest.mark.parametrize("frames", ["1001", "1001-1002", "1-4"])
def test_short_ranges_are_valid_too(stranger, tmp_path, frames):
    path = tmp_path / "short.yaml"
    done = run("new", path, "--character", stranger, "--frames", frames)
    assert done.exit_code == 0, done.output
    load_timeline(path)


def test_nothing_is_overwritten(shot):
    before = shot.read_text()
    done = run("new", shot, "--character", "mira")
    assert done.exit_code == 2
    assert "exists already; pass --force" in done.output
    assert shot.read_text() == before


def test_an_unknown_character_is_one_line_and_writes_nothing(tmp_path):
    done = run("new", tmp_path / "a.yaml", "--character", "miro")
    assert done.exit_code == 2
    assert "miro: neither a file nor a bundled character; did you mean 'mira'?" in done.output
    assert not (tmp_path / "a.yaml").exists()


def test_pick_marks_a_timelines_handles_and_the_landmarks(shot, tmp_path):
    out = tmp_path / "points.png"
    done = run("pick", shot, "-o", out, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["canvas"] == [256, 256]
    handle = load_timeline(shot).handles["chin"].at
    np.testing.assert_allclose(told["points"]["chin"], handle, atol=0.01)
    assert width(out) > 1024


def test_pick_of_a_stranger_is_a_grid(stranger, tmp_path):
    out = tmp_path / "grid.png"
    done = run("pick", stranger, "--size", 256, "-o", out)
    assert done.exit_code == 0, done.output
    assert width(out) == 128  # 32 high, 16 wide


def test_a_timeline_has_its_own_seed(shot, tmp_path):
    done = run("pick", shot, "--seed", 3, "-o", tmp_path / "x.png")
    assert done.exit_code == 2
    assert "--seed and --truncation are the timeline's own; leave them out with one" in done.output
