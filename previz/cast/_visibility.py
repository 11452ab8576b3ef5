"""Which points of a posed figure the camera sees: rays cast at the triangles that stand before them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from previz.cast._pack import PARTS
from previz.cast._pose import Figure, Posed
from previz.cast._scene import Scene

__all__ = ["covered", "visible_points"]

MARGIN = 0.03  # dm that a blocker must stand before a point, so that its own surface doesn't hide it
BLOCKING = ("skin", "cloth")


def visible_points(
    figure: Figure,
    posed: Posed,
    scene: Scene,
    points: NDArray[np.float64],  # [K, 3] projected landmarks
    project: Callable[[NDArray[np.floating]], NDArray[np.float64]],
) -> NDArray[np.bool_]:
    """Which landmarks [K] no triangle hides. Lashes and eyeballs hide nothing; cut hair and cloth neither."""
    pack = figure.pack
    shifted = project(np.array([[0, 0, 0], [0, 0, MARGIN]]) + np.array([0, figure.chin, 1.0]))
    margin = abs(float(shifted[1, 2] - shifted[0, 2]))
    own = np.array(list(pack.landmarks.values()))
    eyes = np.isin(pack.part[own], [list(PARTS).index("eyes")])
    # lids lie closer to the eyeball than the margin
    depth = points[:, 2] - np.where(eyes, 0.1 * margin, margin)
    hidden = np.zeros(len(points), np.bool_)
    screen = project(posed.vertices)
    triangles = np.concatenate([pack.triangles["skin"], _below_neckline(figure)])
    hidden |= covered(points, depth, screen, triangles)
    if figure.hair is not None:
        kept = figure.hair.template[figure.hair.triangles][..., 1].mean(1) > scene.identity.hair_end
        hidden |= covered(points, depth, project(posed.hair_vertices), figure.hair.triangles[kept])
    return ~hidden


def _below_neckline(figure: Figure) -> NDArray[np.int32]:
    """Cloth triangles that the shader leaves; the same curve as `neckline` in cut.glsl."""
    triangles = figure.pack.triangles["cloth"]
    x, y, z = figure.pack.vertices[triangles].mean(1).T
    rise = np.clip(z / 0.6, 0, 1)
    return np.asarray(triangles[y < 5.93 - 0.32 * np.exp(-((x / 0.42) ** 2)) * rise**2 * (3 - 2 * rise)])


def covered(
    points: NDArray[np.float64],  # [K, 3] x, y, depth on the screen
    depth: NDArray[np.float64],  # [K] a triangle hides a point when it is nearer than this
    screen: NDArray[np.float64],  # [V, 3]
    triangles: NDArray[np.integer],  # [T, 3]
) -> NDArray[np.bool_]:
    """Which points [K] lie inside a triangle on the screen that is nearer there than `depth`."""
    corners = screen[triangles]  # [T, 3, 3]
    low, high = corners[..., :2].min(1), corners[..., :2].max(1)
    x, y = points[:, None, 0], points[:, None, 1]
    near = (low[:, 0] <= x) & (high[:, 0] >= x) & (low[:, 1] <= y) & (high[:, 1] >= y)  # [K, T]
    point, triangle = np.nonzero(near)
    a, b, c = (corners[triangle, k] for k in range(3))
    p = points[point]
    area = _cross(b - a, c - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = _cross(b - p, c - p) / area, _cross(c - p, a - p) / area
        w = 1 - u - v
        hit = u * a[:, 2] + v * b[:, 2] + w * c[:, 2]
        blocks = (u >= 0) & (v >= 0) & (w >= 0) & (hit < depth[point])
    result = np.zeros(len(points), np.bool_)
    result[point[blocks]] = True
    return result


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
