"""What a render and a decode write: kinds, names, versions, sound, and what is drawn."""

import json
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import opentimelineio as otio
import pytest
import torch
from click.testing import CliRunner, Result
from filelock import FileLock
from PIL import Image

from previz import CODECS, Take, probe_video, read_video, save_generator
from previz.cli import main
from previz.media import read_picture, read_sound
from tests.animate.characters import make_generator

TIMELINE = """\
previz: 1
fps: 23.976
frames: 1001-1004
character: {checkpoint: tiny.safetensors, seed: 3, truncation: 1.0}
handles:
  jaw: {at: [12, 16], keys: {1001: {by: [0, 0]}, 1004: {by: [0, 2]}}}
mask: {ellipse: {center: [16, 16], radius: 8}}
solver: {method: adam, learning_rate: 0.02, max_iterations: 2, tolerance: 0.25}
output: {OUTPUT}
"""
NAME = 'name: "{show}_{shot}_v{version:03}", show: owl'
RATE = Fraction(24000, 1001)


@pytest.fixture(scope="module")
def character(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("character") / "tiny.safetensors"
    save_generator(make_generator(), path, {"name": "tiny"}, dtype=torch.float32)
    return path


@pytest.fixture
def shot(tmp_path, monkeypatch, character) -> Path:
    """A folder, the working one, with a character and a guide track whose click is on frame 1003."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.safetensors").symlink_to(character)
    samples = np.zeros(48_000)
    start = round(2 / RATE * 48_000)
    samples[start : start + 48] = 0.9
    with wave.open("guide.wav", "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return tmp_path


def write(output: str = "crf: 8", name: str = "nod.yaml") -> str:
    Path(name).write_text(TIMELINE.replace("OUTPUT", output))
    return name


def previz(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def written(folder: str = "renders") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir() if not path.name.endswith(".partial"))


def clicked(path: str) -> float:
    """The frame, counted from the first picture, on which a clip's click is heard."""
    return int(np.argmax(np.abs(read_sound(path)[0]) > 0.4)) / 48_000 * float(RATE)


def test_codec_decides_the_kind_of_file(shot):
    previz("render", write("codec: prores"))
    assert probe_video("renders/nod.mov").profile == "HQ"
    assert probe_video("renders/nod.mov").timecode == "00:00:41:17"


def test_command_line_goes_before_the_timeline(shot):
    previz("render", write("codec: prores, slate: 3"), "-o", "a.mkv", "--codec", "ffv1", "--slate", 0)
    assert (probe_video("a.mkv").codec, probe_video("a.mkv").frames) == ("ffv1", 4)


def test_help_lists_the_codecs():
    for command in (("render",), ("latents", "decode")):
        shown = previz(*command, "--help").stdout
        assert all(f"  {name} " in shown for name in CODECS)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--codec", "vp6"],
            "--codec: must be h264, h265, av1, prores, prores4444, dnxhr or ffv1, not vp6",
        ),
        (
            ["--letterbox", "wide"],
            "--letterbox: must be width over height, such as 2.39 or 16:9, 0.1 to 10, not 'wide'",
        ),
        (
            ["-o", "a.mp4", "--version", "3"],
            "--version numbers the files that output.name names; -o names them itself",
        ),
        (["-o", "a.####.exr", "--depth", "8"], "a.####.exr: exr has 16 or 32 bits a channel, not 8"),
        (["-o", "a.png"], "a.png: pictures are numbered; name them like a.####.png"),
        (
            ["--images", "a.mov"],
            "a.mov: images are numbered pictures, named like frame.####.png",
        ),
        (
            ["--codec", "dnxhr"],
            "renders/nod.mov: dnxhr needs at least 256 x 120 pixels, not 32 x 32; choose a larger size",
        ),
    ],
)
def test_unfit_wishes_are_one_line(shot, arguments, line):
    assert previz("render", write(), *arguments, code=2).stderr == f"previz: error: {line}\n"


def test_pictures_instead_of_a_clip(shot):
    previz("render", write(), "-o", "out/nod.####.exr")
    assert written("out") == [
        *[f"nod.{number}.exr" for number in range(1001, 1005)],
        "nod.otio",
        "nod.report.json",
        "nod.take.safetensors",
    ]
    header = OpenEXR.File("out/nod.1003.exr").header()
    assert (header["framesPerSecond"], header["timeCode"].frame) == (RATE, 19)


def test_existing_pictures_are_refused_by_their_pattern(shot):
    previz("render", write("latents: false, report: false, otio: false"), "-o", "out/nod.####.png")
    result = previz("render", "nod.yaml", "-o", "out/nod.####.png", code=2)
    assert result.stderr == (
        "previz: error: out/nod.####.png exists already; "
        "pass --force to replace it, or -o for another place\n"
    )


def test_images_besides_the_clip_are_clean(shot):
    options = ["--images", "plates/{name}.####.png", "--burn-in", "--slate", 1, "--overlay", "--size", 64]
    previz("render", write("crf: 0"), *options)
    previz("render", "nod.yaml", "-o", "plain.####.png", "--size", 64)
    assert written("plates") == [f"nod.{number}.png" for number in range(1001, 1005)]
    for number in (1001, 1004):
        clean, plain = (np.asarray(Image.open(f"{name}.{number}.png")) for name in ("plates/nod", "plain"))
        assert np.array_equal(clean, plain)
    assert np.abs(list(read_video("renders/nod.mp4"))[1].astype(int) - clean).max() > 60


def test_deep_pictures_are_not_made_of_8_bits(shot):
    previz("render", write(), "-o", "a.####.tif")
    assert len(np.unique(read_picture("a.1002.tif"))) > 256


def test_mask_as_alpha(shot):
    previz("render", write("alpha: mask"), "-o", "a.####.png")
    alpha = np.asarray(Image.open("a.1002.png"))[..., 3]
    assert alpha[16, 16] == 255
    assert alpha[2, 2] == 0
    previz("render", "nod.yaml", "-o", "b.mov", "--codec", "prores")
    assert probe_video("b.mov").alpha


def test_slate_comes_before_the_first_frame_which_keeps_its_number(shot):
    previz("render", write("codec: prores, slate: 2"), "--size", 64)
    previz("render", write("codec: prores"), "-o", "plain.mov", "--size", 64)
    slated, plain = list(read_video("renders/nod.mov")), list(read_video("plain.mov"))
    assert len(slated) == len(plain) + 2
    assert np.abs(slated[2].astype(int) - plain[0]).max() <= 2
    assert np.array_equal(slated[0], slated[1])
    assert probe_video("renders/nod.mov").timecode == "00:00:41:15"
    report = json.loads(Path("renders/nod.report.json").read_text())
    assert report["clip"] == {"range": "1001-1004", "size": [64, 64], "slate": 2}


def test_slate_of_pictures_has_the_numbers_before(shot):
    previz("render", write("slate: 1"), "-o", "a.####.png")
    assert sorted(path.name for path in Path().glob("a.1*.png"))[0] == "a.1000.png"


def test_edit_leaves_the_slate_out(shot):
    previz("render", write("codec: prores, slate: 2"))
    (clip,) = otio.adapters.read_from_file("renders/nod.otio").find_clips()
    held, used = clip.available_range(), clip.source_range
    assert (held.duration.value, used.duration.value) == (6, 4)
    assert used.start_time.value - held.start_time.value == 2


def test_edit_of_pictures_names_their_sequence(shot):
    previz("render", write(), "-o", "a.####.png")
    (clip,) = otio.adapters.read_from_file("a.otio").find_clips()
    assert isinstance(clip.media_reference, otio.schema.ImageSequenceReference)
    assert clip.media_reference.start_frame == 1001


@pytest.mark.parametrize(("fit", "size"), [("matte", (64, 64)), ("pad", (128, 64))])
def test_letterbox(shot, fit, size):
    previz("render", write(f"letterbox: {{ratio: 2, fit: {fit}}}, crf: 4"), "--size", 64)
    info = probe_video("renders/nod.mp4")
    assert (info.width, info.height) == size
    frame = next(read_video("renders/nod.mp4"))
    edge = frame[:14] if fit == "matte" else frame[:, :30]
    assert edge.max() < 12


@pytest.mark.parametrize("option", ["--trails=3", "--onion=1", "--overlay", "--burn-in"])
def test_what_is_drawn_shows(shot, option):
    previz("render", write("crf: 4"), "-o", "plain.mp4", "--size", 128)
    previz("render", "nod.yaml", "-o", "drawn.mp4", "--size", 128, option)
    plain, drawn = list(read_video("plain.mp4"))[2], list(read_video("drawn.mp4"))[2]
    assert np.abs(plain.astype(int) - drawn).max() > 40


def test_date_is_written_only_where_it_is_asked_for(shot):
    previz("render", write("burn_in: [shot]"), "-o", "a.mp4", "--size", 256)
    previz("render", write("burn_in: [shot, date]"), "-o", "b.mp4", "--size", 256)
    first, second = (next(read_video(name)).astype(int) for name in ("a.mp4", "b.mp4"))
    assert np.abs(first - second)[:30, 90:170].max() > 100
    assert np.abs(first - second)[40:].max() < 40


def test_animated_picture_for_a_chat(shot):
    result = previz("render", write("max_mb: 0.02"), "-o", "a.gif", "--size", 256)
    assert Path("a.gif").stat().st_size <= 20_000
    with Image.open("a.gif") as picture:
        assert picture.is_animated
        assert (
            f"a.gif: 4 frames (1001-1004) at 24000/1001 fps, {picture.width}x{picture.height}"
            in result.stderr
        )
    assert not Path("a.otio").exists()


@pytest.mark.parametrize(("codec", "name"), [("h264", "nod.mp4"), ("prores", "nod.mov"), ("ffv1", "nod.mkv")])
def test_guide_track_is_heard_on_its_frame(shot, codec, name):
    previz("render", write(f"codec: {codec}, audio: guide.wav"))
    assert clicked(f"renders/{name}") == pytest.approx(2, abs=0.03)


@pytest.mark.parametrize(
    ("audio", "arguments", "frame"),
    [
        ("{file: guide.wav, offset: 1}", [], 3),
        ("{file: guide.wav, offset: -1}", [], 1),
        ("{file: guide.wav, offset: 0.04170833s}", [], 3),
        ("guide.wav", ["--slate", 3], 5),
        ("guide.wav", ["--frames", "1002-1004"], 1),
    ],
)
def test_guide_track_stays_with_the_shots_frames(shot, audio, arguments, frame):
    previz("render", write(f"audio: {audio}"), "-o", "a.mov", *arguments)
    assert clicked("a.mov") == pytest.approx(frame, abs=0.03)


def test_bad_guide_track_is_one_line_before_anything_is_solved(shot):
    Path("bad.wav").write_text("no sound")
    line = previz("render", write("audio: none.wav"), code=2).stderr
    assert line == "previz: error: nod.yaml:9:17: output.audio: there is no file none.wav\n"
    line = previz("render", write("audio: bad.wav"), code=2).stderr
    assert line.startswith("previz: error: nod.yaml: output.audio: bad.wav: can't be read as sound: ")
    assert line.count("\n") == 1


def test_animated_picture_is_silent_and_says_so(shot):
    result = previz("render", write("audio: guide.wav"), "-o", "a.gif")
    assert (
        "previz: warning: a.gif: is silent, as only clips (.mp4, .mov, .mkv) can be heard\n" in result.stderr
    )


def test_versions_follow_each_other_and_replace_nothing(shot):
    write(NAME)
    for _ in range(2):
        previz("render", "nod.yaml")
    kinds = ["mp4", "otio", "report.json", "take.safetensors"]
    assert written() == [f"owl_nod_v{version:03}.{kind}" for version in (1, 2) for kind in kinds]
    assert Take.load("renders/owl_nod_v002.take.safetensors").settings["version"] == 2
    assert json.loads(Path("renders/owl_nod_v002.report.json").read_text())["version"] == 2


def test_next_version_solves_nothing_again(shot):
    write(NAME)
    reused = [json.loads(previz("render", "nod.yaml", "--json").stdout)["reused"] for _ in range(2)]
    assert reused == [0, 4]


def test_version_can_be_given_and_is_not_replaced_unasked(shot):
    previz("render", write(NAME), "--version", 7)
    result = previz("render", "nod.yaml", "--version", 7, code=2)
    assert result.stderr.startswith("previz: error: renders/owl_nod_v007.mp4, renders/owl_nod_v007.take")
    previz("render", "nod.yaml", "--version", 7, "--force")
    previz("render", "nod.yaml")
    assert "owl_nod_v008.mp4" in written()


def test_version_is_burnt_in(shot):
    options = ["--size", 256, "--burn-in"]
    previz("render", write(NAME + ", crf: 4"), *options)
    previz("render", "nod.yaml", *options)
    first, second = (next(read_video(f"renders/owl_nod_v{n:03}.mp4")).astype(int) for n in (1, 2))
    difference = np.abs(first - second).max(axis=-1)
    assert difference[:30, :128].max() > 100
    assert difference[40:].max() < 40


def test_version_that_another_render_takes_meanwhile_is_left_to_it(shot):
    write(NAME)
    Path("renders").mkdir()
    Path("renders/.owl_nod_v001.claim").touch()
    previz("render", "nod.yaml")
    assert "owl_nod_v002.mp4" in written()
    assert not Path("renders/.owl_nod_v002.claim").exists()


def test_version_does_not_wait_for_a_render_that_uses_what_an_earlier_one_kept(shot):
    previz("render", write(NAME))
    kept = Path("renders/owl_nod_v001.take.partial")
    kept.mkdir()
    with FileLock(kept / "lock"):
        report = json.loads(previz("render", "nod.yaml", "--json").stdout)
    assert (report["version"], report["reused"]) == (2, 0)
    assert kept.is_dir()
    assert not Path("renders/owl_nod_v002.take.partial").exists()


def test_images_may_lie_in_a_folder_of_their_version(shot):
    write(NAME + ', images: "renders/{name}/{name}.####.png"')
    for version in (1, 2):
        previz("render", "nod.yaml")
        assert written(f"renders/owl_nod_v{version:03}")[0] == f"owl_nod_v{version:03}.1001.png"


def test_field_without_a_value_is_told_by_its_place(shot):
    result = previz("render", write('name: "{seq}_v{version}"'), code=2)
    assert result.stderr == (
        "previz: error: nod.yaml:9:16: output.name: the name needs a seq, and there is none; "
        "give one, `seq: ...`\n"
    )


def test_dry_run_tells_the_version_and_makes_nothing(shot):
    plan = json.loads(previz("render", write(NAME), "-n").stdout)
    assert plan["version"] == 1
    assert plan["outputs"][0] == "renders/owl_nod_v001.mp4"
    assert written() == []


def test_take_is_decoded_to_every_kind(shot):
    previz("render", write(NAME))
    take = "renders/owl_nod_v001.take.safetensors"
    for output in ("a.mkv --codec=ffv1", "b.webp", "c.####.exr", "d.mov --codec=h265 --size=64 --slate=1"):
        previz("latents", "decode", take, "-o", *output.split())
    assert probe_video("a.mkv").frames == 4
    assert probe_video("d.mov").frames == 5
    with Image.open("b.webp") as picture:
        assert picture.is_animated
    assert Path("c.1004.exr").is_file()
