"""A folder of renders with their codes and landmarks, written by several processes and read while it grows.

    meta.json         sizes, names, the seed, and the digest of the pack
    images.u8         [N, height, width, 3] uint8; `size` is the long side
    z.f4              [N, Z] float32 codes as drawn, not normalised
    landmarks.f4      [N, K, 2] float32, px of the picture, origin at the top-left corner
    visible.u1        [N, K] uint8
    done_<k>of<n>.json  how far the process that renders pictures k, k + n, k + 2n ... has come

Picture i depends only on (seed, i), so the folder is the same however many processes wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz.cast._domain import random_z
from previz.cast._domains import find_domain
from previz.cast._renderer import Renderer
from previz.errors import CastError
from previz.files import output_file

__all__ = ["HELD_OUT", "DatasetSettings", "Shard", "create_dataset", "render_shard", "rendered_indices"]

HELD_OUT = 1000  # the first pictures are measured on, never trained on
SAVE_EVERY = 50  # pictures between two notes of progress
FORMAT = 1


@dataclass(frozen=True)
class Shard:
    """Pictures index, index + count, index + 2 count ..."""

    index: int = 0
    count: int = 1

    @property
    def name(self) -> str:
        """The name of its progress file."""
        return f"done_{self.index}of{self.count}.json"


@dataclass(frozen=True)
class DatasetSettings:
    """What is in the folder: `size` px along the long side, of a domain by name."""

    count: int
    size: int
    seed: int = 0
    domain: str = "head"

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of a picture. CastError for a domain that there is not."""
        return find_domain(self.domain).picture_shape(self.size)


def _arrays(settings: DatasetSettings, landmarks: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """File -> (dtype, shape)."""
    count = settings.count
    return {
        "images.u8": ("u1", (count, *settings.shape, 3)),
        "z.f4": ("<f4", (count, find_domain(settings.domain).z_dim)),
        "landmarks.f4": ("<f4", (count, landmarks, 2)),
        "visible.u1": ("u1", (count, landmarks)),
    }


def create_dataset(folder: Path, settings: DatasetSettings, landmarks: list[str], pack_digest: str) -> None:
    """Lay out the folder, or check that it is one of the same kind; CastError where it differs.

    Several processes may do this at once: files are made sparse and never shortened.
    """
    domain = find_domain(settings.domain)
    meta = {
        "format": FORMAT,
        "domain": domain.name,
        "count": settings.count,
        "size": settings.size,
        "seed": settings.seed,
        "height": settings.shape[0],
        "width": settings.shape[1],
        "z_dim": domain.z_dim,
        "z_names": list(domain.z_names),
        "landmarks": landmarks,
        "held_out": HELD_OUT,
        "pack": pack_digest,
    }
    path = folder / "meta.json"
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        differing = [key for key in meta if found.get(key) != meta[key]]
        if differing:
            key = differing[0]
            raise CastError(f"{folder}: its {key} is {found.get(key)}, not {meta[key]}; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (dtype, shape) in _arrays(settings, len(landmarks)).items():
        length = int(np.prod(shape)) * np.dtype(dtype).itemsize
        with (folder / name).open("ab") as file:
            if file.tell() < length:
                file.truncate(length)
    if not path.exists():
        with output_file(path, force=True) as temporary:
            temporary.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")


def render_shard(
    folder: Path,
    settings: DatasetSettings,
    shard: Shard,
    renderer: Renderer,
    callback: Callable[[int, int], None] | None = None,
) -> None:
    """Render the pictures of one shard that are still missing; `callback(done, total)` after each.

    A stop at any moment loses at most the last few pictures. Raises what `create_dataset` does, and CastError
    for a pack of another kind of figure.
    """
    domain, shape = find_domain(settings.domain), settings.shape
    if renderer.pack.figure != domain.figure:
        raise CastError(
            f"the pack holds a {renderer.pack.figure}, domain {domain.name!r} needs a {domain.figure}: "
            f"build one with `previz cast pack --figure {domain.figure}`"
        )
    names = list(renderer.pack.landmarks)
    create_dataset(folder, settings, names, renderer.pack.digest)
    maps = {
        name: np.memmap(folder / name, dtype, "r+", shape=shape)
        for name, (dtype, shape) in _arrays(settings, len(names)).items()
    }
    total = len(range(shard.index, settings.count, shard.count))
    for done in range(_progress(folder / shard.name), total):
        index = shard.index + done * shard.count
        z = random_z(domain, settings.seed, index)
        scene = domain.scene_from_z(z)
        maps["images.u8"][index] = renderer.render(scene, shape)
        maps["z.f4"][index] = z
        maps["landmarks.f4"][index], maps["visible.u1"][index] = renderer.landmarks(scene, shape)
        if (done + 1) % SAVE_EVERY == 0 or done + 1 == total:
            _save_progress(folder, shard, done + 1, renderer.gl_renderer)
        if callback:
            callback(done + 1, total)


def rendered_indices(folder: Path, count: int) -> NDArray[np.int64]:
    """The sorted indices of the pictures of a dataset of `count` that are there by now."""
    ready = np.zeros(count, np.bool_)
    for path in folder.glob("done_*of*.json"):
        index, shards = (int(number) for number in path.stem.removeprefix("done_").split("of"))
        ready[index : index + _progress(path) * shards : shards] = True
    return np.flatnonzero(ready)


def _progress(path: Path) -> int:
    return int(json.loads(path.read_text(encoding="utf-8"))["done"]) if path.exists() else 0


def _save_progress(folder: Path, shard: Shard, done: int, device: str) -> None:
    with output_file(folder / shard.name, force=True) as temporary:
        temporary.write_text(json.dumps({"done": done, "gl_renderer": device}) + "\n", encoding="utf-8")
