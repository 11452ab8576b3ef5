import numpy as np
import pytest

from previz.errors import MediaError
from previz.media import (
    draw_burn_in,
    draw_onion,
    draw_over,
    draw_slate,
    draw_trails,
    letterbox,
    letterbox_size,
)

GREY = np.full((256, 256, 3), 90, np.uint8)
WAY = np.stack([np.linspace(40, 216, 23), np.full(23, 128.5)], axis=-1)[:, None]  # [F, 1, 2], 8 px a frame


def changed(image: np.ndarray, ground: np.ndarray = GREY) -> np.ndarray:
    return (image != ground).any(axis=-1)


def test_middle_of_an_edge_is_written_on():
    columns = np.argwhere(changed(draw_burn_in(GREY, top="2026-01-02")))[:, 1]
    assert abs(columns.mean() - 128) < 6
    assert columns.min() > 64


def test_long_texts_shrink_instead_of_running_into_each_other():
    long = "3.21 px, lost mouth_left, mouth_right, jaw_left"
    left = changed(draw_burn_in(GREY, bottom_left="00:00:42:04"))
    both = changed(draw_burn_in(GREY, bottom_left="00:00:42:04", bottom_right=long))
    columns = np.flatnonzero(both.any(axis=0))
    gaps = np.diff(columns)
    assert both[:, : columns[0] + 20].any()
    assert gaps.max() >= 4  # what lies between the two texts
    assert left.any(axis=0).sum() > columns[: int(gaps.argmax()) + 1].size  # the first has shrunk too


def test_accents_are_left_out_rather_than_shown_as_boxes():
    assert np.array_equal(draw_burn_in(GREY, top_left="Żółw"), draw_burn_in(GREY, top_left="Zolw"))


@pytest.mark.parametrize("size", [(16, 16), (16, 400), (400, 16)])
def test_burn_ins_and_slates_of_any_shape_can_be_made(size):
    width, height = size
    frame = np.zeros((height, width, 3), np.uint8)
    assert draw_burn_in(frame, "shot", "1001", "00:00:41:17", "0.5 px").shape == frame.shape
    assert draw_slate(size, "shot", {"frames": "1001"}, frame).shape == frame.shape


@pytest.mark.parametrize(
    ("ratio", "rows", "columns"),
    [(2.0, 64, 0), (0.5, 0, 64), (1.0, 0, 0), (2.39, 74, 0)],
)
def test_matte_covers_the_picture_and_keeps_its_size(ratio, rows, columns):
    result = letterbox(GREY, ratio)
    black = (result == 0).all(axis=-1)
    assert result.shape == GREY.shape
    assert int(black[:, 128].sum()) == 2 * rows
    assert int(black[128].sum()) == 2 * columns


@pytest.mark.parametrize(
    ("ratio", "size"), [(2.0, (512, 256)), (0.5, (256, 512)), (16 / 9, (456, 256)), (1.0, (256, 256))]
)
def test_padding_shows_all_of_the_picture_in_the_middle(ratio, size):
    result = letterbox(GREY, ratio, "pad")
    assert (result.shape[1], result.shape[0]) == size == letterbox_size(256, 256, ratio, "pad")
    seen = (result == 90).all(axis=-1)
    assert seen.sum() == 256 * 256
    assert np.array_equal(seen, seen[::-1, ::-1])


def test_bars_are_opaque():
    clear = np.zeros((64, 64, 4), np.float32)
    result = letterbox(clear, 2.0)
    assert result[0, 0].tolist() == [0, 0, 0, 1]
    assert result[32, 32].tolist() == [0, 0, 0, 0]


def test_letterbox_that_leaves_nothing_is_refused():
    with pytest.raises(MediaError) as error:
        letterbox(np.zeros((16, 256, 3), np.uint8), 0.001)
    assert str(error.value) == "a letterbox of 0.001 leaves nothing of a picture of 256 x 16"


def test_slate_ends_in_test_colours_that_are_exact():
    slate = draw_slate((512, 288), "sh020", {"frames": "1001-1048"}, GREY)
    assert slate.shape == (288, 512, 3)
    bars = slate[-20:, :, :].reshape(-1, 3)
    for colour in [(191, 191, 0), (0, 191, 0), (191, 0, 0), (128, 128, 128), (255, 255, 255), (0, 0, 0)]:
        assert (bars == colour).all(axis=-1).any()


def test_slate_shows_the_picture():
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 201
    slate = draw_slate((512, 288), "sh020", {"frames": "1001"}, red)
    assert (slate == (201, 0, 0)).all(axis=-1).sum() > 3000


def test_drawing_keeps_the_depth_of_what_it_does_not_touch():
    frame = np.full((64, 64, 4), 0.5001, np.float32)

    def draw(picture: np.ndarray) -> np.ndarray:
        result = picture.copy()
        result[:8] = 255
        return result

    result = draw_over(frame, draw)
    assert result.dtype == np.float32
    assert np.array_equal(result[8:], frame[8:])
    assert result[0, 0].tolist() == [1, 1, 1, 1]


def test_drawing_on_8_bits_is_just_that():
    assert np.array_equal(draw_over(GREY, lambda picture: picture + 1), GREY + 1)


def test_trails_are_orange_before_and_blue_after():
    image = draw_trails(GREY, WAY, 11, 5).astype(int)
    red, blue = image[124:133, :, 0].max(axis=0), image[124:133, :, 2].max(axis=0)
    assert red[90:125].min() > 120
    assert blue[132:165].min() > 120
    assert not changed(image)[:, :80].any()  # no further than five frames
    assert not changed(image)[:, 180:].any()


def test_trails_fade():
    image = draw_trails(GREY, WAY, 11, 8).astype(int)
    assert image[124:133, 110:118, 0].max() > image[124:133, 62:70, 0].max() + 40


def test_keys_are_larger_dots_on_a_trail():
    plain, keyed = draw_trails(GREY, WAY, 11, 8), draw_trails(GREY, WAY, 11, 8, keyed=[14])
    x = round(float(WAY[14, 0, 0]))
    difference = np.argwhere(changed(plain, keyed))
    assert len(difference)
    assert np.abs(difference[:, 1] - x).max() <= 5


def test_trails_end_with_the_shot():
    assert np.array_equal(draw_trails(GREY, WAY[:1], 0, 12), GREY)
    with pytest.raises(MediaError) as error:
        draw_trails(GREY, WAY, 23, 12)
    assert str(error.value) == "there are 23 frames of ways, and no number 23"


def test_ghosts_show_where_frames_differ_and_nowhere_else():
    ghost = GREY.copy()
    ghost[100:140, 100:140] = (200, 200, 200)
    image = draw_onion(GREY, [ghost])
    assert np.array_equal(image[:80], GREY[:80])
    red, _, blue = image[120, 120].astype(int)
    assert red > 110
    assert red > blue
    later = draw_onion(GREY, [], [ghost])[120, 120].astype(int)
    assert later[2] > later[0]


def test_further_ghosts_are_weaker():
    ghost = GREY.copy()
    ghost[100:140, 100:140] = 255
    near, far = draw_onion(GREY, [ghost]), draw_onion(GREY, [GREY, ghost])
    assert near[120, 120].sum() > far[120, 120].sum() > GREY[120, 120].sum()


def test_ghost_of_another_size_is_refused():
    with pytest.raises(MediaError) as error:
        draw_onion(GREY, [GREY[:128]])
    assert str(error.value) == "a ghost is as large as its frame"
