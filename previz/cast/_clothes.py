"""How the clothes of a full figure hang: smooth over hollows, off the skin, and a skirt around both legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from previz.cast._mesh import normal_gatherer, vertex_normals
from previz.cast._outfit import BARE, along_arm, garment
from previz.cast._pack import Pack
from previz.cast._scene import Outfit

__all__ = ["Clothes", "Legs", "bare_skin", "dress", "hang", "measure_legs", "take_clothes"]

Array = NDArray[np.float32]

OFFSET = 0.055  # dm off the skin
SHOE_OFFSET = 0.05  # dm more for shoes
LOOSE_OFFSET = 0.09  # dm more where clothes are wide
SKIRT_OFFSET = 0.20  # dm that a skirt keeps from the axis of a leg beyond its radius
EASE = 0.3  # share of the thigh over which it comes to push the skirt: the hips don't
BELT_OFFSET = 0.10  # dm that a skirt stands off the top tucked into it
LEAST = Outfit(sleeve=0.0, hem=1.35, trousers=-0.7)  # no outfit covers less
BELT = (0.2, 1.2)  # template heights (dm) between which a skirt closes to the waist


@dataclass(frozen=True)
class Clothes:
    """What the clothes of all figures of a pack share; C vertices of tights, S of the skirt."""

    cloth: NDArray[np.int64]  # [C] vertices
    skirt: NDArray[np.int64]  # [S]
    template: Array  # [V, 3] the template, with clothes as they hang
    drape: sparse.csr_matrix  # [C, C] lets tights hang smoothly over hollows
    loose: Array  # [C, 1] 0..1, how far wide clothes stand off: not at collars and feet
    over: NDArray[np.int64]  # [K] the tights' vertex nearest to each landmark
    belt: Array  # [S, 1] 1 where the skirt lies on the waist
    waist: NDArray[np.int64]  # [S] the tights' vertex nearest to each of the skirt
    relax: sparse.csr_matrix  # [S, S] evens out what the legs do to the skirt
    triangles: NDArray[np.int64]  # [T, 3] of the skirt, counted in S
    gatherer: sparse.csr_matrix  # [S, T]


@dataclass(frozen=True)
class Legs:
    """How thick a figure's legs are (dm), at the top of the thigh, the knee and the calf."""

    thigh: float
    knee: float
    calf: float


def take_clothes(pack: Pack) -> Clothes:
    """Prepare the clothes of a pack of full figures."""
    cloth, skirt = (np.flatnonzero(pack.part == pack.parts.index(name)) for name in ("cloth", "skirt"))
    template = pack.vertices.copy()
    height = template[cloth, 1]
    hanging = np.clip((height + 7.2) / 1.5, 0, 1) * np.clip((5.3 - height) / 0.8, 0, 1)
    slender = (along_arm(template[cloth]) > 0.1) | (height < -4)
    drape = _averages(np.searchsorted(cloth, pack.triangles["cloth"]), hanging * np.where(slender, 0.2, 1), 6)
    template[cloth] = drape @ template[cloth]
    triangles = np.searchsorted(skirt, pack.triangles["skirt"])
    below = np.clip((BELT[1] - template[skirt, 1]) / 2, 0, 1)
    landmarks = list(pack.landmarks.values())
    step = np.clip((template[skirt, 1] - BELT[0]) / (BELT[1] - BELT[0]), 0, 1)[:, None]
    return Clothes(
        cloth=cloth,
        skirt=skirt,
        template=template,
        drape=drape,
        loose=hanging[:, None].astype(np.float32),
        over=cloth[_nearest(pack.vertices[landmarks], pack.vertices[cloth])],
        belt=(step * step * (3 - 2 * step)).astype(np.float32),
        waist=cloth[_nearest(template[skirt], template[cloth])],
        relax=_averages(triangles, below, 4),
        triangles=triangles,
        gatherer=normal_gatherer(triangles, len(skirt)),
    )


def bare_skin(pack: Pack) -> NDArray[np.int32]:
    """Triangles [T, 3] of the skin that some outfit shows: all but the trunk and the feet."""
    hidden = garment(pack.vertices, LEAST, collar=3, inside=0.06) != BARE
    triangles = pack.triangles["skin"]
    return np.asarray(triangles[~hidden[triangles].all(1)])


def _nearest(points: Array, among: Array) -> NDArray[np.int64]:
    """Index [N] of the row of `among` [M, 3] that is nearest to each of `points` [N, 3]."""
    return np.asarray(((points[:, None] - among) ** 2).sum(2).argmin(1), np.int64)


def _averages(triangles: NDArray[np.integer], amount: NDArray[np.floating], rounds: int) -> sparse.csr_matrix:
    """Averages of neighbours, `rounds` times; `amount` [N] says how much of it each vertex takes (0..1)."""
    count = len(amount)
    a, b = triangles[:, [0, 1, 2]].ravel(), triangles[:, [1, 2, 0]].ravel()
    edges = sparse.coo_matrix((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(count, count)).tocsr()
    edges.data[:] = 1
    mean = sparse.diags(1 / np.maximum(np.asarray(edges.sum(1)).ravel(), 1)) @ edges
    half = 0.5 * np.clip(amount, 0, 1)
    step = sparse.diags(half) @ mean + sparse.diags(1 - half)
    found = sparse.identity(count, format="csr")
    for _ in range(rounds):
        found = step @ found
    return sparse.csr_matrix(found, dtype=np.float32)


def hang(clothes: Clothes, vertices: Array) -> None:
    """Let the clothes of a figure at rest [V, 3] hang, in place."""
    vertices[clothes.cloth] = clothes.drape @ vertices[clothes.cloth]
    skirt = vertices[clothes.skirt]
    vertices[clothes.skirt] = skirt + clothes.belt * (vertices[clothes.waist] - skirt)


def measure_legs(clothes: Clothes, vertices: Array, joints: dict[str, Array]) -> Legs:
    """The thickness of the left leg of a figure at rest, from its tights."""
    points = vertices[clothes.cloth]
    left = clothes.template[clothes.cloth, 0] > 0.1

    def radius(start: str, end: str, low: float, high: float) -> float:
        place, far = _from_bone(points, joints[start], joints[end])
        near = left & (place > low) & (place < high) & (far < 3.0)
        return float(np.percentile(far[near], 90))

    return Legs(
        thigh=radius("upperleg01.L", "lowerleg01.L", 0.25, 0.4),
        knee=radius("upperleg01.L", "lowerleg01.L", 0.93, 1.0),
        calf=radius("lowerleg01.L", "foot.L", 0.2, 0.4),
    )


def _from_bone(points: Array, start: Array, end: Array) -> tuple[Array, Array]:
    """How far along a bone points [N, 3] lie (0..1 on it), and how far from its axis [N]."""
    along = end - start
    place = np.asarray((points - start) @ along / (along @ along), np.float32)
    axis = start + np.clip(place, 0, 1)[:, None] * along
    return place, np.asarray(np.linalg.norm(points - axis, axis=1), np.float32)


def dress(
    clothes: Clothes,
    vertices: Array,
    normals: Array,
    outfit: Outfit,
    legs: Legs,
    bones: tuple[tuple[Array, Array, Array], ...],  # hip, knee and ankle of each leg, as posed
) -> None:
    """Lift the clothes of a posed figure [V, 3] off its skin, in place."""
    cloth, skirt = clothes.cloth, clothes.skirt
    vertices[cloth] += (OFFSET + LOOSE_OFFSET * outfit.loose * clothes.loose) * normals[cloth]
    shod = clothes.template[cloth, 1] < outfit.shoes
    vertices[cloth[shod]] += SHOE_OFFSET * normals[cloth[shod]]
    if outfit.skirt > clothes.template[skirt, 1].max():
        return
    hanging = vertices[skirt] + (OFFSET + LOOSE_OFFSET * outfit.loose + BELT_OFFSET) * normals[skirt]
    hanging = clothes.relax @ hanging
    for _ in range(2):
        for hip, knee, ankle in bones:
            _push_off(hanging, hip, knee, legs.thigh, legs.knee, EASE)
            _push_off(hanging, knee, ankle, legs.knee, legs.calf, 0.0)
        smooth = clothes.relax @ hanging
        hanging += 0.5 * (1 - clothes.belt) * (smooth - hanging)
    for hip, knee, _ in bones:
        _push_off(hanging, hip, knee, legs.thigh, legs.knee, EASE)
    vertices[skirt] = hanging
    normals[skirt] = vertex_normals(hanging, clothes.triangles, clothes.gatherer)


def _push_off(points: Array, start: Array, end: Array, thick: float, thin: float, ease: float) -> None:
    """Move points [N, 3] out of a bone of a leg: `thick` at `start`, `thin` at `end`. In place.

    `ease` is the share of the bone over which the push sets in at `start`; 0 for none.
    """
    along = end - start
    place = np.clip((points - start) @ along / (along @ along), 0, 1)[:, None]
    out = points - (start + place * along)
    far = np.linalg.norm(out, axis=1, keepdims=True)
    short = thick + (thin - thick) * place + SKIRT_OFFSET - far
    push = np.clip(place / ease, 0, 1) if ease else 1.0
    points += push * np.maximum(short, 0) * out / np.maximum(far, 1e-3)
