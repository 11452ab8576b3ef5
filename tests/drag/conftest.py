import pytest
import torch
from moving_texture import MovingTexture

from previz.generator import Generator, GeneratorConfig


@pytest.fixture
def texture() -> MovingTexture:
    return MovingTexture()


@pytest.fixture(scope="session")
def random_generator() -> Generator:
    config = GeneratorConfig(resolution=32, z_dim=16, w_dim=16, channels=(256, 16), mapping_layers=2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Generator(config).eval().requires_grad_(False)
