"""The pose of a full figure as rotations of its bones.

Angles of the body are anatomical (see `Arm`, `Leg`, `BodyPose`), so they are measured from the same stance
whatever the rest pose of the mesh: how a figure's own limbs hang at rest is read off its joints.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from previz.cast._mesh import rotation, turn
from previz.cast._scene import Arm, BodyPose, Leg

__all__ = ["body_rotations"]

Array = NDArray[np.float64]
Joints = Mapping[str, Array]  # bone -> the place [3] of its head at rest

SPINE = {"spine05": 0.1, "spine04": 0.2, "spine03": 0.25, "spine02": 0.25, "spine01": 0.2}
GIRDLE = (
    0.16  # share of an arm's rise that the collar bone and shoulder take, from the rest pose's 45 degrees
)
REACH = 0.12  # share of its swing to the front
TWIST = 0.35  # share of a limb's twist at its root; the rest comes halfway down, so the skin does not wring
HANGING = np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]]).T  # columns: along the arm, elbow's axis, across


def body_rotations(joints: Joints, pose: BodyPose) -> dict[str, Array]:
    """Rotations [3, 3] about the heads of bones, in the rest pose, for chaining from the root."""
    sway = rotation((0, 0, 1), pose.sway)
    found = {"root": rotation((0, 1, 0), pose.yaw) @ sway}
    for bone, share in SPINE.items():
        found[bone] = turn(pose.twist * share, pose.lean * share, pose.bend * share)
    found["spine05"] = sway.T @ found["spine05"]
    for side, sign, arm, leg in (
        ("L", 1.0, pose.left, pose.left_leg),
        ("R", -1.0, pose.right, pose.right_leg),
    ):
        own = {name.removesuffix("." + side): place for name, place in joints.items() if name.endswith(side)}
        turned = _arm(own, sign, arm) | _leg(own, sign, leg, sway)
        found |= {f"{name}.{side}": matrix for name, matrix in turned.items()}
    return found


def _arm(joints: Joints, sign: float, arm: Arm) -> dict[str, Array]:
    """Collar bone to fingers."""
    upper = _unit(joints["lowerarm01"] - joints["upperarm01"])
    fore = _unit(joints["wrist"] - joints["lowerarm01"])
    hinge = _unit(np.cross(upper, fore))
    at_rest = np.stack([upper, hinge, np.cross(upper, hinge)], 1)
    target = (
        rotation((1, 0, 0), -arm.forward)
        @ rotation((0, 0, 1), sign * arm.raised)
        @ rotation((0, 1, 0), -sign * arm.inward)
        @ HANGING
        @ at_rest.T
    )
    lift = rotation((0, 0, 1), sign * 0.5 * GIRDLE * (arm.raised - 45))
    reach = rotation((0, 1, 0), -sign * 0.5 * REACH * arm.forward)
    swing, twist = _split(target, upper)
    girdle = lift @ reach
    bent = float(np.degrees(np.arccos(np.clip(upper @ fore, -1, 1))))
    knuckles = sign * _unit(joints["finger5-1"] - joints["finger2-1"])
    found = {
        "clavicle": girdle,
        "shoulder01": girdle,
        "upperarm01": (girdle @ girdle).T @ swing @ _about(upper, TWIST * twist),
        "upperarm02": _about(upper, (1 - TWIST) * twist),
        "lowerarm01": _about(hinge, arm.elbow - bent),
        "lowerarm02": _about(fore, 0.6 * sign * arm.palm),
        "wrist": _about(fore, 0.4 * sign * arm.palm) @ _about(knuckles, arm.wrist),
    }
    for finger in range(1, 6):
        for joint in (1, 2):
            found[f"finger{finger}-{joint}"] = _about(knuckles, arm.curl * (0.3 if finger == 1 else 1.0))
    return found


def _leg(joints: Joints, sign: float, leg: Leg, sway: Array) -> dict[str, Array]:
    """Thigh to foot; the foot keeps its angle to the floor whatever the leg does."""
    hip, knee, ankle = joints["upperleg01"], joints["lowerleg01"], joints["foot"]
    spread = float(np.degrees(np.arctan2(sign * (ankle[0] - hip[0]), hip[1] - ankle[1])))
    thigh = _unit(knee - hip)
    swing = sway.T @ rotation((1, 0, 0), -leg.forward) @ rotation((0, 0, 1), sign * (leg.outward - spread))
    hinge = _unit(np.array([1.0, 0, 0]) - thigh[0] * thigh)
    found = {
        "upperleg01": swing @ _about(thigh, -TWIST * sign * leg.turned),
        "upperleg02": _about(thigh, -(1 - TWIST) * sign * leg.turned),
        "lowerleg01": _about(hinge, leg.knee),
    }
    shank = sway @ found["upperleg01"] @ found["upperleg02"] @ found["lowerleg01"]
    found["foot"] = shank.T @ rotation((0, 1, 0), sign * leg.turned) @ rotation((1, 0, 0), leg.heel)
    return found


def _split(matrix: Array, axis: Array) -> tuple[Array, float]:
    """A rotation as swing @ twist: the twist about `axis` (a unit vector) in degrees."""
    x, y, z, w = Rotation.from_matrix(matrix).as_quat()
    angle = 2 * np.degrees(np.arctan2(np.array([x, y, z]) @ axis, w))
    angle = (angle + 180) % 360 - 180
    return matrix @ _about(axis, angle).T, float(angle)


def _about(axis: Array, degrees: float) -> Array:
    return rotation((float(axis[0]), float(axis[1]), float(axis[2])), degrees)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)
