from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from previz.errors import PrevizError
from previz.generator import Generator, GeneratorConfig
from previz.generator._layers import upsample
from previz.generator._plain import low_pass_upsample, plain_synthesis
from tests.generator.layouts import small_generator

RESOLUTIONS = (32, (64, 32), (32, 64))


@pytest.fixture(scope="module", params=RESOLUTIONS, ids=str)
def generator(request) -> Generator:
    return small_generator(request.param)


@pytest.fixture(scope="module")
def w(generator) -> torch.Tensor:
    return torch.cat([generator.sample_w(seed) for seed in (0, 1)])


def test_features_agree_with_modulated_weights(generator, w):
    for block in range(1, generator.num_blocks + 1):
        twin = torch.cat([plain_synthesis(generator, row, block)[0] for row in w])
        torch.testing.assert_close(generator.features(w, block), twin, atol=1e-5, rtol=1e-5)


def test_gradients_agree_with_modulated_weights(generator, w):
    leaf, twin = w.clone().requires_grad_(), w.clone().requires_grad_()
    features = generator.features(leaf, generator.num_blocks)
    weights = torch.randn(features.shape, generator=torch.Generator().manual_seed(0))
    (features * weights).sum().backward()
    for row, weight in zip(twin, weights, strict=True):
        (plain_synthesis(generator, row)[0] * weight).sum().backward()
    scale = float(twin.grad.abs().max())
    torch.testing.assert_close(leaf.grad / scale, twin.grad / scale, atol=1e-5, rtol=0)


def test_images_agree_with_modulated_weights(generator, w):
    twin = torch.cat([plain_synthesis(generator, row)[1] for row in w])
    torch.testing.assert_close(generator.synthesis(w), twin, atol=1e-5, rtol=1e-5)


def test_clamped_layers_agree_with_modulated_weights():
    generator = small_generator(16, clamp=0.5)
    w = generator.sample_w(0)
    features, image = plain_synthesis(generator, w[0])
    torch.testing.assert_close(generator.features(w, 3), features)
    torch.testing.assert_close(generator.synthesis(w), image)
    assert float(features.abs().max()) == 0.5  # the limit is that of what comes out, gain and all


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 9), width=st.integers(1, 9))
def test_upsampling_is_the_published_filter_up_to_the_border(height, width):
    image = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(height * 10 + width))
    torch.testing.assert_close(upsample(image), low_pass_upsample(image))


def test_shapes(generator, w):
    height, width = generator.height, generator.width
    assert generator.synthesis(w).shape == (2, 3, height, width)
    for block in range(1, generator.num_blocks + 1):
        assert generator.features(w, block).shape[1:] == generator.block_shape(block)
    assert generator.block_shape(generator.num_blocks)[1:] == (height, width)
    assert w.shape == (2, 2 * generator.num_blocks, generator.w_dim)


def test_a_feature_map_depends_on_its_leading_layers_alone(generator, w):
    for block in range(1, generator.num_blocks + 1):
        count = generator.block_num_ws(block)
        features = generator.features(w, block)
        torch.testing.assert_close(generator.features(w[:, :count], block), features, atol=0, rtol=0)
        changed = w.clone()
        changed[:, count - 1] += 1
        assert not torch.allclose(generator.features(changed, block), features)


def test_synthesis_can_stop_at_a_smaller_image(generator, w):
    small = generator.synthesis(w, max_block=2)
    assert small.shape[2:] == generator.block_shape(2)[1:]
    twin = torch.cat([plain_synthesis(generator, row, 2)[1] for row in w])
    torch.testing.assert_close(small, twin, atol=1e-5, rtol=1e-5)


def test_truncation_moves_w_towards_its_mean():
    generator = small_generator()
    full, half = generator.sample_w(3), generator.sample_w(3, truncation=0.5)
    torch.testing.assert_close(half, (full + generator.mapping.w_avg) / 2)
    torch.testing.assert_close(generator.sample_w(3, truncation=0), generator.mapping.w_avg.expand_as(full))


def test_truncation_stops_at_its_cutoff():
    generator = small_generator()
    full = generator.sample_w(3)
    some = generator.sample_w(3, truncation=0.5, truncation_cutoff=3)
    torch.testing.assert_close(some[:, 3:], full[:, 3:], atol=0, rtol=0)
    torch.testing.assert_close(some[:, :3], generator.sample_w(3, truncation=0.5)[:, :3], atol=0, rtol=0)


def test_labels_change_w():
    generator = small_generator(c_dim=2)
    first, second = (generator.sample_w(0, c=torch.eye(2)[index : index + 1]) for index in (0, 1))
    assert not torch.allclose(first, second)


def test_a_sample_does_not_depend_on_its_batch():
    generator = small_generator()
    w = torch.cat([generator.sample_w(seed) for seed in range(3)])
    together = generator.synthesis(w)
    for index in range(3):
        alone = generator.synthesis(w[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone, atol=1e-5, rtol=1e-5)


def test_random_noise_comes_from_the_given_generator():
    generator = small_generator()
    w = generator.sample_w(0).expand(2, -1, -1)
    first = generator.synthesis(w, "random", torch.Generator().manual_seed(1))
    again = generator.synthesis(w, "random", torch.Generator().manual_seed(1))
    other = generator.synthesis(w, "random", torch.Generator().manual_seed(2))
    torch.testing.assert_close(first, again, atol=0, rtol=0)
    assert not torch.allclose(first, other)
    assert not torch.allclose(first[0], first[1])


def test_a_new_generator_can_be_trained():
    generator = Generator(small_generator(16).config)
    z = torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    generator(z).square().mean().backward()
    assert [name for name, value in generator.named_parameters() if value.grad is None] == []
    assert all(bool(value.grad.isfinite().all()) for value in generator.parameters())


def test_a_new_generator_is_drawn_as_the_paper_draws_it():
    generator = Generator(GeneratorConfig(resolution=16, channels=(2048, 128), z_dim=128, w_dim=128))
    generator.requires_grad_(requires_grad=False)
    layer = generator.synthesis.block(2).conv0
    assert float(layer.weight.std()) == pytest.approx(1, abs=0.05)
    assert bool((layer.affine.bias == 1).all())
    assert float(layer.noise_strength) == 0
    assert float(generator.mapping.fc0.weight.std()) == pytest.approx(100, rel=0.05)
    image = generator(torch.randn(4, 128, generator=torch.Generator().manual_seed(0)))
    assert 0.2 < float(image.std()) < 5


def test_half_precision_autocast_stays_near():
    generator = small_generator()
    w = generator.sample_w(0)
    with torch.autocast("cpu", torch.bfloat16):
        image = generator.synthesis(w)
    assert image.dtype == torch.float32
    assert float((image - generator.synthesis(w)).abs().max()) < 0.1


def test_channels_last_weights_give_the_same_features():
    generator = small_generator()
    w = generator.sample_w(0)
    features = generator.features(w, 4)
    last = small_generator().to(memory_format=torch.channels_last)
    torch.testing.assert_close(last.features(w, 4), features, atol=1e-5, rtol=1e-5)


def test_the_digest_names_weights_and_architecture():
    generator = small_generator()
    assert generator.digest == small_generator().digest
    assert generator.digest != small_generator(seed=1).digest
    assert generator.digest != small_generator(clamp=1.0).digest
    assert len(generator.digest) == 16


@pytest.mark.parametrize("block", [0, 5, -1])
def test_a_block_that_is_not_there(block):
    generator = small_generator()
    w = generator.sample_w(0)
    for call in (generator.block_shape, generator.block_num_ws, lambda block: generator.features(w, block)):
        with pytest.raises(PrevizError) as error:
            call(block)
        assert str(error.value) == f"block {block} is outside 1 to 4"


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_outside_its_range(seed):
    with pytest.raises(PrevizError) as error:
        small_generator().sample_w(seed)
    assert str(error.value) == f"seed {seed} is outside 0 to 4294967295"


def test_shapes_that_do_not_fit_are_named():
    generator = small_generator(c_dim=2)
    with pytest.raises(ValueError, match=r"^z has shape \(1, 3\) where \[N, 16\] is needed$"):
        generator.mapping(torch.zeros(1, 3))
    with pytest.raises(ValueError, match=r"^c has shape \(1, 3\) where \[1, 2\] is needed$"):
        generator.mapping(torch.zeros(1, 16), torch.zeros(1, 3))
    with pytest.raises(ValueError, match=r"^w has shape \(1, 4, 16\) where \[N, 8, 16\] is needed$"):
        generator.synthesis(torch.zeros(1, 4, 16))
    with pytest.raises(ValueError, match=r"^noise 'loud' is not const, none or random$"):
        generator.synthesis(torch.zeros(1, 8, 16), "loud")
