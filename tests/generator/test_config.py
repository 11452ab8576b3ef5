from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.generator import GeneratorConfig


def test_the_published_rule_gives_the_channels():
    config = GeneratorConfig(resolution=1024)
    assert config.channels == {
        4: 512,
        8: 512,
        16: 512,
        32: 512,
        64: 512,
        128: 256,
        256: 128,
        512: 64,
        1024: 32,
    }
    assert (config.num_blocks, config.num_ws) == (9, 18)


@pytest.mark.parametrize(("size", "first"), [((1024, 512), (4, 2)), ((512, 256), (4, 2)), ((32, 64), (2, 4))])
def test_non_square_images_start_from_a_non_square_input(size, first):
    config = GeneratorConfig(resolution=size)
    assert config.block_shape(1)[1:] == first
    assert (config.height, config.width) == config.block_shape(config.num_blocks)[1:] == size


def test_block_6_has_128_px():
    assert GeneratorConfig(resolution=512).block_shape(6) == (256, 128, 128)


@given(
    size=st.sampled_from([32, 256, (64, 32), (256, 512)]),
    base=st.integers(1024, 40000),
    limit=st.integers(1, 600),
    c_dim=st.integers(0, 5),
    clamp=st.none() | st.floats(1, 1000),
)
def test_a_config_survives_json(size, base, limit, c_dim, clamp):
    config = GeneratorConfig(resolution=size, channels=(base, limit), c_dim=c_dim, conv_clamp=clamp)
    assert GeneratorConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"resolution": 100}, "resolution: 100 is not a power of two, nor (height, width) of them"),
        ({"resolution": 2048}, "resolution: 2048 is outside 8 to 1024"),
        ({"resolution": (512, 64)}, "resolution: (512, 64) is narrower than 1:4"),
        ({"resolution": 32, "z_dim": 0}, "z_dim: 0 is outside 1 to 4096"),
        ({"resolution": 32, "w_dim": 5000}, "w_dim: 5000 is outside 1 to 4096"),
        ({"resolution": 32, "mapping_layers": 65}, "mapping_layers: 65 is outside 1 to 64"),
        ({"resolution": 32, "mapping_width": 0}, "mapping_width: 0 is outside 1 to 4096"),
        ({"resolution": 32, "channels": {4: 8}}, "channels: sizes [4] where [4, 8, 16, 32] are needed"),
        ({"resolution": 8, "channels": {4: 8, 8: 0}}, "channels: 0 at size 8 is outside 1 to 4096"),
        ({"resolution": 32, "conv_clamp": 0}, "conv_clamp: 0 is not above 0"),
        ({"resolution": 32, "conv_clamp": 1e40}, "conv_clamp: 1e+40 is not a number below 1e+30"),
        ({"resolution": 32, "mapping_lr_multiplier": 0}, "mapping_lr_multiplier: 0 is not above 0"),
    ],
)
def test_what_cannot_be_built_is_named(values, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared below
        GeneratorConfig(**values)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "values", [{}, {"resolution": "32"}, {"resolution": 32, "channels": 5}, {"resolution": [1]}]
)
def test_a_malformed_dict_is_a_value_error(values):
    with pytest.raises(ValueError, match=r"."):
        GeneratorConfig.from_dict(values)


def test_an_unknown_field_is_named():
    with pytest.raises(ValueError, match=r"^depth: not a field of the generator's config$"):
        GeneratorConfig.from_dict({"resolution": 32, "depth": 3})
