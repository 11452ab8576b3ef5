"""The asset pack: all that a kind of figure needs of the base mesh and hair, in one file of a few MB.

Deltas of shapes are kept sparse, as int16 steps: a step is 0.04 mm, or more where a shape moves farther than
32767 of those.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from previz.cast import _sources as sources
from previz.errors import CastError
from previz.files import output_file

__all__ = [
    "FORMAT",
    "KINDS",
    "Arrays",
    "Kind",
    "Pack",
    "SparseTarget",
    "load_pack",
    "pack_hair",
    "pack_targets",
    "save_pack",
    "unpack_targets",
]

FORMAT = 1
STEP = 4e-4  # the smallest quantisation step, dm
PORTRAIT_PARTS: dict[str, tuple[str, ...]] = {
    "skin": ("body",),
    "eyes": ("helper-l-eye", "helper-r-eye"),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
    "lashes": ("helper-l-eyelashes-2", "helper-r-eyelashes-2"),
    "cloth": ("helper-tights",),
}
BODY_PARTS = PORTRAIT_PARTS | {"skirt": ("helper-skirt",)}
# What is posed; every other bone's weights go to its nearest ancestor here. Parents before children.
PORTRAIT_BONES = (
    "root", "neck01", "neck02", "neck03", "head",
    "shoulder01.L", "shoulder01.R", "upperarm01.L", "upperarm01.R",
)  # fmt: skip
_LIMBS = (
    "clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist",
    *(f"finger{finger}-{joint}" for finger in range(1, 6) for joint in (1, 2)),
    "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot",
)  # fmt: skip
BODY_BONES = (
    "root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "neck02", "neck03", "head",
    *(f"{limb}.{side}" for side in ("L", "R") for limb in _LIMBS),
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """What a kind of figure takes from the base mesh; heights in dm on the template."""

    parts: dict[str, tuple[str, ...]]  # part -> groups of the base mesh
    bones: tuple[str, ...]
    lowest: float  # under which nothing is seen
    centre: tuple[float, float, float]  # of the ambient occlusion's views ...
    half: float  # ... and how far they reach around it
    resolution: int  # px of such a view


KINDS = {
    "head": Kind(PORTRAIT_PARTS, PORTRAIT_BONES, 4.6, (0.0, 6.4, 0.5), 3.2, 1024),
    "body": Kind(BODY_PARTS, BODY_BONES, -100.0, (0.0, 0.2, 0.5), 9.5, 2048),
}

Arrays = dict[str, NDArray[Any]]
SparseTarget = tuple[NDArray[Any], NDArray[np.float32]]  # vertices [n] and their deltas [n, 3], dm


@dataclass(frozen=True)
class Pack:
    """The assets of a kind of figure. V is the pack's own numbering of the kept vertices; lengths in dm."""

    figure: str  # "head" or "body"
    vertices: NDArray[np.float32]  # [V, 3] the template
    source: NDArray[np.int32]  # [V] their numbers in hm08
    part: NDArray[np.uint8]  # [V] index into the parts, 255 for a vertex that is only referred to
    triangles: dict[str, NDArray[np.int32]]  # part -> [T, 3]
    masks: NDArray[np.float32]  # [V, 4] lips, inside of the mouth, eyelids, ears (teeth: gums first)
    occlusion: NDArray[np.float32]  # [V] share of the sky seen, 0..1
    weights: NDArray[np.float32]  # [V, B]
    parents: NDArray[np.int32]  # [B], -1 for the root
    joints: NDArray[np.float32]  # [B, V] rows average the vertices around a bone's head
    targets: dict[str, SparseTarget]
    hairs: dict[str, sources.Hair]  # references in the pack's numbering
    landmarks: dict[str, int]  # name -> vertex
    digest: str  # short sha256 of the file's contents

    @property
    def bones(self) -> tuple[str, ...]:
        """The names of the B bones."""
        return KINDS[self.figure].bones

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts, in the order of `part`."""
        return tuple(KINDS[self.figure].parts)

    def target(self, name: str) -> SparseTarget:
        """One shape or face unit (`face/jawOpen`, `head/head-oval`); CastError if there is none."""
        if name not in self.targets:
            raise CastError(f"the pack has no target {name!r}")
        return self.targets[name]


def save_pack(arrays: Arrays, path: Path, force: bool = False) -> Path:
    """Write a pack; OutputError where the file exists (unless `force`) or can't be written."""
    with output_file(path, force) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **cast("dict[str, Any]", arrays))
    return path


def load_pack(path: Path) -> Pack:
    """Read a pack; CastError where it is missing, broken or of another format."""
    try:
        # opened here, as numpy leaves a broken file open
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if int(arrays["format"]) != FORMAT:
            raise CastError(
                f"{path}: a pack of format {arrays['format']}, this previz reads {FORMAT}; build it again"
            )
        return _unpack(arrays)
    except FileNotFoundError as error:
        raise CastError(f"{path}: not found; build it with `previz cast pack`") from error
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, BadZipFile) as error:
        raise CastError(f"{path}: not an asset pack; build it with `previz cast pack`") from error


def _unpack(arrays: Arrays) -> Pack:
    """The Pack that arrays stand for."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    floats = {name: arrays[name].astype(np.float32) for name in ("weights", "masks", "occlusion", "joints")}
    shares = {
        name: np.asarray(floats[name] / np.float32(255), np.float32)
        for name in ("weights", "masks", "occlusion")
    }
    names = [str(name) for name in arrays["landmark_names"]]
    figure = str(arrays.get("figure", "head"))
    return Pack(
        figure=figure,
        vertices=arrays["vertices"].astype(np.float32),
        source=arrays["source"].astype(np.int32),
        part=arrays["part"].astype(np.uint8),
        triangles={name: arrays[f"triangles/{name}"].astype(np.int32) for name in KINDS[figure].parts},
        masks=shares["masks"],
        occlusion=shares["occlusion"],
        weights=shares["weights"] / np.maximum(shares["weights"].sum(1, keepdims=True), 1e-6),
        parents=arrays["parents"].astype(np.int32),
        joints=floats["joints"] / floats["joints"].sum(1, keepdims=True),
        targets=unpack_targets(arrays),
        hairs={name: _hair(name, arrays) for name in _hair_names(arrays)},
        landmarks=dict(zip(names, (int(i) for i in arrays["landmarks"]), strict=True)),
        digest=digest.hexdigest()[:16],
    )


def pack_targets(targets: dict[str, SparseTarget], number: NDArray[np.int32]) -> Arrays:
    """Targets as int16 steps, end to end, each with its own scale; `number` is -1 for a vertex not kept."""
    indices, steps, scales, ends = [], [], [], [0]
    for index, delta in targets.values():
        kept = number[index] >= 0
        scale = max(STEP, float(np.abs(delta[kept]).max(initial=0)) / 32767)
        step = np.round(delta[kept] / scale).astype(np.int16)
        moved = step.any(1)
        indices.append(number[index[kept][moved]].astype(np.uint16))
        steps.append(step[moved])
        scales.append(scale)
        ends.append(ends[-1] + int(moved.sum()))
    return {
        "target_names": np.array(list(targets)),
        "target_index": np.concatenate(indices),
        "target_steps": np.concatenate(steps).T.copy(),  # [3, n]: like axes side by side compress better
        "target_scale": np.array(scales, np.float32),
        "target_ends": np.array(ends, np.int32),
    }


def unpack_targets(arrays: Arrays) -> dict[str, SparseTarget]:
    """The reverse of `pack_targets`."""
    index = arrays["target_index"].astype(np.int32)
    steps = arrays["target_steps"].T.astype(np.float32)
    ends = arrays["target_ends"].astype(np.int64)
    scales = arrays["target_scale"].astype(np.float32)
    return {
        str(name): (index[a:b], steps[a:b] * scale)
        for name, scale, a, b in zip(arrays["target_names"], scales, ends[:-1], ends[1:], strict=True)
    }


def pack_hair(style: sources.Hair, number: NDArray[np.int32]) -> Arrays:
    """One hair mesh as arrays of a pack."""
    prefix = f"hair/{style.name}/"
    return {
        prefix + "reference": number[style.reference].astype(np.uint16),
        prefix + "weights": style.weights.astype(np.float32),
        prefix + "offset": style.offset.astype(np.float32),
        prefix + "scale_vertices": number[style.scale_vertices].astype(np.uint16),
        prefix + "scale_length": style.scale_length,
        prefix + "corner": style.corner.astype(np.uint16),
        prefix + "texture": style.texture.astype(np.float16),
        prefix + "triangles": style.triangles.astype(np.uint16),
    }


def _hair_names(arrays: Arrays) -> list[str]:
    return [name.split("/")[1] for name in arrays if name.startswith("hair/") and name.endswith("/corner")]


def _hair(name: str, arrays: Arrays) -> sources.Hair:
    """The reverse of `pack_hair`."""

    def read(key: str, dtype: type[Any]) -> NDArray[Any]:
        return arrays[f"hair/{name}/{key}"].astype(dtype)

    return sources.Hair(
        name,
        reference=read("reference", np.int64),
        weights=read("weights", np.float32),
        offset=read("offset", np.float32),
        scale_vertices=read("scale_vertices", np.int64),
        scale_length=read("scale_length", np.float32),
        corner=read("corner", np.int64),
        texture=read("texture", np.float32),
        triangles=read("triangles", np.int64),
    )
