"""Reading a dataset of renders while it may still be growing."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from previz.cast._dataset import rendered_indices
from previz.cast._losses import FACE_LANDMARKS, LIMB_LANDMARKS, LIMB_SIGMA, face_weight
from previz.errors import CastError

_RESCAN_SECONDS = 20.0


@dataclass
class Pairs:
    """Codes, renders and landmarks of a dataset folder, as written by `previz cast dataset`.

    Which pictures are there is read again now and then, so that training may start while rendering goes on.
    """

    folder: Path
    size: int  # of the long side, px
    z_names: tuple[str, ...]
    domain: str | None  # its name, where it is of the cast's own
    held: int  # how many of the first pictures are measured on, never trained on
    images: np.ndarray  # uint8 [N, height, width, 3]
    codes: np.ndarray  # float32 [N, z_dim]
    landmarks: np.ndarray  # float32 [N, K, 2], pixels
    face: np.ndarray  # int [k], the landmarks of eyes, brows and mouth
    limbs: np.ndarray  # int [l], those of arms and feet; none of a head
    _ready: np.ndarray
    _scanned: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of a picture."""
        return int(self.images.shape[1]), int(self.images.shape[2])

    @property
    def z_dim(self) -> int:
        """How many numbers a code has."""
        return len(self.z_names)

    def ready(self) -> np.ndarray:
        """Indices of the pictures that are rendered, in order."""
        now = time.monotonic()
        if now - self._scanned > _RESCAN_SECONDS:
            self._ready, self._scanned = rendered_indices(self.folder, len(self.images)), now
        return self._ready

    def training(self) -> np.ndarray:
        """Indices to train on; CastError where none is rendered yet."""
        ready = self.ready()
        ready = ready[ready >= self.held]
        if len(ready) == 0:
            raise CastError(f"{self.folder}: no picture after the {self.held} held-out ones is rendered yet")
        return ready

    def held_out(self) -> np.ndarray:
        """Indices that are measured on, never trained on."""
        ready = self.ready()
        return ready[ready < self.held]

    def read(self, index: np.ndarray, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """z [N, z_dim], pictures [N, 3, h, w] in -1..1 and face landmarks [N, k, 2] in px of the pictures.

        `size` is that of the long side, px.
        """
        pictures = torch.from_numpy(self.images[index]).permute(0, 3, 1, 2).float() / 127.5 - 1
        if size != self.size:
            pictures = F.avg_pool2d(pictures, self.size // size)
        return torch.from_numpy(self.codes[index]), pictures, self._points(index, self.face, size)

    def weight(self, index: np.ndarray, size: int, extra: float) -> Tensor:
        """How much each pixel counts in the loss, [N, 1, h, w]: 1, and up to `extra` more on face and limbs.

        Hands are a fiftieth of a figure's pixels: without it they fade before anything else does.
        """
        shape = self.shape[0] * size // self.size, self.shape[1] * size // self.size
        heavy = face_weight(self._points(index, self.face, size), shape)
        if len(self.limbs):
            limbs = face_weight(self._points(index, self.limbs, size), shape, LIMB_SIGMA)
            heavy = torch.maximum(heavy, limbs)
        return 1 + extra * heavy

    def _points(self, index: np.ndarray, which: np.ndarray, size: int) -> Tensor:
        """Landmarks [N, k, 2] in px of pictures whose long side is `size`."""
        return torch.from_numpy(self.landmarks[index][:, which]) * (size / self.size)


def open_pairs(folder: Path) -> Pairs:
    """Open a dataset folder; CastError where it is none."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        count, size, z_names, names = (meta[key] for key in ("count", "size", "z_names", "landmarks"))
        height, width = meta.get("height", size), meta.get("width", size)
        domain, held = meta.get("domain", meta.get("character")), int(meta["held_out"])
        images, codes, landmarks = (
            np.memmap(folder / name, dtype, "r", shape=shape)
            for name, dtype, shape in (
                ("images.u8", "u1", (count, height, width, 3)),
                ("z.f4", "<f4", (count, len(z_names))),
                ("landmarks.f4", "<f4", (count, len(names), 2)),
            )
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CastError(
            f"{folder}: not a dataset of renders ({error}); make one with `previz cast dataset`"
        ) from error
    if not any(name.startswith(FACE_LANDMARKS) for name in names):
        raise CastError(f"{folder}: none of its landmarks is on the eyes, brows or mouth")
    face, limbs = (
        np.array([i for i, name in enumerate(names) if name.startswith(prefixes)], np.intp)
        for prefixes in (FACE_LANDMARKS, LIMB_LANDMARKS)
    )
    return Pairs(
        folder, size, tuple(z_names), domain, held, images, codes, landmarks, face, limbs, np.arange(0)
    )
