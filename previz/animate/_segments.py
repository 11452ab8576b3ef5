"""What of a shot may be smoothed together, and how: the ways between holds, jumps and the shot's ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from previz.animate._shot import Shot, frame_hash

JUMP = 4.0
"""How many times as long as the steps beside it a step is that counts as a jump."""

SIGMAS = 5.0
"""How many standard deviations of a Gaussian a window holds."""

MOTIONS = 2
"""The most independent motions of targets in a window that its latents are fitted to."""

RIDGE = 1e-3
"""What keeps the fit finite where motion is even, and says the same as time."""


@dataclass(frozen=True)
class Pose:
    """Frames, by their positions, that ask for one and the same thing: a hold, or a single frame."""

    first: int
    last: int

    @property
    def frames(self) -> range:
        """Their positions."""
        return range(self.first, self.last + 1)

    @property
    def held(self) -> bool:
        """Whether it lasts."""
        return self.last > self.first


def find_poses(shot: Shot, count: int) -> list[Pose]:
    """The first `count` frames as poses: neighbours of the same targets, weights, mask and base are one.

    A frame on which a handle comes on or lets go stays by itself, as its target depends on the one before it.
    """
    asked = [frame_hash(shot, index, "") for index in range(count)]
    partly = np.asarray(((shot.influence > 0) & (shot.influence < 1)).any(axis=1))
    poses = [Pose(0, 0)]
    for index in range(1, count):
        if asked[index] == asked[index - 1] and not partly[index]:
            poses[-1] = Pose(poses[-1].first, index)
        else:
            poses.append(Pose(index, index))
    return poses


def find_segments(shot: Shot, poses: Sequence[Pose]) -> list[range]:
    """Runs of poses, by their positions, that are smoothed together, each with its two ends, which stay.

    They end at holds, on both sides of a jump, and where the shot does.
    """
    jumps = _jumps(shot)
    segments, start = [], 0
    for index in range(1, len(poses)):
        if jumps[poses[index - 1].last]:
            segments.append(range(start, index))
            start = index
        elif poses[index].held or index == len(poses) - 1:
            segments.append(range(start, index + 1))
            start = index
    return [one for one in segments if len(one) > 2]


def _jumps(shot: Shot) -> NDArray[np.bool_]:
    """Whether the way from each frame to the next, [F - 1], is a jump: of a target, or of the base."""
    on = np.minimum(shot.weights[1:], shot.weights[:-1]) > 0  # [F - 1, N]
    steps = np.linalg.norm(np.diff(shot.targets, axis=0), axis=-1) * on
    found: NDArray[np.bool_] = _stands_out(steps.max(axis=1, initial=0.0), shot.settings.tolerance or 0.0)
    if shot.path is not None:
        found |= _stands_out(np.linalg.norm(np.diff(shot.path, axis=0), axis=(1, 2)), 0.0)
    return found


def _stands_out(steps: NDArray[np.floating], least: float) -> NDArray[np.bool_]:
    beside = np.pad(steps, 1)
    around = np.maximum(beside[:-2], beside[2:])
    return np.asarray((steps > least) & (steps > JUMP * around), np.bool_)


def smooth_segments(
    values: NDArray[np.float64],  # [U, ...], one for each pose
    targets: NDArray[np.float64],  # [U, T] where the poses' handles shall be
    segments: Sequence[range],
    window: float,  # frames
    least: float,  # pixels; targets that move less within a window count as standing
) -> NDArray[np.float64]:
    """Smooth the values along each segment; ends, and what is in no segment, stay what they are.

    Around each pose a line is fitted to the values in the window, by Gaussian weights, over time and over the
    main motions of the targets: Savitzky and Golay's smoothing (1964) with where the targets are beside when.
    What follows the targets, however sharply they turn, is so left as it is; what trembles beside it goes.
    """
    smoothed, half = values.copy(), int(window // 2)
    for segment in segments:
        for place in segment[1:-1]:
            near = np.arange(max(segment[0], place - half), min(segment[-1], place + half) + 1)
            share = fit_weights(near - place, targets[near] - targets[place], window / SIGMAS, least)
            smoothed[place] = np.tensordot(share, values[near], axes=1)
    return smoothed


def fit_weights(
    times: NDArray[np.int64],  # [M] frames from the one that is looked for
    away: NDArray[np.float64],  # [M, T] how far its targets are from those
    sigma: float,  # frames
    least: float,
) -> NDArray[np.float64]:
    """How much each of the M values counts in the fitted one, [M]; the sum is 1."""
    weights = np.exp(-0.5 * (times / sigma) ** 2)
    _, spread, motions = np.linalg.svd(away * np.sqrt(weights)[:, None], full_matrices=False)
    columns = [np.ones(len(times)), times / np.abs(times).max()]
    for size, motion in list(zip(spread, motions, strict=True))[:MOTIONS]:
        if size > least:
            along = away @ motion
            columns.append(along / np.abs(along).max())
    design = np.stack(columns, axis=1)
    weighed = design * weights[:, None]
    ridge = np.diag([0.0, *[RIDGE] * (len(columns) - 1)])
    fitted = np.linalg.solve(design.T @ weighed + ridge, weighed.T)
    return np.asarray(fitted[0], np.float64)
