"""Curves to write and to read, and the strategy that draws them."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from previz.interchange import PointCurves

RATES = (Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001))
SIZES = ((256, 256), (1920, 1080))
NAMES = ("jaw", "mouth_left", "nose")


def make_curves(positions=None, names=("jaw",), first=1001, rate=RATES[0], size=SIZES[0], title="smile"):
    """Curves through `positions` [F, N, 2]; else one point that goes 3 px right and 2 px down a frame."""
    if positions is None:
        way = np.arange(6.0)[:, None, None] * [3.0, 2.0] + np.array([100.0, 50.0])
        positions = np.repeat(way, len(names), axis=1)
    positions = np.asarray(positions, np.float64)
    return PointCurves(tuple(names), first + np.arange(len(positions)), positions, rate, size, title)


@st.composite
def any_curves(draw, low=-500.0, high=3000.0):
    """Curves of one to three points on one to six frames, at any of the rates and sizes."""
    frames, count = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    values = arrays(np.float64, (frames, count, 2), elements=st.floats(low, high, width=32))
    return make_curves(
        draw(values),
        NAMES[:count],
        draw(st.sampled_from([-3, 0, 1, 1001])),
        draw(st.sampled_from(RATES)),
        draw(st.sampled_from(SIZES)),
    )
