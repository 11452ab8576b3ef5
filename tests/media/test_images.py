import numpy as np
import pytest
from PIL import Image

from previz.errors import MediaError, OutputError
from previz.media import contact_sheet, resize, sequence_path, write_png, write_sequence


def flat(value: int, height: int = 32, width: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_png_is_lossless(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(write_png(image, tmp_path / "a.png"))), image)


def test_png_is_not_overwritten(tmp_path):
    path = write_png(flat(1), tmp_path / "a.png")
    with pytest.raises(OutputError, match="exists already"):
        write_png(flat(2), path)
    assert np.asarray(Image.open(path)).max() == 1


@pytest.mark.parametrize("pattern", ["out.####.png", "out.%04d.png"])
def test_sequence_names(tmp_path, pattern):
    assert sequence_path(tmp_path / pattern, 987) == tmp_path / "out.0987.png"


@pytest.mark.parametrize("name", ["out.png", "out.####.jpg"])
def test_sequence_needs_a_number_and_png(name):
    with pytest.raises(MediaError) as error:
        sequence_path(name, 1)
    assert str(error.value) == f"{name}: a sequence is named like frame.####.png, .tif or .exr"


def test_sequence_holds_a_file_a_frame(tmp_path):
    paths = write_sequence(iter([flat(1), flat(2)]), tmp_path / "s" / "f.####.png", [1001, 1002])
    assert [path.name for path in paths] == ["f.1001.png", "f.1002.png"]
    assert [np.asarray(Image.open(path)).max() for path in paths] == [1, 2]


def test_sequence_checks_all_paths_before_it_writes(tmp_path):
    write_png(flat(9), tmp_path / "f.1002.png")
    with pytest.raises(OutputError, match=r"f\.1002\.png exists already"):
        write_sequence([flat(1), flat(2)], tmp_path / "f.####.png", [1001, 1002])
    assert [path.name for path in tmp_path.iterdir()] == ["f.1002.png"]


@pytest.mark.parametrize(("count", "word"), [(1, "fewer"), (3, "more")])
def test_sequence_of_another_length_is_refused(tmp_path, count, word):
    with pytest.raises(MediaError, match=f"there are {word} frames than the 2 that were announced"):
        write_sequence([flat(1)] * count, tmp_path / "f.####.png", [1001, 1002])


def test_resize_is_exact_at_the_native_size():
    frame = flat(7)
    assert resize(frame, None) is frame
    assert resize(frame, (48, 32)) is frame


def test_resize_keeps_places():
    # The centre of mass of a spot stays at the same share of the width: no half-pixel shift.
    frame = flat(0, 64, 64)
    frame[20:24, 40:44] = 255
    large = resize(frame, 256).astype(float)[..., 0]
    rows, columns = np.mgrid[:256, :256] + 0.5
    assert (columns * large).sum() / large.sum() / 256 == pytest.approx(42 / 64, abs=0.002)
    assert (rows * large).sum() / large.sum() / 256 == pytest.approx(22 / 64, abs=0.002)


def test_downsizing_does_not_alias():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = resize(stripes, 32)
    assert np.ptp(small[8:24, 8:24].astype(int)) <= 8


def test_contact_sheet_lays_frames_out_row_by_row():
    sheet = contact_sheet([flat(50), flat(100), flat(150)], columns=2, gap=4)
    assert sheet.shape == (2 * 36 + 4, 2 * 52 + 4, 3)
    assert [int(sheet[y, x, 0]) for y, x in [(20, 20), (20, 80), (60, 20), (60, 80)]] == [50, 100, 150, 24]


def test_contact_sheet_writes_labels_under_frames():
    plain = contact_sheet([flat(50)], labels=[""])
    labelled = contact_sheet([flat(50)], labels=["1001"])
    changed = np.argwhere((plain != labelled).any(axis=-1))
    assert changed[:, 0].min() >= 4 + 32


@pytest.mark.parametrize(
    ("frames", "options", "text"),
    [
        ([], {}, "a contact sheet needs at least one frame"),
        ([flat(1)], {"columns": 0}, "a contact sheet has at least one column, not 0"),
        ([flat(1), flat(1, 16)], {}, "the frames of a contact sheet are all of one size"),
        ([flat(1)], {"labels": ["a", "b"]}, "there are 1 frames, but 2 labels"),
    ],
)
def test_unfit_contact_sheets(frames, options, text):
    with pytest.raises(MediaError) as error:
        contact_sheet(frames, **options)
    assert str(error.value) == text
