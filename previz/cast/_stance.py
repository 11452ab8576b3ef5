"""Natural poses of a full figure, as smooth functions of a few numbers.

Arms and legs each have a map: named poses at places of a plane, and between them their mixtures. Legs are
found from where the feet stand (two-bone inverse kinematics), so that both reach the floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from previz.cast._scene import Arm, BodyPose, Leg

__all__ = ["ANGLES", "arm_angles", "body_pose", "leg_angles"]

Array = NDArray[np.float64]
Angles = dict[str, Array]  # name -> degrees [N]


@dataclass(frozen=True)
class ArmPlace:
    """A named pose of an arm, and where it lies on the map; angles as in `Arm`."""

    at: tuple[float, float]
    raised: float
    forward: float
    inward: float
    elbow: float
    palm: float


ARMS: Mapping[str, ArmPlace] = {
    "hanging": ArmPlace((0.0, 0.0), 9, 3, 8, 16, 15),
    "swung back": ArmPlace((-0.35, -0.9), 14, -24, 5, 18, 10),
    "swung forward": ArmPlace((0.35, -0.9), 10, 26, 15, 32, 15),
    "hand on hip": ArmPlace((-1.0, -0.35), 46, -18, 72, 98, 30),
    "before the belly": ArmPlace((-0.55, 0.4), 16, 14, 42, 82, 40),
    "hand to the chest": ArmPlace((-1.0, 0.9), 26, 30, 55, 122, 40),
    "reaching out": ArmPlace((-0.1, 0.95), 22, 68, 0, 28, 40),
    "away from the side": ArmPlace((0.55, 0.05), 28, 6, 5, 26, 20),
    "level": ArmPlace((1.0, -0.45), 58, 34, -44, 98, 30),
    "waving": ArmPlace((1.0, 0.45), 56, 18, -96, 122, 10),
    "overhead": ArmPlace((0.6, 1.0), 122, 8, -80, 82, 10),
}


@dataclass(frozen=True)
class FootPlace:
    """A named stance, where the feet stand, in leg lengths from under the hips; `at` on the map."""

    at: tuple[float, float]
    left: float = 0.0  # in front
    right: float = 0.0
    wide: float = 0.03  # each outwards
    crouch: float = 0.008
    left_up: float = 0.0  # off the floor
    right_up: float = 0.0
    left_heel: float = 0.0  # degrees
    right_heel: float = 0.0


FEET: Mapping[str, FootPlace] = {
    "standing": FootPlace((0.0, 0.0)),
    "left step": FootPlace((0.75, 0.0), 0.24, -0.24, right_heel=22),
    "right step": FootPlace((-0.75, 0.0), -0.24, 0.24, left_heel=22),
    "left lunge": FootPlace((1.0, 1.0), 0.40, -0.40, crouch=0.16, right_heel=48),
    "right lunge": FootPlace((-1.0, 1.0), -0.40, 0.40, crouch=0.16, left_heel=48),
    "crouching": FootPlace((0.0, 1.0), 0.06, 0.06, wide=0.12, crouch=0.20),
    "left knee up": FootPlace((1.0, -1.0), 0.22, 0.0, left_up=0.26, left_heel=28),
    "right knee up": FootPlace((-1.0, -1.0), 0.0, 0.22, right_up=0.26, right_heel=28),
    "straddling": FootPlace((0.0, -1.0), wide=0.20),
}
THIGH, SHIN = 0.525, 0.475  # of a leg's length
HIP = 0.138  # half the distance of the hips, in leg lengths
ANKLE = 0.17  # from the ball of the foot to the ankle
REACH = 0.997
CURL = 14.0  # degrees of each finger joint
STANDING = 3.0  # how much oftener than by its place people just stand


def _shares(places: Array, at: Array, spread: float, often: Array | float = 0.0) -> Array:
    """Shares [N, M] of named poses at `at` [M, 2] in a mixture, by nearness to `places` [N, 2]."""
    near = -((places[:, None] - at) ** 2).sum(2) / (2 * spread**2) + often
    shares = np.exp(near - near.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def arm_angles(place: Array, bend: Array) -> Angles:
    """Angles of one arm at places [N, 2] of the map, about -1..1; `bend` [N], -1..1, closes the elbow."""
    poses = list(ARMS.values())
    shares = _shares(place, np.array([pose.at for pose in poses]), 0.30)
    found = {
        name: shares @ np.array([getattr(pose, name) for pose in poses], np.float64)
        for name in ("raised", "forward", "inward", "elbow", "palm")
    }
    found["elbow"] = np.maximum(4.0, found["elbow"] + 22 * bend * (1 - found["elbow"] / 180))
    found["raised"] = found["raised"] + 5 * bend
    return found


def leg_angles(place: Array, wide: Array, crouch: Array, sway: Array) -> Angles:
    """Angles of both legs at places [N, 2] of the map, about -1..1.

    `wide`, `crouch` and `sway` (the weight on the left) are -1..1, [N].
    """
    stances = list(FEET.values())
    often = np.log([STANDING if name == "standing" else 1.0 for name in FEET])
    shares = _shares(place, np.array([stance.at for stance in stances]), 0.30, often)
    foot = {
        name: shares @ np.array([getattr(stance, name) for stance in stances], np.float64)
        for name in FootPlace.__dataclass_fields__
        if name != "at"
    }
    tilt = 6.0 * sway
    rise = HIP * np.sin(np.radians(tilt))
    aside = 0.55 * np.sin(np.radians(tilt))
    outward = foot["wide"] + 0.05 * wide
    drop = foot["crouch"] + 0.05 * np.maximum(0, crouch) ** 2
    legs = []
    for side, sign in (("left", 1.0), ("right", -1.0)):
        lift = ANKLE * np.sin(np.radians(foot[f"{side}_heel"])) + foot[f"{side}_up"]
        legs.append((side[0].upper(), foot[side], outward - sign * aside, lift - sign * rise))
    tallest = [np.sqrt(REACH**2 - front**2 - out**2) + lift for _, front, out, lift in legs]
    height = np.minimum(1 - drop, np.minimum(*tallest))
    found: Angles = {"sway": tilt}
    for side, front, out, lift in legs:
        down = np.hypot(height - lift, out)
        length = np.clip(np.hypot(down, front), 0.3, REACH)
        knee = np.arccos(np.clip((THIGH**2 + SHIN**2 - length**2) / (2 * THIGH * SHIN), -1, 1))
        ahead = np.arccos(np.clip((THIGH**2 + length**2 - SHIN**2) / (2 * THIGH * length), -1, 1))
        found[f"thigh_{side}"] = np.degrees(np.arctan2(front, down) + ahead)
        found[f"spread_{side}"] = np.degrees(np.arctan2(out, height - lift))
        found[f"knee_{side}"] = 180 - np.degrees(knee)
        found[f"heel_{side}"] = foot[("left" if side == "L" else "right") + "_heel"]
        found[f"turned_{side}"] = 7 + 60 * np.maximum(out, 0)
    return found


ANGLES = (
    "yaw", "twist", "bend", "lean", "sway",
    *(f"{name}_{side}" for side in "LR" for name in (
        "raised", "forward", "inward", "elbow", "palm", "thigh", "spread", "knee", "heel", "turned"
    )),
)  # fmt: skip


def body_pose(angles: Mapping[str, float]) -> BodyPose:
    """The pose with these ANGLES, in degrees."""

    def arm(side: str) -> Arm:
        raised, forward, inward, elbow, palm = (
            angles[f"{name}_{side}"] for name in ("raised", "forward", "inward", "elbow", "palm")
        )
        return Arm(raised, forward, inward, elbow, palm, curl=CURL)

    def leg(side: str) -> Leg:
        forward, outward, turned, knee, heel = (
            angles[f"{name}_{side}"] for name in ("thigh", "spread", "turned", "knee", "heel")
        )
        return Leg(forward, outward, turned, knee, heel)

    yaw, sway, twist, bend, lean = (angles[name] for name in ("yaw", "sway", "twist", "bend", "lean"))
    return BodyPose(yaw, sway, twist, bend, lean, arm("L"), arm("R"), leg("L"), leg("R"))
