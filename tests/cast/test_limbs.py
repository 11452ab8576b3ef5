"""Anatomical angles become rotations of bones; a figure of sticks shows where they take its joints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.cast import Arm, BodyPose, Leg
from previz.cast._limbs import body_rotations
from previz.cast._pack import KINDS

# Heads of bones on the template, dm; the right side mirrors the left.
LEFT = {
    "clavicle": (0.27, 5.19, 0.69), "shoulder01": (1.18, 5.52, 0.51), "upperarm01": (1.68, 5.25, 0.15),
    "upperarm02": (2.16, 4.69, 0.2), "lowerarm01": (3.13, 3.49, 0.13), "lowerarm02": (3.68, 2.94, 0.94),
    "wrist": (4.31, 2.45, 1.76), "finger2-1": (4.5, 2.03, 2.64), "finger5-1": (4.75, 1.76, 2.12),
    "upperleg01": (1.1, 0.49, 0.12), "upperleg02": (1.09, -0.52, 0.32), "lowerleg01": (1.58, -3.69, 0.32),
    "lowerleg02": (1.82, -5.55, 0.1), "foot": (2.2, -7.45, -0.01),
}  # fmt: skip
JOINTS = {f"{name}.L": np.array(place) for name, place in LEFT.items()}
JOINTS |= {f"{name}.R": np.array(place) * (-1, 1, 1) for name, place in LEFT.items()}
JOINTS |= {f"spine0{k}": np.array((0.0, 0.73 + 0.9 * (5 - k), 0.1)) for k in range(1, 6)}
JOINTS["root"] = np.array((0.0, 0.56, -0.76))
ARM_CHAIN = ("root", "spine05", "spine04", "spine03", "spine02", "spine01", "clavicle", "shoulder01",
             "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist")  # fmt: skip
LEG_CHAIN = ("root", "upperleg01", "upperleg02", "lowerleg01", "foot")
ANGLES = st.floats(-60, 60)


def posed(pose, chain, side):
    """The motion [4, 4] of the last bone of a chain."""
    turns = body_rotations(JOINTS, pose)
    matrix = np.eye(4)
    for bone in chain:
        name = bone if bone in JOINTS else f"{bone}.{side}"
        own = np.eye(4)
        own[:3, :3] = turns.get(name, np.eye(3))
        own[:3, 3] = JOINTS[name] - own[:3, :3] @ JOINTS[name]
        matrix = matrix @ own
    return matrix


def place(pose, chain, bone, side):
    """Where the head of a bone goes."""
    end = chain.index(bone)
    return (posed(pose, chain[:end], side) @ np.append(JOINTS[f"{bone}.{side}"], 1))[:3]


def along(pose, chain, start, end, side="L"):
    """The direction from one joint to another."""
    vector = place(pose, chain, end, side) - place(pose, chain, start, side)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        (Arm(raised=0), (0, -1, 0)),
        (Arm(raised=90), (1, 0, 0)),
        (Arm(raised=150), (0.5, 0.866, 0)),
        (Arm(raised=0, forward=90), (0, 0, 1)),
        (Arm(raised=0, forward=-30), (0, -0.866, -0.5)),
    ],
)
def test_the_upper_arm_points_where_its_angles_say(arm, expected):
    found = along(BodyPose(left=arm), ARM_CHAIN, "upperarm01", "lowerarm01")
    np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        (Arm(raised=0, elbow=0), (0, -1, 0)),
        (Arm(raised=0, elbow=90), (0, 0, 1)),
        (Arm(raised=90, elbow=90), (0, 0, 1)),
        (Arm(raised=0, elbow=90, inward=90), (-1, 0, 0)),
        (Arm(raised=90, elbow=90, inward=-90), (0, 1, 0)),
    ],
)
def test_the_elbow_bends_to_the_front_and_turns_with_the_upper_arm(arm, expected):
    found = along(BodyPose(left=arm), ARM_CHAIN, "lowerarm01", "wrist")
    np.testing.assert_allclose(found, expected, atol=0.05)


@given(ANGLES, ANGLES, st.floats(0, 120))
def test_both_arms_mirror_each_other(raised, inward, elbow):
    arm = Arm(raised=raised, forward=20, inward=inward, elbow=elbow, palm=30)
    pose = BodyPose(left=arm, right=arm)
    left, right = (place(pose, ARM_CHAIN, "wrist", side) for side in "LR")
    np.testing.assert_allclose(left * (-1, 1, 1), right, atol=1e-6)


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        (Leg(outward=0), (0, -1, 0)),
        (Leg(outward=0, forward=90), (0, 0, 1)),
        (Leg(outward=30), (0.5, -0.866, 0)),
    ],
)
def test_the_leg_points_where_its_angles_say(leg, expected):
    found = along(BodyPose(left_leg=leg), LEG_CHAIN, "upperleg01", "foot")
    np.testing.assert_allclose(found, expected, atol=0.09)  # thigh and shin are not quite in line at rest


def test_the_knee_bends_backwards():
    straight = place(BodyPose(), LEG_CHAIN, "foot", "L")
    bent = place(BodyPose(left_leg=Leg(knee=60)), LEG_CHAIN, "foot", "L")
    assert bent[2] < straight[2] - 2
    assert bent[1] > straight[1] + 1


@given(ANGLES, st.floats(0, 90), st.floats(-10, 10))
def test_the_sole_stays_level_whatever_the_leg_does(forward, knee, sway):
    pose = BodyPose(sway=sway, left_leg=Leg(forward=forward, knee=knee, turned=0))
    np.testing.assert_allclose(posed(pose, LEG_CHAIN, "L")[:3, :3], np.eye(3), atol=1e-9)


def test_a_lifted_heel_points_the_toes_down():
    foot = posed(BodyPose(left_leg=Leg(heel=40, turned=0)), LEG_CHAIN, "L")[:3, :3]
    np.testing.assert_allclose(
        foot @ (0, 0, 1), (0, -np.sin(np.radians(40)), np.cos(np.radians(40))), atol=1e-9
    )


def test_the_body_turns_to_its_left_when_yaw_is_positive():
    found = posed(BodyPose(yaw=30), ("root",), "L")[:3, :3] @ (0, 0, 1)
    np.testing.assert_allclose(found, (0.5, 0, 0.866), atol=0.001)


def test_sway_raises_the_left_hip_and_leaves_the_trunk_upright():
    pose = BodyPose(sway=8)
    assert place(pose, LEG_CHAIN, "upperleg01", "L")[1] > place(pose, LEG_CHAIN, "upperleg01", "R")[1] + 0.2
    np.testing.assert_allclose(posed(pose, ARM_CHAIN[:6], "L")[:3, :3], np.eye(3), atol=1e-9)


def test_every_bone_that_is_turned_is_in_the_pack_of_a_body():
    assert set(body_rotations(JOINTS, BodyPose())) <= set(KINDS["body"].bones)
