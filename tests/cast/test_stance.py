"""Maps of natural poses: named ones at their places, and both feet on the floor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.cast._stance import ANGLES, ARMS, FEET, HIP, SHIN, THIGH, arm_angles, body_pose, leg_angles

UNIT = st.floats(-1, 1)
ZERO = np.zeros(1)


def legs(place, wide=0.0, crouch=0.0, sway=0.0):
    return leg_angles(np.array([place]), np.array([wide]), np.array([crouch]), np.array([sway]))


def ankle_depth(found, side):
    """How far the ankle lies under the middle of the hips, in leg lengths."""
    forward, knee = (np.radians(found[f"{name}_{side}"][0]) for name in ("thigh", "knee"))
    spread, tilt = np.radians(found[f"spread_{side}"][0]), np.radians(found["sway"][0])
    down = (THIGH * np.cos(forward) + SHIN * np.cos(knee - forward)) * np.cos(spread)
    return down - (1 if side == "L" else -1) * HIP * np.sin(tilt)


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_on_a_named_place_is_nearly_in_that_pose(name):
    pose = ARMS[name]
    found = arm_angles(np.array([pose.at]), ZERO)
    for angle in ("raised", "forward", "elbow"):
        assert abs(found[angle][0] - getattr(pose, angle)) < 22


@given(st.tuples(UNIT, UNIT), UNIT)
def test_no_arm_bends_or_lifts_further_than_a_human_one(place, bend):
    found = arm_angles(np.array([place]), np.array([bend]))
    assert 4 <= found["elbow"][0] <= 145
    assert 0 <= found["raised"][0] <= 150


@given(st.tuples(UNIT, UNIT), st.tuples(UNIT, UNIT))
def test_arms_move_smoothly_over_the_map(start, end):
    steps = np.linspace(start, end, 101)
    found = arm_angles(steps, np.zeros(101))
    for angle in found.values():
        assert np.abs(np.diff(angle)).max() < 14  # degrees a step of a hundredth of the way


@given(st.tuples(UNIT, UNIT), UNIT, UNIT)
def test_no_knee_bends_forwards(place, wide, crouch):
    found = legs(place, wide, crouch)
    assert min(found["knee_L"][0], found["knee_R"][0]) >= 0


@given(UNIT, UNIT, UNIT)
def test_standing_puts_both_feet_on_the_floor_however_wide_low_or_swayed(wide, crouch, sway):
    found = legs((0.0, 0.0), wide, crouch, sway)
    assert ankle_depth(found, "L") == pytest.approx(ankle_depth(found, "R"), abs=0.02)


def test_a_raised_knee_is_off_the_floor_and_the_other_leg_carries():
    found = legs(FEET["left knee up"].at)
    assert found["thigh_L"][0] > 45
    assert ankle_depth(found, "R") > ankle_depth(found, "L") + 0.15


def test_swayed_to_the_left_the_right_knee_gives():
    found = legs((0.0, 0.0), sway=1.0)
    assert found["knee_R"][0] > found["knee_L"][0] + 5


def test_the_pose_holds_each_angle_where_it_belongs():
    pose = body_pose({name: float(index) for index, name in enumerate(ANGLES)})
    assert pose.yaw == ANGLES.index("yaw")
    assert pose.left.elbow == ANGLES.index("elbow_L")
    assert pose.right.palm == ANGLES.index("palm_R")
    assert pose.left_leg.forward == ANGLES.index("thigh_L")
    assert pose.right_leg.heel == ANGLES.index("heel_R")
