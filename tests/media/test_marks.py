"""Marks, grids and legends on a picture."""

import numpy as np
import pytest

from previz.errors import MediaError
from previz.media import add_legend, draw_grid, draw_marks

GREY = np.full((96, 128, 3), 90, np.uint8)


def changed(picture):
    return (picture != GREY).any(axis=2)


def test_a_mark_lies_on_its_point_and_its_label_beside_it():
    drawn = changed(draw_marks(GREY, np.array([[40.0, 50.0]]), ["7"]))
    assert drawn[50, 40]
    assert drawn[44:56, 46:60].any()
    assert not drawn[:, :30].any()


def test_a_label_at_the_right_edge_goes_to_the_left():
    drawn = changed(draw_marks(GREY, np.array([[120.0, 50.0]]), ["far"]))
    assert drawn[44:56, 90:114].any()


def test_one_label_a_point():
    with pytest.raises(MediaError, match="there are 1 points, but 2 labels"):
        draw_marks(GREY, np.array([[1.0, 1.0]]), ["a", "b"])


def test_grid_lines_lie_at_multiples_of_the_step_in_canvas_pixels():
    drawn = changed(draw_grid(GREY, 16, scale=2.0))
    assert drawn[60, 32]
    assert drawn[60, 96]
    assert drawn[64, 50]
    assert not drawn[50, 40]


@pytest.mark.parametrize("step", [0.0, -3.0, 0.5])
def test_a_grid_that_would_hide_the_picture_is_refused(step):
    with pytest.raises(MediaError, match=rf"^a grid of {step:g} is finer than the limit; give at least 2$"):
        draw_grid(GREY, step)


def test_a_legend_stands_to_the_right_and_leaves_the_picture_alone():
    picture = add_legend(GREY, ["1  chin  10, 20", "2  nose  30, 40"])
    assert picture.shape[0] == 96
    assert picture.shape[1] > 128 + 20
    np.testing.assert_array_equal(picture[:, :128], GREY)
    assert picture[:, 128:].max() > 150


def test_the_caller_keeps_its_picture():
    before = GREY.copy()
    draw_marks(GREY, np.array([[40.0, 50.0]]), ["7"])
    draw_grid(GREY, 16)
    np.testing.assert_array_equal(GREY, before)
