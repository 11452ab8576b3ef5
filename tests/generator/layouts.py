"""Writers of the layouts that other projects use, from one of our generators, for the tests to read back."""

from __future__ import annotations

import contextlib
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from previz.generator import Generator, GeneratorConfig


def small_generator(
    resolution: int | tuple[int, int] = 32, *, c_dim: int = 0, clamp: float | None = None, seed: int = 0
) -> Generator:
    """A few thousand weights, with every bias and noise strength at work."""
    long_side = resolution if isinstance(resolution, int) else max(resolution)
    sizes = [4 << index for index in range(long_side.bit_length() - 2)]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = Generator(
            GeneratorConfig(
                resolution=resolution,
                z_dim=16,
                c_dim=c_dim,
                w_dim=16,
                channels={size: max(3, 8 - index) for index, size in enumerate(sizes)},
                mapping_layers=2,
                conv_clamp=clamp,
            )
        )
        for name, value in generator.state_dict().items():
            if name.endswith("bias") or name.endswith(("noise_strength", "w_avg")):
                value.add_(torch.randn_like(value) * 0.3)
    return generator.eval().requires_grad_(requires_grad=False)


class Stored:
    """Pickles as a call of a function or class of a made-up module."""

    def __init__(self, function: Any, arguments: tuple[Any, ...], state: Any = None) -> None:
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


@contextlib.contextmanager
def invented(module: str, name: str) -> Iterator[Any]:
    """A class that pickle finds at `module.name` while writing, and nobody finds when reading."""
    created = types.ModuleType(module)
    target = type(name, (), {"__module__": module, "__qualname__": name})
    setattr(created, name, target)
    parents = [module.rsplit(".", index)[0] for index in range(module.count("."), 0, -1)]
    saved = {key: sys.modules.get(key) for key in (*parents, module)}
    sys.modules.update({key: types.ModuleType(key) for key in parents}, **{module: created})
    try:
        yield target
    finally:
        for key, value in saved.items():
            sys.modules.pop(key) if value is None else sys.modules.__setitem__(key, value)


def nvidia_module(module: nn.Module, function: Any, attributes: dict[str, Any] | None = None) -> Stored:
    """A module as the persistence of NVIDIA's code stores it: state as torch keeps it, and a source."""
    state: dict[str, Any] = {
        "training": False,
        "_parameters": OrderedDict((name, value) for name, value in module._parameters.items()),
        "_buffers": OrderedDict((name, value) for name, value in module._buffers.items()),
        "_modules": OrderedDict(
            (name, nvidia_module(child, function)) for name, child in module.named_children()
        ),
        "_non_persistent_buffers_set": set(),
    }
    meta = {
        "type": "class",
        "version": 6,
        "module_src": "raise RuntimeError('the source was run')",
        "class_name": type(module).__name__,
        "state": state | (attributes or {}),
    }
    return Stored(function, (meta,))


def write_nvidia(path: Path, generator: nn.Module, **attributes: Any) -> Path:
    """A network_snapshot of NVIDIA's PyTorch code, with only G_ema in it."""
    with (
        invented("torch_utils.persistence", "_reconstruct_persistent_obj") as function,
        path.open("wb") as file,
    ):
        pickle.dump({"G_ema": nvidia_module(generator, function, attributes)}, file)
    return path


def tensorflow_variables(generator: Generator) -> dict[str, dict[str, np.ndarray]]:
    """The variables of Gs itself, of its mapping and of its synthesis, in TensorFlow's layout."""
    state = {name: value.numpy() for name, value in generator.state_dict().items()}
    own = {"lod": np.zeros((), np.float32), "dlatent_avg": state["mapping.w_avg"]}
    mapping = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "mapping" and len(parts) == 3:
            layer = "LabelEmbed" if parts[1] == "embed" else parts[1].replace("fc", "Dense")
            mapping[f"{layer}/{parts[2]}"] = value.T
    synthesis = {"4x4/Const/const": state["synthesis.b4.const"][None]}
    for index in range(1, generator.num_blocks + 1):
        size = 2 << index
        for ours, theirs in {"conv0": "Conv0_up", "conv1": "Conv1", "torgb": "ToRGB"}.items():
            if f"synthesis.b{size}.{ours}.weight" not in state:
                continue
            prefix = f"synthesis.b{size}.{ours}."
            kernel = state[prefix + "weight"].transpose(2, 3, 1, 0)
            label = f"{size}x{size}/" + ("Conv" if size == 4 and ours == "conv1" else theirs)
            synthesis[f"{label}/weight"] = kernel[::-1, ::-1] if ours == "conv0" else kernel
            synthesis[f"{label}/bias"] = state[prefix + "bias"]
            synthesis[f"{label}/mod_weight"] = state[prefix + "affine.weight"].T
            synthesis[f"{label}/mod_bias"] = state[prefix + "affine.bias"] - 1
            if ours != "torgb":
                synthesis[f"{label}/noise_strength"] = state[prefix + "noise_strength"]
                number = 2 * (index - 1) - (ours == "conv0")
                synthesis[f"noise{number}"] = state[prefix + "noise_const"][None, None]
    return {"": own, "mapping": mapping, "synthesis": synthesis}


def write_tensorflow(path: Path, generator: Generator, version: int = 4, **kwargs: Any) -> Path:
    """A (G, D, Gs) pickle of the TensorFlow code; G and D are empty networks."""
    with invented("dnnlib.tflib.network", "Network") as network, path.open("wb") as file:

        def store(variables: dict[str, Any], components: dict[str, Any], static: dict[str, Any]) -> Stored:
            state = {
                "version": version,
                "name": "Gs",
                "static_kwargs": static,
                "components": components,
                "build_module_src": "raise RuntimeError('the source was run')",
                "variables": [(name, value[()]) for name, value in variables.items()],  # numbers as scalars
            }
            return Stored(network, (), state)

        parts = tensorflow_variables(generator)
        components = {name: store(parts[name], {}, {}) for name in ("mapping", "synthesis")}
        empty = store({}, {}, {})
        pickle.dump((empty, empty, store(parts[""], components, kwargs)), file)
    return path


def rosinality_state(generator: Generator) -> dict[str, Tensor]:
    """The state dict of rosinality's `g_ema`, written from its layer numbering."""
    state = generator.state_dict()
    theirs = {"input.input": state["synthesis.b4.const"][None]}
    for index in range(generator.config.mapping_layers):
        for part in ("weight", "bias"):
            theirs[f"style.{index + 1}.{part}"] = state[f"mapping.fc{index}.{part}"]
    layers = ["synthesis.b4.conv1"]
    for block in range(2, generator.num_blocks + 1):
        layers += [f"synthesis.b{2 << block}.conv0", f"synthesis.b{2 << block}.conv1"]
    for number, ours in enumerate(layers):
        name = "conv1" if number == 0 else f"convs.{number - 1}"
        theirs[f"{name}.conv.weight"] = state[f"{ours}.weight"][None]
        theirs[f"{name}.conv.modulation.weight"] = state[f"{ours}.affine.weight"]
        theirs[f"{name}.conv.modulation.bias"] = state[f"{ours}.affine.bias"]
        theirs[f"{name}.noise.weight"] = state[f"{ours}.noise_strength"][None]
        theirs[f"{name}.activate.bias"] = state[f"{ours}.bias"]
        theirs[f"noises.noise_{number}"] = state[f"{ours}.noise_const"][None, None]
        if ours.endswith("conv0"):
            theirs[f"{name}.conv.blur.kernel"] = torch.ones(4, 4)
    for block in range(1, generator.num_blocks + 1):
        name = "to_rgb1" if block == 1 else f"to_rgbs.{block - 2}"
        ours = f"synthesis.b{2 << block}.torgb"
        theirs[f"{name}.conv.weight"] = state[f"{ours}.weight"][None]
        theirs[f"{name}.conv.modulation.weight"] = state[f"{ours}.affine.weight"]
        theirs[f"{name}.conv.modulation.bias"] = state[f"{ours}.affine.bias"]
        theirs[f"{name}.bias"] = state[f"{ours}.bias"].view(1, 3, 1, 1)
    return theirs
