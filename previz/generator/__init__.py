"""StyleGAN2 generators and the checkpoint formats they come in."""

from previz.generator._checkpoint import (
    CheckpointInfo,
    find_checkpoint,
    inspect_checkpoint,
    list_checkpoints,
    load_generator,
)
from previz.generator._config import GeneratorConfig
from previz.generator._convert import convert_checkpoint
from previz.generator._device import resolve_device
from previz.generator._network import Generator, Noise
from previz.generator._previz import save_generator

__all__ = [
    "CheckpointInfo",
    "Generator",
    "GeneratorConfig",
    "Noise",
    "convert_checkpoint",
    "find_checkpoint",
    "inspect_checkpoint",
    "list_checkpoints",
    "load_generator",
    "resolve_device",
    "save_generator",
]
