"""Paths: where a handle goes, apart from when. A path is walked by its arc length, from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from previz.timeline._eases import Array, bezier

Spline = Literal["linear", "catmull-rom", "bezier"]

STEPS = 64
"""Straight pieces a span of a spline at least: a span of 200 px stays within some 0.01 px of the curve."""

MOST_STEPS = 2048
PIECE = 2.0
"""The longest straight piece of a bezier or an arc, in pixels, up to `MOST_STEPS` of them a span."""


def sample_path(
    points: Sequence[tuple[float, float]], spline: Spline, progress: Array, closed: bool = False
) -> Array:
    """Return the points [F, 2] that lie `progress` [F] of the way along a path through `points`.

    A bezier's points are a chain of cubic ones: a point, two control points, a point, and so on. `progress`
    below 0 or above 1 (an ease that overshoots) goes on straight beyond the path's end, or round a closed one
    again. A path of no length is its first point. Raises ValueError for a chain of another number of points.
    """
    return walk(densify(points, spline, closed), progress, closed)


def densify(points: Sequence[tuple[float, float]], spline: Spline, closed: bool = False) -> Array:
    """Return the path as a line of points [P, 2], with no two alike in a row; a closed one ends on its start.

    Raises ValueError, with a message for the user, for a bezier of the wrong number of points.
    """
    line = np.array(points, dtype=np.float64)
    if spline == "bezier":
        return without_repeats(_bezier_chain(line, closed))
    line = without_repeats(line)
    if closed and len(line) > 1 and (line[0] != line[-1]).any():
        line = np.concatenate([line, line[:1]])
    if len(line) > 2 and spline == "catmull-rom":
        line = without_repeats(_catmull_rom(line, closed))
    return line


def walk(line: Array, progress: Array, closed: bool = False) -> Array:
    """Return the points [F, 2] that lie `progress` [F] of the length of a line [P, 2] from its start."""
    if len(line) == 1:
        return np.repeat(line, len(progress), axis=0)
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)  # [P - 1]
    lengths = np.concatenate([[0.0], np.cumsum(steps)])  # [P]
    if closed:
        progress = np.where((progress < 0.0) | (progress > 1.0), progress - np.floor(progress), progress)
    distance = progress * lengths[-1]  # [F]
    piece = np.clip(np.searchsorted(lengths, distance, side="right") - 1, 0, len(steps) - 1)
    part = (distance - lengths[piece]) / steps[piece]
    start, end = line[piece], line[piece + 1]
    walked = start + (end - start) * part[:, None]
    walked[distance == lengths[-1]] = line[-1]  # the end exactly, not nearly
    return np.asarray(walked)


def without_repeats(points: Array) -> Array:
    """The points [P, 2] without those that repeat the one before them."""
    kept = np.ones(len(points), dtype=np.bool_)
    kept[1:] = np.any(np.diff(points, axis=0) != 0.0, axis=1)
    return np.asarray(points[kept])


def _catmull_rom(points: Array, closed: bool) -> Array:
    """Densify `points` [P, 2] along the centripetal Catmull-Rom spline through them.

    Centripetal knots leave no cusps or loops within a span (Yuksel, Schaefer and Keyser, 2011); evaluated by
    the pyramid of Barry and Goldman (1988). The end points are mirrored to give the outer spans a neighbour,
    or, of a closed path, have each other's.
    """
    ends = [2.0 * points[0] - points[1]], [2.0 * points[-1] - points[-2]]
    if closed:
        ends = [points[-2]], [points[1]]
    padded = np.concatenate([ends[0], points, ends[1]])
    spans = []
    for index in range(len(points) - 1):
        four = padded[index : index + 4]
        gaps = np.sqrt(np.linalg.norm(np.diff(four, axis=0), axis=1))
        knots = np.concatenate([[0.0], np.cumsum(gaps)])
        t = np.linspace(knots[1], knots[2], STEPS, endpoint=False)[:, None]
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


def _bezier_chain(points: Array, closed: bool) -> Array:
    """Densify a chain of cubic beziers; a closed one of 3n points comes back to its first."""
    if closed and len(points) % 3 == 0:
        points = np.concatenate([points, points[:1]])
    if len(points) % 3 != 1 or len(points) < 4:
        raise ValueError(
            "a chain of beziers is a point, then two control points and a point for each piece: "
            f"4, 7, 10 … points, not {len(points)}"
        )
    if closed and (points[0] != points[-1]).any():
        points = np.concatenate([points, points[-1:], points[:1], points[:1]])  # the straight way back
    spans = [bezier_span(points[index : index + 4]) for index in range(0, len(points) - 1, 3)]
    return np.concatenate([*spans, points[-1:]])


def bezier_span(four: Array) -> Array:
    """Points [S, 2] along the cubic bezier of `four` control points [4, 2], without its end."""
    length = float(np.linalg.norm(np.diff(four, axis=0), axis=1).sum())
    u = np.linspace(0.0, 1.0, pieces(length), endpoint=False)[:, None]
    return bezier(u, four[0], four[1], four[2], four[3])


def pieces(length: float) -> int:
    """How many straight pieces a span of this length, in pixels, is cut into."""
    return int(np.clip(np.ceil(length / PIECE), STEPS, MOST_STEPS))
