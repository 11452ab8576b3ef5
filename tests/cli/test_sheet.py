import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from previz import Take, decode, probe_video, read_video, save_generator, solve, write_sequence, write_video
from previz.cli import main
from previz.cli._sheet import story_frames
from tests.animate.characters import make_generator, make_timeline

HANDLES = {
    "jaw": {"at": [12, 16], "keys": {1001: {"by": [0, 0]}, 1004: {"by": [0, 3]}, 1009: {"by": [0, 0]}}},
    "nose": {"at": [22, 16], "pin": True},
}


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A folder with a character, two takes of a shot and their clips; the second moves the other way."""
    folder = tmp_path_factory.mktemp("sheet")
    generator = make_generator()
    save_generator(generator, folder / "tiny.safetensors", {"name": "tiny"}, dtype=torch.float32)
    character = {"checkpoint": str(folder / "tiny.safetensors"), "seed": 3, "truncation": 1.0}
    for name, y in (("a", 3), ("b", -3)):
        keys = {1001: {"by": [0, 0]}, 1004: {"by": [0, y]}, 1009: {"by": [0, 0]}}
        handles = {**HANDLES, "jaw": {"at": [12, 16], "keys": keys}}
        timeline = make_timeline(
            frames="1001-1009",
            character=character,
            handles=handles,
            solver={"method": "adam", "learning_rate": 0.02, "max_iterations": 3, "tolerance": 0.25},
        )
        take = solve(timeline, generator)
        take.save(folder / f"{name}.take.safetensors")
        write_video(decode(take, generator), folder / f"{name}.mov", take.rate, timecode="00:00:41:17")
    return folder


def previz(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def picture(path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def red(path) -> int:
    return int((picture(path) == (230, 40, 45)).all(axis=-1).sum())


def test_sheet_of_a_take_has_its_keys_and_in_betweens(solved, tmp_path):
    result = previz("sheet", solved / "a.take.safetensors", "-o", tmp_path / "s.png", "--count", 6, "--json")
    told = json.loads(result.stdout)
    assert told["keys"] == [1001, 1004, 1009]
    assert len(told["frames"]) == 6
    assert [picture(tmp_path / "s.png").shape[1], picture(tmp_path / "s.png").shape[0]] == told["size"]
    assert red(tmp_path / "s.png") > 1000


def test_sheet_says_what_it_wrote(solved, tmp_path):
    path = tmp_path / "s.png"
    result = previz("sheet", solved / "a.take.safetensors", "-o", path, "--size", 64, "--columns", 4)
    height, width = picture(path).shape[:2]
    assert result.stdout == f"{path}: 9 frames, 3 of them keys, {width}x{height}\n"


def test_ways_and_marks_can_be_left_out(solved, tmp_path):
    for name, extra in {"all": [], "bare": ["--no-trajectories", "--no-overlay"]}.items():
        previz("sheet", solved / "a.take.safetensors", "-o", tmp_path / f"{name}.png", *extra)
    assert picture(tmp_path / "all.png").shape != picture(tmp_path / "bare.png").shape
    assert red(tmp_path / "all.png") > red(tmp_path / "bare.png")


def test_sheet_of_a_clip_is_numbered_by_its_timecode(solved, tmp_path):
    result = previz("sheet", solved / "a.mov", "-o", tmp_path / "s.png", "--count", 3, "--json")
    assert json.loads(result.stdout)["frames"] == [1001, 1005, 1009]
    told = previz("sheet", solved / "a.mov", "-o", tmp_path / "t.png", "--first", 7, "--json").stdout
    assert json.loads(told)["frames"][0] == 7


def test_sheet_of_pictures(tmp_path):
    frames = [np.full((32, 32, 3), 20 * index, np.uint8) for index in range(4)]
    write_sequence(frames, tmp_path / "f.####.png", [5, 6, 8, 9])
    result = previz("sheet", tmp_path / "f.####.png", "-o", tmp_path / "s.png", "--json")
    assert json.loads(result.stdout)["frames"] == [5, 6, 8, 9]


def test_sheet_of_a_timeline_solves_what_is_not_solved_yet(solved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    take = Take.load(solved / "a.take.safetensors")
    (tmp_path / "shot.yaml").write_text(json.dumps(take.settings["timeline"]))
    for reused in ("0 iterations", "reused"):
        result = previz("sheet", "shot.yaml", "-o", "s.png", "--frames", "1001-1004", "--force", "--json")
        assert json.loads(result.stdout)["frames"] == [1001, 1002, 1003, 1004]
        assert f"solving: 1/4 frames, frame 1001: {reused}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["none.mp4", "-o", "s.png"], "none.mp4: no such file"),
        (["a.take.safetensors", "-o", "s.jpg"], "s.jpg: a sheet is a .png"),
        (
            ["notes.txt", "-o", "s.png"],
            "notes.txt: is neither a take (.take.safetensors), a clip (.mp4, .mov, .mkv) nor numbered "
            "pictures (frame.####.png)",
        ),
        (
            ["a.mov", "-o", "s.png", "--frames", "2001-2003"],
            "a.mov: has the frames 1001-1009, and none of 2001-2003",
        ),
    ],
)
def test_what_can_not_be_shown_is_one_line(solved, monkeypatch, arguments, line):
    monkeypatch.chdir(solved)
    assert previz("sheet", *arguments, code=2).stderr == f"previz: error: {line}\n"
    assert not (solved / "s.png").exists()


def test_existing_sheet_is_kept(solved, tmp_path):
    (tmp_path / "s.png").write_text("mine")
    previz("sheet", solved / "a.take.safetensors", "-o", tmp_path / "s.png", code=2)
    assert (tmp_path / "s.png").read_text() == "mine"


@given(
    st.integers(1, 60),
    st.sets(st.integers(1001, 1060), max_size=6),
    st.integers(2, 30),
)
def test_frames_that_tell_a_shot(length, keyed, count):
    numbers = list(range(1001, 1001 + length))
    chosen = story_frames(numbers, keyed, count)
    assert chosen == sorted(set(chosen))
    assert {numbers[0], numbers[-1]} | (keyed & set(numbers)) <= set(chosen) <= set(numbers)
    assert len(chosen) >= min(count, length)
    gaps = np.diff(chosen)
    if not keyed and len(gaps):
        assert gaps.max() <= 2 * gaps.min() + 1


@pytest.mark.parametrize(
    ("mode", "size"), [("side", (68, 32)), ("wipe", (32, 32)), ("diff", (32, 32)), ("onion", (32, 32))]
)
def test_two_takes_are_compared(solved, tmp_path, mode, size):
    takes = [solved / f"{name}.take.safetensors" for name in "ab"]
    told = json.loads(previz("compare", *takes, "-o", tmp_path / "c.mp4", "--mode", mode, "--json").stdout)
    info = probe_video(tmp_path / "c.mp4")
    assert (info.frames, (info.width, info.height), info.rate) == (9, size, 24)
    assert told["range"] == "1001-1009"
    assert told["names"] == ["a", "b"]  # the shots have one name


def test_frames_are_matched_by_number(solved, tmp_path):
    path = tmp_path / "c.mp4"
    part = tmp_path / "part.mov"
    frames = list(read_video(solved / "b.mov"))[3:6]
    write_video(frames, part, 24, codec="prores", timecode="00:00:41:20")
    said = previz("compare", solved / "a.mov", part, "-o", path, "--names", ",", "--size", 64).stdout
    assert said == f"{path}: 3 frames (1004-1006), 132x64, side\n"
    moved = previz("compare", solved / "a.mov", part, "-o", path, "--offset", "-3", "--force").stdout
    assert "3 frames (1001-1003)" in moved


def test_difference_of_a_take_and_itself_is_black(solved, tmp_path):
    take, pattern = solved / "a.take.safetensors", tmp_path / "d.####.png"
    previz("compare", take, take, "-o", pattern, "--mode", "diff", "--names", ",", "--size", 128)
    assert picture(tmp_path / "d.1004.png")[20:100].max() == 0


def test_wipe_goes_across_and_back(solved, tmp_path):
    takes = [solved / f"{name}.take.safetensors" for name in "ab"]
    previz("compare", *takes, "-o", tmp_path / "w.####.png", "--mode", "wipe", "--names", ",", "--size", 128)
    edges = [
        int(np.argmax((picture(tmp_path / f"w.{number}.png")[40] == 255).all(axis=-1)))
        for number in (1002, 1003, 1004, 1007)
    ]
    assert edges[0] < edges[1] < edges[2]
    assert edges[3] == edges[1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["a.mov", "fast.mov", "-o", "c.mp4"],
            "a.mov has 24 frames a second and fast.mov 25; retime one of them, or give --rate to match "
            "frames by number all the same",
        ),
        (
            ["a.mov", "b.mov", "-o", "c.mp4", "--offset", "100"],
            "a.mov has the frames 1001-1009 and b.mov 1001-1009: none in common; --offset moves the second's",
        ),
        (["a.mov", "none.mov", "-o", "c.mp4"], "none.mov: no such file"),
    ],
)
def test_what_can_not_be_compared_is_one_line(solved, monkeypatch, arguments, text):
    monkeypatch.chdir(solved)
    if not (solved / "fast.mov").exists():
        write_video(read_video("a.mov"), "fast.mov", 25)
    assert previz("compare", *arguments, code=2).stderr == f"previz: error: {text}\n"
    assert not (solved / "c.mp4").exists()


def test_given_rate_compares_all_the_same(solved, tmp_path):
    write_video(read_video(solved / "b.mov"), tmp_path / "fast.mp4", 25)
    previz("compare", solved / "a.mov", tmp_path / "fast.mp4", "-o", tmp_path / "c.mp4", "--rate", "23.976")
    assert probe_video(tmp_path / "c.mp4").frames == 9


def test_plot_is_a_picture_beside_the_take(solved):
    result = previz("plot", solved / "a.take.safetensors")
    worst = Take.load(solved / "a.take.safetensors").summary().error_max
    assert result.stdout == f"{solved / 'a.plot.png'}: 9 frames, error max {worst:.2f} px\n"
    assert picture(solved / "a.plot.png").shape[1] == 1800


def test_plot_as_svg_names_shot_and_handles(solved, tmp_path):
    previz("plot", solved / "a.take.safetensors", "-o", tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert all(f">{word}</text>" in text for word in ("sq010_sh020", "jaw", "nose", "iterations"))


def test_plot_of_another_kind_or_over_another_file_is_refused(solved, tmp_path):
    take = solved / "a.take.safetensors"
    result = previz("plot", take, "-o", tmp_path / "a.pdf", code=2)
    assert result.stderr == f"previz: error: {tmp_path / 'a.pdf'}: a plot is a .png or a .svg\n"
    (tmp_path / "a.svg").write_text("mine")
    assert "exists already" in previz("plot", take, "-o", tmp_path / "a.svg", code=2).stderr
    assert (tmp_path / "a.svg").read_text() == "mine"


@pytest.mark.parametrize("command", ["sheet", "compare", "plot"])
def test_every_command_has_help_with_an_example(command):
    assert f"Example: previz {command} " in previz(command, "--help").stdout
