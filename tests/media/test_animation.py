import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageSequence

from previz.errors import MediaError
from previz.media import animation_writer, write_animation

NAMES = ["a.gif", "a.webp", "a.apng"]
NTSC = Fraction(24000, 1001)


def moving(count: int = 12, side: int = 48) -> list[np.ndarray]:
    """A soft picture with a bright square that moves, so that no two frames are alike."""
    rows, columns = np.mgrid[:side, :side]
    ground = np.stack([rows * 2 + 40, columns * 2 + 60, rows + columns + 50], axis=-1).astype(np.uint8)
    frames = []
    for index in range(count):
        frame = ground.copy()
        frame[8:20, 2 * index + 2 : 2 * index + 14] = (230, 60, 40)
        frames.append(frame)
    return frames


def shown(path) -> tuple[list[np.ndarray], list[float]]:
    """The frames of a file, and for how many milliseconds each is shown."""
    frames, times = [], []
    with Image.open(path) as picture:
        for frame in ImageSequence.Iterator(picture):
            frames.append(np.asarray(frame.convert("RGB")))
            times.append(frame.info["duration"])
    return frames, times


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", [Fraction(24), NTSC, Fraction(25), Fraction(30)], ids=str)
def test_frames_come_back_in_order_and_the_whole_has_the_right_length(tmp_path, name, rate):
    frames, times = shown(write_animation(moving(), tmp_path / name, rate))
    assert len(frames) == 12
    assert sum(times) == pytest.approx(float(12 / rate * 1000), abs=5.1)
    assert max(times) - min(times) <= 10
    for frame, original in zip(frames, moving(), strict=True):
        assert np.abs(frame.astype(int) - original).mean() < 4


@pytest.mark.parametrize(("name", "worst"), [("a.gif", 6), ("a.webp", 4), ("a.apng", 0)])
def test_flat_colours_stay_what_they_were(tmp_path, name, worst):
    colours = [(224, 172, 140), (20, 30, 60), (120, 128, 125)]
    frames = [np.full((32, 32, 3), colour, np.uint8) for colour in colours]
    found, _ = shown(write_animation(frames, tmp_path / name, 10))
    for frame, colour in zip(found, colours, strict=True):
        assert np.abs(frame.reshape(-1, 3).mean(axis=0) - colour).max() <= worst


def test_apng_says_that_it_is_srgb(tmp_path):
    with Image.open(write_animation(moving(), tmp_path / "a.apng", 24)) as picture:
        assert picture.info["srgb"] == 0


def test_gif_has_one_palette_so_that_still_parts_do_not_flicker(tmp_path):
    frames, _ = shown(write_animation(moving(), tmp_path / "a.gif", 24))
    for frame in frames[1:]:
        assert np.array_equal(frame[30:], frames[0][30:])


def test_dither_makes_the_colours_that_a_palette_lacks(tmp_path):
    ramp = np.linspace(60, 200, 64).astype(np.uint8)[None, :, None].repeat(64, axis=0).repeat(3, axis=2)
    plain, _ = shown(write_animation([ramp], tmp_path / "a.gif", 24, colours=4, dither=False))
    dots, _ = shown(write_animation([ramp], tmp_path / "b.gif", 24, colours=4))
    wanted = ramp[..., 0].mean(axis=0)
    errors = [np.abs(frames[0][..., 0].mean(axis=0) - wanted).mean() for frames in (plain, dots)]
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.parametrize(("rate", "kept"), [(60, 6), (120, 4), (50, 12)])
def test_gif_drops_frames_that_browsers_would_slow_down(tmp_path, rate, kept):
    frames, times = shown(write_animation(moving(), tmp_path / "a.gif", rate))
    assert len(frames) == kept
    assert min(times) >= 20
    assert sum(times) == pytest.approx(12_000 / rate, abs=10)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("loop", [0, 1, 3])
def test_loops(tmp_path, name, loop):
    with Image.open(write_animation(moving(3), tmp_path / name, 24, loop=loop)) as picture:
        repeats = picture.info.get("loop")
    # A GIF counts how often it runs again after the first time.
    assert repeats == ({0: 0, 1: None, 3: 2}[loop] if name.endswith("gif") else loop)


@pytest.mark.parametrize("name", ["a.webp", "a.apng"])
def test_alpha_is_kept(tmp_path, name):
    frames = [np.concatenate([f, f[..., :1]], axis=-1) for f in moving(3)]
    with Image.open(write_animation(frames, tmp_path / name, 24)) as picture:
        alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert np.abs(alpha.astype(int) - frames[0][..., 3]).max() <= 2


@pytest.mark.parametrize("name", NAMES)
def test_file_is_made_to_fit_a_limit(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (4, 128, 128, 3), dtype=np.uint8)
    full = write_animation(noise, tmp_path / f"full{name}", 24).stat().st_size
    path = write_animation(noise, tmp_path / name, 24, max_bytes=full // 3)
    assert path.stat().st_size <= full // 3
    with Image.open(path) as picture:
        assert 40 <= picture.width < 128
        assert picture.n_frames == 4


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("a.gif", {"colours": 1}, "a gif has 2 to 256 colours, not 1"),
        ("a.mp4", {}, "{path}: an animated picture's name ends in .gif, .webp, .apng"),
        ("a.gif", {"rate": 0}, "a frame rate is above 0, not 0"),
        (
            "a.gif",
            {"max_bytes": 100},
            "{path}: can't be made as small as 0.0001 MB; choose fewer frames, or a clip (.mp4)",
        ),
        ("a.webp", {"frames": []}, "{path}: there are no frames to encode"),
        (
            "a.gif",
            {"frames": [np.zeros((16, 16, 4), np.uint8)]},
            "{path}: a gif keeps no alpha; choose .webp or .apng",
        ),
        (
            "a.apng",
            {"frames": [np.zeros((16, 16, 3), np.uint8), np.zeros((16, 18, 3), np.uint8)]},
            "{path}: frame 1 has another size than the first",
        ),
    ],
)
def test_what_can_not_be_written_is_one_line(tmp_path, name, options, text):
    path = tmp_path / name
    with pytest.raises(MediaError) as error:
        write_animation(**{"frames": moving(2), "path": path, "rate": 24, **options})
    assert str(error.value) == text.format(path=path)
    assert list(tmp_path.iterdir()) == []


def test_too_many_frames_are_refused_before_memory_is_full(tmp_path):
    frame = np.broadcast_to(np.uint8(0), (16_000, 16_000, 3))  # takes no memory itself
    path = tmp_path / "a.gif"
    with pytest.raises(MediaError) as error, animation_writer(path, 24) as write:
        write(frame)
    assert str(error.value) == (
        f"{path}: more than 0 frames of 16000 x 16000 are too many for a gif; "
        "choose fewer frames, a smaller size, or a clip (.mp4)"
    )


@pytest.mark.parametrize("name", NAMES)
def test_same_frames_give_the_same_bytes(tmp_path, name):
    first, second = (write_animation(moving(), tmp_path / part / name, 24) for part in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert Image.open(io.BytesIO(first.read_bytes())).n_frames == 12
