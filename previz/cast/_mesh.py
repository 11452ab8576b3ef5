"""Small mesh arithmetic: normals, rotations, skinning and camera matrices. Matrices act on column vectors."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = [
    "look_at",
    "normal_gatherer",
    "orthographic",
    "perspective",
    "rotation",
    "turn",
    "unit",
    "vertex_normals",
]

Array = NDArray[np.float32]


def unit(vectors: NDArray[np.floating]) -> Array:
    """Vectors [..., 3] scaled to length 1 (zero stays zero)."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


def normal_gatherer(triangles: NDArray[np.integer], count: int) -> sparse.csr_matrix:
    """The matrix [V, T] that adds each triangle's normal to its three vertices."""
    rows = triangles.ravel()
    columns = np.repeat(np.arange(len(triangles)), 3)
    return sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, len(triangles)))


def vertex_normals(vertices: Array, triangles: NDArray[np.integer], gatherer: sparse.csr_matrix) -> Array:
    """Area-weighted unit normals [V, 3]."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    e, f = b - a, c - a
    faces = np.stack(
        [
            e[:, 1] * f[:, 2] - e[:, 2] * f[:, 1],
            e[:, 2] * f[:, 0] - e[:, 0] * f[:, 2],
            e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0],
        ],
        1,
    )
    return unit(gatherer @ faces)


def rotation(axis: tuple[float, float, float], degrees: float) -> NDArray[np.float64]:
    """The rotation [3, 3] about a unit axis (Rodrigues)."""
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], np.float64)
    angle = math.radians(degrees)
    return np.asarray(np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k)


def turn(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """A head's rotation [3, 3] in degrees: roll first, then pitch, then yaw. Signs as in `Pose`."""
    return rotation((0, 1, 0), yaw) @ rotation((1, 0, 0), pitch) @ rotation((0, 0, 1), -roll)


def perspective(field_of_view: float, near: float, far: float) -> NDArray[np.float64]:
    """A square OpenGL projection [4, 4]; the angle in degrees."""
    t = 1 / math.tan(math.radians(field_of_view) / 2)
    depth = near - far
    third = [0, 0, (far + near) / depth, 2 * far * near / depth]
    return np.array([[t, 0, 0, 0], [0, t, 0, 0], third, [0, 0, -1, 0]])


def orthographic(half: float, near: float, far: float) -> NDArray[np.float64]:
    """A square OpenGL parallel projection [4, 4] of half-width `half`."""
    matrix = np.diag([1 / half, 1 / half, -2 / (far - near), 1.0])
    matrix[2, 3] = -(far + near) / (far - near)
    return matrix


def look_at(
    eye: NDArray[np.float64], centre: NDArray[np.float64], up: tuple[float, float, float] = (0, 1, 0)
) -> NDArray[np.float64]:
    """The view matrix [4, 4] of a camera at `eye` that looks at `centre`."""
    forward = (centre - eye) / np.linalg.norm(centre - eye)
    side = np.cross(forward, np.asarray(up, np.float64))
    side /= np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[0, :3], matrix[1, :3], matrix[2, :3] = side, np.cross(side, forward), -forward
    matrix[:3, 3] = -matrix[:3, :3] @ eye
    return matrix
