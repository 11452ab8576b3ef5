import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from previz.cast import ImageSettings
from previz.cast._images import LeftOut, open_images, prepare_images, read_picture
from previz.errors import CastError


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def flat(size: int, colour: tuple[int, ...] | int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (size, size), colour)


def folder_of(folder: Path, count: int = 16) -> Path:
    """Pictures in folders of folders, each flat and brighter than the last."""
    for index in range(count):
        place = folder / f"part{index % 2}" / f"{index:02}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        flat(16, (10 * index, 0, 0)).save(place)
    return folder


def test_a_picture_of_the_right_size_is_kept_as_it_is(tmp_path: Path) -> None:
    pixels = noise(8, 16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png", (8, 16)), pixels)


def test_a_larger_picture_is_cropped_about_its_centre_and_averaged_down(tmp_path: Path) -> None:
    pixels = np.zeros((16, 64, 3), np.uint8)
    pixels[:, 24:40] = 200  # the centre square
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    assert (read_picture(tmp_path / "wide.png", (8, 8))[:, 1:-1] > 190).all()  # a filter sees its neighbours
    Image.fromarray(pixels.transpose(1, 0, 2)).save(tmp_path / "high.png")
    assert (read_picture(tmp_path / "high.png", (8, 8))[1:-1] > 190).all()
    assert (read_picture(tmp_path / "wide.png", (8, 32))[:, :11] < 10).all()  # cropped no more than is needed


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_each_format_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    flat(16, (200, 100, 50)).save(path)
    assert np.abs(read_picture(path, (8, 8)).astype(int) - [200, 100, 50]).max() <= 3


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("L", 90, (90, 90, 90)),
        ("1", 1, (255, 255, 255)),
        ("RGBA", (200, 0, 0, 255), (200, 0, 0)),
        ("RGBA", (200, 0, 0, 0), (255, 255, 255)),  # over white
        ("LA", (90, 255), (90, 90, 90)),
        ("P", 0, (0, 0, 0)),
        ("I;16", 90 * 257, (90, 90, 90)),
    ],
)
def test_grey_alpha_palettes_and_16_bits_become_8_bits_of_colour(
    tmp_path: Path, mode: str, value: int | tuple[int, ...], expected: tuple[int, int, int]
) -> None:
    flat(8, value, mode).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png", (8, 8)) == expected).all()


def test_a_photograph_taken_upright_is_turned_upright(tmp_path: Path) -> None:
    pixels = noise(8, 16)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: the camera was turned to the left
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "a.png", (16, 8)), np.rot90(pixels, -1))


def test_pictures_are_never_enlarged(tmp_path: Path) -> None:
    flat(40, (0, 0, 0)).save(tmp_path / "a.png")
    with pytest.raises(CastError) as error:
        read_picture(tmp_path / "a.png", (64, 32))
    assert str(error.value) == "is 40x40 px, smaller than the 32x64 to learn"


def test_floating_point_values_are_refused(tmp_path: Path) -> None:
    flat(16, 0, "F").save(tmp_path / "a.tif")
    with pytest.raises(
        CastError, match=r"^holds floating-point values; save it with 8 or 16 bits a channel$"
    ):
        read_picture(tmp_path / "a.tif", (8, 8))


def test_a_picture_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat(16, (0, 0, 0)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(CastError, match=r"^has more than 100 pixels$"):
        read_picture(tmp_path / "a.png", (8, 8))


def test_all_pictures_however_deep_are_prepared_once(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "mine")
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden").mkdir()
    flat(16, (0, 0, 0)).save(folder / ".hidden" / "a.png")
    settings, calls = ImageSettings(folder, (8, 8)), []
    left_out = prepare_images(settings, tmp_path / "run", lambda done, total: calls.append((done, total)))
    assert left_out == []
    assert calls[-1] == (16, 16)
    pictures = open_images(settings, tmp_path / "run")
    assert pictures.pixels.shape == (16, 8, 8, 3)
    assert pictures.pixels[:, 0, 0, 0].tolist() == [*range(0, 160, 20), *range(10, 160, 20)]  # by name
    prepare_images(settings, tmp_path / "run", lambda done, total: calls.append((done, total)))
    assert len(calls) == 16
    flat(16, (5, 5, 5)).save(folder / "new.png")
    prepare_images(settings, tmp_path / "run")
    assert len(open_images(settings, tmp_path / "run").pixels) == 17


def test_what_cannot_be_learnt_from_is_left_out_with_its_reason(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "mine")
    (folder / "damaged.png").write_bytes((folder / "part0" / "00.png").read_bytes()[:40])
    (folder / "empty.jpg").write_bytes(b"")
    flat(4, (0, 0, 0)).save(folder / "tiny.png")
    settings = ImageSettings(folder, (8, 8))
    left_out = prepare_images(settings, tmp_path / "run")
    assert left_out[1:] == [
        LeftOut("empty.jpg", "can't be read: cannot identify image file 'empty.jpg'"),
        LeftOut("tiny.png", "is 4x4 px, smaller than the 8x8 to learn"),
    ]
    assert str(left_out[0]).startswith("damaged.png: can't be read: ")
    assert prepare_images(settings, tmp_path / "run") == left_out  # as remembered
    assert json.loads((tmp_path / "run" / "images.json").read_text())["kept"][0] == "part0/00.png"


def test_a_limit_takes_the_first_by_name(tmp_path: Path) -> None:
    settings = ImageSettings(folder_of(tmp_path / "mine", 20), (8, 8), limit=17)
    prepare_images(settings, tmp_path / "run")
    assert len(open_images(settings, tmp_path / "run").pixels) == 17


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing", "not a folder of pictures"),
        ("nothing", "holds no pictures (.png, .jpg, .jpeg, .webp, .tif, .tiff), nor do its folders"),
        ("few", "3 usable pictures where 16 are the least"),
    ],
)
def test_a_folder_with_too_little_in_it_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "nothing").mkdir()
    folder_of(tmp_path / "few", 3)
    with pytest.raises(CastError) as error:
        prepare_images(ImageSettings(tmp_path / name, (8, 8)), tmp_path / "run")
    assert str(error.value) == f"{tmp_path / name}: {text}"


def test_a_folder_of_tiny_pictures_is_refused_with_the_first_of_them(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "mine")
    with pytest.raises(CastError) as error:
        prepare_images(ImageSettings(folder, (32, 32)), tmp_path / "run")
    reason = "part0/00.png: is 16x16 px, smaller than the 32x32 to learn"
    assert str(error.value) == (
        f"{folder}: 0 usable pictures where 16 are the least; the first left out is {reason}"
    )
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("resolution", [(48, 48), (8, 128), (4, 4)])
def test_a_resolution_that_no_generator_has_is_refused(tmp_path: Path, resolution: tuple[int, int]) -> None:
    with pytest.raises(CastError, match=r"^pictures can't be learnt so: resolution: "):
        prepare_images(ImageSettings(folder_of(tmp_path / "mine"), resolution), tmp_path / "run")


def test_half_of_the_pictures_shown_are_mirrored_where_that_is_asked_for(tmp_path: Path) -> None:
    for index in range(16):
        pixels = np.zeros((8, 8, 3), np.uint8)
        pixels[:, :4] = 255  # bright on the left
        path = tmp_path / "mine" / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    shares = []
    for mirror in (False, True):
        settings = ImageSettings(tmp_path / "mine", (8, 8), mirror=mirror)
        prepare_images(settings, tmp_path / "run")
        pictures = open_images(settings, tmp_path / "run")
        batch = pictures.batch(np.random.default_rng(0), 400, 0)
        assert batch.real.shape == (400, 3, 8, 8)
        assert (float(batch.real.min()), float(batch.real.max())) == (-1, 1)
        assert len(batch.z) == 0
        shares.append(float((batch.real[:, 0, 0, 0] < 0).float().mean()))
    assert shares[0] == 0
    assert shares[1] == pytest.approx(0.5, abs=0.1)


def test_what_is_measured_by_is_the_same_choice_each_time(tmp_path: Path) -> None:
    settings = ImageSettings(folder_of(tmp_path / "mine"), (8, 8))
    prepare_images(settings, tmp_path / "run")
    pictures = open_images(settings, tmp_path / "run")
    assert torch.equal(pictures.first(5), pictures.first(5))
    assert pictures.first(500).shape == (16, 3, 8, 8)


def test_a_run_without_prepared_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CastError, match=r"holds no prepared pictures of this size$"):
        open_images(ImageSettings(tmp_path, (8, 8)), tmp_path)
