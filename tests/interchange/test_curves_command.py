import json
from fractions import Fraction

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from previz import load_timeline, read_curves, save_generator, solve
from previz.cli import main
from previz.interchange import curves_from_timeline
from tests.animate.characters import make_generator, make_timeline

SHOT = """\
previz: 1
fps: 24
frames: 1001-1012
canvas: 64
character: tiny.safetensors
handles:
  jaw: {at: [30, 40], keys: {1001: {by: [0, 0]}, 1006: {by: [0, 9]}, 1012: {by: [4, 0]}}}
  nose: {at: [32, 30], pin: true}
"""
TWO = {
    "jaw": {"at": [12, 16], "keys": {1001: [12, 16], 1002: [12, 17]}},
    "nose": {"at": [22, 16], "pin": True},
}


@pytest.fixture
def shot(tmp_path, monkeypatch):
    """A folder, the working one, with a timeline and its character of 32 px."""
    monkeypatch.chdir(tmp_path)
    save_generator(make_generator(), tmp_path / "tiny.safetensors", {"name": "tiny"}, dtype=torch.float32)
    (tmp_path / "nod.yaml").write_text(SHOT)
    return tmp_path


def curves(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["curves", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def failure(*arguments: object) -> str:
    result = curves(*arguments, code=2)
    assert result.stdout == ""
    return result.stderr


def targets(path="nod.yaml"):
    return curves_from_timeline(load_timeline(path))


def test_a_timelines_targets_are_written_in_the_format_of_the_ending(shot):
    result = curves("export", "nod.yaml", "nod.nk")
    assert result.stdout == "nod.nk: 2 points (jaw, nose), 12 frames (1001-1012) at 24 fps, 64x64\n"
    np.testing.assert_allclose(read_curves("nod.nk").curves.positions, targets().positions, atol=0.01)


def test_another_rate_size_part_and_point_are_written(shot):
    curves(
        "export",
        "nod.yaml",
        "a.csv",
        "--fps",
        "23.976",
        "--size",
        128,
        "--only",
        "jaw",
        "--frames",
        "1003-1008",
    )
    found = read_curves("a.csv").curves
    assert (found.names, found.rate, found.size) == (("jaw",), Fraction(24000, 1001), (128, 128))
    assert str(found.range) == "1003-1008"
    np.testing.assert_allclose(found.point("jaw")[0], targets().point("jaw")[2] * 2, atol=0.01)


def test_a_takes_tracked_handles_or_targets_are_written(shot):
    timeline = make_timeline(frames="1001-1002", solver={"max_iterations": 2}, handles=TWO)
    take = solve(timeline, make_generator())
    take.save("nod.take.safetensors")
    curves("export", "nod.take.safetensors", "tracked.json")
    curves("export", "nod.take.safetensors", "targets.json", "--what", "targets")
    tracked, wanted = (read_curves(name).curves for name in ("tracked.json", "targets.json"))
    np.testing.assert_allclose(tracked.positions, take.handles, atol=1e-4)
    np.testing.assert_allclose(wanted.positions, take.targets, atol=1e-4)
    assert tracked.title == "sq010_sh020"


def test_after_effects_points_are_told_by_their_names(shot):
    result = curves("export", "nod.yaml", "nod.txt", "--format", "ae")
    assert result.stderr == "previz: Point Control 1 is jaw; Point Control 2 is nose\n"


def test_a_timeline_without_a_canvas_is_in_its_characters_pixels(shot):
    (shot / "nod.yaml").write_text(
        SHOT.replace("canvas: 64\n", "").replace("40]", "20]").replace("30]", "15]")
    )
    assert curves("export", "nod.yaml", "nod.nk").stdout.endswith("32x32\n")


def test_export_tells_a_program_what_was_written(shot):
    told = json.loads(curves("export", "nod.yaml", "a.csv", "--json").stdout)
    assert told["points"] == ["jaw", "nose"]
    assert (told["format"], told["frames"], told["rate"], told["size"]) == (
        "csv",
        "1001-1012",
        "24",
        [64, 64],
    )


@pytest.mark.parametrize("name", ["a.nk", "a.csv", "a.json"])
def test_what_was_exported_is_imported_as_it_was(shot, name):
    curves("export", "nod.yaml", name)
    curves("import", name, "-o", "new.yaml", "--character", "tiny.safetensors")
    np.testing.assert_allclose(targets("new.yaml").positions, targets().positions, atol=0.01)


def test_tracks_move_the_handles_of_a_timeline(shot):
    (shot / "t.csv").write_text("frame,a.x,a.y\n1,60,60\n2,62,58\n")
    result = curves(
        "import", "t.csv", "--onto", "nod.yaml", "-o", "new.yaml", "--size", 128, "--fps", 24,
        "--origin", "bottom-left", "--first-frame", 1003, "--map", "a=jaw",
    )  # fmt: skip
    assert result.stdout == ("new.yaml: 1 point (jaw), 2 frames (1003-1004) at 24 fps, 64x64; keys: jaw 2\n")
    jaw = targets("new.yaml").point("jaw")
    np.testing.assert_allclose(jaw[[0, 2, 3, 11]], [[30, 34], [30, 34], [31, 35], [31, 35]])
    assert load_timeline("new.yaml").handles["nose"].pin


def test_motion_alone_is_taken_from_a_picture_of_another_shape(shot):
    (shot / "t.csv").write_text("frame,a.x,a.y\n1001,900,500\n1002,904,508\n")
    curves(
        "import", "t.csv", "--onto", "nod.yaml", "-o", "new.yaml", "--size", "1920x128", "--fps", 24,
        "--origin", "top-left", "--map", "a=jaw", "--relative",
    )  # fmt: skip
    np.testing.assert_allclose(targets("new.yaml").point("jaw")[:2], [[30, 40], [32, 44]])


def test_a_clipboard_starts_on_the_timelines_first_frame(shot):
    curves("export", "nod.yaml", "nod.txt", "--format", "ae", "--only", "jaw")
    (shot / "late.yaml").write_text(SHOT.replace("10", "20"))
    curves("import", "nod.txt", "--onto", "late.yaml", "-o", "new.yaml", "--map", "Point Control 1=jaw")
    assert str(load_timeline("new.yaml").frames) == "2001-2012"
    np.testing.assert_allclose(targets("new.yaml").point("jaw"), targets().point("jaw"), atol=0.01)


def test_a_face_recording_drives_handles_from_where_the_timeline_has_them(shot):
    (shot / "face.csv").write_text(
        "Timecode,BlendshapeCount,JawOpen\n10:00:00:00.1,1,0\n10:00:00:05.1,1,0.5\n10:00:00:10.1,1,1\n"
    )
    (shot / "map.yaml").write_text(
        "previz_mapping: 1\nsize: 128\ndrive: [{curve: JawOpen, handle: jaw, by: [0, 16]}]\n"
    )
    curves("import", "face.csv", "--mapping", "map.yaml", "--fps", 60, "--onto", "nod.yaml", "-o", "new.yaml")
    jaw = targets("new.yaml").point("jaw")
    np.testing.assert_allclose(jaw[:5, 1], [40, 42, 44, 46, 48], atol=0.01)


def test_simplified_keys_are_fewer_and_within_the_bound(shot):
    curves("export", "nod.yaml", "a.csv")
    told = json.loads(
        curves("import", "a.csv", "--onto", "nod.yaml", "-o", "new.yaml", "--simplify", 0.5, "--json").stdout
    )
    assert told["keys"]["nose"] == 0
    assert 2 <= told["keys"]["jaw"] < 12
    away = np.linalg.norm(targets("new.yaml").positions - targets().positions, axis=-1)
    assert away.max() <= 0.51


def test_a_path_and_its_timing_are_written_apart(shot):
    curves("export", "nod.yaml", "a.csv")
    curves("import", "a.csv", "--onto", "nod.yaml", "-o", "new.yaml", "--as", "path", "--only", "jaw")
    handle = load_timeline("new.yaml").handles["jaw"]
    assert handle.path is not None
    assert handle.timing
    np.testing.assert_allclose(targets("new.yaml").positions, targets().positions, atol=0.01)


def test_notes_of_a_reading_go_to_stderr(shot):
    (shot / "t.csv").write_text("frame,a.x,a.y\n1001,1,1\n1004,4,4\n")
    result = curves(
        "import", "t.csv", "--character", "tiny.safetensors", "-o", "new.yaml", "--size", 64, "--fps", 24,
        "--origin", "top-left",
    )  # fmt: skip
    assert result.stderr == "previz: note: a: 2 frames between its keys are filled straight\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["export", "nod.yaml", "a.txt"],
            "a.txt: .txt may be ae, ae-position, ascii, 3de or syntheyes; say which with --format",
        ),
        (
            ["export", "nod.yaml", "a.fbx"],
            "a.fbx: .fbx is no format's; choose one with --format: nuke, ae, ae-position, blender, "
            "blender-csv, csv, csv-long, json, ascii, 3de, pftrack, syntheyes, livelink",
        ),
        (
            ["export", "nod.yaml", "a.csv", "--what", "tracked"],
            "nod.yaml: a timeline has no tracked handles; render it, and name its take",
        ),
        (["export", "nod.yaml", "a.csv", "--only", "chin"], "there is no point 'chin'; there are jaw, nose"),
        (
            ["export", "nod.yaml", "a.csv", "--frames", "1-9"],
            "the frames 1-9 are not all within 1001-1012",
        ),
        (
            ["export", "nod.yaml", "a.csv", "--fps", "fast"],
            "--fps: 'fast' is not a frame rate; write it as 24, 23.976 or 24000/1001",
        ),
        (
            ["export", "nod.yaml", "a.nk", "--origin", "top-left"],
            "a.nk: --origin top-left: the origin of nuke is always bottom-left",
        ),
        (
            ["export", "nod.yaml", "nod.yaml", "--format", "csv"],
            "nod.yaml exists already; pass --force (force=True from Python) to replace it",
        ),
        (
            ["export", "nod.yaml", "a.csv", "--format", "livelink"],
            "a.csv: livelink is only read, not written",
        ),
        (["import", "none.csv", "-o", "a.yaml", "--character", "x"], "none.csv: there is no such file"),
        (
            ["import", "t.csv", "-o", "a.yaml"],
            "a new timeline needs a character: name one with --character, or a timeline with --onto",
        ),
        (
            ["import", "t.csv", "-o", "a.yaml", "--onto", "nod.yaml", "--seed", "3"],
            "--character and --seed are for a new timeline; --onto has its own",
        ),
        (
            ["import", "t.csv", "-o", "a.yaml", "--character", "x", "--relative"],
            "--relative needs a timeline that says where the handles start: --onto TIMELINE",
        ),
        (
            ["import", "t.csv", "-o", "a.yaml", "--onto", "nod.yaml", "--fps", "24", "--size", "64"],
            "t.csv: doesn't state where y is 0; say --origin top-left (y down) or bottom-left (y up)",
        ),
        (
            ["import", "full.csv", "-o", "a.yaml", "--onto", "nod.yaml", "--map", "jaw"],
            "--map jaw: is written as TRACK=HANDLE",
        ),
        (
            ["import", "full.csv", "-o", "a.yaml", "--onto", "nod.yaml", "--mapping", "none.yaml"],
            "none.yaml: there is no such file",
        ),
    ],
)
def test_unfit_wishes_are_one_line_and_write_nothing(shot, arguments, line):
    curves("export", "nod.yaml", "full.csv")
    (shot / "t.csv").write_text("frame,a.x,a.y\n1001,60,60\n")
    before = sorted(shot.iterdir())
    assert failure(*arguments) == f"previz: error: {line}\n"
    assert sorted(shot.iterdir()) == before


def test_formats_are_listed_for_people_and_programs():
    rows = json.loads(curves("formats", "--json").stdout)
    assert {row["name"]: row["use"] for row in rows} == {
        "nuke": "read and write",
        "ae": "read and write",
        "ae-position": "read and write",
        "blender": "write",
        "blender-csv": "write",
        "csv": "read and write",
        "csv-long": "read and write",
        "json": "read and write",
        "ascii": "read and write",
        "3de": "read and write",
        "pftrack": "read and write",
        "syntheyes": "read and write",
        "livelink": "read",
    }
    assert len(curves("formats").stdout.splitlines()) == len(rows)


@pytest.mark.parametrize("command", [[], ["export"], ["import"], ["formats"]])
def test_help_has_an_example(command):
    assert "Example: previz curves" in curves(*command, "--help").stdout
