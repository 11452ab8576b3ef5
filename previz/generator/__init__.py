"""StyleGAN2 generators and the checkpoint formats they come in."""

from previz.generator._config import GeneratorConfig
from previz.generator._network import Generator

__all__ = ["Generator", "GeneratorConfig"]
