"""A timeline at another rate, length, range or speed: no key is lost, values at keys are what they were."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from previz.errors import PrevizError, TimelineError
from previz.timebase import FrameRange, parse_rate
from previz.timeline import (
    EASES,
    parse_timeline,
    retime,
    retime_file,
    retime_yaml,
    sample_targets,
    sample_timeline,
)
from previz.timeline._retime_map import TimeMap, plan

RATES = [23.976, 24, 25, 29.97, 30]
rates = st.sampled_from(RATES).map(parse_rate)


@st.composite
def shots(draw):
    """A shot with keys of all kinds, at least two frames apart so that no rate here makes them meet."""
    rate, count = draw(rates), draw(st.integers(2, 60))
    last = 1000 + 2 * count
    frames = sorted(draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=8)))
    keys = {}
    for frame in frames:
        key = {"to": [draw(st.integers(0, 99)), draw(st.integers(0, 99))]}
        if draw(st.booleans()):
            key["ease"] = draw(st.sampled_from(sorted(EASES)))
        keys[1001 + 2 * frame] = key
    interp = draw(st.sampled_from(["linear", "bezier", "hermite"]))
    handle = {"at": [50, 50], "keys": keys, "interp": interp}
    return parse_timeline(
        {
            "previz": 1,
            "fps": str(rate),
            "frames": f"1001-{last}",
            "character": "head",
            "handles": {"a": handle},
        }
    )


def frames_of(timeline):
    return sorted(timeline.handles["a"].keys)


def values(timeline, frames):
    return sample_targets(timeline, np.array(frames, dtype=float))[:, 0]


@settings(max_examples=40)
@given(shots(), rates)
def test_no_key_is_lost_and_values_at_keys_are_what_they_were(shot, rate):
    retimed = retime(shot, rate=rate)
    before, after = frames_of(shot), frames_of(retimed)
    assert len(before) == len(after)
    np.testing.assert_array_equal(values(shot, before), values(retimed, after))


@settings(max_examples=40)
@given(shots(), rates)
def test_keys_go_to_the_frame_nearest_to_their_time(shot, rate):
    retimed = retime(shot, rate=rate)
    for before, after in zip(frames_of(shot), frames_of(retimed), strict=True):
        time = (before - 1001) / shot.rate
        near = min(retimed.frames, key=lambda frame: (abs((frame - 1001) / rate - time), -frame))
        assert after == near


@settings(max_examples=40)
@given(shots(), rates)
def test_there_and_back_again_gives_the_same_timeline_where_the_rate_is_higher(shot, rate):
    there = max(rate, shot.rate)
    again = retime(retime(shot, rate=there), rate=shot.rate)
    assert frames_of(again) == frames_of(shot)
    assert again.frames == shot.frames
    assert again.rate == shot.rate
    everywhere = list(shot.frames)
    np.testing.assert_allclose(values(again, everywhere), values(shot, everywhere), atol=1e-4)


@settings(max_examples=40)
@given(shots(), st.integers(2, 4))
def test_there_and_back_again_by_length(shot, times):
    longer = retime(shot, length=(len(shot.frames) - 1) * times + 1)
    assert [frame - 1001 for frame in frames_of(longer)] == [(f - 1001) * times for f in frames_of(shot)]
    again = retime(longer, length=len(shot.frames))
    assert again.handles == shot.handles


@settings(max_examples=40)
@given(shots(), st.integers(2, 4))
def test_at_a_whole_multiple_of_the_rate_all_frames_are_what_they_were(shot, times):
    retimed = retime(shot, rate=shot.rate * times)
    old = np.array(list(shot.frames))
    np.testing.assert_allclose(values(retimed, 1001 + (old - 1001) * times), values(shot, old), atol=1e-6)


@given(rates, rates, st.integers(1, 5000))
def test_the_length_in_seconds_stays_within_half_a_frame(rate, new_rate, count):
    target, _, _ = plan(FrameRange(1001, 1000 + count), rate, new_rate)
    assert abs(len(target) / new_rate - count / rate) <= Fraction(1, 2) / new_rate or len(target) == 1


@pytest.mark.parametrize(
    ("rate", "new_rate", "frames"),
    [
        (24, 25, {1001: 1001, 1013: 1014, 1025: 1026, 1049: 1051}),
        (24, 30, {1001: 1001, 1005: 1006, 1025: 1031}),
        (24, 23.976, {1001: 1001, 1500: 1500, 1502: 1501, 2001: 2000}),  # a frame is gained in 1000
        (30, 29.97, {1001: 1001, 1501: 1501, 1502: 1501}),
        (25, 24, {1001: 1001, 1014: 1013, 1051: 1049}),
    ],
)
def test_where_frames_go(rate, new_rate, frames):
    _, _, time = plan(FrameRange(1001, 3000), parse_rate(rate), parse_rate(new_rate))
    assert {frame: time.frame(frame) for frame in frames} == frames


def test_a_key_on_the_last_frame_stays_within_the_shot():
    target, _, time = plan(FrameRange(1001, 1048), Fraction(24), speed=2)
    assert target == FrameRange(1001, 1024)
    assert time.frame(1048) == 1024


ALL = """\
# A shot, as an artist left it.
previz: 1
frames: 1001-1049     # two seconds
character: head
handles:
  jaw: &jaw
    at: [64, 98]
    keys:
      # down
      1013: {by: [0, 9], ease: out-cubic}   # quickly
      1025: {by: [0, 9], out: [6, 0, 1]}
      "1037": {by: [2, 2], in: [3, 0, 0]}
  chin: {<<: *jaw, at: [64, 110]}
  brow:
    at: [30, 30]
    path: [[30, 30], [30, 20]]
    timing: {1001: 0, 1025: {to: 1, in: [12, -0.5]}}
    extrapolate: {after: {slope: 0.1}}
    active: 1005-1045
    blend_in: 4
    weight: {1001: 1, 1025: 2}
    modifiers:
      - {noise: {amplitude: 1, frequency: 3}}
      - {jitter: {amplitude: 1}}
      - {cycle: {amplitude: [0, 2], period: 12, start: 1009}}
      - {follow: {handle: jaw, frames: 6}}
      - {layer: {keys: {1013: [1, 1]}}}
groups: {mouth: {handles: [jaw], offset: {1025: [1, 0]}}}
mask:
  - {ellipse: {center: {1001: [64, 64], 1025: [60, 64]}, radius: 30}, feather: {1001: 1, 1049: 6}}
  - images: matte.####.png
output: {crf: 20}
"""

TWICE_AS_MANY = """\
# A shot, as an artist left it.
previz: 1
fps: 48
frames: 1001-1098     # two seconds
character: head
handles:
  jaw: &jaw
    at: [64, 98]
    keys:
      # down
      1025: {by: [0, 9], ease: out-cubic}   # quickly
      1049: {by: [0, 9], out: [12, 0, 1]}
      1073: {by: [2, 2], in: [6, 0, 0]}
  chin: {<<: *jaw, at: [64, 110]}
  brow:
    at: [30, 30]
    path: [[30, 30], [30, 20]]
    timing: {1001: 0, 1049: {to: 1, in: [24, -0.5]}}
    extrapolate: {after: {slope: 0.05}}
    active: 1009-1089
    blend_in: 8
    weight: {1001: 1, 1049: 2}
    modifiers:
      - {noise: {amplitude: 1, frequency: 3}}
      - {jitter: {amplitude: 1}}
      - {cycle: {amplitude: [0, 2], period: 24, start: 1017}}
      - {follow: {handle: jaw, frames: 12}}
      - {layer: {keys: {1025: [1, 1]}}}
groups: {mouth: {handles: [jaw], offset: {1049: [1, 0]}}}
mask:
  - {ellipse: {center: {1001: [64, 64], 1049: [60, 64]}, radius: 30}, feather: {1001: 1, 1097: 6}}
  - images:
      files: matte.####.png
      number:
        keys:
          1001: 1001
          1098: 1049
        interp: linear
output: {crf: 20}
"""


def test_all_that_is_time_goes_along_and_comments_stay():
    assert retime_yaml(ALL, "x.yaml", rate=Fraction(48)) == TWICE_AS_MANY


def test_what_is_so_many_times_a_second_keeps_its_pace_with_the_shot():
    text = retime_yaml(ALL, "x.yaml", speed=0.5)
    assert "fps" not in text
    assert "frames: 1001-1098     # two seconds" in text
    assert "{noise: {amplitude: 1, frequency: 1.5}}" in text
    assert "{jitter: {amplitude: 1, frequency: 6}}" in text  # its default, halved
    assert "{cycle: {amplitude: [0, 2], period: 24, start: 1017}}" in text


def test_the_timeline_itself_may_be_retimed_without_a_text():
    retimed = retime(parse_timeline(ALL), rate=48)
    assert retimed.to_dict() == parse_timeline(TWICE_AS_MANY).to_dict()


def test_noise_and_cycles_are_what_they_were_at_the_same_time():
    shot = parse_timeline(ALL)
    for options, factor in (({"rate": 48}, 2), ({"speed": 0.5}, 2), ({"length": 97}, 2)):
        retimed = retime(shot, **options)
        old = np.arange(1001, 1049)
        before = sample_targets(shot, old.astype(float))
        after = sample_targets(retimed, 1001.0 + (old - 1001) * factor)
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_pictures_of_a_mask_are_shown_at_the_time_that_they_were():
    shot = retime(parse_timeline(ALL), rate=30)
    number = shot.mask[1].images.number
    from previz.timeline._masks import picture_of

    shown = [int(picture_of(shot.mask[1].images, frame).split(".")[1]) for frame in shot.frames]
    expected = [min(1001 + int((frame - 1001) * Fraction(24, 30)), 1049) for frame in shot.frames]
    assert shown == expected
    assert number.keys[1001].to == 1001


def test_a_tangent_follows_its_segment_so_that_its_shape_stays():
    handle = {"at": [0, 0], "keys": {1001: {"to": [0, 0], "out": [3, 0, 4]}, 1004: {"to": [9, 9]}}}
    shot = parse_timeline(
        {"previz": 1, "frames": "1001-1010", "fps": 24, "character": "head", "handles": {"a": handle}}
    )
    retimed = retime(shot, rate=30)
    assert retimed.handles["a"].keys[1001].tangent_out == (4.0, 0.0, 4.0)  # 3 frames became 4, not 3.75
    part = np.linspace(0, 1, 9)
    np.testing.assert_allclose(values(retimed, 1001 + 4 * part), values(shot, 1001 + 3 * part), atol=1e-9)


def test_keys_that_would_meet_are_an_error_at_their_place():
    with pytest.raises(TimelineError) as error:
        retime_yaml(ALL, "x.yaml", length=3)
    assert str(error.value).splitlines()[0] == (
        "x.yaml:8:5: handles.jaw.keys: the keys on 1013 and 1025 both come to stand on frame 1002; take one "
        "of them away, leave more frames, or pass --nudge (nudge=True) to use the next free frame"
    )


def test_nudged_keys_take_the_next_free_frame():
    time = TimeMap(1001, 1001, Fraction(1, 4))
    assert time.frames([1001, 1002, 1003, 1021], nudge=True) == {
        1001: 1001,
        1002: 1002,
        1003: 1003,
        1021: 1006,
    }


def test_where_the_shot_ends_earlier_keys_give_way():
    shot = FrameRange(1001, 1040)
    _, _, time = plan(shot, Fraction(24), length=10)
    moved = time.frames([1001, 1037, 1038, 1039, 1040], nudge=True)
    assert list(moved.values()) == [1001, 1007, 1008, 1009, 1010]


@given(st.sets(st.integers(1001, 1040), min_size=1, max_size=10), st.integers(10, 60))
def test_nudged_keys_stay_in_order_and_in_the_shot(frames, length):
    target, _, time = plan(FrameRange(1001, 1040), Fraction(24), length=length)
    moved = list(time.frames(frames, nudge=True).values())
    assert moved == sorted(set(moved))
    assert all(frame in target for frame in moved)


def test_more_keys_than_frames_are_refused():
    _, _, time = plan(FrameRange(1001, 1040), Fraction(24), length=3)
    with pytest.raises(PrevizError, match="4 keys don't fit into the frames 1001-1003; leave more frames"):
        time.frames([1001, 1010, 1020, 1040], nudge=True)


def test_to_a_range():
    retimed = retime(parse_timeline(ALL), frames=FrameRange(1, 25))
    assert str(retimed.frames) == "1-25"
    assert sorted(retimed.handles["jaw"].keys) == [7, 13, 19]
    assert retimed.rate == 24


def test_to_a_range_at_another_rate():
    retimed = retime(parse_timeline(ALL), rate=25, frames=FrameRange(1001, 1049))
    assert sorted(retimed.handles["jaw"].keys) == [1013, 1025, 1037]
    assert retimed.rate == 25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to retime to: give a rate (--fps), a length, a range or a speed"),
        ({"length": 0}, "a length is 1 frame or more, not 0"),
        ({"speed": 0}, "a speed lies between 0.001 and 1000, not 0"),
        ({"speed": 2, "length": 9}, "give one of a length and a speed; each says how long the shot gets"),
        ({"rate": "fast"}, "'fast' is not a frame rate; write it as 24, 23.976 or 24000/1001"),
        ({"length": 200_000}, "the frame range 1001-201000 has 200000 frames; the limit is 100000"),
    ],
)
def test_what_cannot_be_asked_for(options, message):
    with pytest.raises(PrevizError) as error:
        retime(parse_timeline(ALL), **options)
    assert str(error.value) == message


def test_a_single_frame_becomes_a_single_frame():
    shot = parse_timeline(
        {
            "previz": 1,
            "frames": "7",
            "character": "head",
            "handles": {"a": {"at": [1, 1], "keys": {7: [1, 1]}}},
        }
    )
    assert str(retime(shot, rate=25).frames) == "7"
    assert str(retime(shot, length=5).frames) == "7-11"


def test_a_rate_is_written_as_one_writes_it():
    text = ALL.replace("frames: 1001-1049", "fps: 24\nframes: 1001-1049")
    assert "fps: 23.976\n" in retime_yaml(text, "x.yaml", rate=parse_rate(23.976))
    assert "fps: 24.001\n" in retime_yaml(text, "x.yaml", rate=Fraction(24001, 1000))
    assert "fps: 50/3\n" in retime_yaml(text, "x.yaml", rate=Fraction(50, 3))


def test_motions_start_and_run_at_their_time(tmp_path):
    (tmp_path / "nod.yaml").write_text(
        "previz: 1\nmotion: nod\nhandles: {nose: {at: [64, 64], keys: {0: {by: [0, 0]}, 6: {by: [0, 9]}}}}\n"
    )
    shot = tmp_path / "shot.yaml"
    motions = "motions:\n  - nod.yaml\n  - {use: nod.yaml, prefix: b_, with: {start: 1011, speed: 2}}\n"
    shot.write_text(f"previz: 1\nframes: 1001-1025\ncharacter: head\n{motions}")
    other_rate = retime_file(shot, rate=Fraction(48))
    assert "  - nod.yaml\n  - {use: nod.yaml, prefix: b_, with: {start: 1021, speed: 2}}" in other_rate
    slower = retime_file(shot, speed=0.5)
    assert "with: {start: 1021, speed: 1}" in slower
    shot.write_text(slower)
    from previz.timeline import load_timeline

    assert sorted(load_timeline(shot).handles["nose"].keys) == [1001, 1013]
    assert sorted(load_timeline(shot).handles["b_nose"].keys) == [1021, 1027]


def test_a_file_that_is_not_sound_is_told_at_its_place(tmp_path):
    (tmp_path / "x.yaml").write_text(ALL.replace("1037", "2037"))
    with pytest.raises(TimelineError, match=r"x\.yaml:12:7: handles\.jaw\.keys: frame 2037 is after"):
        retime_file(tmp_path / "x.yaml", rate=Fraction(25))


def test_samples_of_a_retimed_shot_are_as_many_as_its_frames():
    shot = retime(parse_timeline(ALL.replace("  - images: matte.####.png\n", "")), rate=30)
    assert len(sample_timeline(shot, 128, 128).frames) == len(shot.frames) == 61
