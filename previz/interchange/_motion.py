"""From a point's positions to what a timeline writes for a handle: keys, or a path and its timing."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from previz.interchange._simplify import key_frames, path_points, project

Shape = Literal["keys", "path"]

DECIMALS = 4


def handle_motion(
    frames: NDArray[np.int64], positions: NDArray[np.float64], shape: Shape = "keys", tolerance: float = 0.0
) -> dict[str, Any]:
    """The fields of a handle that is at these positions [F, 2] on these frames, to within `tolerance` pixels.

    `keys` are straight from key to key, a key a frame where the tolerance is 0. `path` tells where it goes
    apart from when. A point that stays within the tolerance of its first place is pinned.
    """
    positions = positions.round(DECIMALS) + 0.0
    at = _point(positions[0])
    if np.linalg.norm(positions - positions[0], axis=1).max() <= tolerance:
        return {"at": at, "pin": True}
    if shape == "path":
        return {"at": at, "interp": "linear", **_path(frames, positions, tolerance)}
    kept = key_frames(positions, tolerance)
    return {"at": at, "interp": "linear", "keys": {int(frames[i]): _point(positions[i]) for i in kept}}


def _path(frames: NDArray[np.int64], positions: NDArray[np.float64], tolerance: float) -> dict[str, Any]:
    """A polyline, and how far along it the point is on which frame.

    Half of the tolerance goes to the line, half to the timing: the distance to where the point should be is
    at most the distance to the nearest place on the line and the way along it from there.
    """
    kept = path_points(positions, tolerance / 2)
    corners = positions[kept]
    distances = np.zeros(len(positions))  # along the line
    walked = 0.0
    for start, end in itertools.pairwise(kept):
        _, along = project(positions[start : end + 1], positions[start], positions[end])
        distances[start : end + 1] = walked + along
        walked += float(np.linalg.norm(positions[end] - positions[start]))
    keyed = key_frames(distances[:, None], tolerance / 2)
    shares = {int(frames[i]): _number(float(distances[i]) / walked, 6) for i in keyed}
    return {"path": [_point(corner) for corner in _without_repeats(corners)], "timing": shares}


def _without_repeats(points: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = np.any(np.diff(points, axis=0) != 0.0, axis=1)
    return np.asarray(points[np.concatenate([[True], moved])])


def _point(position: NDArray[np.float64]) -> list[int | float]:
    return [_number(float(value), DECIMALS) for value in position]


def _number(value: float, decimals: int) -> int | float:
    """A number as a person writes it: 12, not 12.0."""
    value = round(value, decimals)
    return int(value) if value == int(value) else value
