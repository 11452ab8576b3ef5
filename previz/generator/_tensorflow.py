"""Pickles of the TensorFlow StyleGAN2: a tuple (G, D, Gs) of networks, each its variables by name.

TensorFlow keeps kernels as [height, width, in, out], dense weights as [in, out], and the modulation's bias
without its 1; the kernel of its upsampling convolution is turned by 180° against PyTorch's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.errors import CheckpointError
from previz.generator._pickle import Instance
from previz.generator._rebuild import array_value
from previz.generator._source import Source
from previz.generator._text import one_line

FORMAT = "NVIDIA TensorFlow pickle"
_MAX_DEPTH, _MAX_COMPONENTS = 4, 8
_MAX_VARIABLES = 10_000  # of networks shared, a small file can name any number
Array = np.ndarray[Any, Any]


def find_network(value: Any) -> Instance | None:
    """Gs of a tuple (G, D, Gs), or a network alone; None for anything else."""
    network = value[2] if isinstance(value, tuple | list) and len(value) == 3 else value
    if isinstance(network, Instance) and str(network.name) == "dnnlib.tflib.network.Network":
        return network
    return None


def read_network(network: Instance) -> Source:
    """The tensors of a TensorFlow network under our names; CheckpointError where it isn't StyleGAN2's."""
    state = network.state if isinstance(network.state, dict) else {}
    version = state.get("version")
    if not isinstance(version, int) or version < 4:
        raise CheckpointError(
            f"a TensorFlow network of version {one_line(version, 20)}; StyleGAN2's have version 4 or above"
        )
    found = _variables(network, "", 0)
    variables = dict(islice(found, _MAX_VARIABLES))
    if next(found, None) is not None:
        raise CheckpointError(f"it has more than {_MAX_VARIABLES} variables")
    if "synthesis/4x4/Conv/mod_weight" not in variables:
        raise CheckpointError("a TensorFlow network, but not a StyleGAN2 generator")
    tensors: dict[str, Tensor] = {}
    for name, value in variables.items():
        renamed = _rename(name, value)
        if renamed is not None:
            tensors[renamed[0]] = torch.from_numpy(np.array(renamed[1], dtype=np.float32))
    kwargs = state.get("static_kwargs")
    return Source(FORMAT, tensors, _hints(kwargs if isinstance(kwargs, dict) else {}))


def _variables(network: Instance, prefix: str, depth: int) -> Iterator[tuple[str, Array]]:
    state = network.state if isinstance(network.state, dict) else {}
    components = state.get("components")
    components = components if isinstance(components, dict) else {}
    if depth > _MAX_DEPTH or len(components) > _MAX_COMPONENTS:
        raise CheckpointError("its networks are nested too deep or too wide for a generator")
    for name, value in state.get("variables") or []:
        array = array_value(value)
        if isinstance(name, str) and array is not None:
            yield prefix + name, array
    for name, component in components.items():
        if isinstance(component, Instance):
            yield from _variables(component, f"{prefix}{name}/", depth + 1)


def _hints(kwargs: dict[str, Any]) -> dict[str, Any]:
    for name, published in {
        "architecture": "skip",
        "nonlinearity": "lrelu",
        "mapping_nonlinearity": "lrelu",
    }.items():
        if kwargs.get(name, published) != published:
            raise CheckpointError(
                f"its {name} is {one_line(kwargs[name], 40)!r} where {published!r} is needed"
            )
    hints = {
        "mapping_lr_multiplier": kwargs.get("mapping_lrmul", 0.01),
        "num_fp16_res": kwargs.get("num_fp16_res", 0) or 0,
        "conv_clamp": kwargs.get("conv_clamp"),
    }
    for name, value in hints.items():
        if value is not None and not isinstance(value, int | float):
            raise CheckpointError(f"its {name} is not a number")
    return hints


def _same(value: Array) -> Array:
    return value


def _transposed(value: Array) -> Array:
    return value.T


def _plus_one(value: Array) -> Array:
    return value + 1


def _kernel(value: Array) -> Array:
    return value.transpose(3, 2, 0, 1)


def _turned_kernel(value: Array) -> Array:
    return value[::-1, ::-1].transpose(3, 2, 0, 1)


_PARTS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "weight": ("weight", _kernel),
    "bias": ("bias", _same),
    "noise_strength": ("noise_strength", _same),
    "mod_weight": ("affine.weight", _transposed),
    "mod_bias": ("affine.bias", _plus_one),
}
_LAYERS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb"}


def _rename(name: str, value: Array) -> tuple[str, Array] | None:
    """Our name and layout of a variable; None for those that generating doesn't need."""
    if name == "dlatent_avg":
        return "mapping.w_avg", value
    if match := re.fullmatch(r"mapping/Dense(\d+)/(weight|bias)", name):
        return f"mapping.fc{match[1]}.{match[2]}", value.T
    if match := re.fullmatch(r"mapping/LabelEmbed/(weight|bias)", name):
        return f"mapping.embed.{match[1]}", value.T
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const", value[0]
    if match := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
        index = int(match[1])  # 0 at 4 px, then two a size: 1 and 2 at 8 px
        layer = "conv1" if index % 2 == 0 else "conv0"
        return f"synthesis.b{4 << (index + 1) // 2}.{layer}.noise_const", value[0, 0]
    if match := re.fullmatch(r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1|ToRGB)/(\w+)", name):
        size, layer, part = match.groups()
        if part in _PARTS:
            target, change = _PARTS[part]
            turned = layer == "Conv0_up" and part == "weight"
            return f"synthesis.b{size}.{_LAYERS[layer]}.{target}", (_turned_kernel if turned else change)(
                value
            )
    if name.endswith("lod"):
        return None
    raise CheckpointError(f"the variable {one_line(name)} has no place in a StyleGAN2 generator")
