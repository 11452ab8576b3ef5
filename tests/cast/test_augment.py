import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from previz.cast._augment import augment, colour_matrix, geometric_matrix, resample


def pictures(count: int, height: int = 16, width: int = 16) -> Tensor:
    rng = torch.Generator().manual_seed(3)
    return torch.rand(count, 3, height, width, generator=rng) * 2 - 1


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def affine(*rows: list[float]) -> Tensor:
    return torch.tensor([rows])


def test_without_a_probability_pictures_stay_as_they_are() -> None:
    image = pictures(3)
    assert augment(image, 0.0, seeded()) is image


def test_what_a_matrix_leaves_in_place_keeps_its_sharpness() -> None:
    image = pictures(1, 8, 16)
    assert torch.allclose(resample(image, affine([1.0, 0, 0], [0, 1, 0])), image, atol=1e-5)
    assert torch.allclose(resample(image, affine([-1.0, 0, 0], [0, 1, 0])), image.flip(3), atol=1e-5)
    shifted = resample(image, affine([1.0, 0, 3], [0, 1, 0]))
    assert torch.allclose(shifted[..., :-3], image[..., 3:], atol=1e-5)
    assert torch.allclose(shifted[..., -3:], image[..., -3:].flip(3), atol=1e-5)  # the border mirrors


def test_a_quarter_turn_is_one() -> None:
    image = pictures(1)
    turned = resample(image, affine([0.0, -1, 0], [1, 0, 0]))
    assert torch.allclose(turned, image.rot90(1, (2, 3)), atol=1e-5) or torch.allclose(
        turned, image.rot90(-1, (2, 3)), atol=1e-5
    )


@settings(max_examples=10)
@given(st.sampled_from([0.2, 0.5, 0.8]), st.integers(0, 100))
def test_a_change_of_either_kind_happens_to_its_share_of_pictures(probability: float, seed: int) -> None:
    count = 4000
    geometric = geometric_matrix(count, 16, 16, probability, seeded(seed))
    kept = (geometric == torch.eye(3)[:2]).all(dim=(1, 2)).float().mean()
    # A flip and a turn leave 1/2 and 1/4 of what they happen to; a shift rounds to 0 now and then.
    p = probability
    least = (1 - p) ** 6
    assert least * 0.7 - 0.01 < float(kept) < (1 - p / 2) * (1 - p * 3 / 4) * (1 - p) ** 3 + 0.03
    colour = colour_matrix(count, p, seeded(seed))
    kept = ((colour - torch.eye(4)[:3]).abs() < 1e-5).all(dim=(1, 2)).float().mean()
    expected = (1 - p) ** 4 * (1 - p / 2)
    assert float(kept) == pytest.approx(expected, abs=0.04)


def test_colours_turn_about_grey_which_changes_in_brightness_alone() -> None:
    matrix = colour_matrix(500, 1.0, seeded())
    grey = matrix @ torch.tensor([0.3, 0.3, 0.3, 1.0])
    assert torch.allclose(grey, grey.mean(dim=1, keepdim=True).expand(-1, 3), atol=1e-5)
    slope = (matrix[:, :, :3] @ torch.ones(3))[:, 0]
    assert 0.3 < float((slope < 0).float().mean()) < 0.7  # the luma is flipped in half of the pictures
    red = matrix[:, :, :3] @ torch.tensor([1.0, 0, 0])
    assert float(red[:, 1].max()) > 0.5  # some of them turn green


def test_the_same_seed_changes_pictures_the_same_way_and_another_does_not() -> None:
    image = pictures(4, 8, 16)
    first = augment(image, 0.7, seeded(1))
    assert torch.equal(first, augment(image, 0.7, seeded(1)))
    assert not torch.equal(first, augment(image, 0.7, seeded(2)))
    assert first.shape == image.shape


def test_gradients_flow_back_to_the_pictures() -> None:
    image = pictures(4).requires_grad_()
    augment(image, 1.0, seeded()).square().sum().backward()
    assert image.grad is not None
    assert (image.grad.abs().sum(dim=(1, 2, 3)) > 0).all()
    assert math.isfinite(float(image.grad.abs().max()))
