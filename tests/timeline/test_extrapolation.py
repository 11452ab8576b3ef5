"""What a curve does before its first key and after its last."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.timeline import EASES, CurveKey, Extrapolation, Tangent, sample_curve

KINDS = ["held", "linear", "sloped", "loop-repeat", "loop-reset", "loop-oscillate"]
kinds = st.sampled_from(KINDS)
value = st.integers(-50, 50).map(float)


@st.composite
def curves(draw):
    frames = sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=6)))
    ease = st.none() | st.sampled_from(sorted(EASES)).map(EASES.get)
    interp = st.sampled_from(["held", "linear", "bezier", "hermite"])
    return [CurveKey(frame, (draw(value),), draw(interp), draw(ease)) for frame in frames]


def side(kind):
    return Extrapolation(kind, (0.5,) if kind == "sloped" else ())


def at(keys, *frames, before="held", after="held"):
    return sample_curve(keys, np.array(frames, dtype=float), side(before), side(after))[:, 0]


RISING = [CurveKey(0, (0.0,), "linear"), CurveKey(10, (20.0,))]


@given(curves(), kinds, kinds)
def test_a_curve_passes_through_its_keys_however_it_goes_on(keys, before, after):
    frames = [key.frame for key in keys]
    assert at(keys, *frames, before=before, after=after).tolist() == [key.value[0] for key in keys]


@given(curves(), kinds, kinds, st.lists(st.floats(-200, 300), min_size=1, max_size=12))
def test_a_value_does_not_depend_on_which_frames_are_sampled(keys, before, after, frames):
    together = at(keys, *frames, before=before, after=after)
    alone = [at(keys, frame, before=before, after=after)[0] for frame in frames]
    assert together.tolist() == alone


def test_held_stays():
    assert at(RISING, -5, 15).tolist() == [0, 20]


def test_linear_goes_on_at_the_speed_of_the_last_segment():
    assert at(RISING, -5, 12, before="linear", after="linear").tolist() == [-10, 24]


def test_linear_goes_on_along_the_tangent():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,), tangent_in=Tangent(2.0, (-6.0,)))]
    assert at(keys, 14, after="linear")[0] == pytest.approx(10 + 4 * 3)


def test_linear_after_an_ease_goes_on_at_its_speed():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,), ease=EASES["in-cubic"])]
    assert at(keys, 12, after="linear")[0] == pytest.approx(10 + 2 * 3, abs=1e-4)


def test_linear_after_a_hold_or_of_one_key_stays():
    assert at([CurveKey(0, (1.0,), "held"), CurveKey(9, (5.0,))], -4, before="linear")[0] == 1.0
    assert at([CurveKey(3, (7.0,))], 9, after="linear")[0] == 7.0


def test_the_automatic_tangent_of_a_curve_that_goes_on_has_no_bend_at_its_end():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (20.0,))]
    step = np.diff(at(keys, 9.999, 10, 10.001, after="linear"))
    assert step[0] == pytest.approx(step[1], rel=1e-3)
    assert at(keys, 9.999)[0] == pytest.approx(20.0, abs=1e-5)  # and is flat where it stays


def test_sloped_goes_on_at_its_own_speed():
    assert at(RISING, -4, 14, before="sloped", after="sloped").tolist() == [-2, 22]


def test_loop_repeat_goes_on_from_where_it_ended():
    found = at(RISING, -5, 15, 20, 25, before="loop-repeat", after="loop-repeat")
    assert found.tolist() == [-10, 30, 40, 50]


def test_loop_reset_jumps_back():
    found = at(RISING, -5, 10, 10.001, 15, before="loop-reset", after="loop-reset")
    assert found.tolist() == [10, 20, pytest.approx(0.002), 10]


def test_loop_oscillate_goes_to_and_fro():
    found = at(RISING, -5, -15, 15, 20, 25, before="loop-oscillate", after="loop-oscillate")
    assert found.tolist() == [10, 10, 10, 0, 10]


@given(curves(), st.integers(1, 3), st.floats(0, 1, exclude_max=True))
def test_loops_repeat_what_is_between_the_keys(keys, turn, part):
    first, last = keys[0], keys[-1]
    length = last.frame - first.frame
    inside = first.frame + part * length
    rise = last.value[0] - first.value[0]
    repeated, once = (at(keys, frame, after="loop-repeat")[0] for frame in (inside + turn * length, inside))
    if length and not on_an_edge(keys, inside):
        assert repeated == pytest.approx(once + turn * rise, abs=1e-3)


def on_an_edge(keys, frame):
    """Where a hold ends, rounding decides between two values."""
    return any(abs(frame - key.frame) < 1e-6 for key in keys)


def test_a_loop_of_one_key_stays():
    keys = [CurveKey(5, (3.0,))]
    assert [at(keys, 50, after=kind)[0] for kind in KINDS if kind.startswith("loop")] == [3, 3, 3]


def test_the_automatic_tangents_of_a_loop_flow_through_its_seam():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,))]
    steps = np.diff(at(keys, *np.linspace(8, 12, 401), after="loop-repeat"))
    np.testing.assert_allclose(steps, 0.01, rtol=1e-6)  # one straight line
    resting = np.diff(at(keys, *np.linspace(9.99, 10.01, 3), after="loop-oscillate"))
    np.testing.assert_allclose(resting, 0.0, atol=1e-4)  # turns back, and is flat there
