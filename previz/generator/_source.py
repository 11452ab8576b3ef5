"""From the tensors of a checkpoint, under the names of `Generator`, to a generator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from previz.errors import CheckpointError
from previz.generator._config import GeneratorConfig
from previz.generator._network import Generator
from previz.generator._text import one_line

MAX_PARAMETERS = 300_000_000  # ten times the largest published StyleGAN2
W_AVG_SAMPLES = 10_000
_FIRST_SIZES = {(4, 4), (4, 2), (2, 4)}


@dataclass(frozen=True)
class Source:
    """What a reader found in a file: tensors under our names, and what shapes alone don't tell.

    `hints` are fields of GeneratorConfig; `config`, where the file states all of it, replaces them.
    """

    format: str
    tensors: Mapping[str, Tensor]
    hints: Mapping[str, Any] = field(default_factory=dict)
    config: GeneratorConfig | None = None
    card: Mapping[str, Any] = field(default_factory=dict)


def assemble(source: Source) -> Generator:
    """The generator of a checkpoint: float32 on the CPU, in eval mode, frozen.

    Raises CheckpointError, without the file's name, where the tensors don't make a whole StyleGAN2 generator.
    """
    tensors = dict(source.tensors)
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_nested or tensor.device.type != "cpu":
            raise CheckpointError(f"{one_line(name)} is not a plain tensor with its values in the file")
    try:
        config = source.config or infer_config(tensors, source.hints)
        with torch.device("meta"):  # no memory, and no random numbers drawn
            generator = Generator(config, dict(source.card))
    except ValueError as error:
        raise CheckpointError(str(error)) from None
    count = sum(parameter.numel() for parameter in generator.parameters())
    if count > MAX_PARAMETERS:
        raise CheckpointError(f"it has {count:,} parameters; the limit is {MAX_PARAMETERS:,}")
    notes = _complete(tensors, generator)
    wanted = generator.state_dict()
    extra = sorted(set(tensors) - set(wanted))
    if extra:
        raise CheckpointError(f"{one_line(extra[0])} has no place in a StyleGAN2 generator of this shape")
    state = {name: _checked(name, tensors.get(name), expected) for name, expected in wanted.items()}
    generator.load_state_dict(state, assign=True)
    generator.eval().requires_grad_(requires_grad=False)
    if "mapping.w_avg" not in source.tensors:
        generator.mapping.w_avg.copy_(_mean_w(generator))
        notes.append(f"w_avg estimated from {W_AVG_SAMPLES} samples")
    if notes:
        generator.card["notes"] = notes
    return generator


def infer_config(tensors: Mapping[str, Tensor], hints: Mapping[str, Any]) -> GeneratorConfig:
    """Read the architecture off the shapes of the tensors; raises ValueError where they make none."""
    const = _shape(tensors, "synthesis.b4.const", 3)
    if const[1:] not in _FIRST_SIZES:
        raise ValueError(f"its constant input is {const[1]}×{const[2]} where 4×4, 4×2 or 2×4 is needed")
    channels = {4: const[0]}
    while f"synthesis.b{max(channels) * 2}.conv1.weight" in tensors:
        size = max(channels) * 2
        channels[size] = _shape(tensors, f"synthesis.b{size}.conv1.weight", 4)[0]
    torgb = _shape(tensors, f"synthesis.b{max(channels)}.torgb.weight", 4)
    if torgb[0] != 3:
        raise ValueError(f"its images have {torgb[0]} channels where 3 are needed")
    layers = 0
    while f"mapping.fc{layers}.weight" in tensors:
        layers += 1
    hidden, z_dim = _shape(tensors, "mapping.fc0.weight", 2)
    w_dim = _shape(tensors, f"mapping.fc{max(layers - 1, 0)}.weight", 2)[0]
    c_dim, embed_dim = 0, None
    if "mapping.embed.weight" in tensors:
        embed_dim, c_dim = _shape(tensors, "mapping.embed.weight", 2)
        z_dim -= embed_dim
    scale = max(channels) // 4
    return GeneratorConfig(
        resolution=(const[1] * scale, const[2] * scale),
        z_dim=z_dim,
        c_dim=c_dim,
        w_dim=w_dim,
        channels=channels,
        mapping_layers=layers,
        mapping_width=hidden if layers > 1 else None,
        embed_dim=embed_dim,
        **hints,
    )


def _shape(tensors: Mapping[str, Tensor], name: str, dimensions: int) -> tuple[int, ...]:
    if name not in tensors:
        raise ValueError(f"no StyleGAN2 generator in it: {name} is missing")
    shape = tuple(tensors[name].shape)
    if len(shape) != dimensions:
        raise ValueError(f"{name} has shape {list(shape)} where {dimensions} dimensions are needed")
    return shape


def _complete(tensors: dict[str, Tensor], generator: Generator) -> list[str]:
    """Fill in what some trainers leave out: noise, which may be absent, and the mean w."""
    notes: list[str] = []
    tensors.setdefault("mapping.w_avg", torch.zeros(generator.w_dim))
    names = [name for name in generator.state_dict() if re.search(r"\.noise_(const|strength)$", name)]
    missing = [name for name in names if name not in tensors]
    if any(name.endswith("strength") for name in missing) and len(missing) < len(names) // 2:
        return notes  # a damaged file, which the check of every name reports
    source = torch.Generator().manual_seed(0)
    for name in missing:
        shape = generator.get_buffer(name).shape if name.endswith("const") else torch.Size([])
        strength = name.endswith("strength") or name.replace("const", "strength") in missing
        tensors[name] = torch.zeros(shape) if strength else torch.randn(shape, generator=source)
    if missing:
        notes.append("noise is not in the file: drawn from seed 0, or none where the layers take none")
    return notes


def _checked(name: str, tensor: Tensor | None, expected: Tensor) -> Tensor:
    """A float32 copy of a tensor of the file, of the shape that the network needs, finite."""
    if tensor is None:
        raise CheckpointError(f"{name} is missing")
    if tensor.shape != expected.shape:
        raise CheckpointError(f"{name} has shape {list(tensor.shape)} where {list(expected.shape)} is needed")
    if not tensor.is_floating_point():
        raise CheckpointError(
            f"{name} holds {str(tensor.dtype).removeprefix('torch.')} values, not numbers with a fraction"
        )
    if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
        raise CheckpointError(f"{name} has more values than the file holds")
    copy = tensor.detach().to("cpu", torch.float32, copy=True, memory_format=torch.contiguous_format)
    if not bool(torch.isfinite(copy).all()):
        raise CheckpointError(f"{name} has values that are not finite")
    return copy


def _mean_w(generator: Generator) -> Tensor:
    z = torch.from_numpy(np.random.RandomState(0).randn(W_AVG_SAMPLES, generator.z_dim))
    with torch.no_grad():
        w: Tensor = generator.mapping(z)
        return w[:, 0].mean(dim=0)
