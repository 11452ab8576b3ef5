from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from previz.errors import MediaError, OutputError
from previz.media import probe_video, read_video, write_video

RATES = [
    Fraction(24),
    Fraction(24000, 1001),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(15),
    Fraction(1, 2),
]
COLOURS = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "yellow": (255, 255, 0),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "dark grey": (24, 24, 24),
    "grey": (128, 128, 128),
    "light grey": (230, 230, 230),
    "skin": (224, 172, 140),
}


ANY_FRAME = "a frame is a uint8, uint16 or float32 array [H, W, 3] or [H, W, 4]"


def gradient(index: int = 0, height: int = 48, width: int = 64) -> np.ndarray:
    """A picture that differs from frame to frame."""
    rows, columns = np.mgrid[:height, :width]
    return (
        np.stack([4 * columns, 5 * rows, (columns + rows + 16 * index) % 256], axis=-1)
        .clip(0, 255)
        .astype(np.uint8)
    )


def noise(count: int = 12, side: int = 256) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def test_clip_is_tagged_h264(tmp_path):
    info = probe_video(write_video([gradient(i) for i in range(5)], tmp_path / "clip.mp4", 24))
    assert (info.codec, info.pixel_format, info.width, info.height) == ("h264", "yuv420p", 64, 48)
    assert (info.primaries, info.transfer, info.matrix, info.limited_range) == (1, 1, 1, True)


def test_tags_are_in_every_decoded_frame(tmp_path):
    path = write_video([gradient()], tmp_path / "clip.mp4", 24)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_rate_and_frame_times_are_exact(tmp_path, rate):
    path = write_video([gradient(i) for i in range(7)], tmp_path / "clip.mp4", rate)
    info = probe_video(path)
    assert (info.rate, info.frames) == (rate, 7)
    with av.open(str(path)) as container:
        times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert times == [index / rate for index in range(7)]


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_flat_colours_come_back_within_two_levels(tmp_path, colour):
    patch = np.full((64, 64, 3), colour, np.uint8)
    (decoded,) = read_video(write_video([patch], tmp_path / "clip.mp4", 24))
    assert np.abs(decoded.astype(int) - patch).max() <= 2


def test_frames_come_back_in_order(tmp_path):
    frames = [np.full((32, 32, 3), 20 * index, np.uint8) for index in range(12)]
    decoded = read_video(write_video(frames, tmp_path / "clip.mp4", 24))
    assert [round(frame.mean() / 20) for frame in decoded] == list(range(12))


@pytest.mark.parametrize("name", ["clip.mp4", "clip.m4v", "clip.mov"])
def test_header_comes_before_the_pictures(tmp_path, name):
    content = write_video(noise(3), tmp_path / name, 24).read_bytes()
    assert 0 < content.find(b"moov") < content.find(b"mdat")
    assert probe_video(tmp_path / name).faststart


def test_same_frames_give_the_same_bytes(tmp_path):
    first, second = (write_video(noise(4), tmp_path / name, 24) for name in ("a.mp4", "b.mp4"))
    assert first.read_bytes() == second.read_bytes()


def test_lower_crf_is_nearer_to_the_frames(tmp_path):
    frames = noise(2, 64)
    sharp = next(read_video(write_video(frames, tmp_path / "a.mp4", 24, crf=4)))
    coarse = next(read_video(write_video(frames, tmp_path / "b.mp4", 24, crf=40)))
    assert np.abs(sharp.astype(int) - frames[0]).mean() < np.abs(coarse.astype(int) - frames[0]).mean()


@pytest.mark.parametrize(
    ("size", "expected"),
    [(None, (64, 48)), (128, (128, 96)), ((96, 32), (96, 32)), (46, (46, 34))],
    ids=["native", "longer side", "width and height", "rounded to even"],
)
def test_size_of_the_clip(tmp_path, size, expected):
    info = probe_video(write_video([gradient()], tmp_path / "clip.mp4", 24, size=size))
    assert (info.width, info.height) == expected


def test_missing_folders_are_made(tmp_path):
    assert write_video([gradient()], tmp_path / "a" / "b" / "clip.mp4", 24).is_file()


def test_existing_clip_is_kept(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_text("precious")
    with pytest.raises(OutputError) as error:
        write_video([gradient()], path, 24)
    assert str(error.value) == f"{path} exists already; pass --force (force=True from Python) to replace it"
    assert path.read_text() == "precious"


def test_force_replaces_an_existing_clip(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_text("old")
    assert probe_video(write_video([gradient()], path, 24, force=True)).frames == 1


def test_clip_without_frames_is_refused(tmp_path):
    with pytest.raises(MediaError) as error:
        write_video([], tmp_path / "clip.mp4", 24)
    assert str(error.value) == f"{tmp_path / 'clip.mp4'}: there are no frames to encode"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (np.zeros((32, 32, 3)), f"{ANY_FRAME}, not float64 [32, 32, 3]"),
        (np.zeros((32, 32), np.uint8), f"{ANY_FRAME}, not uint8 [32, 32]"),
        (np.zeros((32, 32, 2), np.uint8), f"{ANY_FRAME}, not uint8 [32, 32, 2]"),
        ([[0]], f"{ANY_FRAME}, not list"),
        (np.zeros((33, 32, 3), np.uint8), "a video's width and height are even; 33 is odd, 34 would do"),
        (np.zeros((8, 32, 3), np.uint8), "a video is 16 to 16384 pixels wide and high, not 8"),
    ],
)
def test_unfit_frames_are_refused(tmp_path, frame, text):
    with pytest.raises(MediaError) as error:
        write_video([frame], tmp_path / "clip.mp4", 24)
    assert str(error.value) == text


def test_frames_of_several_sizes_are_refused(tmp_path):
    path = tmp_path / "clip.mp4"
    with pytest.raises(MediaError) as error:
        write_video([gradient(), gradient(height=64)], path, 24)
    assert str(error.value) == f"{path}: frame 1 is 64 x 64, the first is 64 x 48"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"size": 511}, "a video's width and height are even; 511 is odd, 512 would do"),
        ({"size": (64, 20_000)}, "a video is 16 to 16384 pixels wide and high, not 20000"),
        ({"crf": 52}, "crf goes from 0 (lossless) to 51 (smallest), not 52"),
        ({"rate": 0}, "a frame rate is above 0, not 0"),
        (
            {"preset": "quick"},
            "preset is one of ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow, "
            "not 'quick'",
        ),
    ],
)
def test_unfit_settings_are_refused(tmp_path, settings, text):
    with pytest.raises(MediaError) as error:
        write_video([gradient()], tmp_path / "clip.mp4", **{"rate": 24, **settings})
    assert str(error.value) == text
    assert list(tmp_path.iterdir()) == []


def test_other_containers_are_refused(tmp_path):
    path = tmp_path / "clip.avi"
    with pytest.raises(MediaError) as error:
        write_video([gradient()], path, 24)
    assert str(error.value) == f"{path}: a clip's name ends in .mp4, .m4v, .mov, .mkv"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_interrupted_clip_leaves_nothing_behind(tmp_path, failure):
    def frames():
        yield gradient()
        raise failure

    with pytest.raises(failure):
        write_video(frames(), tmp_path / "clip.mp4", 24)
    assert list(tmp_path.iterdir()) == []


def test_interrupted_clip_leaves_the_older_one(tmp_path):
    path = write_video([gradient()] * 3, tmp_path / "clip.mp4", 24)

    def frames():
        yield gradient()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(frames(), path, 24, force=True)
    assert probe_video(path).frames == 3


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_full_disk_is_one_line_and_leaves_nothing(tmp_path, share):
    # A limit on the size of files fails a write just as a full disk does.
    resource = pytest.importorskip("resource")
    path, before = tmp_path / "clip.mp4", resource.getrlimit(resource.RLIMIT_FSIZE)
    write_video(noise(), path, 24)
    limit = int(share * path.stat().st_size)
    path.unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OutputError) as error:
            write_video(noise(), path, 24)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(error.value).startswith(f"{path}: can't be written: ")
    assert len(str(error.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_file_in_place_of_a_folder_is_one_line(tmp_path):
    (tmp_path / "shots").write_text("")
    path = tmp_path / "shots" / "clip.mp4"
    with pytest.raises(OutputError) as error:
        write_video([gradient()], path, 24)
    assert str(error.value).startswith(f"{path}: can't make its folder: ")


def test_clip_that_is_not_there(tmp_path):
    with pytest.raises(MediaError) as error:
        probe_video(tmp_path / "none.mp4")
    assert str(error.value) == f"{tmp_path / 'none.mp4'}: no such file"


def test_clip_that_is_no_clip(tmp_path):
    path = Path(tmp_path / "notes.mp4")
    path.write_text("notes")
    with pytest.raises(MediaError) as error:
        next(read_video(path))
    assert str(error.value).startswith(f"{path}: can't be read as video: ")
