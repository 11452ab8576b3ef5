"""Paths: where a handle goes, apart from when. A path is walked by its arc length, from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from previz.timeline._eases import Array

Spline = Literal["linear", "catmull-rom", "bezier"]

_STEPS = 64  # straight pieces a span of a spline: a span of 200 px stays within some 0.01 px of the curve


def sample_path(points: Sequence[tuple[float, float]], spline: Spline, progress: Array) -> Array:
    """Return the points [F, 2] that lie `progress` [F] of the way along a path through `points`.

    `progress` below 0 or above 1 (an ease that overshoots) goes on straight beyond the path's end. A path of
    no length is its first point.
    """
    line = _without_repeats(np.array(points, dtype=np.float64))
    if len(line) > 2 and spline == "catmull-rom":
        line = _without_repeats(_catmull_rom(line))
    if len(line) == 1:
        return np.repeat(line, len(progress), axis=0)
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)  # [P - 1]
    lengths = np.concatenate([[0.0], np.cumsum(steps)])  # [P]
    distance = progress * lengths[-1]  # [F]
    piece = np.clip(np.searchsorted(lengths, distance, side="right") - 1, 0, len(steps) - 1)
    part = (distance - lengths[piece]) / steps[piece]
    start, end = line[piece], line[piece + 1]
    walked = start + (end - start) * part[:, None]
    walked[distance == lengths[-1]] = line[-1]  # the end exactly, not nearly
    return np.asarray(walked)


def _without_repeats(points: Array) -> Array:
    kept = np.ones(len(points), dtype=np.bool_)
    kept[1:] = np.any(np.diff(points, axis=0) != 0.0, axis=1)
    return np.asarray(points[kept])


def _catmull_rom(points: Array) -> Array:
    """Densify `points` [P, 2] along the centripetal Catmull-Rom spline through them.

    Centripetal knots leave no cusps or loops within a span (Yuksel, Schaefer and Keyser, 2011); evaluated by
    the pyramid of Barry and Goldman (1988). The end points are mirrored to give the outer spans a neighbour.
    """
    ends = [2.0 * points[0] - points[1]], [2.0 * points[-1] - points[-2]]
    padded = np.concatenate([ends[0], points, ends[1]])
    spans = []
    for index in range(len(points) - 1):
        four = padded[index : index + 4]
        gaps = np.sqrt(np.linalg.norm(np.diff(four, axis=0), axis=1))
        knots = np.concatenate([[0.0], np.cumsum(gaps)])
        t = np.linspace(knots[1], knots[2], _STEPS, endpoint=False)[:, None]
        level = list(four)
        for width, skip in ((1, 0), (2, 0), (1, 1)):
            low, high = knots[skip:], knots[skip + width :]
            level = [
                ((high[i] - t) * level[i] + (t - low[i]) * level[i + 1]) / (high[i] - low[i])
                for i in range(len(level) - 1)
            ]
        span = level[0]
        span[0] = points[index]
        spans.append(span)
    return np.concatenate([*spans, points[-1:]])
