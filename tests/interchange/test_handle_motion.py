"""What a timeline writes for a point: keys or a path, near the point on every frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from previz import FrameRange
from previz.interchange import handle_motion, key_frames
from previz.timeline import parse_timeline, sample_timeline

FRAMES = np.arange(1001, 1013)
MOTIONS = arrays(np.float64, (12, 2), elements=st.floats(0, 400, width=32)) | st.builds(
    lambda walk: np.clip(200 + np.cumsum(walk, axis=0), 0, 400),
    arrays(np.float64, (12, 2), elements=st.floats(-2, 2, width=32)),
)


def sampled(motion):
    """Where a handle of these fields is on every frame."""
    timeline = parse_timeline(
        {
            "previz": 1,
            "frames": str(FrameRange(1001, 1012)),
            "canvas": 400,
            "character": "mira",
            "handles": {"jaw": motion},
        }
    )
    return sample_timeline(timeline, 400, 400).targets[:, 0]


@pytest.mark.parametrize("shape", ["keys", "path"])
@given(positions=MOTIONS)
@settings(max_examples=40)
def test_a_motion_is_kept_on_every_frame(shape, positions):
    motion = handle_motion(FRAMES, positions, shape)
    assert np.abs(sampled(motion) - positions).max() <= 0.01


@pytest.mark.parametrize("shape", ["keys", "path"])
@given(positions=MOTIONS, tolerance=st.floats(0.01, 50))
@settings(max_examples=40)
def test_fewer_keys_stay_within_the_tolerance(shape, positions, tolerance):
    motion = handle_motion(FRAMES, positions, shape, tolerance)
    away = np.linalg.norm(sampled(motion) - positions, axis=1)
    assert away.max() <= tolerance + 0.01


def test_a_straight_even_motion_needs_two_keys():
    positions = np.linspace([10.0, 20.0], [21.0, 42.0], 12)
    assert handle_motion(FRAMES, positions, tolerance=0.01)["keys"] == {1001: [10, 20], 1012: [21, 42]}


def test_a_motion_to_and_fro_needs_one_line_and_three_times():
    there = np.linspace([0.0, 0.0], [11.0, 0.0], 12)
    positions = np.concatenate([there[::2], there[-2::-2]])
    motion = handle_motion(FRAMES, positions, "path", 0.02)
    assert motion["path"] == [[0, 0], [10, 0], [0, 0]]
    assert set(motion["timing"]) >= {1001, 1006, 1012}
    assert np.abs(sampled(motion) - positions).max() <= 0.03


@pytest.mark.parametrize("shape", ["keys", "path"])
def test_a_still_point_is_pinned(shape):
    still = np.repeat([[3.0, 4.0]], 12, axis=0)
    assert handle_motion(FRAMES, still, shape) == {"at": [3, 4], "pin": True}
    assert handle_motion(FRAMES, still + np.linspace(0, 0.4, 12)[:, None], shape, 1.0)["pin"]


@given(values=arrays(np.float64, (9, 2), elements=st.floats(-100, 100, width=32)), less=st.floats(0, 20))
def test_a_larger_tolerance_keeps_no_more_keys_than_none(values, less):
    assert len(key_frames(values, less)) <= len(key_frames(values, 0.0))
