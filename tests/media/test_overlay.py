import numpy as np
import pytest

from previz.errors import MediaError
from previz.media import draw_burn_in, draw_overlay

GREY = np.full((256, 256, 3), 90, np.uint8)
SOMEWHERE = np.array([[100.0, 60.0]])
ELSEWHERE = np.array([[180.0, 200.0]])


def centre(weights: np.ndarray) -> tuple[float, float]:
    rows, columns = np.mgrid[: weights.shape[0], : weights.shape[1]] + 0.5
    return float((columns * weights).sum() / weights.sum()), float((rows * weights).sum() / weights.sum())


def redness(image: np.ndarray) -> np.ndarray:
    return (image[..., 0].astype(float) - image[..., 1:].max(axis=-1)).clip(0)


def blueness(image: np.ndarray) -> np.ndarray:
    return (image[..., 2].astype(float) - image[..., :2].max(axis=-1)).clip(0)


@pytest.mark.parametrize("point", [(100.0, 60.0), (100.5, 60.5), (33.3, 121.7)])
def test_handle_is_a_red_disc_at_its_place(point):
    image = draw_overlay(GREY, np.array([point]), np.array([[200.0, 200.0]]))
    assert centre(redness(image)) == pytest.approx(point, abs=0.15)


def test_target_is_a_blue_ring_at_its_place():
    image = draw_overlay(GREY, SOMEWHERE, ELSEWHERE)
    assert centre(blueness(image)) == pytest.approx((180, 200), abs=0.5)


def test_line_joins_handle_and_target():
    image = draw_overlay(GREY, np.array([[50.0, 128.5]]), np.array([[200.0, 128.5]]))
    assert (image[128, 70:180] > 200).all()


def test_points_are_scaled_to_the_frame():
    image = draw_overlay(GREY, np.array([[25.0, 15.0]]), np.array([[50.0, 50.0]]), scale=4)
    assert centre(redness(image)) == pytest.approx((100, 60), abs=0.15)


def test_lost_handle_is_not_a_red_disc():
    image = draw_overlay(GREY, SOMEWHERE, ELSEWHERE, lost=np.array([True]))
    assert tuple(image[60, 100]) != tuple(draw_overlay(GREY, SOMEWHERE, ELSEWHERE)[60, 100])
    assert redness(image).max() < 100


def test_fixed_area_is_darkened_and_movable_area_is_not():
    mask = np.zeros((64, 64))
    mask[:, 32:] = 1
    image = draw_overlay(GREY, np.zeros((0, 2)), np.zeros((0, 2)), mask)
    assert image[128, 20].max() < 60
    assert tuple(image[128, 230]) == (90, 90, 90)


def test_frame_itself_is_not_drawn_on():
    frame = GREY.copy()
    draw_overlay(frame, SOMEWHERE, ELSEWHERE)
    draw_burn_in(frame, top_left="shot")
    assert np.array_equal(frame, GREY)


def test_points_outside_the_frame_or_nowhere_draw_nothing_wrong():
    far = np.array([[1e9, -1e9], [np.nan, 3.0]])
    assert draw_overlay(GREY, far, far).shape == GREY.shape


def test_handles_without_targets_are_refused():
    with pytest.raises(MediaError) as error:
        draw_overlay(GREY, np.zeros((2, 2)), np.zeros((1, 2)))
    assert str(error.value) == "there are 2 handles, but 1 targets"


def test_points_of_another_shape_are_refused():
    with pytest.raises(MediaError) as error:
        draw_overlay(GREY, np.zeros((2, 3)), np.zeros((2, 3)))
    assert str(error.value) == "handles are an array [N, 2], not [2, 3]"


@pytest.mark.parametrize(
    ("corner", "rows", "columns"),
    [
        ("top_left", slice(0, 64), slice(0, 128)),
        ("top_right", slice(0, 64), slice(128, 256)),
        ("bottom_left", slice(192, 256), slice(0, 128)),
        ("bottom_right", slice(192, 256), slice(128, 256)),
    ],
)
def test_burn_in_stays_in_its_corner_and_reads_on_any_ground(corner, rows, columns):
    for ground in (0, 255):
        frame = np.full((256, 256, 3), ground, np.uint8)
        image = draw_burn_in(frame, **{corner: "sh020"})
        changed = (image != frame).any(axis=-1)
        assert changed[rows, columns].sum() == changed.sum() > 20
        assert image[rows, columns].min() < 30
        assert image[rows, columns].max() > 225
