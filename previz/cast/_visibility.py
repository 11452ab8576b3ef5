"""Which points of a posed figure the camera sees: rays cast at the triangles that stand before them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

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
    eyes = np.isin(pack.part[own], [pack.parts.index("eyes")])
    # lids lie closer to the eyeball than the margin
    depth = points[:, 2] - np.where(eyes, 0.1 * margin, margin)
    hidden = np.zeros(len(points), np.bool_)
    screen = project(posed.vertices)
    triangles = np.concatenate([pack.triangles["skin"], _below_neckline(figure, scene.materials.neckline)])
    hidden |= covered(points, depth, screen, triangles)
    if figure.hair is not None:
        kept = _uncut(figure.hair.template[figure.hair.triangles].mean(1), scene)
        hidden |= covered(points, depth, project(posed.hair_vertices), figure.hair.triangles[kept])
    return ~hidden


def _uncut(places: NDArray[np.floating], scene: Scene) -> NDArray[np.bool_]:
    """Which template places [T, 3] the shader leaves hair at; the curves of `is_cut` in cut.glsl."""
    x, y, z = places.T
    kept = y > scene.identity.hair_end
    half_width, half_height = scene.identity.hair_window
    if half_width:
        kept &= (z <= 0.75) | ((x / half_width) ** 2 + ((y - 7.02) / half_height) ** 2 >= 1)
    return np.asarray(kept)


def _below_neckline(figure: Figure, kind: int) -> NDArray[np.int32]:
    """Cloth triangles that the shader leaves; the same curves as `neckline` in cut.glsl."""
    triangles = figure.pack.triangles["cloth"]
    x, y, z = figure.pack.vertices[triangles].mean(1).T

    def rise(low: float, high: float) -> NDArray[np.floating]:
        t = np.clip((z - low) / (high - low), 0, 1)
        return np.asarray(t * t * (3 - 2 * t))

    line = {
        0: 5.93 - 0.32 * np.exp(-((x / 0.42) ** 2)) * rise(0.0, 0.6),
        1: 5.95 - np.maximum(0.0, 0.62 - 1.35 * np.abs(x)) * rise(0.1, 0.6),
        2: np.full_like(x, 6.28),
        3: 5.80 - 0.26 * np.exp(-((x / 0.66) ** 4)) * rise(0.2, 0.5),
    }[kind]
    return np.asarray(triangles[y < line])


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
