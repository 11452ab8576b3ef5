import numpy as np
import pytest

from previz.errors import MediaError
from previz.media import (
    SheetCell,
    compare_frames,
    draw_trajectories,
    fit_frame,
    shot_sheet,
)

RED = (230, 40, 45)


def flat(value: int, height: int = 96, width: int = 96) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def where(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Rows and columns of a colour."""
    return np.argwhere((image == colour).all(axis=-1))


def test_sheet_shows_its_frames_in_order_around_the_large_picture():
    cells = [SheetCell(flat(60 + 10 * index), str(1001 + index)) for index in range(6)]
    sheet = shot_sheet("sh020", {}, cells, flat(200, 192, 192), columns=4)
    centres = [where(sheet, (60 + 10 * index,) * 3).mean(axis=0) for index in range(6)]
    rows, columns = np.array(centres).T
    assert rows[0] == rows[1] < rows[2] == rows[3] < rows[4] == rows[5]
    assert columns[0] == columns[2] < columns[1] == columns[3]
    assert columns[4] < columns[5] < columns[0]
    assert where(sheet, (200, 200, 200))[:, 1].max() < columns[0] - 48


def test_keys_are_framed_and_in_betweens_are_not():
    cells = [SheetCell(flat(60), "1001", key=True), SheetCell(flat(90), "1006")]
    sheet = shot_sheet("sh020", {}, cells, columns=2)
    red = where(sheet, RED)
    assert len(red) > 300
    assert red[:, 1].max() < where(sheet, (90, 90, 90))[:, 1].min()


def test_heading_tells_title_and_facts():
    cells = [SheetCell(flat(60), "1001")] * 4
    plain, told = (shot_sheet("", {}, cells), shot_sheet("sh020", {"rate": "24 fps"}, cells))
    columns = np.argwhere((plain != told).any(axis=-1))[:, 1]
    assert columns.min() < 20
    assert columns.max() > told.shape[1] - 20


def test_sheet_without_columns_is_wider_than_high():
    sheet = shot_sheet("sh020", {}, [SheetCell(flat(60), "")] * 12, flat(9))
    assert sheet.shape[1] > sheet.shape[0]


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ([], "a sheet needs at least one frame"),
        ([SheetCell(flat(1), ""), SheetCell(flat(1, 48), "")], "the frames of a sheet are all of one size"),
    ],
)
def test_unfit_sheets(cells, text):
    with pytest.raises(MediaError) as error:
        shot_sheet("sh020", {}, cells)
    assert str(error.value) == text


WAYS = np.stack(
    [
        np.stack([np.linspace(20, 60, 9), np.linspace(20, 20, 9)], axis=-1),
        np.stack([np.full(9, 40.0), np.full(9, 50.0)], axis=-1),
    ],
    axis=1,
)  # [9, 2, 2]: one handle goes right, one stays


def test_ways_are_drawn_at_their_place_in_colours_of_their_own():
    image = draw_trajectories(flat(90, 384, 384), WAYS, ["", ""], range(1001, 1010), scale=4)
    way = where(image, (230, 159, 0))
    assert abs(way[:, 0].mean() - 80) < 2
    assert way[:, 1].min() < 90
    assert way[:, 1].max() > 230
    still = where(image, (86, 180, 233))
    assert np.abs(still.mean(axis=0) - [200, 160]).max() < 1.5


def test_keys_are_numbered_and_handles_named():
    bare = draw_trajectories(flat(90, 384, 384), WAYS, ["", ""], range(1001, 1010), scale=4)
    named = draw_trajectories(flat(90, 384, 384), WAYS, ["nose", "pin"], range(1001, 1010), [1001, 1009], 4)
    assert (bare != named).any(axis=-1)[40:120, 225:330].any()  # 1009, at the end of the way
    assert (bare != named).any(axis=-1)[180:220, 165:220].any()  # pin


def test_ways_of_another_length_are_refused():
    with pytest.raises(MediaError) as error:
        draw_trajectories(flat(0), WAYS, ["a"], range(9))
    assert str(error.value) == "ways are an array [9, 1, 2], not [9, 2, 2]"


def test_side_by_side_shows_both():
    image = compare_frames(flat(50), flat(150), "side", ("", ""))
    assert image.shape == (96, 196, 3)
    assert image[60, 40, 0] == 50
    assert image[60, 150, 0] == 150


@pytest.mark.parametrize(("wipe", "edge"), [(0.25, 24), (0.5, 48), (0.75, 72)])
def test_wipe_shows_the_first_left_of_its_line(wipe, edge):
    row = compare_frames(flat(50), flat(150), "wipe", ("", ""), wipe=wipe)[60, :, 0]
    assert set(row[: edge - 2]) == {50}
    assert set(row[edge + 2 :]) == {150}
    assert row[edge] == 255


def test_wipe_at_its_ends_is_one_picture_alone():
    for wipe, value in ((0.0, 150), (1.0, 50)):
        assert set(compare_frames(flat(50), flat(150), "wipe", ("", ""), wipe=wipe)[60, :, 0]) == {value}


def test_difference_is_shown_larger_and_told_as_it_is():
    other = flat(50)
    other[60:70, 40:50] += 10
    image = compare_frames(flat(50), other, "diff", ("", ""), gain=4)
    assert image[65, 45].tolist() == [40, 40, 40]
    assert image[30, 45].tolist() == [0, 0, 0]
    same = compare_frames(flat(50), flat(50), "diff", ("", ""))
    assert not np.array_equal(image[-16:], same[-16:])  # the figures


def test_onion_is_half_of_each():
    assert compare_frames(flat(50), flat(151), "onion", ("", ""))[60, 40].tolist() == [101, 101, 101]


@pytest.mark.parametrize("mode", ["side", "wipe", "diff", "onion"])
def test_names_and_label_are_written(mode):
    bare = compare_frames(flat(50), flat(60), mode, ("", ""))
    named = compare_frames(flat(50), flat(60), mode, ("v002", "v003"), "1012")
    changed = (bare != named).any(axis=-1)
    assert changed[:24, :60].any()
    assert changed[:24, 120:].any() if mode == "side" else changed[:24, 60:].any()


@pytest.mark.parametrize(
    ("second", "mode", "text"),
    [
        (flat(1), "mix", "a comparison is one of side, wipe, diff, onion, not 'mix'"),
        (flat(1, 48), "side", "frames that are compared have one size"),
    ],
)
def test_unfit_comparisons(second, mode, text):
    with pytest.raises(MediaError) as error:
        compare_frames(flat(1), second, mode)
    assert str(error.value) == text


def test_frame_of_another_shape_is_fitted_with_bars():
    fitted = fit_frame(flat(80, 32, 64), 96, 96)
    assert fitted.shape == (96, 96, 3)
    assert fitted[48, 48, 0] == 80
    assert [int(fitted[row, 48, 0]) for row in (4, 91)] == [0, 0]
    assert np.array_equal(fit_frame(flat(7), 96, 96), flat(7))
