"""Identity, expression and pose: from a scene to the vertices and normals of a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from previz.cast._clothes import Clothes, Legs, bare_skin, dress, hang, measure_legs, take_clothes
from previz.cast._landmarks import PUPILS
from previz.cast._limbs import body_rotations
from previz.cast._mesh import normal_gatherer, rotation, turn, unit, vertex_normals
from previz.cast._outfit import BARE, garment
from previz.cast._pack import Pack
from previz.cast._scene import Identity, Scene
from previz.errors import CastError

__all__ = ["Figure", "Posed", "Stock", "make_figure", "pose_figure", "take_stock"]

Array = NDArray[np.float32]

NECK = {"neck01": 0.2, "neck02": 0.2, "neck03": 0.2, "head": 0.4}  # share of the head's turn
ARMS = {
    "shoulder01.L": -10.0,
    "shoulder01.R": 10.0,
    "upperarm01.L": -28.0,
    "upperarm01.R": 28.0,
}  # lowered, degrees
CLOTH_OFFSET = 0.035  # dm above the body
SOLE = -7.6  # template height (dm) under which a foot may touch the floor
LOOK_RANGE = {
    "Out": 35.0,
    "In": 35.0,
    "Up": 30.0,
    "Down": 30.0,
}  # degrees of gaze at which a lid has followed fully


@dataclass(frozen=True)
class Stock:
    """What all figures of a pack share."""

    pack: Pack
    parts: dict[str, NDArray[np.int64]]  # part -> vertices
    eyes: tuple[NDArray[np.int64], NDArray[np.int64]]  # vertices of the left and the right eyeball
    lips: NDArray[np.int64]
    soles: NDArray[np.int64]  # skin that may touch the floor
    weights: sparse.csr_matrix  # [V, B]
    triangles: NDArray[np.int32]  # [T, 3] of all parts
    drawn: dict[str, NDArray[np.int32]]  # part -> [T, 3] without what clothes always hide
    gatherer: sparse.csr_matrix  # [V, T]
    template: Array  # [V, 3] as shaders see it: clothes as they hang, eyeballs around their own centres
    clothes: Clothes | None  # of full figures


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

    stock: Stock
    vertices: Array  # [V, 3] at rest, neutral
    joints: Array  # [B, 3]
    chin: float  # height (dm) of the lower lip less a quarter: the chin
    crown: float  # height of the top of the head
    floor: float  # height of the lowest vertex
    legs: Legs | None  # of full figures
    hair: HairFigure | None

    @property
    def pack(self) -> Pack:
        """The assets that it was made from."""
        return self.stock.pack


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


def take_stock(pack: Pack) -> Stock:
    """Prepare a pack for making figures."""
    parts = {name: np.flatnonzero(pack.part == number) for number, name in enumerate(pack.parts)}
    skin, eyes = parts["skin"], parts["eyes"]
    left = pack.vertices[eyes, 0] > 0
    triangles = np.concatenate(list(pack.triangles.values()))
    clothes = take_clothes(pack) if pack.figure == "body" else None
    template = pack.vertices.copy() if clothes is None else clothes.template.copy()
    for eye in (eyes[left], eyes[~left]):
        template[eye] -= (template[eye].min(0) + template[eye].max(0)) / 2
    return Stock(
        pack=pack,
        parts=parts,
        eyes=(eyes[left], eyes[~left]),
        lips=skin[pack.masks[skin, 0] > 0.3],
        soles=skin[pack.vertices[skin, 1] < SOLE],
        weights=sparse.csr_matrix(pack.weights),
        triangles=triangles,
        drawn=pack.triangles if clothes is None else pack.triangles | {"skin": bare_skin(pack)},
        gatherer=normal_gatherer(triangles, len(pack.vertices)),
        template=template,
        clothes=clothes,
    )


def make_figure(stock: Stock, identity: Identity) -> Figure:
    """Bake an identity: shape, hair, joints. CastError for a shape or hair that the pack has not."""
    pack = stock.pack
    vertices = pack.vertices.copy()
    for name, amount in [*macro_amounts(identity).items(), *identity.shapes]:
        index, delta = pack.target(name)
        vertices[index] += np.float32(amount) * delta
    joints = pack.joints @ vertices
    floor, legs = 0.0, None
    if stock.clothes is not None:
        hang(stock.clothes, vertices)
        floor = float(vertices[stock.soles, 1].min())
        legs = measure_legs(stock.clothes, vertices, dict(zip(pack.bones, joints, strict=True)))
    figure = Figure(
        stock=stock,
        vertices=vertices,
        joints=joints,
        chin=float(vertices[stock.lips, 1].min()) - 0.25,
        crown=float(vertices[stock.parts["skin"], 1].max()),
        floor=floor,
        legs=legs,
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
    stock = figure.stock
    vertices[stock.parts["tongue"]] += np.array(
        [0, -0.02 - 0.07 * units.get("jawOpen", 0.0), -0.05], np.float32
    )
    pupils = _turn_eyes(figure, vertices, scene)
    matrices = _bone_matrices(figure, scene)
    posed = _skin(vertices, stock.weights, matrices)
    if stock.clothes is not None:
        shift = _onto_floor(figure, posed, matrices)
        posed += shift
        matrices[:, :, 3] += shift
    normals = vertex_normals(posed, stock.triangles, stock.gatherer)
    head = matrices[figure.pack.bones.index("head")]
    _part_normals(figure, posed, normals, head)
    if stock.clothes is None or figure.legs is None:
        posed[stock.parts["cloth"]] += CLOTH_OFFSET * normals[stock.parts["cloth"]]
    else:
        bones = _leg_bones(figure, matrices)
        dress(stock.clothes, posed, normals, scene.outfit, figure.legs, bones)
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


def _places(figure: Figure, matrices: Array, *names: str) -> Array:
    """Where the heads [N, 3] of bones are."""
    numbers = [figure.pack.bones.index(name) for name in names]
    turned = np.einsum("bij,bj->bi", matrices[numbers][:, :, :3], figure.joints[numbers])
    return np.asarray(turned + matrices[numbers][:, :, 3], np.float32)


def _leg_bones(figure: Figure, matrices: Array) -> tuple[tuple[Array, Array, Array], ...]:
    """Hip, knee and ankle of both legs."""
    legs = []
    for side in ("L", "R"):
        hip, knee, ankle = _places(
            figure, matrices, f"upperleg01.{side}", f"lowerleg01.{side}", f"foot.{side}"
        )
        legs.append((hip, knee, ankle))
    return tuple(legs)


def _onto_floor(figure: Figure, posed: Array, matrices: Array) -> Array:
    """The move [3] that puts the lower foot on the floor, and the feet half under the hips."""
    x, _, z = -0.5 * _places(figure, matrices, "foot.L", "foot.R").mean(0)
    return np.array([x, figure.floor - posed[figure.stock.soles, 1].min(), z], np.float32)


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
    for eye in figure.stock.eyes:
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
    if figure.pack.figure == "head":
        local |= {name: rotation((0, 0, 1), angle) for name, angle in ARMS.items()}
    else:
        local |= body_rotations(
            dict(zip(figure.pack.bones, figure.joints.astype(np.float64), strict=True)), scene.body
        )
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
    for eye in figure.stock.eyes:
        ball = vertices[eye]
        normals[eye] = unit(ball - (ball.min(0) + ball.max(0)) / 2)
    turned = head[:, :3]
    row = figure.stock.parts["teeth"]
    teeth = vertices[row]
    arch = (teeth - teeth.mean(0)) @ turned + np.array([0, 0, 0.12], np.float32)
    arch[:, 1] *= 0.35
    arch[:, 2] = np.maximum(arch[:, 2], 0.05)
    normals[row] = unit(arch) @ turned.T


def landmark_points(figure: Figure, posed: Posed, scene: Scene) -> Array:
    """Positions [K, 3] of the pack's landmarks, in their order; where clothed, those of the clothes."""
    vertices = np.array(list(figure.pack.landmarks.values()))
    clothes = figure.stock.clothes
    if clothes is not None:
        nearest = clothes.over
        worn = garment(clothes.template[nearest], scene.outfit, scene.materials.neckline) != BARE
        vertices = np.where(worn, nearest, vertices)
    points: Array = posed.vertices[vertices].copy()
    names = list(figure.pack.landmarks)
    points[[names.index(name) for name in PUPILS]] = posed.pupils
    if clothes is not None and figure.hair is not None:
        hair = figure.hair
        upper = hair.template @ np.array([0.0, 1.0, 0.35]) - 0.5 * np.abs(hair.template[:, 0])
        kept = np.unique(hair.triangles)
        points[names.index("head_top")] = posed.hair_vertices[kept[upper[kept].argmax()]]
    return points
