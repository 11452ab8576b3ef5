"""The latent that a shot starts from: a seed's, or one from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from torch import Tensor

from previz.errors import SolveError
from previz.generator import Generator


def start_from_file(path: Path, generator: Generator) -> Tensor:
    """The one latent, float32 [num_ws, w_dim], that a .safetensors, .npy or .npz file holds.

    It may be [num_ws, w_dim], [1, num_ws, w_dim], or a w [w_dim] for all layers. Raises SolveError for a
    file that can't be read, holds more than one latent, or one of another shape.
    """
    latent = _read_array(path)
    wanted = (generator.num_ws, generator.w_dim)
    squeezed = latent[0] if latent.ndim == 3 and len(latent) == 1 else latent
    if squeezed.shape == wanted[1:]:
        squeezed = np.broadcast_to(squeezed, wanted)
    if latent.ndim == 3 and len(latent) != 1:
        raise SolveError(
            f"{path} holds {len(latent)} latents, and a shot starts from one; "
            "write it with `previz latents export --frames N`"
        )
    if squeezed.shape != wanted:
        raise SolveError(
            f"{path}: the latent is {list(latent.shape)}, and the generator's are {list(wanted)}"
        )
    if not np.isfinite(squeezed).all():
        raise SolveError(f"{path}: the latent holds values that are not finite")
    return torch.from_numpy(squeezed.astype(np.float32)).to(generator.device)


def _load_numpy(path: Path) -> dict[str, NDArray[Any]]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {"w": loaded}
    with loaded:
        return dict(loaded)


def _read_array(path: Path) -> NDArray[np.floating]:
    """The only array of the file, or the one called latents, w or projected_w where there are more."""
    try:
        if path.suffix == ".safetensors":
            arrays = load_file(path)
        elif path.suffix in (".npy", ".npz"):
            arrays = _load_numpy(path)
        else:
            raise SolveError(f"{path}: a latent is a .safetensors, .npy or .npz file")
    except FileNotFoundError:
        raise SolveError(f"{path}: there is no such latent") from None
    except (OSError, ValueError, EOFError, BadZipFile, SafetensorError) as error:
        raise SolveError(f"{path}: can't be read as a latent: {error}") from error
    named = [arrays[name] for name in ("latents", "w", "projected_w") if name in arrays]
    found = named or list(arrays.values())
    if len(found) != 1 and not named:
        raise SolveError(f"{path} holds {len(found)} arrays, and none of them is called latents or w")
    if not np.issubdtype(found[0].dtype, np.floating):
        raise SolveError(f"{path}: the latent is {found[0].dtype}, and not of floating point")
    return found[0]
