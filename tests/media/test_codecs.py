import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from previz.errors import MediaError
from previz.media import (
    CODECS,
    check_video_settings,
    probe_video,
    read_video,
    read_video_deep,
    video_writer,
    write_video,
)

NTSC = Fraction(24000, 1001)
KEPT = [(name, suffix) for name, codec in CODECS.items() for suffix in codec.suffixes]
PATCHES = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (224, 172, 140)]
HEADERS = {  # codec -> FFmpeg's codec, pixel format, profile
    "h264": ("h264", "yuv420p", "High"),
    "h265": ("hevc", "yuv420p10le", "Main 10"),
    "av1": ("av1", "yuv420p10le", "Main"),
    "prores": ("prores", "yuv422p10le", "HQ"),
    "prores4444": ("prores", "yuv444p12le", "4444"),  # FFmpeg decodes all 4444 to 12 bits
    "dnxhr": ("dnxhd", "yuv422p10le", "DNXHR HQX"),
    "ffv1": ("ffv1", "bgr0", ""),
}


def patches(dtype: type = np.uint8) -> np.ndarray:
    """Six flat colours in a picture that every codec takes, [128, 256, 3]."""
    picture = np.zeros((128, 256, 3), np.uint8)
    for index, colour in enumerate(PATCHES):
        row, column = divmod(index, 3)
        picture[64 * row : 64 * row + 64, 86 * column : 86 * column + 86] = colour
    return picture if dtype == np.uint8 else (picture / 255).astype(dtype)


def centres(picture: np.ndarray) -> np.ndarray:
    """The six colours of a decoded picture, away from their edges, as floats of 0..255."""
    scale = 255 / np.iinfo(picture.dtype).max
    return np.array([picture[64 * (i // 3) + 32, 86 * (i % 3) + 42, :3] for i in range(6)]) * scale


@pytest.mark.parametrize(("codec", "suffix"), KEPT)
def test_clip_comes_back_with_its_tags_rate_frames_and_colours(tmp_path, codec, suffix):
    path = write_video([patches()] * 4, tmp_path / f"clip{suffix}", NTSC, codec=codec)
    info = probe_video(path)
    assert (info.codec, info.pixel_format, info.profile) == HEADERS[codec]
    assert (info.width, info.height, info.rate, info.frames) == (256, 128, NTSC, 4)
    assert (info.primaries, info.transfer) == (1, 1)
    assert (info.matrix, info.limited_range) == ((2, False) if codec == "ffv1" else (1, True))
    decoded = list(read_video(path))
    assert len(decoded) == 4
    assert np.abs(centres(decoded[2]) - PATCHES).max() <= (0 if codec == "ffv1" else 2)


@pytest.mark.parametrize("codec", ["h265", "av1", "prores", "prores4444", "dnxhr", "ffv1"])
def test_deep_frames_keep_more_than_8_bits(tmp_path, codec):
    # A ramp over 4 levels of 8 bits: what is rounded to 8 bits has steps of 257, half of it an error of 128.
    ramp = np.linspace(0.500, 0.516, 256, dtype=np.float32)
    picture = np.broadcast_to(ramp[None, :, None], (128, 256, 3)).astype(np.float32)
    path = write_video([picture], tmp_path / f"clip{CODECS[codec].suffixes[0]}", 24, codec=codec, crf=4)
    (decoded,) = read_video_deep(path)
    assert np.abs(decoded.astype(float) - picture * 65535).mean() < 50
    assert len(np.unique(decoded[64, :, 1])) > 8


def test_ffv1_gives_back_every_bit(tmp_path):
    random = np.random.default_rng(0)
    for name, dtype, channels in [("a", np.uint8, 3), ("b", np.uint16, 3), ("c", np.uint16, 4)]:
        frame = random.integers(0, np.iinfo(dtype).max + 1, (32, 48, channels), dtype=dtype)
        path = write_video([frame], tmp_path / f"{name}.mkv", 24, codec="ffv1")
        (decoded,) = read_video(path) if dtype == np.uint8 else read_video_deep(path)
        assert np.array_equal(decoded, frame)


@pytest.mark.parametrize(("codec", "suffix"), [("prores", ".mov"), ("prores4444", ".mov"), ("ffv1", ".mkv")])
def test_alpha_is_kept_straight(tmp_path, codec, suffix):
    alpha = np.broadcast_to(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], (128, 256, 1))
    frame = np.concatenate([patches(), alpha], axis=-1)
    path = write_video([frame], tmp_path / f"clip{suffix}", 24, codec=codec)
    assert probe_video(path).alpha
    (decoded,) = read_video_deep(path)
    assert np.abs(decoded[..., 3] / 257 - frame[..., 3]).max() < 1.5
    assert np.abs(centres(decoded) - PATCHES).max() <= 2


def test_prores_with_an_alpha_is_4444(tmp_path):
    frame = np.full((32, 32, 4), 128, np.uint8)
    assert probe_video(write_video([frame], tmp_path / "a.mov", 24, codec="prores")).profile == "4444"


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "dnxhr"])
def test_alpha_is_refused_where_it_would_be_lost(tmp_path, codec):
    path = tmp_path / f"clip{CODECS[codec].suffixes[0]}"
    with pytest.raises(MediaError) as error:
        write_video([np.zeros((128, 256, 4), np.uint8)], path, 24, codec=codec)
    assert str(error.value) == (
        f"{path}: {codec} keeps no alpha; choose prores4444, ffv1, or pictures (.png, .exr)"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_h265_is_tagged_for_apples_players(tmp_path, suffix):
    path = write_video([patches()], tmp_path / f"clip{suffix}", 24, codec="h265")
    assert probe_video(path).tag == "hvc1"


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_mp4_starts_with_its_header(tmp_path, codec):
    assert probe_video(write_video([patches()], tmp_path / "clip.mp4", 24, codec=codec)).faststart


@pytest.mark.parametrize("codec", CODECS)
def test_same_frames_give_the_same_bytes_in_every_codec(tmp_path, codec):
    suffix = CODECS[codec].suffixes[-1]
    frames = [np.random.default_rng(i).integers(0, 256, (128, 256, 3), dtype=np.uint8) for i in range(3)]
    first, second = (write_video(frames, tmp_path / f"{n}{suffix}", 24, codec=codec) for n in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("codec", "rate"), [("prores", NTSC), ("ffv1", Fraction(30000, 1001)), ("h264", 60)])
def test_timecode_of_the_first_frame_is_in_the_header(tmp_path, codec, rate):
    path = tmp_path / ("clip.mkv" if codec == "ffv1" else "clip.mov")
    write_video([patches()] * 2, path, rate, codec=codec, timecode="00:00:41:17")
    assert probe_video(path).timecode == "00:00:41:17"
    assert (probe_video(path).rate, probe_video(path).frames) == (rate, 2)


def test_times_in_an_mkv_are_right_to_its_millisecond(tmp_path):
    path = write_video([patches()] * 9, tmp_path / "clip.mkv", NTSC)
    with av.open(str(path)) as container:
        times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert max(abs(time - index / NTSC) for index, time in enumerate(times)) <= Fraction(1, 2000)


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
@pytest.mark.parametrize("preset", ["ultrafast", "medium", "slow"])
def test_clips_of_a_few_frames_have_their_times_too(tmp_path, codec, preset):
    for count in (1, 2, 3, 5):
        path = write_video([patches()] * count, tmp_path / f"{count}.mp4", NTSC, codec=codec, preset=preset)
        with av.open(str(path)) as container:
            times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
        assert times == [index / NTSC for index in range(count)]
        assert probe_video(path).rate == NTSC


def test_unknown_codec_is_answered_with_the_list():
    with pytest.raises(MediaError) as error:
        check_video_settings("clip.mp4", 24, codec="vp6")
    assert str(error.value) == ("codec is one of h264, h265, av1, prores, prores4444, dnxhr, ffv1, not 'vp6'")


@pytest.mark.parametrize(
    ("path", "codec", "text"),
    [
        (
            "a/clip.mp4",
            "prores",
            "a/clip.mp4: prores doesn't go in .mp4; name it clip.mov, or choose h264, h265, av1",
        ),
        (
            "clip.mov",
            "av1",
            "clip.mov: av1 doesn't go in .mov; name it clip.mp4, or choose "
            "h264, h265, prores, prores4444, dnxhr",
        ),
        ("clip.avi", "ffv1", "clip.avi: a clip's name ends in .mp4, .m4v, .mov, .mkv"),
    ],
)
def test_codec_that_the_file_does_not_hold_is_one_line(path, codec, text):
    with pytest.raises(MediaError) as error:
        check_video_settings(path, 24, codec=codec)
    assert str(error.value) == text


@pytest.mark.parametrize(("codec", "least"), [("h265", "64 x 64"), ("dnxhr", "256 x 120")])
def test_pictures_that_are_too_small_for_a_codec(tmp_path, codec, least):
    path = tmp_path / "clip.mov"
    with pytest.raises(MediaError) as error:
        write_video([np.zeros((32, 48, 3), np.uint8)], path, 24, codec=codec)
    assert str(error.value) == (
        f"{path}: {codec} needs at least {least} pixels, not 48 x 32; choose a larger size"
    )


def test_frames_can_be_handed_over_one_by_one(tmp_path):
    with video_writer(tmp_path / "clip.mp4", 24) as write:
        for _ in range(3):
            write(patches())
        assert not (tmp_path / "clip.mp4").exists()
    assert probe_video(tmp_path / "clip.mp4").frames == 3


def test_encoders_write_nothing_on_the_terminal(tmp_path):
    code = (
        "import numpy as np; from previz import write_video\n"
        "for codec in ('h265', 'av1'):\n"
        f"    write_video([np.zeros((64, 64, 3), np.uint8)] * 3, {str(tmp_path)!r} + f'/{{codec}}.mp4', 24, "
        "codec=codec)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "")
