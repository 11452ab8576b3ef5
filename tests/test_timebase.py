import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from previz.errors import PrevizError
from previz.timebase import MAX_FRAMES, FrameRange, drops_frames, parse_rate, timecode, timecode_frame


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (24, Fraction(24)),
        ("24", Fraction(24)),
        ("25 fps", Fraction(25)),
        (12.5, Fraction(25, 2)),
        (23.976, Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (47.952, Fraction(48000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        (119.88, Fraction(120000, 1001)),
        (Fraction(30), Fraction(30)),
    ],
)
def test_a_rate_is_the_exact_fraction_that_was_meant(written, meant):
    assert parse_rate(written) == meant


@pytest.mark.parametrize("written", ["fast", "nan", "inf", "1/0", "1/2/3", "", "1e999999999", True])
def test_what_is_no_rate_is_refused(written):
    with pytest.raises(PrevizError) as error:
        parse_rate(written)
    assert str(error.value) == f"{written!r} is not a frame rate; write it as 24, 23.976 or 24000/1001"


@pytest.mark.parametrize("written", [0, -24, 1001, "-1/2"])
def test_a_rate_has_limits(written):
    with pytest.raises(PrevizError) as error:
        parse_rate(written)
    assert str(error.value) == f"a frame rate lies above 0 and up to 1000, not {written}"


@given(st.fractions(min_value=1, max_value=240, max_denominator=1001))
def test_a_rate_survives_being_written_down(rate):
    assert parse_rate(str(rate)) == rate


def test_a_range_includes_both_its_ends():
    frames = FrameRange.parse("1001-1048")
    assert (frames.first, frames.last, len(frames)) == (1001, 1048, 48)
    assert list(frames)[:2] == [1001, 1002]
    assert 1048 in frames
    assert 1049 not in frames


def test_only_whole_frames_are_in_a_range():
    frames = FrameRange(1, 10)
    assert 2.0 in frames
    assert 2.5 not in frames
    assert math.inf not in frames
    assert "2" not in frames


@pytest.mark.parametrize(
    ("written", "first", "last"), [(1001, 1001, 1001), ("-5-10", -5, 10), ("-10--5", -10, -5)]
)
def test_a_range_may_be_one_frame_or_negative(written, first, last):
    assert FrameRange.parse(written) == FrameRange(first, last)


@given(st.integers(-9999, 9999), st.integers(0, 500))
def test_a_range_survives_being_written_down(first, more):
    frames = FrameRange(first, first + more)
    assert FrameRange.parse(str(frames)) == frames


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("abc", "'abc' is not a frame range; write it as 1001-1048"),
        ("", "'' is not a frame range; write it as 1001-1048"),
        ("1.5-3", "'1.5-3' is not a frame range; write it as 1001-1048"),
        ("1-10x2", "the frame range '1-10x2' has gaps or steps; write it as 1001-1048"),
        ("1,3", "the frame range '1,3' has gaps or steps; write it as 1001-1048"),
        ("10-1", "the frame range 10-1 ends before it starts"),
        ("1-99999999999", f"the frame range 1-99999999999 has 99999999999 frames; the limit is {MAX_FRAMES}"),
    ],
)
def test_what_is_no_range_is_refused(written, message):
    with pytest.raises(PrevizError) as error:
        FrameRange.parse(written)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("frame", "rate", "text"),
    [
        (0, Fraction(24), "00:00:00:00"),
        (1001, Fraction(24), "00:00:41:17"),
        (1001, Fraction(24000, 1001), "00:00:41:17"),
        (108_000, Fraction(30), "01:00:00:00"),
        (-25, Fraction(24), "-00:00:01:01"),
        (3, Fraction(1, 2), "00:00:03:00"),
    ],
)
def test_timecode_counts_whole_frames_without_dropping_any(frame, rate, text):
    assert timecode(frame, rate) == text


NTSC30, NTSC60 = Fraction(30000, 1001), Fraction(60000, 1001)


@pytest.mark.parametrize(
    ("frame", "rate", "text"),
    [
        (0, NTSC30, "00:00:00;00"),
        (1799, NTSC30, "00:00:59;29"),
        (1800, NTSC30, "00:01:00;02"),  # ;00 and ;01 are left out
        (17981, NTSC30, "00:09:59;29"),
        (17982, NTSC30, "00:10:00;00"),  # but not in each tenth minute
        (107892, NTSC30, "01:00:00;00"),
        (3599, NTSC60, "00:00:59;59"),
        (3600, NTSC60, "00:01:00;04"),
        (35964, NTSC60, "00:10:00;00"),
        (-1800, NTSC30, "-00:01:00;02"),
        (1800, Fraction(30), "00:01:00:00"),  # other rates don't drop
        (1440, Fraction(24000, 1001), "00:01:00:00"),
    ],
)
def test_drop_frame_timecode_keeps_up_with_the_clock(frame, rate, text):
    assert timecode(frame, rate, drop=True) == text


@pytest.mark.parametrize("rate", [NTSC30, NTSC60])
def test_drop_frame_timecode_names_each_frame_once_and_is_never_off_by_a_tenth_of_a_second(rate):
    base = -(-rate.numerator // rate.denominator)
    frames = range(0, 3600 * base, 7)
    texts = [timecode(frame, rate, drop=True) for frame in frames]
    assert len(set(texts)) == len(texts)
    assert texts == sorted(texts)
    for frame, text in zip(frames, texts, strict=True):
        hours, minutes, seconds, part = map(int, text.replace(";", ":").split(":"))
        shown = 3600 * hours + 60 * minutes + seconds + Fraction(part, base)
        assert abs(shown - frame / rate) < Fraction(1, 10)


def test_rates_that_drop_frames():
    assert [drops_frames(rate) for rate in (NTSC30, NTSC60, Fraction(30), Fraction(24000, 1001))] == [
        True,
        True,
        False,
        False,
    ]


@given(
    st.integers(-100_000, 10_000_000), st.sampled_from([NTSC30, NTSC60, Fraction(24), Fraction(24000, 1001)])
)
def test_timecode_is_read_back(frame, rate):
    for drop in (False, True):
        assert timecode_frame(timecode(frame, rate, drop), rate) == frame


@pytest.mark.parametrize("text", ["", "12", "00:00:41", "00:61:00:00", "00:00:41:24", "a:b:c:d"])
def test_text_that_is_no_timecode_is_refused(text):
    with pytest.raises(PrevizError) as error:
        timecode_frame(text, Fraction(24))
    assert str(error.value) == f"{text!r} is not a timecode at 24 fps; write it as 00:00:41:17"
