"""Which points of a posed figure the camera sees: rays cast at the triangles that stand before them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from previz.cast._outfit import BARE, SKIN_UNDER, garment, is_skirt, under_skirt
from previz.cast._pose import Figure, Posed
from previz.cast._scene import Scene

__all__ = ["covered", "undrawn", "visible_points"]

MARGIN = 0.03  # dm that a blocker must stand before a point, so that its own surface doesn't hide it

There = Callable[[NDArray[np.floating]], NDArray[np.bool_]]


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
    hidden = undrawn(figure, scene)
    screen = project(posed.vertices)
    for triangles, template, there in _blockers(figure, scene):
        hidden |= covered(points, depth, screen, triangles, template, there)
    if figure.hair is not None:
        hair = figure.hair
        hairs = project(posed.hair_vertices)
        if pack.figure == "body":
            hidden |= covered(
                points, depth, hairs, hair.triangles, hair.template, lambda t: _is_hair(t, scene)
            )
        else:
            kept = _uncut(hair.template[hair.triangles].mean(1), scene)
            hidden |= covered(points, depth, hairs, hair.triangles[kept])
    return ~hidden


def undrawn(figure: Figure, scene: Scene) -> NDArray[np.bool_]:
    """Which landmarks [K] lie on legs that a skirt hides, which are not drawn."""
    pack = figure.pack
    if pack.figure == "head":
        return np.zeros(len(pack.landmarks), np.bool_)
    return under_skirt(pack.vertices[list(pack.landmarks.values())], scene.outfit)


def _blockers(
    figure: Figure, scene: Scene
) -> list[tuple[NDArray[np.int32], NDArray[np.float32], There | None]]:
    """What may hide a point, but for hair: triangles, their template, and where on it they are there."""
    pack, template = figure.pack, figure.stock.template
    if pack.figure == "head":
        below = _below_neckline(figure, scene.materials.neckline)
        return [(np.concatenate([pack.triangles["skin"], below]), template, None)]
    outfit, collar = scene.outfit, scene.materials.neckline
    tests: dict[str, There] = {
        "skin": lambda t: (garment(t, outfit, collar, SKIN_UNDER) == BARE) & ~under_skirt(t, outfit),
        "cloth": lambda t: (garment(t, outfit, collar) != BARE) & ~under_skirt(t, outfit),
        "skirt": lambda t: is_skirt(t, outfit),
    }
    return [(figure.stock.drawn[part], template, there) for part, there in tests.items()]


def _is_hair(template: NDArray[np.floating], scene: Scene) -> NDArray[np.bool_]:
    """Which template places [N, 3] the shader leaves hair at: `is_cut` in cut.glsl, ragged ends and all."""
    x, y, z = template.T
    there = y > scene.identity.hair_end + 0.05 * np.sin(x * 17 + z * 9) + 0.02 * np.sin(x * 61 - z * 37)
    half_width, half_height = scene.identity.hair_window
    if half_width:
        away = (x / half_width) ** 2 + ((y - 7.02) / half_height) ** 2
        there &= (z <= 0.75) | (away >= 1 + 0.025 * np.sin(x * 41))
    return np.asarray(there)


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
    template: NDArray[np.floating] | None = None,  # [V, 3]
    there: There | None = None,
) -> NDArray[np.bool_]:
    """Which points [K] lie inside a triangle on the screen that is nearer there than `depth`.

    With `there`, only if that is true of the place [N, 3] on the template that the ray hits.
    """
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
    if there is not None and template is not None:
        shares = np.stack([u, v, w], 1)[blocks]
        blocks[blocks] = there(np.einsum("nk,nkc->nc", shares, template[triangles[triangle[blocks]]]))
    result = np.zeros(len(points), np.bool_)
    result[point[blocks]] = True
    return result


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
