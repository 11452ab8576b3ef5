"""StyleGAN2 generators and the checkpoint formats they come in."""

from previz.generator._checkpoint import (
    JUDGE_SUFFIX,
    CheckpointInfo,
    checkpoint_folders,
    find_checkpoint,
    inspect_checkpoint,
    list_checkpoints,
    load_generator,
)
from previz.generator._config import GeneratorConfig
from previz.generator._convert import convert_checkpoint
from previz.generator._device import pick_device, resolve_device
from previz.generator._directions import (
    Direction,
    component_directions,
    directions_file,
    factor_directions,
    find_directions,
    latents_of_codes,
    load_directions,
    sample_codes,
    save_directions,
)
from previz.generator._network import Generator, Noise
from previz.generator._previz import save_generator

__all__ = [
    "JUDGE_SUFFIX",
    "CheckpointInfo",
    "Direction",
    "Generator",
    "GeneratorConfig",
    "Noise",
    "checkpoint_folders",
    "component_directions",
    "convert_checkpoint",
    "directions_file",
    "factor_directions",
    "find_checkpoint",
    "find_directions",
    "inspect_checkpoint",
    "latents_of_codes",
    "list_checkpoints",
    "load_directions",
    "load_generator",
    "pick_device",
    "resolve_device",
    "sample_codes",
    "save_directions",
    "save_generator",
]
