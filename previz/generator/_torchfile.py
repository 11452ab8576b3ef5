"""Files that `torch.save` wrote, read by torch's own safe loader (`weights_only`)."""

from __future__ import annotations

import argparse
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from previz.errors import CheckpointError
from previz.generator import _nvidia, _rosinality
from previz.generator._rebuild import refusal_of_torch
from previz.generator._source import Source
from previz.generator._text import one_line

TORCH_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_STATES = ("g_ema", "G_ema", "state_dict")


def read_torch_file(path: Path) -> Source:
    """The generator in a file of `torch.save`: rosinality's, or a state dict under our names."""
    value = _load(path)
    if not isinstance(value, Mapping):
        raise CheckpointError(f"{path}: a PyTorch file of a {type(value).__name__}, not of a generator")
    state = next((value[name] for name in _STATES if isinstance(value.get(name), Mapping)), value)
    tensors = {
        name: item for name, item in state.items() if isinstance(name, str) and isinstance(item, Tensor)
    }
    try:
        if _rosinality.is_rosinality(tensors):
            average = value.get("latent_avg")
            return _rosinality.read_state(tensors, average if isinstance(average, Tensor) else None)
        tensors = _nvidia.check_names(tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except Exception as error:  # sparse, nested and other tensors refuse much of what plain ones do
        raise CheckpointError(f"{path}: its tensors are damaged ({one_line(error)})") from None
    if "synthesis.b4.const" in tensors:
        return Source(_nvidia.STATE_FORMAT, tensors)
    raise CheckpointError(f"{path}: a PyTorch file without a StyleGAN2 generator; one with g_ema is needed")


def _load(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"
        if zipped:
            _check_zip(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals([argparse.Namespace]):
            warnings.simplefilter("ignore")  # of old files, which are read all the same
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except CheckpointError:
        raise
    except MemoryError:
        raise CheckpointError(f"{path}: asks for more memory than there is") from None
    except Exception as error:  # torch's loader raises many kinds for a damaged file
        refusal = refusal_of_torch(error)
        if refusal is not None:
            raise CheckpointError(f"{path}: refused: {refusal}") from None
        raise CheckpointError(f"{path}: the PyTorch file is damaged or cut short") from None


def _check_zip(path: Path) -> None:
    """torch stores its tensors uncompressed; anything else could unpack to any size."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if not any(entry.filename.endswith("data.pkl") for entry in entries):
        raise CheckpointError(f"{path}: a zip archive, but not one that PyTorch wrote")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError(f"{path}: a compressed archive; PyTorch writes uncompressed ones")
