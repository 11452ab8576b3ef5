"""Checkpoints of rosinality/stylegan2-pytorch: the state of `g_ema`, often with `latent_avg` beside it.

Kernels carry a leading 1, and are laid out as ours, those of the upsampling convolutions too. Convolutions
are numbered through the sizes, two a size from 8 px on; layer 0 of the mapping is its normalisation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from previz.errors import CheckpointError
from previz.generator._source import Source
from previz.generator._text import one_line

FORMAT = "rosinality checkpoint"
_CONVOLUTION = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}


def is_rosinality(state: Mapping[str, Any]) -> bool:
    """Whether a state dict has this layout's names."""
    return "input.input" in state and "conv1.conv.weight" in state


def read_state(state: Mapping[str, Tensor], latent_avg: Tensor | None) -> Source:
    """The tensors under our names; raises CheckpointError for a name that isn't a generator's."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in state.items():
        renamed = _rename(name)
        if renamed is not None:
            tensors[renamed] = _reshape(renamed, tensor)
    if latent_avg is not None:
        tensors["mapping.w_avg"] = latent_avg.flatten()
    return Source(FORMAT, tensors, {"mapping_lr_multiplier": 0.01})


def _rename(name: str) -> str | None:
    if name == "input.input":
        return "synthesis.b4.const"
    if name.endswith(".kernel"):
        return None  # the low-pass filters
    if match := re.fullmatch(r"style\.([1-9]\d?)\.(weight|bias)", name):
        return f"mapping.fc{int(match[1]) - 1}.{match[2]}"
    if match := re.fullmatch(r"noises\.noise_(\d{1,2})", name):
        return f"{_layer(int(match[1]))}.noise_const"
    if match := re.fullmatch(r"(conv1|convs\.(\d{1,2}))\.(.+)", name):
        index = 0 if match[2] is None else int(match[2]) + 1
        return f"{_layer(index)}.{_part(name, match[3])}"
    if match := re.fullmatch(r"(to_rgb1|to_rgbs\.(\d))\.(.+)", name):
        index = 0 if match[2] is None else int(match[2]) + 1
        return f"synthesis.b{4 << index}.torgb.{_part(name, match[3])}"
    raise CheckpointError(f"{one_line(name)} has no place in a StyleGAN2 generator")


def _layer(index: int) -> str:
    """Convolution 0 is at 4 px, 1 and 2 at 8 px, and so on."""
    return f"synthesis.b{4 << (index + 1) // 2}.conv{0 if index % 2 else 1}"


def _part(name: str, part: str) -> str:
    if part not in _CONVOLUTION:
        raise CheckpointError(f"{one_line(name)} has no place in a StyleGAN2 generator")
    return _CONVOLUTION[part]


def _reshape(name: str, tensor: Tensor) -> Tensor:
    """Drop the dimensions of size one that this layout adds."""
    wanted = {"const": 3, "noise_const": 2, "noise_strength": 0}.get(name.rsplit(".", 1)[-1])
    if wanted is None:
        wanted = 1 if name.endswith("bias") else 2 if "affine" in name or "mapping" in name else 4
    if wanted == 1:
        return tensor.flatten()
    while tensor.ndim > wanted and tensor.shape[0] == 1:
        tensor = tensor[0]
    return tensor
