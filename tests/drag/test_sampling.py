"""Features at sub-pixel positions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from previz.drag import lookup_features, sample_features
from previz.geometry import pixel_centres, to_grid_sample


def feature_map(channels=3, height=5, width=7):
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(0))


def plain_samples(features, points):
    """What grid_sample reads, the documented meaning of our samples."""
    height, width = features.shape[1:]
    grid = to_grid_sample(points, (width, height))[None, None]
    read = torch.nn.functional.grid_sample(features[None], grid, padding_mode="border", align_corners=False)
    return read[0, :, 0].t()


positions = st.lists(st.tuples(st.floats(-3, 10), st.floats(-3, 10)), min_size=1, max_size=20).map(
    torch.tensor
)


@settings(deadline=None, max_examples=50)
@given(positions)
def test_samples_are_bilinear_with_the_border_repeated(points):
    features = feature_map()
    torch.testing.assert_close(
        sample_features(features, points), plain_samples(features, points), atol=1e-4, rtol=1e-4
    )


@settings(deadline=None, max_examples=50)
@given(positions)
def test_gradients_are_those_of_grid_sample(points):
    ours, plain = feature_map().requires_grad_(), feature_map().requires_grad_()
    weights = torch.linspace(-1, 1, 3 * len(points)).reshape(len(points), 3)
    (sample_features(ours, points) * weights).sum().backward()
    (plain_samples(plain, points) * weights).sum().backward()
    torch.testing.assert_close(ours.grad, plain.grad, atol=1e-4, rtol=1e-4)


def test_lookup_reads_the_same_values_without_a_gradient():
    features = feature_map().requires_grad_()
    points = torch.rand(4, 6, 2, generator=torch.Generator().manual_seed(1)) * 7
    read = lookup_features(features, points)
    assert not read.requires_grad
    torch.testing.assert_close(read, sample_features(features, points).detach())


def test_a_pixel_centre_reads_that_pixel():
    features = feature_map()
    assert torch.equal(sample_features(features, pixel_centres((7, 5))), features.permute(1, 2, 0))


def test_positions_keep_their_leading_shape():
    assert sample_features(feature_map(), torch.zeros(2, 4, 2)).shape == (2, 4, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_samples_are_float32_whatever_the_map_is(dtype):
    assert sample_features(feature_map().to(dtype), torch.ones(1, 2)).dtype == torch.float32
