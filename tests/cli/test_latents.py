import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from previz import Take, probe_video, save_generator, solve
from previz.cli import main
from tests.animate.characters import make_generator, make_timeline

HANDLES = {"jaw": {"at": [12, 16], "keys": {1003: {"by": [0, 2]}}}, "nose": {"at": [22, 16], "pin": True}}


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A folder with a checkpoint and a take that was solved with it."""
    folder = tmp_path_factory.mktemp("solved")
    generator = make_generator()
    save_generator(generator, folder / "tiny.safetensors", {"name": "tiny"}, dtype=torch.float32)
    timeline = make_timeline(
        frames="1001-1003",
        character={"checkpoint": str(folder / "tiny.safetensors"), "seed": 3, "truncation": 1.0},
        handles={
            "jaw": {"at": [12, 16], "keys": {1003: {"by": [0, 2]}}},
            "nose": {"at": [22, 16], "pin": True},
        },
        mask={"ellipse": {"center": [16, 16], "radius": 12}},
    )
    solve(timeline, generator).save(folder / "shot.take.safetensors")
    return folder


@pytest.fixture
def take(solved):
    return solved / "shot.take.safetensors"


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["latents", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def test_show_tells_how_the_take_was_solved_and_came_out(take):
    shown = run("show", take).stdout.splitlines()
    assert shown[0] == "shot       sq010_sh020, 3 frames (1001-1003) at 24 fps"
    assert shown[2] == "latents    3 x 8 x 16, float32"
    assert shown[3] == "handles    jaw, nose"
    assert shown[-4].split() == ["frame", "status", "error", "px", "iterations", "seconds", "lost"]
    assert [line.split()[0] for line in shown[-3:]] == ["1001", "1002", "1003"]
    assert shown[-3].split()[1:4] == ["ok", "0.00", "0"]


def test_show_as_json_is_the_report_and_the_settings(take):
    shown = json.loads(run("show", take, "--json").stdout)
    loaded = Take.load(take)
    assert shown["latents"] == [3, 8, 16]
    assert shown["summary"] == loaded.report()["summary"]
    assert shown["frames"] == loaded.report()["frames"]
    assert shown["settings"]["generator"]["digest"] == loaded.settings["generator"]["digest"]


def test_show_takes_a_range(take):
    shown = json.loads(run("show", take, "--json", "--frames", "1002-1003").stdout)
    assert [frame["frame"] for frame in shown["frames"]] == [1002, 1003]


def test_npy_holds_the_latents(take, tmp_path):
    result = run("export", take, "-o", tmp_path / "w.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "w.npy"), Take.load(take).latents)
    assert result.stdout == f"{tmp_path / 'w.npy'}: 3 x 8 x 16, {(tmp_path / 'w.npy').stat().st_size} bytes\n"


def test_npz_holds_what_belongs_to_them(take, tmp_path):
    run("export", take, "-o", tmp_path / "w.npz", "--frames", "1002-1003")
    with np.load(tmp_path / "w.npz", allow_pickle=False) as arrays:
        assert arrays["latents"].shape == (2, 8, 16)
        assert arrays["frames"].tolist() == [1002, 1003]
        assert arrays["handles"].shape == arrays["targets"].shape == (2, 2, 2)
        assert arrays["names"].tolist() == ["jaw", "nose"]
        assert str(arrays["rate"]) == "24"


def test_one_exported_frame_starts_another_shot(take, tmp_path):
    run("export", take, "-o", tmp_path / "w.npz", "--frames", "1003")
    character = {"checkpoint": "tiny", "latent": str(tmp_path / "w.npz")}
    still = {"jaw": {"at": [12, 16], "pin": True}}
    following = solve(make_timeline(frames="1001", character=character, handles=still), make_generator())
    np.testing.assert_array_equal(following.latents[0], Take.load(take).latents[2])


def test_the_same_take_exports_the_same_bytes(take, tmp_path):
    for name in ("a.npz", "b.npz"):
        run("export", take, "-o", tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_export_replaces_nothing_unasked(take, tmp_path):
    (tmp_path / "w.npy").write_text("mine")
    result = run("export", take, "-o", tmp_path / "w.npy", code=2)
    assert result.stderr.startswith(f"previz: error: {tmp_path / 'w.npy'} exists already; pass --force")
    assert (tmp_path / "w.npy").read_text() == "mine"
    run("export", take, "-o", tmp_path / "w.npy", "--force")
    assert np.load(tmp_path / "w.npy").shape == (3, 8, 16)


def test_export_knows_numpys_files_only(take, tmp_path):
    result = run("export", take, "-o", tmp_path / "w.csv", code=2)
    assert result.stderr == f"previz: error: {tmp_path / 'w.csv'}: latents are exported as .npz or .npy\n"


def test_decode_makes_the_clip_again(take, tmp_path):
    result = run("decode", take, "-o", tmp_path / "clip.mp4", "--size", 64)
    info = probe_video(tmp_path / "clip.mp4")
    assert (info.frames, info.width, info.height, info.rate) == (3, 64, 64, 24)
    assert result.stdout == f"{tmp_path / 'clip.mp4'}: 3 frames (1001-1003), 64x64 at 24 fps\n"


def test_decode_makes_pictures(take, tmp_path):
    run("decode", take, "-o", tmp_path / "frame.####.png", "--frames", "1002-1003")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["frame.1002.png", "frame.1003.png"]


def test_decode_draws_handles_and_mask(take, tmp_path):
    for name, extra in {"plain": [], "drawn": ["--overlay"]}.items():
        run("decode", take, "-o", tmp_path / f"{name}.#.png", "--frames", "1003", "--size", 128, *extra)
    plain, drawn = (np.asarray(Image.open(tmp_path / f"{name}.1003.png"), int) for name in ("plain", "drawn"))
    assert drawn[4, 4].sum() < plain[4, 4].sum()  # outside the mask it is darker
    assert (drawn != plain).any(axis=-1)[40:80, 30:60].any()


def test_decode_leaves_out_a_mask_whose_picture_is_gone(solved, tmp_path):
    timeline = make_timeline(
        frames="1001",
        character={"checkpoint": str(solved / "tiny.safetensors"), "truncation": 1.0},
        handles={"jaw": {"at": [12, 16], "pin": True}},
        mask={"png": str(tmp_path / "mask.png")},
    )
    Image.new("L", (32, 32), 255).save(tmp_path / "mask.png")
    solve(timeline, make_generator()).save(tmp_path / "shot.take.safetensors")
    (tmp_path / "mask.png").unlink()
    result = run("decode", tmp_path / "shot.take.safetensors", "-o", tmp_path / "a.#.png", "--overlay")
    assert result.stderr.startswith("previz: warning: the mask is left out: ")
    assert (tmp_path / "a.1001.png").is_file()


def test_decode_says_beforehand_what_it_would_write(take):
    result = run("decode", take, "-n")
    assert result.stdout == f"{take.parent / 'shot.mp4'}: 3 frames (1001-1003), 32x32 at 24 fps\n"
    assert not (take.parent / "shot.mp4").exists()


def test_decode_replaces_nothing_unasked(take, tmp_path):
    (tmp_path / "clip.mp4").write_text("mine")
    result = run("decode", take, "-o", tmp_path / "clip.mp4", code=2)
    assert "exists already; pass --force" in result.stderr
    assert (tmp_path / "clip.mp4").read_text() == "mine"


def test_decode_with_another_generator_is_refused(take, tmp_path):
    save_generator(make_generator(seed=1), tmp_path / "other.safetensors", {"name": "other"})
    result = run(
        "decode", take, "-o", tmp_path / "a.mp4", "--checkpoint", tmp_path / "other.safetensors", code=2
    )
    assert result.stderr.startswith("previz: error: the take was solved with the generator ")
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize("command", ["show", "export", "decode"])
def test_frames_that_the_take_lacks_are_refused(take, tmp_path, command):
    output = [] if command == "show" else ["-o", tmp_path / "w.npy"]
    result = run(command, take, "--frames", "1003-1009", *output, code=2)
    assert result.stderr == "previz: error: the take holds the frames 1001-1003, and not 1009\n"


def test_a_file_that_is_no_take_is_one_line(tmp_path):
    (tmp_path / "x.take.safetensors").write_text("no")
    result = run("show", tmp_path / "x.take.safetensors", code=2)
    assert result.stderr.startswith(f"previz: error: {tmp_path / 'x.take.safetensors'} is not a take")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["show", "smooth", "export", "decode"])
def test_every_command_has_help_with_an_example(command):
    assert f"Example: previz latents {command} " in run(command, "--help").stdout


def test_smooth_writes_a_take_beside_the_first_and_tells_what_it_did(take, tmp_path):
    result = run("smooth", take, "-o", tmp_path / "a.smooth.take.safetensors")
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["before", "after"]
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "shake of held handles",  # of the pinned one
        "shake of handles beside their curves",
        "shake of latents",
        "error, mean",
        "error, largest",
    ]
    smooth = Take.load(tmp_path / "a.smooth.take.safetensors")
    np.testing.assert_array_equal(smooth.unsmoothed.latents, Take.load(take).latents)
    assert result.stderr.splitlines()[-1] == f"{tmp_path / 'a.smooth.take.safetensors'}: 3 frames (1001-1003)"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.smooth.take.safetensors"]
    shown = run("show", tmp_path / "a.smooth.take.safetensors").stdout
    assert "smoothed   over 7 frames\n" in shown


def test_smooth_as_json_has_the_figures_before_and_after(take, tmp_path):
    told = json.loads(
        run("smooth", take, "-o", tmp_path / "a.safetensors", "--window", "0.2s", "--json").stdout
    )
    assert told["window"] == pytest.approx(4.8)
    assert told["before"].keys() == told["after"].keys() >= {"latent_shake", "smoothness", "error_max"}


def test_smooth_says_beforehand_what_it_would_write(take):
    result = run("smooth", take, "-n")
    target = take.parent / "shot.smooth.take.safetensors"
    assert result.stdout == f"{target}: 3 frames (1001-1003), smoothed over 7\n"
    assert not target.exists()


def test_smooth_replaces_nothing_unasked(take, tmp_path):
    (tmp_path / "a.safetensors").write_text("mine")
    assert (
        "exists already; pass --force" in run("smooth", take, "-o", tmp_path / "a.safetensors", code=2).stderr
    )


@pytest.mark.parametrize(
    ("window", "told"),
    [
        ("1", "a window of 1.0 smooths nothing; give 2 frames or more"),
        ("often", "the take's timeline: solver.smooth.window: must be 0 to 1000 frames, "),
    ],
)
def test_smooth_says_what_a_window_is(take, tmp_path, window, told):
    result = run("smooth", take, "-o", tmp_path / "a.safetensors", "--window", window, code=2)
    assert result.stderr.startswith(f"previz: error: {told}")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
