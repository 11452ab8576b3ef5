"""Identity, expression and pose: from a scene to the vertices and normals of a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from previz.cast._landmarks import PUPILS
from previz.cast._mesh import normal_gatherer, rotation, turn, unit, vertex_normals
from previz.cast._pack import Pack
from previz.cast._scene import Identity, Scene
from previz.errors import CastError

__all__ = ["Figure", "Posed", "make_figure", "pose_figure"]

Array = NDArray[np.float32]

NECK = {"neck01": 0.2, "neck02": 0.2, "neck03": 0.2, "head": 0.4}  # share of the head's turn
ARMS = {
    "shoulder01.L": -10.0,
    "shoulder01.R": 10.0,
    "upperarm01.L": -28.0,
    "upperarm01.R": 28.0,
}  # lowered, degrees
CLOTH_OFFSET = 0.035  # dm above the body
LOOK_RANGE = {
    "Out": 35.0,
    "In": 35.0,
    "Up": 30.0,
    "Down": 30.0,
}  # degrees of gaze at which a lid has followed fully


@dataclass(frozen=True)
class HairFigure:
    """Hair fitted to one identity."""

    vertices: Array  # [C, 3] at rest
    normals: Array  # [C, 3] at rest
    template: Array  # [C, 3]
    texture: Array  # [C, 2]
    triangles: NDArray[np.int32]  # [T, 3]
    weights: sparse.csr_matrix  # [C, B]


@dataclass(frozen=True)
class Figure:
    """One identity, with everything that doesn't depend on pose or expression done."""

    pack: Pack
    vertices: Array  # [V, 3] at rest, neutral
    weights: sparse.csr_matrix  # [V, B]
    joints: Array  # [B, 3]
    eyes: tuple[NDArray[np.int64], NDArray[np.int64]]  # vertices of the left and the right eyeball
    triangles: NDArray[np.int32]  # [T, 3] of all parts
    gatherer: sparse.csr_matrix  # [V, T]
    teeth: NDArray[np.int64]
    tongue: NDArray[np.int64]
    cloth: NDArray[np.int64]
    chin: float  # height (dm) of the lower lip less a quarter: the chin
    crown: float  # height of the top of the head
    hair: HairFigure | None


@dataclass(frozen=True)
class Posed:
    """Vertices and normals of one picture, and where the pupils are."""

    vertices: Array  # [V, 3]
    normals: Array  # [V, 3]
    hair_vertices: Array  # [C, 3]
    hair_normals: Array  # [C, 3]
    pupils: Array  # [2, 3] left, right


def macro_amounts(identity: Identity) -> dict[str, float]:
    """MakeHuman's macro targets and amounts: ancestry x gender x age, and gender x age x muscle x weight."""

    def split(value: float, names: tuple[str, ...]) -> dict[str, float]:
        place = float(np.clip(value, 0, 1)) * (len(names) - 1)
        low = min(int(place), len(names) - 2)
        return {names[low]: 1 - (place - low), names[low + 1]: place - low}

    ancestry = {"african": identity.african, "asian": identity.asian, "caucasian": identity.caucasian}
    total = sum(ancestry.values())
    levels = ("min{}", "average{}", "max{}")
    amounts: dict[str, float] = {}
    for gender, g in split(identity.gender, ("female", "male")).items():
        for age, a in split(identity.age, ("child", "young", "old")).items():
            for name, share in ancestry.items():
                amounts[f"macro/{name}-{gender}-{age}"] = g * a * share / total
            for muscle, m in split(
                identity.muscle, tuple(level.format("muscle") for level in levels)
            ).items():
                for weight, w in split(
                    identity.weight, tuple(level.format("weight") for level in levels)
                ).items():
                    amounts[f"macro/universal-{gender}-{age}-{muscle}-{weight}"] = g * a * m * w
    return {name: amount for name, amount in amounts.items() if amount}


def make_figure(pack: Pack, identity: Identity) -> Figure:
    """Bake an identity: shape, hair, joints. CastError for a shape or hair that the pack has not."""
    vertices = pack.vertices.copy()
    for name, amount in [*macro_amounts(identity).items(), *identity.shapes]:
        index, delta = pack.target(name)
        vertices[index] += np.float32(amount) * delta
    part = {name: np.flatnonzero(pack.part == number) for number, name in enumerate(pack.parts)}
    left = pack.vertices[part["eyes"], 0] > 0
    triangles = np.concatenate(list(pack.triangles.values()))
    lips = part["skin"][pack.masks[part["skin"], 0] > 0.3]
    figure = Figure(
        pack=pack,
        vertices=vertices,
        weights=sparse.csr_matrix(pack.weights),
        joints=pack.joints @ vertices,
        eyes=(part["eyes"][left], part["eyes"][~left]),
        triangles=triangles,
        gatherer=normal_gatherer(triangles, len(vertices)),
        teeth=part["teeth"],
        tongue=part["tongue"],
        cloth=part["cloth"],
        chin=float(vertices[lips, 1].min()) - 0.25,
        crown=float(vertices[part["skin"], 1].max()),
        hair=None,
    )
    return replace(figure, hair=_fit_hair(figure, identity)) if identity.hair else figure


def _fit_hair(figure: Figure, identity: Identity) -> HairFigure:
    """Hang the identity's hair on its head; what ends under `hair_end` is dropped."""
    pack = figure.pack
    if identity.hair not in pack.hairs:
        raise CastError(f"the pack has no hair {identity.hair!r}; it has {', '.join(pack.hairs) or 'none'}")
    style = pack.hairs[identity.hair]

    def fit(body: Array) -> Array:
        span = body[style.scale_vertices]  # [3, 2, 3]
        scale = np.abs(span[:, 0] - span[:, 1])[np.arange(3), np.arange(3)] / style.scale_length
        placed = np.einsum("ij,ijk->ik", style.weights, body[style.reference]) + style.offset * scale
        return np.asarray(placed, np.float32)

    rest, template = fit(figure.vertices), fit(pack.vertices)
    welded = style.corner[style.triangles]
    normals = vertex_normals(rest, welded, normal_gatherer(welded, len(rest)))
    weights = np.einsum("ij,ijk->ik", style.weights, pack.weights[style.reference])
    weights /= weights.sum(1, keepdims=True)
    kept = style.triangles[template[welded][..., 1].max(1) > identity.hair_end - 0.1]
    return HairFigure(
        vertices=rest[style.corner]
        + 0.02 * normals[style.corner],  # off the scalp, so that none shows through
        normals=normals[style.corner],
        template=template[style.corner],
        texture=style.texture,
        triangles=kept.astype(np.int32),
        weights=sparse.csr_matrix(weights[style.corner]),
    )


def pose_figure(figure: Figure, scene: Scene) -> Posed:
    """Apply expression, gaze and pose. CastError for a face unit that the pack has not."""
    vertices = figure.vertices.copy()
    units = dict(scene.expression.units)
    for name, amount in [*units.items(), *_lids_follow(scene)]:
        if amount:
            index, delta = figure.pack.target(f"face/{name}")
            vertices[index] += np.float32(amount) * delta
    vertices[figure.tongue] += np.array([0, -0.02 - 0.07 * units.get("jawOpen", 0.0), -0.05], np.float32)
    pupils = _turn_eyes(figure, vertices, scene)
    matrices = _bone_matrices(figure, scene)
    posed = _skin(vertices, figure.weights, matrices)
    normals = vertex_normals(posed, figure.triangles, figure.gatherer)
    _part_normals(figure, posed, normals, matrices[figure.pack.bones.index("head")])
    posed[figure.cloth] += CLOTH_OFFSET * normals[figure.cloth]
    head = matrices[figure.pack.bones.index("head")]
    hair = figure.hair
    if hair is None:
        nothing = np.zeros((0, 3), np.float32)
        hair_vertices, hair_normals = nothing, nothing
    else:
        hair_vertices = _skin(hair.vertices, hair.weights, matrices)
        hair_normals = unit(_skin(hair.normals, hair.weights, matrices * np.array([1, 1, 1, 0], np.float32)))
    return Posed(
        posed, normals, hair_vertices, hair_normals, (pupils @ head[:, :3].T + head[:, 3]).astype(np.float32)
    )


def _lids_follow(scene: Scene) -> list[tuple[str, float]]:
    """Face units that let the lids follow the gaze; a closed lid has nothing to follow."""
    units = dict(scene.expression.units)
    x, y = scene.gaze.x, scene.gaze.y
    found = []
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        open_ = 1 - min(1.0, units.get(f"eyeBlink{side}", 0.0))
        turns = {"Out": sign * x, "In": -sign * x, "Up": y, "Down": -y}
        found += [(f"eyeLook{way}{side}", open_ * max(0.0, turns[way]) / LOOK_RANGE[way]) for way in turns]
    return found


def _turn_eyes(figure: Figure, vertices: Array, scene: Scene) -> NDArray[np.float64]:
    """Turn the eyeballs rigidly, in place; the front poles [2, 3] come back, before the head's pose."""
    turned = rotation((0, 1, 0), scene.gaze.x) @ rotation((1, 0, 0), -scene.gaze.y)
    poles = []
    for eye in figure.eyes:
        ball = figure.vertices[eye]  # the face units must not stretch it
        centre = (ball.min(0) + ball.max(0)) / 2
        vertices[eye] = (ball - centre) @ turned.T.astype(np.float32) + centre
        poles.append(centre + turned @ np.array([0, 0, np.linalg.norm(ball - centre, axis=1).max()]))
    return np.array(poles)


def _bone_matrices(figure: Figure, scene: Scene) -> Array:
    """The motion [B, 3, 4] of each bone from rest; parents come before their children."""
    pose = scene.pose
    local = {
        name: turn(pose.yaw * share, pose.pitch * share, pose.roll * share) for name, share in NECK.items()
    }
    local |= {name: rotation((0, 0, 1), angle) for name, angle in ARMS.items()}
    matrices: list[NDArray[np.float64]] = []
    for name, joint, parent in zip(figure.pack.bones, figure.joints, figure.pack.parents, strict=True):
        own = np.eye(4)
        if name in local:
            own[:3, :3] = local[name]
            own[:3, 3] = joint - local[name] @ joint
        matrices.append(own if parent < 0 else matrices[parent] @ own)
    return np.stack(matrices)[:, :3].astype(np.float32)


def _skin(points: Array, weights: sparse.csr_matrix, matrices: Array) -> Array:
    """Linear blend skinning of [N, 3]."""
    blend = weights @ matrices.reshape(len(matrices), 12)
    x, y, z = points[:, :1], points[:, 1:2], points[:, 2:]
    return np.asarray(
        blend[:, 0::4] * x + blend[:, 1::4] * y + blend[:, 2::4] * z + blend[:, 3::4], np.float32
    )


def _part_normals(figure: Figure, vertices: Array, normals: Array, head: Array) -> None:
    """Eyeballs get a sphere's normals; teeth an arch's, or each tooth's edge would sparkle. In place."""
    for eye in figure.eyes:
        ball = vertices[eye]
        normals[eye] = unit(ball - (ball.min(0) + ball.max(0)) / 2)
    turned = head[:, :3]
    teeth = vertices[figure.teeth]
    arch = (teeth - teeth.mean(0)) @ turned + np.array([0, 0, 0.12], np.float32)
    arch[:, 1] *= 0.35
    arch[:, 2] = np.maximum(arch[:, 2], 0.05)
    normals[figure.teeth] = unit(arch) @ turned.T


def landmark_points(figure: Figure, posed: Posed) -> Array:
    """Positions [K, 3] of the pack's landmarks, in their order."""
    points = posed.vertices[list(figure.pack.landmarks.values())].copy()
    names = list(figure.pack.landmarks)
    points[[names.index(name) for name in PUPILS]] = posed.pupils
    return points
