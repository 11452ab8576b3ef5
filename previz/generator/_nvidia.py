"""Pickles of NVIDIA's PyTorch code: stylegan2-ada-pytorch, and the StyleGAN2 of the stylegan3 repository.

They hold whole networks, in a dict of G, D and G_ema or alone, with the source of their classes beside the
state. Names are those of `Generator`; what shapes don't tell stands in the attributes of the modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from previz.errors import CheckpointError
from previz.generator._pickle import Instance
from previz.generator._source import Source
from previz.generator._text import one_line

FORMAT = "NVIDIA PyTorch pickle"
STATE_FORMAT = "PyTorch state dict"
STYLEGAN3 = (
    "a StyleGAN3 generator; previz animates StyleGAN2 ones, such as training with --cfg=stylegan2 gives"
)
_MAX_DEPTH = 8
_MAX_MODULES = 10_000  # of them shared, a small file can name any number


def find_network(value: Any) -> Instance | None:
    """The generator in what a pickle held: G_ema, else G, else the value itself."""
    if isinstance(value, dict):
        value = value.get("G_ema", value.get("G"))
    if isinstance(value, Instance) and isinstance(value.state, dict) and "_modules" in value.state:
        return value
    return None


def read_network(network: Instance) -> Source:
    """The tensors and the hints of a network; raises CheckpointError where it isn't a StyleGAN2 generator."""
    tensors: dict[str, Tensor] = {}
    walk = _walk(network, "", 0)
    modules = dict(islice(walk, _MAX_MODULES))
    if next(walk, None) is not None:
        raise CheckpointError(f"it has more than {_MAX_MODULES} modules")
    for path, state in modules.items():
        for kind in ("_parameters", "_buffers"):
            for name, tensor in _mapping(state.get(kind)).items():
                if isinstance(tensor, Tensor):
                    tensors[f"{path}{name}"] = tensor
    hints = _hints(modules)
    return Source(FORMAT, check_names(tensors), hints)


def check_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Refuse other generators than StyleGAN2, and leave out the low-pass filters, once looked at."""
    if any(name.startswith(("synthesis.input.", "synthesis.L0_")) for name in tensors):
        raise CheckpointError(STYLEGAN3)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    published = torch.outer(taps, taps)
    kept: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not name.endswith("resample_filter"):
            kept[name] = tensor
        elif tensor.shape != (4, 4) or not torch.allclose(tensor.float(), published, atol=1e-4):
            raise CheckpointError(f"{one_line(name)} is not the published [1, 3, 3, 1] filter")
    return kept


def _walk(network: Instance, path: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every module's path, ending in a dot, with its attributes."""
    if depth > _MAX_DEPTH:
        raise CheckpointError("its modules are nested too deep for a generator")
    state = _mapping(network.state)
    yield path, state
    for name, child in _mapping(state.get("_modules")).items():
        if isinstance(child, Instance):
            yield from _walk(child, f"{path}{name}.", depth + 1)


def _hints(modules: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    _require(modules, "architecture", "skip")
    _require({path: state for path, state in modules.items() if ".conv" in path[:-1]}, "activation", "lrelu")
    _require(
        {path: state for path, state in modules.items() if path.startswith("mapping.fc")},
        "activation",
        "lrelu",
    )
    half = sum(bool(state.get("use_fp16")) for path, state in modules.items() if path.count(".") == 2)
    clamps = {_number(state.get("conv_clamp")) for state in modules.values() if "conv_clamp" in state}
    if len(clamps) > 1:
        raise CheckpointError("its layers are clamped at different values")
    hints: dict[str, Any] = {"num_fp16_res": half, "conv_clamp": clamps.pop() if clamps else None}
    multiplier = _number(_mapping(modules.get("mapping.fc0.")).get("bias_gain"))
    if multiplier is not None:
        hints["mapping_lr_multiplier"] = multiplier
    return hints


def _require(modules: Mapping[str, Mapping[str, Any]], attribute: str, value: str) -> None:
    for path, state in modules.items():
        found = state.get(attribute, value)
        if path.endswith(".affine."):
            continue
        if found != value:
            raise CheckpointError(
                f"{one_line(path + attribute)} is {one_line(found, 40)!r} where {value!r} is needed"
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
