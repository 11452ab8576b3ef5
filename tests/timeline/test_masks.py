import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from previz.timeline import EllipseSpec, MaskShapeSpec, rasterise_mask


def mask(*shapes, width=32, height=24, scale=(1.0, 1.0), find=None):
    return rasterise_mask([MaskShapeSpec(**shape) for shape in shapes], width, height, scale, find)


def box(left, top, right, bottom, **more):
    return {"polygon": [(left, top), (right, top), (right, bottom), (left, bottom)], **more}


def test_a_mask_is_1_where_the_picture_may_move():
    found = mask(box(4, 6, 10, 9))
    expected = np.zeros((24, 32), dtype=np.float32)
    expected[6:9, 4:10] = 1.0
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


def test_a_pixel_that_is_partly_covered_has_that_part():
    found = mask(box(4.25, 6.5, 6, 8))
    np.testing.assert_allclose(found[6:8, 4:6], [[0.375, 0.5], [0.75, 1.0]])


@given(st.floats(6, 18), st.floats(6, 18), st.floats(1, 6), st.floats(1, 6), st.floats(-180, 180))
def test_an_ellipse_covers_its_area_about_its_centre(x, y, radius_x, radius_y, angle):
    ellipse = EllipseSpec(center=(x, y), radius=(radius_x, radius_y), angle=angle)
    found = mask({"ellipse": ellipse}, width=24).astype(float)
    rows, columns = np.mgrid[0:24, 0:24] + 0.5
    assert found.sum() == pytest.approx(np.pi * radius_x * radius_y, rel=0.02)
    assert (found * columns).sum() / found.sum() == pytest.approx(x, abs=0.05)
    assert (found * rows).sum() / found.sum() == pytest.approx(y, abs=0.05)


def test_an_ellipse_turns_clockwise():
    found = mask({"ellipse": {"center": (12, 12), "radius": (10, 2), "angle": 45}})
    assert found[18, 18] == 1.0  # right and down
    assert found[6, 18] == 0.0


@given(st.lists(st.tuples(st.floats(0, 32), st.floats(0, 24)), min_size=3, max_size=3))
def test_a_triangle_covers_its_area(corners):
    (ax, ay), (bx, by), (cx, cy) = corners
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    assert mask({"polygon": corners}).sum() == pytest.approx(area, abs=0.02 * area + 1.5)


@given(st.integers(0, 8), st.integers(0, 8))
def test_a_shape_beyond_the_border_is_cut_there(more_x, more_y):
    np.testing.assert_array_equal(mask(box(20, 10, 32 + more_x, 24 + more_y)), mask(box(20, 10, 32, 24)))


def test_shapes_are_united():
    found = mask(box(0, 0, 4, 4), box(2, 2, 6, 6))
    assert found.sum() == 16 + 16 - 4


def test_fixed_shapes_are_cut_from_the_others():
    found = mask(box(2, 2, 6, 6, fixed=True), box(0, 0, 8, 8))
    assert found.sum() == 64 - 16


def test_with_fixed_shapes_only_the_rest_may_move():
    assert mask(box(2, 2, 6, 6, fixed=True)).sum() == 32 * 24 - 16


def test_feather_falls_to_both_sides_of_the_edge():
    found = mask(box(0, 0, 16, 24, feather=4))
    assert found[12, 15] + found[12, 16] == pytest.approx(1.0, abs=1e-3)
    assert found[12, 11] > 0.95
    assert found[12, 20] < 0.05
    assert (np.diff(found[12]) <= 1e-6).all()


def test_feather_does_not_darken_the_border_of_the_picture():
    np.testing.assert_allclose(mask(box(0, 0, 32, 24, feather=6)), 1.0, atol=1e-6)


@given(st.sampled_from([2.0, 4.0]))
def test_a_scaled_mask_is_the_mask_averaged(scale):
    shapes = [{"ellipse": {"center": (16, 12), "radius": (9, 7), "angle": 20}}, box(3, 3, 13, 9)]
    large = mask(*shapes, width=int(32 * scale), height=int(24 * scale), scale=(scale, scale))
    size = int(scale)
    averaged = large.reshape(24, size, 32, size).mean(axis=(1, 3))
    np.testing.assert_allclose(averaged, mask(*shapes), atol=0.12)
    assert averaged.sum() == pytest.approx(mask(*shapes).sum(), rel=2e-3)


def test_a_picture_is_free_where_it_is_white(tmp_path):
    light = np.zeros((24, 32), dtype=np.uint8)
    light[:12] = 255
    Image.fromarray(light).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(mask({"png": "mask.png"}, find=lambda name: tmp_path / name), light / 255)


def test_a_picture_is_stretched_over_the_canvas(tmp_path):
    Image.fromarray(np.array([[255, 0]], dtype=np.uint8)).save(tmp_path / "mask.png")
    found = mask({"png": "mask.png"}, find=lambda name: tmp_path / name)
    assert (found[:, :4] == 1.0).all()
    assert (found[:, -4:] == 0.0).all()


def test_what_is_transparent_in_a_picture_is_not_free(tmp_path):
    Image.new("RGBA", (32, 24), (255, 255, 255, 0)).save(tmp_path / "mask.png")
    assert mask({"png": "mask.png"}, find=lambda name: tmp_path / name).max() == 0.0


def test_a_16_bit_picture_keeps_its_range(tmp_path):
    Image.fromarray(np.full((24, 32), 32768, dtype=np.uint16)).save(tmp_path / "mask.png")
    found = mask({"png": "mask.png"}, find=lambda name: tmp_path / name)
    np.testing.assert_allclose(found, 32768 / 65535, atol=1e-6)


def test_a_picture_that_is_none_is_refused(tmp_path):
    path = tmp_path / "mask.png"
    path.write_text("not a picture")
    with pytest.raises(ValueError, match=r"mask\.png is not a picture that can be read"):
        mask({"png": "mask.png"}, find=lambda _: path)
