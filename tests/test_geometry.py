"""The pixel convention: (x, y) from the top-left corner, first pixel centre at (0.5, 0.5)."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from previz import geometry

sizes = st.tuples(st.integers(1, 4096), st.integers(1, 4096))
coordinates = st.floats(-5000, 5000)
points = st.tuples(coordinates, coordinates).map(lambda pair: np.array([pair], dtype=np.float64))


@given(points, sizes, sizes)
def test_rescaling_there_and_back_is_the_identity(p, a, b):
    np.testing.assert_allclose(geometry.rescale(geometry.rescale(p, a, b), b, a), p, atol=1e-8)


@given(points, sizes)
def test_normalised_units_there_and_back_is_the_identity(p, size):
    np.testing.assert_allclose(geometry.denormalise(geometry.normalise(p, size), size), p, atol=1e-8)


@given(points, sizes)
def test_grid_sample_units_there_and_back_is_the_identity(p, size):
    np.testing.assert_allclose(
        geometry.from_grid_sample(geometry.to_grid_sample(p, size), size), p, atol=1e-8
    )


@given(points, st.integers(1, 4096))
def test_flipping_the_origin_twice_is_the_identity(p, height):
    np.testing.assert_allclose(geometry.flip_origin(geometry.flip_origin(p, height), height), p, atol=1e-8)


def test_rescaling_maps_corners_to_corners():
    corners = torch.tensor([[0.0, 0.0], [512.0, 256.0]])
    assert geometry.rescale(corners, (512, 256), (128, 64)).tolist() == [[0.0, 0.0], [128.0, 64.0]]


def test_normalised_coordinates_are_x_over_width():
    assert geometry.normalise(torch.tensor([64.0, 64.0]), (128, 256)).tolist() == [0.5, 0.25]


def test_grid_sample_reads_the_pixel_whose_centre_it_is_given():
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    grid = geometry.to_grid_sample(geometry.pixel_centres((4, 3)), (4, 3))[None]
    read = torch.nn.functional.grid_sample(image, grid, align_corners=False)
    torch.testing.assert_close(read, image)


def test_bottom_left_origin_keeps_pixel_centres_on_halves():
    assert geometry.flip_origin(torch.tensor([0.5, 0.5]), 1080).tolist() == [0.5, 1079.5]


def test_the_first_pixel_centre_is_index_zero():
    assert geometry.points_to_index(torch.tensor([0.5, 0.5])).tolist() == [0.0, 0.0]


def test_pixel_centres_are_rows_by_columns_of_x_y():
    centres = geometry.pixel_centres((3, 2))
    assert centres.shape == (2, 3, 2)
    assert centres[1, 2].tolist() == [2.5, 1.5]


def test_positions_outside_are_clamped_to_the_border():
    outside = torch.tensor([[-3.0, 5.0], [70.0, 40.0]])
    assert geometry.clamp_to_image(outside, (64, 32)).tolist() == [[0.0, 5.0], [64.0, 32.0]]
    assert geometry.clamp_to_image(outside.numpy(), (64, 32)).tolist() == [[0.0, 5.0], [64.0, 32.0]]


def test_the_border_counts_as_inside():
    positions = torch.tensor([[0.0, 0.0], [64.0, 32.0], [64.1, 1.0], [1.0, -0.1]])
    assert geometry.inside_image(positions, (64, 32)).tolist() == [True, True, False, False]
    assert geometry.inside_image(positions.numpy(), (64, 32)).tolist() == [True, True, False, False]


def test_arrays_stay_arrays_and_tensors_stay_tensors_of_their_dtype():
    array = geometry.rescale(np.ones((2, 2), np.float32), (4, 4), (8, 8))
    tensor = geometry.rescale(torch.ones(2, 2, dtype=torch.float64), (4, 4), (8, 8))
    assert isinstance(array, np.ndarray)
    assert array.dtype == np.float32
    assert isinstance(tensor, torch.Tensor)
    assert tensor.dtype == torch.float64
