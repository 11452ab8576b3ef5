from fractions import Fraction

import numpy as np
import OpenEXR
import pytest
import tifffile
from PIL import Image

from previz.errors import MediaError, OutputError
from previz.media import (
    is_sequence,
    read_picture,
    read_sequence,
    sequence_numbers,
    sequence_path,
    to_float,
    to_uint8,
    to_uint16,
    with_alpha,
    write_picture,
    write_sequence,
)

NTSC = Fraction(24000, 1001)
KINDS = [
    ("a.png", 8, np.uint8),
    ("a.png", 16, np.uint16),
    ("a.tif", 8, np.uint8),
    ("a.tiff", 16, np.uint16),
    ("a.tif", 32, np.float32),
]


def noise(dtype: type, channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(0)
    if dtype == np.float32:
        return random.random((20, 30, channels), np.float32)
    return random.integers(0, np.iinfo(dtype).max + 1, (20, 30, channels), dtype=dtype)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("name", "depth", "dtype"), KINDS)
def test_png_and_tiff_give_back_every_bit(tmp_path, name, depth, dtype, channels):
    frame = noise(dtype, channels)
    read = read_picture(write_picture(frame, tmp_path / name, depth))
    assert read.dtype == dtype
    assert np.array_equal(read, frame)


@pytest.mark.parametrize(("depth", "dtype", "error"), [(32, np.float32, 1e-5), (16, np.float16, 1e-3)])
def test_exr_holds_linear_light(tmp_path, depth, dtype, error):
    frame = noise(np.float32)
    path = write_picture(frame, tmp_path / "a.exr", depth)
    pixels = OpenEXR.File(str(path)).channels()["RGB"].pixels
    assert pixels.dtype == dtype
    linear = np.where(frame <= 0.04045, frame / 12.92, ((frame + 0.055) / 1.055) ** 2.4)
    assert np.abs(pixels - linear).max() < error
    assert np.abs(read_picture(path) - frame).max() < 5 * error


def test_exr_keeps_what_lies_outside_of_0_to_1(tmp_path):
    frame = np.array([[[-0.2, 0.5, 1.3]]], np.float32)
    assert read_picture(write_picture(frame, tmp_path / "a.exr")) == pytest.approx(frame, abs=1e-5)


def test_exr_alpha_is_multiplied_in_and_divided_out_again(tmp_path):
    frame = np.array([[[0.8, 0.4, 0.2, 0.5], [0.8, 0.4, 0.2, 0.0]]], np.float32)
    path = write_picture(frame, tmp_path / "a.exr")
    pixels = OpenEXR.File(str(path)).channels()["RGBA"].pixels
    opaque = OpenEXR.File(str(write_picture(frame[..., :3], tmp_path / "b.exr"))).channels()["RGB"].pixels
    assert pixels[0, 0, :3] == pytest.approx(opaque[0, 0] * 0.5, abs=1e-6)
    assert read_picture(path)[0, 0] == pytest.approx(frame[0, 0], abs=1e-5)
    assert pixels[0, 1].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("rate", "number", "expected"),  # hours, minutes, seconds, frame, drop frame, field
    [
        (Fraction(24), 1001, (0, 0, 41, 17, 0, 0)),
        (NTSC, 1001, (0, 0, 41, 17, 0, 0)),
        (Fraction(30000, 1001), 1800, (0, 1, 0, 2, 1, 0)),
        (Fraction(60000, 1001), 3601, (0, 1, 0, 2, 1, 1)),  # frame ;05, the second of its pair
        (Fraction(50), 1049, (0, 0, 20, 24, 0, 1)),
    ],
)
def test_exr_header_has_colours_frame_rate_and_timecode(tmp_path, rate, number, expected):
    path = write_picture(noise(np.uint8), tmp_path / "a.exr", number=number, rate=rate)
    header = OpenEXR.File(str(path)).header()
    code = header["timeCode"]
    assert (code.hours, code.minutes, code.seconds, code.frame, code.dropFrame, code.fieldPhase) == expected
    assert (header["framesPerSecond"], header["imageCounter"]) == (rate, number)
    assert header["chromaticities"] == pytest.approx((0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329))
    assert header["colorInteropID"] == header["oiio:ColorSpace"] == "lin_rec709_scene"


@pytest.mark.parametrize(("rate", "number"), [(Fraction(120), 1001), (Fraction(24), -3)])
def test_exr_header_leaves_out_a_timecode_that_does_not_exist(tmp_path, rate, number):
    path = write_picture(noise(np.uint8), tmp_path / "a.exr", number=number, rate=rate)
    header = OpenEXR.File(str(path)).header()
    assert "timeCode" not in header
    assert header["imageCounter"] == number


@pytest.mark.parametrize("depth", [8, 16])
def test_png_says_that_it_is_srgb(tmp_path, depth):
    path = write_picture(noise(np.uint8), tmp_path / "a.png", depth)
    with Image.open(path) as picture:
        picture.load()
        assert picture.info["srgb"] == 0


def test_tiff_carries_the_profile_of_srgb(tmp_path):
    first, second = (write_picture(noise(np.uint8), tmp_path / name) for name in ("a.tif", "b.tif"))
    with tifffile.TiffFile(first) as file:
        profile = file.pages[0].tags["InterColorProfile"].value
    assert b"s\0R\0G\0B" in profile
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("name", "depth", "text"),
    [
        ("a.png", 32, "png has 8 or 16 bits a channel, not 32"),
        ("a.exr", 8, "exr has 16 or 32 bits a channel, not 8"),
        ("a.jpg", None, "a picture's name ends in .png, .tif, .tiff, .exr"),
    ],
)
def test_kinds_and_depths_that_do_not_go_together(tmp_path, name, depth, text):
    path = tmp_path / name
    with pytest.raises(MediaError) as error:
        write_picture(noise(np.uint8), path, depth)
    assert str(error.value) == f"{path}: {text}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.exr"])
def test_damaged_pictures_are_one_line(tmp_path, name):
    path = tmp_path / name
    for content in (b"", b"not a picture"):
        path.write_bytes(content)
        with pytest.raises(MediaError) as error:
            read_picture(path)
        assert str(error.value).startswith(f"{path}: can't be read as a")
        assert "\n" not in str(error.value)


def test_full_disk_is_one_line_for_an_exr(tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError) as error:
            write_picture(np.random.default_rng(0).random((64, 64, 3), np.float32), tmp_path / "a.exr")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(error.value).startswith(f"{tmp_path / 'a.exr'}: can't be written: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pattern", ["f.####.exr", "f.%04d.tif", "f.@@@@.png", "f.$F4.png"])
def test_sequences_go_out_and_come_back_in_order(tmp_path, pattern):
    frames = [np.full((4, 6, 3), 20 * index, np.uint8) for index in range(3)]
    paths = write_sequence(frames, tmp_path / pattern, [998, 999, 1000], rate=NTSC)
    assert [path.name[2:6] for path in paths] == ["0998", "0999", "1000"]
    numbers = sequence_numbers(tmp_path / pattern)
    assert numbers == [998, 999, 1000]
    read = list(read_sequence(tmp_path / pattern, numbers))
    assert [round(float(to_float(frame).mean()) * 255) for frame in read] == [0, 20, 40]


def test_sequence_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(MediaError) as error:
        sequence_numbers(tmp_path / "f.####.png")
    assert str(error.value) == f"{tmp_path / 'f.####.png'}: there are no such pictures"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.####.png", True), ("a.%04d.exr", True), ("a.png", False), ("a.1001.png", False), ("a.#.mp4", False)],
)
def test_names_of_sequences(name, expected):
    assert is_sequence(name) is expected


@pytest.mark.parametrize("number", [7, 12345, -5])
def test_numbers_wider_than_the_pattern_are_written_out(number):
    name = sequence_path("out.####.png", number).name
    assert int(name.split(".")[1]) == number


def test_frames_change_their_type_without_a_shift():
    levels = np.arange(256, dtype=np.uint8).reshape(1, -1, 1).repeat(3, axis=2)
    assert np.array_equal(to_uint8(to_float(levels)), levels)
    assert np.array_equal(to_uint8(to_uint16(levels)), levels)
    assert to_uint16(levels).max() == 65535
    assert to_uint8(np.array([[[-1, 2, np.nan]]], np.float32)).tolist() == [[[0, 255, 0]]]


def test_alpha_is_put_beside_the_colours():
    frame = with_alpha(np.full((2, 2, 3), 9, np.uint8), np.array([[0, 0.5], [1, 1]]))
    assert frame[..., 3].tolist() == [[0, 128], [255, 255]]
    with pytest.raises(MediaError) as error:
        with_alpha(np.zeros((2, 2, 3), np.uint8), np.zeros((3, 2)))
    assert str(error.value) == "an alpha is as large as its frame, 2 x 2, not 2 x 3"
