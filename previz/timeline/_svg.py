"""SVG path data (the `d` of a `path`) as a line of points. Parsing is svgpathtools's."""

from __future__ import annotations

import functools
import itertools
import re
import warnings
from typing import Any

import numpy as np

from previz.timeline._eases import Array
from previz.timeline._paths import bezier_span, pieces, without_repeats

COMMANDS = "MmLlHhVvCcSsQqTtAaZz"
MAX_LENGTH = 100_000
"""The longest path data, in characters."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_TOKEN = re.compile(rf"\s*,?\s*(?:([{COMMANDS}])|({_NUMBER}))")


@functools.lru_cache(maxsize=256)
def _line_of(data: str) -> tuple[Array, bool]:
    _check_letters(data)
    from svgpathtools import Path, parse_path  # 0.3 s to import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # an arc of no radius is a line, as SVG says
            path: Path = parse_path(data)
    except (ValueError, IndexError, ZeroDivisionError, AssertionError) as error:
        raise ValueError(f"is not an SVG path: {_reason(error)}") from None
    if not len(path):
        raise ValueError("the SVG path goes nowhere; after `M x y` it needs an L, C, S, Q, T, H, V or A")
    _check_gaps(path)
    line = without_repeats(np.concatenate([*(_span(segment) for segment in path), _points([path[-1].end])]))
    if not np.isfinite(line).all():
        raise ValueError("the SVG path has numbers that are too large")
    closed = data.rstrip().endswith(("Z", "z"))
    line.flags.writeable = False  # the cache hands it out again
    return line, closed


def svg_line(data: str) -> tuple[Array, bool]:
    """Return SVG path data as a line of points [P, 2], and whether it ends with Z, and so is closed.

    All commands of SVG 1.1, absolute and relative, arcs and smooth curves included. Raises ValueError, with a
    message for the user, for what is no path, and for one that jumps (a second M).
    """
    if len(data) > MAX_LENGTH:
        raise ValueError(f"the SVG path is longer than {MAX_LENGTH} characters")
    return _line_of(data)


def _check_letters(data: str) -> None:
    """Refuse what the parser would read over or take amiss: unknown commands, and a start that is no M."""
    position, end = 0, len(data.rstrip())
    while position < end:
        match = _TOKEN.match(data, position)
        if match is None:
            rest = data[position:].lstrip(" ,\t\r\n")
            at = len(data) - len(rest) + 1
            raise ValueError(
                f"{rest[:1]!r} at character {at} of the SVG path is no command; "
                "commands are M, L, H, V, C, S, Q, T, A and Z, or in small letters from the last point"
            )
        position = match.end()
    if data.lstrip()[:1] not in ("M", "m"):
        raise ValueError("an SVG path starts with M x y, its first point")


def _reason(error: Exception) -> str:
    found = re.search(r"command '(\w)' expects (\d+) values but only (\d+) remain", str(error))
    if found:
        command, wanted, left = found.groups()
        return f"{command} takes {wanted} numbers at a time, and {left} are left over"
    return "a command has too few numbers, or a number can't be read"


def _check_gaps(path: Any) -> None:
    for before, after in itertools.pairwise(path):
        if before.end != after.start:
            x, y = after.start.real, after.start.imag
            raise ValueError(
                f"the SVG path jumps to ({x:g}, {y:g}), where a second M stands; a handle goes without gaps"
            )


def _span(segment: Any) -> Array:
    """Points [S, 2] along one segment of svgpathtools, without its end."""
    kind = type(segment).__name__
    if kind == "Line":
        return _points([segment.start])
    if kind == "CubicBezier":
        return bezier_span(_points(segment.bpoints()))
    if kind == "QuadraticBezier":  # the same curve as a cubic one
        start, control, end = _points(segment.bpoints())
        return bezier_span(
            np.stack([start, start + (control - start) * 2 / 3, end + (control - end) * 2 / 3, end])
        )
    count = pieces(abs(segment.radius) * abs(np.radians(segment.delta)))
    span = _points([segment.point(u) for u in np.linspace(0.0, 1.0, count, endpoint=False)])
    span[0] = _points([segment.start])[0]
    return span


def _points(values: Any) -> Array:
    numbers = np.asarray(values, dtype=np.complex128)
    return np.stack([numbers.real, numbers.imag], axis=1)
