import pytest
import torch

from previz.cast._losses import blur_to_detail, face_weight, picture_errors, pyramid_loss
from previz.cast._muon import Muon, orthogonalise


def test_face_weight_is_one_on_a_landmark_and_falls_off() -> None:
    weight = face_weight(torch.tensor([[[16.5, 8.5]]]), 32)
    assert weight.shape == (1, 1, 32, 32)
    assert weight[0, 0, 8, 16] == pytest.approx(1.0)
    assert weight[0, 0, 8, 17] < 1.0
    assert weight[0, 0, 31, 0] < 1e-3


def test_pyramid_loss_is_zero_for_equal_pictures_and_grows_with_the_difference() -> None:
    image = torch.rand(2, 3, 32, 32)
    weight = torch.ones(2, 1, 32, 32)
    assert float(pyramid_loss(image, image, weight, 1.0)) == 0.0
    near, far = (float(pyramid_loss(image + step, image, weight, 1.0)) for step in (0.1, 0.2))
    assert far == pytest.approx(2 * near, rel=1e-5)


def test_pyramid_loss_weighs_what_the_weight_marks() -> None:
    image, target = torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32)
    target[..., :8, :8] = 1.0
    marked, elsewhere = torch.ones(1, 1, 32, 32), torch.ones(1, 1, 32, 32)
    marked[..., :8, :8] = 7.0
    elsewhere[..., 16:, 16:] = 7.0
    assert pyramid_loss(image, target, marked, 1.0) > 3 * pyramid_loss(image, target, elsewhere, 1.0)


def test_blur_keeps_what_the_detail_can_hold() -> None:
    flat = torch.full((1, 3, 64, 64), 0.3)
    assert torch.allclose(blur_to_detail(flat, 48), flat)
    stripes = torch.zeros(1, 3, 64, 64)
    stripes[..., ::2] = 1.0
    assert float((blur_to_detail(stripes, 32) - 0.5).abs().max()) < 0.01


def test_picture_errors_are_on_a_scale_of_zero_to_one() -> None:
    black, white = -torch.ones(1, 3, 16, 16), torch.ones(1, 3, 16, 16)
    errors = picture_errors(black, white, torch.ones(1, 1, 16, 16))
    assert {name: float(value) for name, value in errors.items()} == {"psnr": 0.0, "l1": 1.0, "face_l1": 1.0}


@pytest.mark.parametrize("shape", [(8, 72), (72, 8), (16, 16)])
def test_orthogonal_steps_have_singular_values_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonalise(matrix, steps=10))
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_muon_steps_by_the_learning_rate_against_the_gradient() -> None:
    weight = torch.nn.Parameter(torch.zeros(8, 4, 3, 3))
    (weight * torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(2))).sum().backward()
    gradient = weight.grad
    assert gradient is not None
    Muon([weight]).step(0.01)
    assert float(weight.detach().square().mean().sqrt()) == pytest.approx(0.01, rel=0.3)
    assert float((weight.detach() * gradient).sum()) < 0
