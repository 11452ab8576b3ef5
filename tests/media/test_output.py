from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from previz.errors import MediaError
from previz.media import (
    OutputSettings,
    Sound,
    check_output_settings,
    is_deep,
    keeps_alpha,
    keeps_sound,
    open_output,
    output_files,
    output_kind,
    probe_video,
)

FRAMES = [np.full((32, 32, 3), 40 * index, np.uint8) for index in range(3)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mp4", "clip"),
        ("a.MKV", "clip"),
        ("a.gif", "animation"),
        ("a.apng", "animation"),
        ("a.####.png", "pictures"),
        ("a.%04d.exr", "pictures"),
    ],
)
def test_name_tells_the_kind(name, kind):
    assert output_kind(name) == kind


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r/a.png", "r/a.png: pictures are numbered; name them like a.####.png"),
        (
            "a.avi",
            "a.avi: an output's name ends in .mp4, .m4v, .mov, .mkv (a clip), .gif, .webp, .apng "
            "(an animated picture), or is of numbered pictures, frame.####.png, .tif or .exr",
        ),
    ],
)
def test_other_names_are_one_line(name, text):
    with pytest.raises(MediaError) as error:
        output_kind(name)
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("name", "settings", "deep", "alpha", "sound"),
    [
        ("a.mp4", OutputSettings(), False, False, True),
        ("a.mp4", OutputSettings("h265"), True, False, True),
        ("a.mov", OutputSettings("prores"), True, True, True),
        ("a.mkv", OutputSettings("ffv1"), True, True, True),
        ("a.gif", OutputSettings(), False, False, False),
        ("a.webp", OutputSettings(), False, True, False),
        ("a.#.png", OutputSettings(), False, True, False),
        ("a.#.png", OutputSettings(depth=16), True, True, False),
        ("a.#.exr", OutputSettings(), True, True, False),
    ],
)
def test_what_an_output_keeps(name, settings, deep, alpha, sound):
    assert is_deep(name, settings) is deep
    assert keeps_alpha(name, settings) is alpha
    assert keeps_sound(name) is sound


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        (
            "a.mp4",
            {"settings": OutputSettings("dnxhr")},
            "a.mp4: dnxhr doesn't go in .mp4; name it a.mov, or choose h264, h265, av1",
        ),
        (
            "a.mov",
            {"settings": OutputSettings("dnxhr"), "size": (128, 128)},
            "a.mov: dnxhr needs at least 256 x 120 pixels, not 128 x 128; choose a larger size",
        ),
        (
            "a.mp4",
            {"alpha": True},
            "a.mp4: h264 keeps no alpha; choose prores, prores4444, ffv1, .webp, .apng or pictures",
        ),
        (
            "a.gif",
            {"alpha": True},
            "a.gif: gif keeps no alpha; choose prores, prores4444, ffv1, .webp, .apng or pictures",
        ),
        (
            "a.#.exr",
            {"settings": OutputSettings(depth=8)},
            "a.#.exr: exr has 16 or 32 bits a channel, not 8",
        ),
        (
            "a.mp4",
            {"settings": OutputSettings(sound=Sound(Path("none.wav")))},
            "none.wav: there is no such sound file",
        ),
    ],
)
def test_what_does_not_go_together_is_told_before_anything_is_made(name, options, text):
    with pytest.raises(MediaError) as error:
        check_output_settings(name, 24, **{"settings": OutputSettings(), **options})
    assert str(error.value) == text


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.####.png"])
def test_every_kind_takes_its_frames_by_one_door(tmp_path, name):
    with open_output(tmp_path / name, 24, [1001, 1002, 1003]) as write:
        for frame in FRAMES:
            write(frame)
    files = output_files(tmp_path / name, [1001, 1002, 1003])
    assert sorted(tmp_path.iterdir()) == sorted(files)
    if name.endswith("gif"):
        with Image.open(files[0]) as picture:
            assert picture.n_frames == 3


def test_number_of_the_first_frame_is_the_timecode(tmp_path):
    rate = Fraction(30000, 1001)
    with open_output(tmp_path / "a.mov", rate, [1800]) as write:
        write(FRAMES[0])
    with open_output(tmp_path / "a.####.exr", rate, [1800]) as write:
        write(FRAMES[0])
    assert probe_video(tmp_path / "a.mov").timecode == "00:01:00;02"
    code = OpenEXR.File(str(tmp_path / "a.1800.exr")).header()["timeCode"]
    assert (code.minutes, code.seconds, code.frame, code.dropFrame) == (1, 0, 2, 1)


def test_interrupted_output_leaves_no_clip(tmp_path):
    def render() -> None:
        with open_output(tmp_path / "a.mp4", 24, [1001]) as write:
            write(FRAMES[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render()
    assert list(tmp_path.iterdir()) == []
