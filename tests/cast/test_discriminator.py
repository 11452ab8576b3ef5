import numpy as np
import pytest
import torch
from torch import Tensor

from previz.cast._discriminator import Discriminator, config_for, low_pass, minibatch_deviation
from previz.generator import GeneratorConfig


def discriminator(resolution: int | tuple[int, int], stride: int = 0, channels: int = 8) -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(config_for(GeneratorConfig(resolution, channels=(4096, channels)), stride))


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("resolution", [(32, 32), (32, 16), (16, 64), (8, 8)])
def test_pictures_of_any_aspect_get_one_logit_each(resolution: tuple[int, int]) -> None:
    verdict = discriminator(resolution)(normal(4, 3, *resolution))
    assert verdict.whole.shape == (4,)
    assert verdict.local is None
    assert verdict.features[-1].shape[2:] == tuple(4 * side // max(resolution) for side in resolution)


@pytest.mark.parametrize(
    ("size", "stride", "places"),
    [(128, 8, 16), (256, 8, 32), (32, 8, 8), (32, 2, 16), (16, 64, 8), (8, 8, 0)],
)
def test_the_local_verdict_has_a_place_every_stride_or_as_near_as_there_is_a_map(
    size: int, stride: int, places: int
) -> None:
    assert config_for(GeneratorConfig(size, channels=(1024, 8)), stride).local == places


def test_a_place_of_the_local_verdict_sees_its_patch_only() -> None:
    net = discriminator((64, 32), stride=4)
    image = normal(1, 3, 64, 32).requires_grad_()
    local = net(image).local
    assert local is not None
    assert local.shape == (1, 16, 8)
    local[0, 0, 0].backward()
    assert image.grad is not None
    seen = image.grad.abs().sum(dim=(0, 1)).nonzero()
    assert seen.max() < 28
    assert image.grad[:, :, :4, :4].abs().min() > 0


def test_a_width_of_half_has_half_the_channels() -> None:
    config = GeneratorConfig(16, channels={4: 8, 8: 6, 16: 1})
    assert config_for(config, 0, 0.5).channels == {4: 4, 8: 3, 16: 1}


def test_fresh_layers_keep_the_variance_of_what_passes_them() -> None:
    net = discriminator((32, 32), channels=64)
    with torch.no_grad():
        for feature in net(normal(32, 3, 1, 1).expand(-1, -1, 32, 32)).features:  # flat: nothing to filter
            assert 0.5 < float(feature.square().mean()) < 2


def test_the_filter_keeps_what_is_flat_and_removes_a_checkerboard() -> None:
    flat = torch.ones(1, 2, 16, 16)
    assert torch.allclose(low_pass(flat, stride=2, padding=1)[:, :, 1:-1, 1:-1], torch.ones(1, 2, 6, 6))
    board = (torch.arange(16)[:, None] + torch.arange(16)) % 2 * 2.0 - 1
    assert low_pass(board[None, None], stride=2, padding=1)[:, :, 1:-1, 1:-1].abs().max() < 1e-6


def test_the_minibatch_deviation_is_the_mean_deviation_of_each_group_of_neighbours() -> None:
    x = normal(8, 3, 2, 5)
    x[4:] = x[4]  # the second group is of equal pictures
    found = minibatch_deviation(x, 4)
    assert found.shape == (8, 1, 2, 5)
    expected = float(np.std(x[:4].numpy(), axis=0).mean())
    assert torch.allclose(found[:4], torch.tensor(expected), atol=1e-4)
    assert found[4:].max() < 1e-3


def test_a_batch_that_no_group_divides_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^6 pictures can't be split into groups of 4$"):
        minibatch_deviation(torch.zeros(6, 1, 4, 4), 4)


def test_real_and_generated_pictures_judged_together_are_judged_as_apart() -> None:
    net, real, generated = discriminator((16, 16), 4), normal(4, 3, 16, 16), 2 * normal(4, 3, 16, 16)
    with torch.no_grad():
        together = net(torch.cat([real, generated])).whole
        apart = torch.cat([net(real).whole, net(generated).whole])
    assert torch.allclose(together, apart, atol=1e-5)
