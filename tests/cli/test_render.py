import io
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from rich.console import Console

from previz import FrameIterated, FrameSolved, SolveStarted, Take, probe_video, read_video, save_generator
from previz.cli import main
from previz.cli._closing import frame_list
from previz.cli._progress import TimeLeft, clock, describe, reporter
from tests.animate.characters import make_generator

TIMELINE = """\
previz: 1
fps: 23.976
frames: 1001-1006
character: {checkpoint: tiny.safetensors, seed: 3, truncation: 1.0}
handles:
  jaw: {at: [12, 16], keys: {1001: {by: [0, 0]}, 1003: {by: [0, 3]}, 1006: {by: [2, 0]}}}
  nose: {at: [22, 16], pin: true}
mask: {ellipse: {center: [16, 16], radius: [12, 10]}, feather: 2}
solver: {method: adam, learning_rate: 0.02, max_iterations: 4, tolerance: 0.25}
output: {crf: 4}
"""


@pytest.fixture
def shot(tmp_path, monkeypatch) -> Path:
    """A folder, the working one, with a timeline and its character."""
    monkeypatch.chdir(tmp_path)
    save_generator(make_generator(), tmp_path / "tiny.safetensors", {"name": "tiny"}, dtype=torch.float32)
    (tmp_path / "nod.yaml").write_text(TIMELINE)
    return tmp_path


def render(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["render", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def rendered(result: Result) -> dict:
    return json.loads(result.stdout)


def first_frame(path: str | Path) -> np.ndarray:
    return next(read_video(path))


def test_clip_take_and_report_are_written(shot):
    result = render("nod.yaml")
    assert sorted(path.name for path in (shot / "renders").iterdir()) == [
        "nod.mp4",
        "nod.otio",
        "nod.report.json",
        "nod.take.safetensors",
    ]
    info = probe_video("renders/nod.mp4")
    assert (info.frames, info.width, info.height, info.rate) == (6, 32, 32, Fraction(24000, 1001))
    assert result.stdout == ""


def test_take_holds_the_latents(shot):
    render("nod.yaml")
    assert Take.load("renders/nod.take.safetensors").latents.shape == (6, 8, 16)


def test_report_tells_of_every_frame(shot):
    render("nod.yaml")
    report = json.loads((shot / "renders/nod.report.json").read_text())
    assert [frame["frame"] for frame in report["frames"]] == list(range(1001, 1007))
    assert {"error", "iterations", "seconds", "lost", "status"} <= set(report["frames"][0])
    assert report["video"] == "renders/nod.mp4"


def test_json_is_the_summary_on_stdout(shot):
    report = rendered(render("nod.yaml", "--json"))
    assert report["summary"]["frames"] == 6
    assert report["clip"] == {"range": "1001-1006", "size": [32, 32]}
    assert report["reused"] == 0


def test_output_and_size_are_chosen(shot):
    render("nod.yaml", "-o", "out/clip.mov", "--size", "64x48")
    assert (probe_video("out/clip.mov").width, probe_video("out/clip.mov").height) == (64, 48)
    assert (shot / "out/clip.take.safetensors").is_file()
    assert not (shot / "renders").exists()


def test_frames_of_the_shot_go_to_files_of_their_own(shot):
    report = rendered(render("nod.yaml", "--frames", "1003-1004", "--json"))
    assert report["video"] == "renders/nod.1003-1004.mp4"
    assert probe_video(report["video"]).frames == 2


def test_whole_shot_reuses_the_frames_of_a_part(shot):
    render("nod.yaml", "--frames", "1001-1004")
    assert rendered(render("nod.yaml", "--json"))["reused"] == 4


def test_part_of_the_shot_shows_the_same_pictures_as_the_whole(shot):
    render("nod.yaml")
    render("nod.yaml", "--frames", "1003", "-o", "part.mp4")
    whole = list(read_video("renders/nod.mp4"))[2]
    assert np.abs(whole.astype(int) - first_frame("part.mp4")).mean() < 2


def test_edit_of_a_late_key_solves_only_from_there(shot):
    render("nod.yaml")
    (shot / "nod.yaml").write_text(TIMELINE.replace("1006: {by: [2, 0]}", "1006: {by: [1, 0]}"))
    report = rendered(render("nod.yaml", "--force", "--json"))
    assert report["reused"] == 3


def test_existing_outputs_are_refused_before_anything_is_solved(shot):
    (shot / "renders").mkdir()
    (shot / "renders/nod.report.json").write_text("precious")
    (shot / "tiny.safetensors").unlink()  # so that going any further would be another error
    result = render("nod.yaml", code=2)
    assert result.stderr == (
        "previz: error: renders/nod.report.json exists already; "
        "pass --force to replace it, or -o for another place\n"
    )
    assert (shot / "renders/nod.report.json").read_text() == "precious"


def test_all_existing_outputs_are_named_in_one_line(shot):
    render("nod.yaml")
    assert render("nod.yaml", code=2).stderr == (
        "previz: error: renders/nod.mp4, renders/nod.take.safetensors, "
        "renders/nod.report.json and renders/nod.otio "
        "exist already; pass --force to replace them, or -o for another place\n"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--frames", "1001-1007"], "--frames: 1007 is outside the shot's frames, 1001-1006"),
        (["--size", "63"], "a video's width and height are even; 63 is odd, 64 would do"),
        (
            ["-o", "clip.mp4", "--codec", "prores"],
            "clip.mp4: prores doesn't go in .mp4; name it clip.mov, or choose h264, h265, av1",
        ),
        (["--device", "abacus"], "device 'abacus' is not one; use cpu, cuda, cuda:1 or mps"),
    ],
)
def test_unfit_wishes_are_one_line(shot, arguments, line):
    assert render("nod.yaml", *arguments, code=2).stderr == f"previz: error: {line}\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--frames", "1-x"],
            "Invalid value for '--frames': '1-x' is not a frame range; write it as 1001-1048",
        ),
        (["--size", "big"], "Invalid value for '--size': 'big' is not a size; write it as 512 or 960x540"),
    ],
)
def test_unreadable_options_are_usage_errors(shot, arguments, line):
    assert line in render("nod.yaml", *arguments, code=2).stderr


def test_problems_of_the_timeline_are_located(shot):
    (shot / "nod.yaml").write_text(TIMELINE.replace("1006: {by: [2, 0]}", "1060: {by: [2, 0]}"))
    (line,) = render("nod.yaml", code=2).stderr.splitlines()
    assert line.startswith("previz: error: nod.yaml:6:")
    assert "frame 1060 is after the last frame, 1006" in line


def test_missing_timeline_is_one_line(shot):
    assert render("none.yaml", code=2).stderr == "previz: error: none.yaml: there is no such file\n"


def test_dry_run_prints_the_plan_and_writes_nothing(shot):
    plan = rendered(render("nod.yaml", "-n", "--size", "64"))
    assert plan["outputs"] == [
        "renders/nod.mp4",
        "renders/nod.take.safetensors",
        "renders/nod.report.json",
        "renders/nod.otio",
    ]
    assert plan["size"] == [64, 64]
    assert not list((shot / "renders").glob("*"))


def test_overlay_is_drawn(shot):
    render("nod.yaml", "-o", "plain.mp4", "--size", "256")
    render("nod.yaml", "-o", "drawn.mp4", "--size", "256", "--overlay")
    plain, drawn = first_frame("plain.mp4").astype(int), first_frame("drawn.mp4").astype(int)
    red, green, blue = drawn[16 * 8, 22 * 8]  # the nose, in pixels of the clip
    assert red > 180
    assert max(green, blue) < 100
    assert drawn[2, 2].sum() < 0.7 * plain[2, 2].sum()  # outside of the mask


def test_burn_in_is_written(shot):
    render("nod.yaml", "-o", "plain.mp4", "--size", "256")
    render("nod.yaml", "-o", "burnt.mp4", "--size", "256", "--burn-in")
    difference = np.abs(first_frame("plain.mp4").astype(int) - first_frame("burnt.mp4")).max(axis=-1)
    corners = [difference[:30, :80], difference[:30, -80:], difference[-30:, :80], difference[-30:, -80:]]
    assert all(corner.max() > 60 for corner in corners)
    assert difference[60:-60, 60:-60].max() < 40


def test_timeline_decides_what_is_kept(shot):
    (shot / "nod.yaml").write_text(
        TIMELINE.replace("{crf: 4}", "{latents: false, report: false, otio: false, video: a/b.mp4}")
    )
    render("nod.yaml")
    assert [path.name for path in (shot / "a").iterdir()] == ["b.mp4"]


def test_progress_is_lines_where_there_is_no_terminal(shot):
    lines = render("nod.yaml").stderr.splitlines()
    assert lines[0].startswith("solving: 1/6 frames, frame 1001: 0 iterations, error 0.00 px")
    assert "solving: 6/6 frames, frame 1006: 4 iterations, error " in "\n".join(lines)
    assert "encoding: 6 frames" in lines


def test_summary_closes_with_what_was_not_reached(shot):
    lines = render("nod.yaml").stderr.splitlines()
    start = lines.index("renders/nod.mp4: 6 frames (1001-1006) at 24000/1001 fps, 32x32")
    assert lines[start + 1 : start + 3] == ["renders/nod.take.safetensors", "renders/nod.report.json"]
    assert any(line.startswith("not reached: jaw on 1002-1006, up to ") for line in lines[start:])


def test_interrupted_render_goes_on_where_it_stopped(shot):
    (shot / "nod.yaml").write_text(TIMELINE.replace("1001-1006", "1001-1400"))
    command = [sys.executable, "-m", "previz", "render", "nod.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        deadline = time.monotonic() + 60
        while len(list(shot.glob("renders/*.partial/[!.]*.safetensors"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "of 400 frames are kept; the same command goes on from there\n" in errors
    assert errors.endswith("previz: interrupted\n")
    assert not (shot / "renders/nod.mp4").exists()
    assert rendered(render("nod.yaml", "--frames", "1001-1003", "--json"))["reused"] == 3


def test_second_render_elsewhere_is_the_same_to_the_byte(shot):
    render("nod.yaml", "-o", "a.mp4")
    render("nod.yaml", "-o", "b.mp4")
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()


def solved(index: int, reused: bool, seconds: float = 2.0) -> FrameSolved:
    return FrameSolved(1000 + index, index, 4, 12, 0.456, seconds, "ok", ("jaw",), reused)


def test_bar_on_a_terminal_of_80_columns_shows_frames_iterations_error_and_time_left():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, color_system=None, legacy_windows=False)
    with reporter(console) as progress:
        progress.solving(SolveStarted("shot", (1001, 1002, 1003, 1004), 4, "every-frame", 1.0))
        progress.solving(solved(2, reused=False, seconds=62.5))
        progress.solving(FrameIterated(1003, 134, 10.823, 2.0))
    assert "2/4 frames 1003: 134 iterations, 10.82 px, 2:05 left" in screen.getvalue()
    assert "frame 1002: lost jaw" in screen.getvalue()


def test_bar_hands_frames_on():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with reporter(console) as progress:
        assert list(progress.encoding([1, 2, 3], 3)) == [1, 2, 3]


def test_time_left_counts_frames_that_were_solved_only():
    left = TimeLeft()
    assert left.after(solved(1, reused=True)) is None
    assert left.after(solved(2, reused=False, seconds=3.0)) == 6.0
    assert left.after(solved(3, reused=False, seconds=1.0)) == 2.0


def test_line_of_a_frame():
    assert describe(solved(2, reused=False), 125.0) == (
        "2/4 frames, frame 1002: 12 iterations, error 0.46 px, lost: jaw, 2:05 left"
    )
    assert describe(solved(4, reused=True), 0.0) == "4/4 frames, frame 1004: reused, lost: jaw"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (7, "0:07"), (760, "12:40"), (7380, "2:03:00")])
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_frames_are_listed_as_ranges():
    assert frame_list([1001, 1002, 1003, 1007]) == "1001-1003,1007"
