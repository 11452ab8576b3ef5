"""One solved frame, and the hash of everything that it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

SOLVER_VERSION = 10
"""Goes up when the same inputs no longer give the same latents, so that older frames are solved again."""


@dataclass(frozen=True, eq=False)
class FrameRecord:
    """One solved frame. Positions and errors are in pixels of the generator's image.

    Attributes:
        key: the hash of all that the frame depends on.
        latent: float32 [num_ws, w_dim].
        handles: float32 [N, 2] where the handles were tracked, (x, y).
        target: float32 [N, 2] where they were to go.
        error: float32 [N] the distance between the two.
        feature_distance: float32 [N] how unlike the first frame each handle looks.
        lost: bool [N].
        iterations: optimiser steps.
        seconds: wall time.
        status: as in `FrameSolved`.
        method: the solver that found it, of "auto" the one that did; "" where nothing was dragged.
    """

    key: str
    latent: NDArray[np.float32]
    handles: NDArray[np.float32]
    target: NDArray[np.float32]
    error: NDArray[np.float32]
    feature_distance: NDArray[np.float32]
    lost: NDArray[np.bool_]
    iterations: int
    seconds: float
    status: str
    method: str = ""


ARRAYS = ("latent", "handles", "target", "error", "feature_distance", "lost")
SCALARS = tuple(field.name for field in fields(FrameRecord) if field.name not in ARRAYS)


def input_hash(previous: str, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any] | None]) -> str:
    """32 hexadecimal digits that change when the previous hash, a JSON-able value or an array does."""
    digest = hashlib.sha256(previous.encode())
    digest.update(json.dumps(values, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}:{None if array is None else (array.dtype.str, array.shape)};".encode())
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]
