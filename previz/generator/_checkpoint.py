"""The one door for generators: whatever the file is called, its content says what it is."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from previz.errors import CheckpointError
from previz.generator import _nvidia, _previz, _tensorflow
from previz.generator._config import GeneratorConfig
from previz.generator._device import resolve_device
from previz.generator._network import Generator
from previz.generator._pickle import read_pickle
from previz.generator._rebuild import rebuild
from previz.generator._source import Source, assemble
from previz.generator._text import one_line
from previz.generator._torchfile import TORCH_MAGIC, read_torch_file

MAX_BYTES = 4 << 30
DIRECTIONS_SUFFIX = ".directions.safetensors"
JUDGE_SUFFIX = ".judge.safetensors"  # a network that finds the landmarks of a kind of picture
KNOWN = "previz reads its own .safetensors, StyleGAN2 .pkl of NVIDIA's code, and rosinality's .pt"


@dataclass(frozen=True)
class CheckpointInfo:
    """What `inspect_checkpoint` tells: the file, its format, the architecture and the card."""

    path: Path
    format: str
    bytes: int
    parameters: int
    digest: str
    config: GeneratorConfig
    card: Mapping[str, Any]


def load_generator(path_or_name: str | Path, device: str | torch.device = "cpu") -> Generator:
    """Load a generator from a file of any supported format, or a bundled character by its name.

    It comes in float32, in eval mode, with frozen weights. No code in the file is run.

    Raises CheckpointError for a file that is missing, damaged, unsafe or of another kind, DeviceError for a
    device that isn't there.

    Example: `generator = load_generator("mira", device="cpu")`.
    """
    target = resolve_device(device)
    generator = _load(find_checkpoint(path_or_name))[1]
    return generator.to(target)


def inspect_checkpoint(path_or_name: str | Path) -> CheckpointInfo:
    """Load a checkpoint and tell what it is; raises CheckpointError as `load_generator` does."""
    path = find_checkpoint(path_or_name)
    source, generator = _load(path)
    return CheckpointInfo(
        path=path,
        format=source.format,
        bytes=path.stat().st_size,
        parameters=sum(parameter.numel() for parameter in generator.parameters()),
        digest=generator.digest,
        config=generator.config,
        card=generator.card,
    )


def find_checkpoint(path_or_name: str | Path) -> Path:
    """The file that a path or the name of a bundled character means; raises CheckpointError."""
    text, path = str(path_or_name), Path(path_or_name)
    bundled = dict(_bundled())
    try:
        if path.is_file():
            return path
        if text in bundled:
            return bundled[text]
        if path.exists():
            kind = "a folder; name the checkpoint in it" if path.is_dir() else "not a file"
            raise CheckpointError(f"{path}: is {kind}")
    except OSError as error:
        raise CheckpointError(f"{one_line(text)}: {error.strerror}") from None
    if len(path.parts) > 1 or path.suffix:
        raise CheckpointError(f"{path}: no such file")
    near = difflib.get_close_matches(text, bundled, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    known = ", ".join(sorted(bundled)) or "none"
    raise CheckpointError(f"{one_line(text)}: neither a file nor a bundled character{hint} Bundled: {known}")


def list_checkpoints() -> list[tuple[str, Path, dict[str, Any]]]:
    """`(name, path, card)` of every bundled character; of one that can't be read, a card with its "error".

    They lie in `checkpoints/` beside the package, and in the folders that PREVIZ_CHECKPOINTS lists.
    """
    listed = []
    for name, path in _bundled():
        try:
            card = _previz.read_metadata(path)[1]
        except CheckpointError as error:
            card = {"error": str(error)}
        listed.append((name, path, card))
    return listed


def checkpoint_folders() -> list[Path]:
    """Where bundled files may lie: what PREVIZ_CHECKPOINTS lists, then beside the package, then inside it."""
    named = os.environ.get("PREVIZ_CHECKPOINTS", "").split(os.pathsep)
    own = [Path(__file__).parents[2] / "checkpoints", Path(__file__).parents[1] / "checkpoints"]
    return [Path(folder) for folder in named if folder] + own


def _bundled() -> list[tuple[str, Path]]:
    """`(name, file)` of the bundled checkpoints; the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in checkpoint_folders():
        for file in sorted(folder.glob("*.safetensors")):
            # what lies beside a checkpoint is none
            if not file.name.endswith((DIRECTIONS_SUFFIX, JUDGE_SUFFIX)):
                found.setdefault(file.stem, file)
    return list(found.items())


def _load(path: Path) -> tuple[Source, Generator]:
    source = _read(path)
    try:
        generator = assemble(source)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except MemoryError:
        raise CheckpointError(f"{path}: asks for more memory than there is") from None
    if source.config is None:
        generator.card = {"name": path.stem, "source": source.format, "file": path.name} | generator.card
    return source, generator


def _read(path: Path) -> Source:
    """Tell the format by the first bytes, and read it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise CheckpointError(f"{path}: can't be read ({error.strerror})") from None
    if not head:
        raise CheckpointError(f"{path}: is empty")
    if size > MAX_BYTES:
        raise CheckpointError(f"{path}: has {size / 1e9:.1f} GB; a StyleGAN2 checkpoint has less than 4.3 GB")
    if head.startswith(b"PK\x03\x04") or head.startswith(TORCH_MAGIC):
        return read_torch_file(path)
    if head[8:9] == b"{":
        return _previz.read_previz(path)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _read_pickle(path)
    if head.startswith(b"version https://git-lfs"):
        raise CheckpointError(f"{path}: a Git LFS pointer, not the checkpoint itself; run git lfs pull")
    if head.lstrip()[:1] == b"<":
        raise CheckpointError(f"{path}: a web page, not a checkpoint; download the file again")
    raise CheckpointError(f"{path}: not a checkpoint; {KNOWN}")


def _read_pickle(path: Path) -> Source:
    value = read_pickle(path, rebuild)
    try:
        network = _tensorflow.find_network(value)
        if network is not None:
            return _tensorflow.read_network(network)
        network = _nvidia.find_network(value)
        if network is not None:
            return _nvidia.read_network(network)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except MemoryError:
        raise CheckpointError(f"{path}: asks for more memory than there is") from None
    except Exception as error:  # a network may hold anything in any place
        raise CheckpointError(f"{path}: its networks are damaged ({one_line(error)})") from None
    raise CheckpointError(f"{path}: a pickle without a StyleGAN2 generator; {KNOWN}")
