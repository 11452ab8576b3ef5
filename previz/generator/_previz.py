"""previz's own checkpoints: safetensors, with the architecture and the card as JSON in the metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from previz.errors import CheckpointError, OutputError
from previz.files import check_output, output_file
from previz.generator._config import GeneratorConfig
from previz.generator._network import Generator
from previz.generator._source import Source
from previz.generator._text import one_line

FORMAT = "previz safetensors"
VERSION = 1
_HALF_MAX = 65504.0
_SMALL = 4096  # values; below it, half precision saves nothing worth having


def read_metadata(path: Path) -> tuple[GeneratorConfig, dict[str, Any]]:
    """The config and the card of a checkpoint, without its weights; raises CheckpointError."""
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get("previz")
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{path}: not a whole safetensors file ({one_line(error)})") from None
    if text is None:
        raise CheckpointError(f"{path}: a safetensors file, but not one that previz wrote: it has no card")
    try:
        metadata = json.loads(text)
        version, config, card = metadata["format"], metadata["config"], metadata.get("card") or {}
        if not isinstance(config, dict) or not isinstance(card, dict):
            raise TypeError("config and card have to be objects")
    except RecursionError:
        raise CheckpointError(f"{path}: its card is damaged (nested too deep)") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: its card is damaged ({one_line(error)})") from None
    if version != VERSION:
        raise CheckpointError(f"{path}: format {one_line(version, 20)}; this previz reads format {VERSION}")
    try:
        return GeneratorConfig.from_dict(config), card
    except ValueError as error:
        raise CheckpointError(f"{path}: its card is damaged ({one_line(error)})") from None


def read_previz(path: Path) -> Source:
    """The tensors, config and card of a previz checkpoint; raises CheckpointError."""
    config, card = read_metadata(path)
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: not a whole safetensors file ({one_line(error)})") from None
    return Source(FORMAT, tensors, config=config, card=card)


def save_generator(
    generator: Generator,
    path: str | Path,
    card: Mapping[str, Any] | None = None,
    dtype: torch.dtype = torch.float16,
    *,
    force: bool = False,
) -> Path:
    """Write a generator and its card (its own where None) as a previz checkpoint; returns the path.

    `dtype` is float16 or float32; small tensors, and those that float16 can't hold, stay in float32.
    The file is written beside its place and moved into it. Raises OutputError where it exists already,
    without `force`, or can't be written.

    Example: `save_generator(generator, "head.safetensors", {"name": "head", "license": "CC0-1.0"})`.
    """
    path = Path(path)
    if dtype not in (torch.float16, torch.float32):
        raise OutputError(f"{path}: dtype {dtype} is not float16 or float32")
    check_output(path, force)
    tensors = {}
    for name, tensor in generator.state_dict().items():
        value = tensor.detach().to("cpu", torch.float32).contiguous()
        half = dtype == torch.float16 and value.numel() >= _SMALL and float(value.abs().max()) <= _HALF_MAX
        tensors[name] = value.to(torch.float16 if half else torch.float32).clone()
    card = dict(generator.card if card is None else card)
    metadata = {"format": VERSION, "config": generator.config.to_dict(), "card": card}
    try:
        text = json.dumps(metadata, sort_keys=True)
    except TypeError as error:
        raise OutputError(f"{path}: its card is not JSON ({one_line(error)})") from None
    with output_file(path, force) as temporary:
        try:
            save_file(tensors, temporary, {"previz": text})
        except (OSError, SafetensorError) as error:
            raise OutputError(f"{path}: can't be written ({one_line(error)})") from None
    return path
