from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.timeline import EASES, CurveKey, Tangent, sample_curve
from previz.timeline._curves import shorten_tangents

coordinate = st.floats(-1000, 1000)
interps = st.sampled_from(["held", "linear", "bezier", "hermite"])
eases = st.one_of(st.none(), st.sampled_from(sorted(EASES)).map(EASES.get))


@st.composite
def curves(draw, interp=interps, ease=eases):
    frames = sorted(draw(st.sets(st.integers(1001, 1100), min_size=1, max_size=8)))
    return [
        CurveKey(frame, (draw(coordinate), draw(coordinate)), draw(interp), draw(ease)) for frame in frames
    ]


def at(keys, *frames):
    return sample_curve(keys, np.array(frames, dtype=float))


@given(curves())
def test_a_curve_passes_through_its_keys(keys):
    assert at(keys, *(key.frame for key in keys)).tolist() == [list(key.value) for key in keys]


@given(curves(), st.lists(st.floats(990, 1110), min_size=1, max_size=20))
def test_a_value_does_not_depend_on_which_frames_are_sampled(keys, frames):
    together = at(keys, *frames)
    for frame, value in zip(frames, together, strict=True):
        assert at(keys, frame)[0].tolist() == value.tolist()


@given(curves(ease=st.none()))
def test_without_eases_or_tangents_a_curve_never_leaves_the_range_of_the_keys_beside_it(keys):
    for start, end in pairwise(keys):
        between = at(keys, *np.linspace(start.frame, end.frame, 50))
        assert (between >= np.minimum(start.value, end.value)).all()
        assert (between <= np.maximum(start.value, end.value)).all()


@given(curves(ease=st.none()))
def test_without_eases_or_tangents_a_curve_never_turns_back_between_two_keys(keys):
    for start, end in pairwise(keys):
        steps = np.diff(at(keys, *np.linspace(start.frame, end.frame, 50)), axis=0)
        assert (steps * np.sign(np.subtract(end.value, start.value)) >= -1e-9).all()


@given(curves(), st.floats(0.1, 10))
def test_a_scaled_curve_is_the_curve_of_the_scaled_keys(keys, scale):
    scaled = [CurveKey(k.frame, (k.value[0] * scale, k.value[1] * scale), k.interp, k.ease) for k in keys]
    frames = np.arange(995, 1105)
    np.testing.assert_allclose(at(scaled, *frames), at(keys, *frames) * scale, rtol=1e-9, atol=1e-6)


@given(curves())
def test_before_its_first_key_and_after_its_last_a_curve_is_held(keys):
    assert at(keys, keys[0].frame - 10, keys[-1].frame + 10).tolist() == [
        list(keys[0].value),
        list(keys[-1].value),
    ]


def test_held_jumps_on_the_next_key():
    keys = [CurveKey(1, (0.0,), "held"), CurveKey(5, (8.0,))]
    assert at(keys, 1, 4, 4.99, 5)[:, 0].tolist() == [0, 0, 0, 8]


def test_linear_has_a_constant_speed():
    keys = [CurveKey(1, (0.0,), "linear"), CurveKey(5, (8.0,))]
    assert at(keys, 1, 2, 3, 4, 5)[:, 0].tolist() == [0, 2, 4, 6, 8]


def test_bezier_eases_in_and_out_by_default():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,))]
    np.testing.assert_allclose(at(keys, 1, 5, 9)[:, 0], [0.28, 5.0, 9.72])  # 3t^2 - 2t^3


def test_bezier_flows_through_a_key_on_the_way():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,)), CurveKey(20, (20.0,))]
    before, key, after = at(keys, 9.99, 10, 10.01)[:, 0]
    assert key - before == pytest.approx(0.01, rel=0.01)
    assert after - key == pytest.approx(0.01, rel=0.01)


def test_bezier_is_flat_at_a_turning_point_and_along_a_pause():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,)), CurveKey(20, (10.0,)), CurveKey(30, (0.0,))]
    assert (at(keys, *range(10, 21)) == 10.0).all()
    assert at(keys, 9.9)[0, 0] == pytest.approx(10.0, abs=0.01)


def test_the_ease_of_a_key_shapes_the_way_to_it():
    keys = [CurveKey(0, (0.0,), "held"), CurveKey(10, (10.0,), ease=EASES["in-quad"]), CurveKey(20, (0.0,))]
    np.testing.assert_allclose(at(keys, 5)[:, 0], [2.5])


def test_an_ease_that_overshoots_passes_its_key_and_comes_back():
    keys = [CurveKey(0, (0.0, 0.0)), CurveKey(10, (10.0, 0.0), ease=EASES["out-back"])]
    values = at(keys, *np.linspace(0, 10, 101))
    assert values[:, 0].max() == pytest.approx(11.0, abs=0.01)
    assert values[-1].tolist() == [10.0, 0.0]


def test_tangents_are_the_control_points_of_the_bezier():
    keys = [
        CurveKey(0, (0.0,), tangent_out=Tangent(4.0, (8.0,))),
        CurveKey(10, (10.0,), tangent_in=Tangent(2.0, (-1.0,))),
    ]
    u = 0.3  # the bezier of (0, 0), (4, 8), (8, 9), (10, 10) by de Casteljau's rule
    weights = np.array([(1 - u) ** 3, 3 * (1 - u) ** 2 * u, 3 * (1 - u) * u**2, u**3])
    frame, value = weights @ [0, 4, 8, 10], weights @ [0, 8, 9, 10]
    assert at(keys, frame)[0, 0] == pytest.approx(value)


@given(st.floats(0, 10), coordinate, st.floats(0, 10), coordinate)
def test_tangents_never_move_the_keys_nor_break_the_curve(out, rise, into, fall):
    keys = [
        CurveKey(0, (0.0,), tangent_out=Tangent(out, (rise,))),
        CurveKey(10, (10.0,), tangent_in=Tangent(into, (fall,))),
    ]
    assert at(keys, 0, 10)[:, 0].tolist() == [0.0, 10.0]
    assert np.isfinite(at(keys, *np.linspace(0, 10, 50))).all()


def test_a_hermite_without_tangents_is_the_bezier_without_them():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,)), CurveKey(24, (12.0,))]
    hermite = [CurveKey(key.frame, key.value, "hermite") for key in keys]
    np.testing.assert_allclose(at(hermite, *range(25)), at(keys, *range(25)), atol=1e-12)


def test_of_a_hermite_the_slopes_count_alone():
    def curve(frames):
        return [
            CurveKey(0, (0.0,), "hermite", tangent_out=Tangent(frames, (2.0 * frames,))),
            CurveKey(10, (10.0,), tangent_in=Tangent(frames, (1.0 * frames,))),
        ]

    # Hermite's polynomial of the slopes 2 and -1 (the tangent rises towards the past), by hand.
    t = np.linspace(0, 1, 11)
    expected = (t**3 - 2 * t**2 + t) * 20 + (3 * t**2 - 2 * t**3) * 10 + (t**3 - t**2) * -10
    for frames in (1.0, 3.0, 40.0):
        np.testing.assert_allclose(at(curve(frames), *range(11))[:, 0], expected, atol=1e-9)


def test_a_flat_tangent_has_no_slope():
    keys = [CurveKey(0, (0.0,)), CurveKey(10, (10.0,), tangent_in="flat"), CurveKey(20, (20.0,))]
    before, key, after = at(keys, 9.99, 10, 10.01)[:, 0]
    assert key - before == pytest.approx(0.0, abs=1e-4)
    assert after - key == pytest.approx(0.01, rel=0.01)  # the other side is automatic still


lengths = st.floats(0.0, 8.0)  # of tangents, in parts of the segment


def bezier_times(leave, arrive):
    u = np.linspace(0.0, 1.0, 2001)
    return 3 * (1 - u) ** 2 * u * leave + 3 * (1 - u) * u**2 * (1 - arrive) + u**3


@given(lengths, lengths)
def test_shortened_tangents_never_let_time_run_back(leave, arrive):
    factor = shorten_tangents(leave, arrive)
    assert 0.0 < factor <= 1.0
    assert np.diff(bezier_times(leave * factor, arrive * factor)).min() >= -1e-9


@given(lengths, lengths)
def test_tangents_are_shortened_only_where_time_would_run_back(leave, arrive):
    runs_back = np.diff(bezier_times(leave, arrive)).min() < -1e-6
    assert not runs_back or shorten_tangents(leave, arrive) < 1.0
    if leave <= 1 and arrive <= 1:
        assert shorten_tangents(leave, arrive) == 1.0


def test_two_tangents_are_shortened_alike_until_time_stands_still_for_a_moment():
    assert shorten_tangents(2.0, 2.0) == 0.5
    assert shorten_tangents(8 / 3, 2 / 3) == pytest.approx(0.5)  # to 4/3 and 1/3, where time stands still


@given(lengths, st.floats(-50, 50), lengths, st.floats(-50, 50))
def test_with_any_tangents_a_curve_has_one_value_at_a_time_and_no_jumps(leave, rise, arrive, fall):
    keys = [
        CurveKey(0, (0.0,), tangent_out=Tangent(10 * leave, (rise,))),
        CurveKey(10, (10.0,), tangent_in=Tangent(10 * arrive, (fall,))),
    ]
    values = at(keys, *np.linspace(0, 10, 4001))[:, 0]
    assert values[[0, -1]].tolist() == [0.0, 10.0]
    assert values.min() >= min(0.0, rise, 10.0 + fall) - 1e-9  # within the control points
    assert values.max() <= max(10.0, rise, 10.0 + fall) + 1e-9
