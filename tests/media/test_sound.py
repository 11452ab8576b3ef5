import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from previz.errors import MediaError
from previz.media import SOUND_RATE, Sound, probe_sound, probe_video, read_sound, write_video

NTSC = Fraction(24000, 1001)
FILES = [("clip.mp4", "h264", "aac"), ("clip.mov", "prores", "pcm_s24le"), ("clip.mkv", "ffv1", "pcm_s24le")]
FRAMES = [np.full((32, 32, 3), 10 * index, np.uint8) for index in range(24)]
MILLISECOND = 48


def write_wav(path: Path, samples: np.ndarray, rate: int = 48_000) -> Path:
    """Write float samples [n] or [n, 2] of -1..1 as a 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def click(path: Path, at: float, seconds: float = 1.0, rate: int = 48_000) -> Path:
    """A WAV with one click of a millisecond, `at` seconds from its start."""
    samples = np.zeros(round(seconds * rate))
    start = round(at * rate)
    samples[start : start + rate // 1000] = 0.9
    return write_wav(path, samples, rate)


def heard_at(path: Path) -> int:
    """The sample, at 48 kHz from the first picture on, where a clip's click begins."""
    with av.open(str(path)) as container:
        first = next(container.decode(audio=0))
        shift = first.pts * first.time_base * SOUND_RATE
    sound = np.abs(read_sound(path)).max(axis=0)
    return int(np.argmax(sound > 0.4)) + round(shift)


@pytest.mark.parametrize(("name", "codec", "sound_codec"), FILES)
@pytest.mark.parametrize("start", [Fraction(0), Fraction(1, 4), Fraction(-1, 4)], ids=str)
def test_click_is_heard_on_its_frame(tmp_path, name, codec, sound_codec, start):
    wav = click(tmp_path / "guide.wav", 0.5)
    path = write_video(FRAMES, tmp_path / name, NTSC, codec=codec, sound=Sound(wav, start))
    assert probe_video(path).sound == sound_codec
    assert abs(heard_at(path) - round((Fraction(1, 2) + start) * SOUND_RATE)) <= MILLISECOND


@pytest.mark.parametrize("rate", [44_100, 22_050, 96_000])
def test_other_sample_rates_stay_in_sync(tmp_path, rate):
    wav = click(tmp_path / "guide.wav", 0.5, rate=rate)
    path = write_video(FRAMES, tmp_path / "clip.mov", 24, sound=Sound(wav))
    assert abs(heard_at(path) - 24_000) <= MILLISECOND
    assert probe_sound(path).rate == SOUND_RATE


@pytest.mark.parametrize("seconds", [0.25, 3.0])
@pytest.mark.parametrize("name", ["clip.mov", "clip.mkv"])
def test_sound_is_cut_and_padded_to_the_pictures(tmp_path, name, seconds):
    wav = write_wav(tmp_path / "guide.wav", np.full(round(seconds * 48_000), 0.5))
    path = write_video(FRAMES, tmp_path / name, NTSC, sound=Sound(wav))
    sound = read_sound(path)[0]
    assert len(sound) == round(24 / NTSC * SOUND_RATE)
    spoken = min(round(seconds * SOUND_RATE), len(sound))
    assert np.abs(sound[: spoken - 50] - 0.5).max() < 0.01
    assert np.abs(sound[spoken + 50 :]).max(initial=0) < 0.01


def test_mp4_is_no_longer_than_its_pictures(tmp_path):
    wav = write_wav(tmp_path / "guide.wav", np.full(96_000, 0.5))
    path = write_video(FRAMES, tmp_path / "clip.mp4", NTSC, sound=Sound(wav))
    assert probe_sound(path).seconds == pytest.approx(float(24 / NTSC), abs=0.001)
    assert (probe_video(path).frames, probe_video(path).rate) == (24, NTSC)


def test_stereo_keeps_its_sides(tmp_path):
    samples = np.zeros((48_000, 2))
    samples[:, 0] = 0.5
    path = write_video(FRAMES, tmp_path / "clip.mov", 24, sound=Sound(write_wav(tmp_path / "a.wav", samples)))
    left, right = read_sound(path)
    assert left.mean() == pytest.approx(0.5, abs=0.01)
    assert np.abs(right).max() < 0.01


@pytest.mark.parametrize(("name", "codec", "sound_codec"), FILES)
def test_same_sound_gives_the_same_bytes(tmp_path, name, codec, sound_codec):
    wav = click(tmp_path / "guide.wav", 0.5)
    paths = [
        write_video(FRAMES[:6], tmp_path / part / name, 24, codec=codec, sound=Sound(wav)) for part in "ab"
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "there is no such sound file"),
        (b"", "can't be read as sound: "),
        (b"never was a sound", "can't be read as sound: "),
        (b"RIFF\x24\0\0\0WAVEfmt ", "can't be read as sound: "),
    ],
)
def test_bad_files_are_one_line_and_leave_no_clip(tmp_path, content, text):
    wav = tmp_path / "guide.wav"
    if content is not None:
        wav.write_bytes(content)
    with pytest.raises(MediaError) as error:
        write_video(FRAMES, tmp_path / "clip.mp4", 24, sound=Sound(wav))
    assert str(error.value).startswith(f"{wav}: {text}")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "clip.mp4").exists()


def test_clip_without_sound_is_no_guide_track(tmp_path):
    silent = write_video(FRAMES, tmp_path / "silent.mp4", 24)
    with pytest.raises(MediaError) as error:
        probe_sound(silent)
    assert str(error.value) == f"{silent}: there is no sound in it"
