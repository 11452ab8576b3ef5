"""Where clothes are on the template."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.cast import Outfit
from previz.cast._outfit import BARE, BOTTOM, SHOE, TOP, along_arm, garment, is_skirt, neckline, under_skirt

CHEST, BELLY, THIGH, SHIN, FOOT, FACE = (
    np.array([place]) for place in
    ((0.5, 4.4, 1.3), (0.0, 1.6, 1.4), (1.4, -1.5, 1.1), (1.8, -5.5, 0.35), (2.1, -8, 1.5), (0.1, 7, 1.6))
)  # fmt: skip
UPPER_ARM, FOREARM, HAND = (
    np.array([place]) for place in ((2.4, 4.4, 0.3), (3.7, 3.0, 1.0), (4.6, 2.0, 2.3))
)


def worn(place, outfit=None, collar=0):
    return int(garment(place, outfit or Outfit(), collar)[0])


@pytest.mark.parametrize(
    ("place", "expected"),
    [(CHEST, TOP), (BELLY, TOP), (THIGH, BOTTOM), (SHIN, BOTTOM), (FOOT, SHOE), (FACE, BARE), (HAND, BARE)],
)
def test_a_shirt_with_trousers_covers_what_it_should(place, expected):
    assert worn(place) == expected


def test_sleeves_end_where_they_are_cut():
    assert worn(UPPER_ARM, Outfit(sleeve=0.0)) == BARE
    assert worn(UPPER_ARM, Outfit(sleeve=0.5)) == TOP
    assert worn(FOREARM, Outfit(sleeve=0.5)) == BARE
    assert worn(FOREARM, Outfit(sleeve=1.0)) == TOP
    assert worn(HAND, Outfit(sleeve=1.0)) == BARE


def test_shorts_leave_the_shin_bare():
    assert worn(SHIN, Outfit(trousers=-3.0)) == BARE
    assert worn(THIGH, Outfit(trousers=-3.0)) == BOTTOM


def test_the_arm_is_measured_from_the_shoulder_to_the_wrist():
    shoulder, elbow, wrist = (
        np.array([p]) for p in ((1.75, 5.2, 0.15), (3.13, 3.49, 0.13), (4.31, 2.45, 1.76))
    )
    assert along_arm(shoulder)[0] == pytest.approx(0.0, abs=0.03)
    assert along_arm(elbow)[0] == pytest.approx(0.5)
    assert along_arm(wrist)[0] == pytest.approx(1.0)
    assert along_arm(BELLY)[0] == -1


@given(st.floats(-4.5, 4.5), st.floats(-8, 8), st.floats(-1, 2))
def test_clothes_are_alike_on_both_sides(x, y, z):
    outfit = Outfit(sleeve=0.7, skirt=-3.0)
    assert worn(np.array([[x, y, z]]), outfit) == worn(np.array([[-x, y, z]]), outfit)


@given(st.floats(-4.5, 4.5), st.floats(-8, 8), st.floats(-1, 2), st.integers(0, 3))
def test_nothing_is_covered_further_inside_that_is_bare_at_the_edge(x, y, z, collar):
    place = np.array([[x, y, z]])
    if garment(place, Outfit(), collar)[0] == BARE:
        assert garment(place, Outfit(), collar, inside=0.1)[0] == BARE


def test_a_skirt_reaches_from_the_waist_to_its_end_and_hides_the_thighs():
    outfit = Outfit(skirt=-3.3)
    assert is_skirt(THIGH, outfit)[0]
    assert under_skirt(THIGH, outfit)[0]
    assert not is_skirt(SHIN, outfit)[0]
    assert not is_skirt(CHEST, outfit)[0]
    assert not is_skirt(THIGH, Outfit())[0]


def test_a_turtleneck_reaches_higher_than_a_wide_neck():
    throat = np.array([[0.0, 5.9, 1.0]])
    assert neckline(throat, 2)[0] > neckline(throat, 0)[0] > neckline(throat, 1)[0]
    assert worn(throat, collar=2) == TOP
    assert worn(throat, collar=3) == BARE
