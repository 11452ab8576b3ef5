import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.timeline import EASES, MONOTONE_EASES, apply_ease, cubic_bezier, parse_ease

FAMILIES = ["sine", "quad", "cubic", "quart", "quint", "circ", "expo", "back", "elastic", "bounce"]
STEPS = np.linspace(0.0, 1.0, 1001)
part = st.floats(0.0, 1.0)


def test_the_named_eases():
    assert set(EASES) == {"linear", "overshoot"} | {
        f"{way}-{name}" for way in ("in", "out", "in-out") for name in FAMILIES
    }


@pytest.mark.parametrize("name", EASES)
def test_an_ease_goes_from_exactly_0_to_exactly_1(name):
    assert apply_ease(EASES[name], np.array([-1.0, 0.0, 1.0, 2.0])).tolist() == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("name", EASES)
def test_an_ease_has_no_jumps(name):
    finely = np.linspace(0.0, 1.0, 100_001)
    assert np.abs(np.diff(apply_ease(EASES[name], finely))).max() < 0.005


@pytest.mark.parametrize("name", sorted(MONOTONE_EASES))
def test_eases_that_claim_it_never_turn_back(name):
    assert np.diff(apply_ease(EASES[name], STEPS)).min() >= 0.0


@pytest.mark.parametrize("name", sorted(set(EASES) - MONOTONE_EASES))
def test_the_other_eases_do_turn_back(name):
    assert np.diff(apply_ease(EASES[name], STEPS)).min() < 0.0


@pytest.mark.parametrize("family", FAMILIES)
def test_out_is_in_turned_round_and_in_out_is_both_at_half_size(family):
    into, out, both = (EASES[f"{way}-{family}"](STEPS) for way in ("in", "out", "in-out"))
    np.testing.assert_allclose(out, 1.0 - into[::-1], atol=1e-12)
    np.testing.assert_allclose(both[:501], into[::2] / 2.0, atol=1e-12)
    np.testing.assert_allclose(both[500:], 0.5 + out[::2] / 2.0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "middle"),
    [
        ("linear", 0.5),
        ("in-quad", 0.25),
        ("out-cubic", 0.875),
        ("in-sine", 1 - 0.5**0.5),
        ("in-out-expo", 0.5),
        ("in-quart", 0.0625),
        ("out-quint", 1 - 0.5**5),
        ("in-circ", 1 - 0.75**0.5),
    ],
)
def test_eases_at_half_time(name, middle):
    assert apply_ease(EASES[name], np.array(0.5)) == pytest.approx(middle)


def test_back_overshoots_by_ten_per_cent():
    assert apply_ease(EASES["out-back"], STEPS).max() == pytest.approx(1.1, abs=1e-4)


@pytest.mark.parametrize("name", ["overshoot", "out-back"])
@pytest.mark.parametrize("beyond", [0.02, 0.1, 0.5, 3.0])
def test_an_overshoot_goes_beyond_by_the_part_of_the_way_that_is_written(name, beyond):
    eased = apply_ease(parse_ease(f"{name}({beyond})"), np.linspace(0, 1, 20_001))
    assert eased.max() == pytest.approx(1 + beyond, rel=1e-4)


def test_an_overshoot_of_nothing_is_a_cubic():
    np.testing.assert_allclose(parse_ease("in-back(0)")(STEPS), STEPS**3, atol=1e-6)


def test_the_swing_of_an_elastic_ease_takes_the_part_of_the_time_that_is_written():
    plain = parse_ease("out-elastic(0.3)")
    np.testing.assert_allclose(plain(STEPS), EASES["out-elastic"](STEPS), atol=1e-12)
    times = np.linspace(0.0, 1.0, 998)
    crossings = times[1:][np.diff(np.sign(parse_ease("out-elastic(0.6)")(times) - 1)) != 0]
    np.testing.assert_allclose(np.diff(crossings[:3]), 0.3, atol=0.002)  # two a swing


def test_bounce_touches_its_end_four_times_without_passing_it():
    eased = apply_ease(EASES["out-bounce"], np.array([1 / 2.75, 2 / 2.75, 2.5 / 2.75, 1.0]))
    np.testing.assert_allclose(eased, 1.0)
    assert apply_ease(EASES["out-bounce"], STEPS).max() <= 1.0


def test_a_cubic_bezier_is_the_one_of_css():
    # CSS's `ease` at a half, from its definition: u solves 3(1-u)^2 u .25 + 3(1-u) u^2 .25 + u^3 = .5.
    assert cubic_bezier(0.25, 0.1, 0.25, 1.0)(np.array(0.5)) == pytest.approx(0.80240, abs=1e-5)


@given(part, st.floats(-2, 3), part, st.floats(-2, 3), part)
def test_a_cubic_bezier_does_not_depend_on_what_else_is_asked(x1, y1, x2, y2, t):
    ease = cubic_bezier(x1, y1, x2, y2)
    alone = apply_ease(ease, np.array([t]))
    assert apply_ease(ease, np.append(STEPS, t))[-1] == alone[0]


@given(part, part, part, part)
def test_a_cubic_bezier_within_0_and_1_stays_there_and_rises(x1, y1, x2, y2):
    low, high = sorted((y1, y2))
    eased = apply_ease(cubic_bezier(x1, low, x2, high), STEPS)
    assert np.diff(eased).min() >= -1e-9
    assert eased.min() >= 0.0
    assert eased.max() <= 1.0


def test_a_cubic_bezier_may_be_written_as_text_or_as_a_list():
    text, numbers = parse_ease("cubic-bezier(0.42, 0, 0.58, 1)"), parse_ease([0.42, 0, 0.58, 1])
    np.testing.assert_array_equal(text(STEPS), numbers(STEPS))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("out-cubik", "unknown ease 'out-cubik'; did you mean out-cubic?"),
        ("easeOutCubic", "unknown ease 'easeOutCubic'; did you mean out-cubic?"),
        ("ease-in-out-sine", "unknown ease 'ease-in-out-sine'; did you mean in-out-sine?"),
        (
            "wobbly",
            "unknown ease 'wobbly'; eases are linear, in-, out- or in-out- of sine, quad, cubic, quart, "
            "quint, circ, expo, back, elastic, bounce",
        ),
        ("cubic-bezier(1, 2)", "a cubic bezier is 4 numbers, x1, y1, x2, y2, not cubic-bezier(1, 2)"),
        (
            "out-back(20)",
            "out-back takes one number, how far it goes beyond, 0 to 10 times the way, not out-back(20)",
        ),
        (
            "in-elastic(a)",
            "in-elastic takes one number, how long one swing takes, 0.01 to 10 times the time, "
            "not in-elastic(a)",
        ),
        ("in-quad(2)", "in-quad takes no number; write `ease: in-quad`"),
        ([2, 0, 0.5, 1], "x1 and x2 of a cubic bezier lie in 0..1, not 2 and 0.5"),
    ],
)
def test_what_is_no_ease_is_refused(written, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011  the exact text follows
        parse_ease(written)
    assert str(error.value) == message
