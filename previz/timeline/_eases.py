"""Eases: pure functions from progress to eased progress, and the names by which a timeline calls them.

The families are Penner's; in-out is the in-ease and its mirror at half size, as in d3 and GSAP.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Ease(Protocol):
    """A way to get from 0 to 1: progress [...] within 0..1 in, eased progress [...] out; 0 -> 0, 1 -> 1."""

    def __call__(self, t: Array, /) -> Array:
        """Ease progress `t` [...]."""
        ...


def apply_ease(ease: Ease, t: Array) -> Array:
    """Return `ease` of `t` [...], with `t` brought into 0..1 and the end points exact."""
    t = np.clip(t, 0.0, 1.0)
    return np.where(t == 0.0, 0.0, np.where(t == 1.0, 1.0, ease(t)))


def _linear(t: Array) -> Array:
    return t


def _in_sine(t: Array) -> Array:
    return 1.0 - np.cos(t * np.pi / 2.0)


def _in_quad(t: Array) -> Array:
    return t**2


def _in_cubic(t: Array) -> Array:
    return t**3


def _in_quart(t: Array) -> Array:
    return t**4


def _in_quint(t: Array) -> Array:
    return t**5


def _in_circ(t: Array) -> Array:
    return 1.0 - np.sqrt(1.0 - t**2)


def _in_expo(t: Array) -> Array:
    # 2^10(t-1) starts at 2^-10: shifted and scaled to start at exactly 0, as d3 does.
    return (np.exp2(10.0 * (t - 1.0)) - 2.0**-10) / (1.0 - 2.0**-10)


def _in_back(t: Array, pull: float = 1.70158) -> Array:  # Penner's: ten per cent beyond the end
    return np.asarray(t**2 * ((pull + 1.0) * t - pull))


def _in_elastic(t: Array) -> Array:
    return -_in_expo(t) * np.sin((10.0 * t - 10.75) * 2.0 * np.pi / 3.0)


def _in_back_by(overshoot: float) -> Ease:
    """The in-back that goes back by `overshoot`, a part of the way.

    t^2 ((s + 1) t - s) is least, -4 s^3 / (27 (s + 1)^2), at t = 2 s / (3 (s + 1)); s is found by bisection.
    """
    low, high = 0.0, 4.0 + 10.0 * overshoot  # at s = 4 + 10 x it is further than x
    for _ in range(80):
        middle = (low + high) / 2.0
        beyond = 4.0 * middle**3 / (27.0 * (middle + 1.0) ** 2)
        low, high = (middle, high) if beyond < overshoot else (low, middle)
    return lambda t: _in_back(t, high)


def _in_elastic_of(period: float) -> Ease:
    """The in-elastic that swings once in `period`, a part of the time."""
    return lambda t: -_in_expo(t) * np.sin((t - 1.0 - period / 4.0) * 2.0 * np.pi / period)


def _in_bounce(t: Array) -> Array:
    return 1.0 - _out_bounce(1.0 - t)


def _out_bounce(t: Array) -> Array:
    # Four parabolas of one curvature that touch 1 at t = 1/2.75, 2/2.75, 2.5/2.75 and 1.
    middle = np.select(
        [t < 1 / 2.75, t < 2 / 2.75, t < 2.5 / 2.75], [0.0, 1.5 / 2.75, 2.25 / 2.75], 2.625 / 2.75
    )
    floor = np.select([t < 1 / 2.75, t < 2 / 2.75, t < 2.5 / 2.75], [0.0, 0.75, 0.9375], 0.984375)
    return np.asarray(7.5625 * (t - middle) ** 2 + floor)


def _out(ease: Ease) -> Ease:
    return lambda t: 1.0 - ease(1.0 - t)


def _in_out(ease: Ease) -> Ease:
    return lambda t: np.where(
        t < 0.5, ease(np.minimum(2.0 * t, 1.0)) / 2.0, 1.0 - ease(np.minimum(2.0 - 2.0 * t, 1.0)) / 2.0
    )


def cubic_bezier(x1: float, y1: float, x2: float, y2: float) -> Ease:
    """Return the ease of CSS's `cubic-bezier(x1, y1, x2, y2)`; x1 and x2 lie in 0..1, y1 and y2 anywhere."""

    def ease(t: Array) -> Array:
        u = solve_bezier(t, np.float64(x1), np.float64(x2))
        return bezier(u, 0.0, y1, y2, 1.0)

    return ease


def bezier(u: Array, p0: float | Array, p1: float | Array, p2: float | Array, p3: float | Array) -> Array:
    """Evaluate a cubic bezier of control values `p0`..`p3` at `u` [...]."""
    v = 1.0 - u
    return np.asarray(v**3 * p0 + 3.0 * v**2 * u * p1 + 3.0 * v * u**2 * p2 + u**3 * p3)


def solve_bezier(x: Array, x1: float, x2: float) -> Array:
    """Return the parameter `u` [...] at which the bezier 0, `x1`, `x2`, 1 is `x` [...]; all lie in 0..1.

    Within those bounds the bezier never goes back, so bisection always ends, and on the same value for the
    same `x` whatever is solved beside it.
    """
    low, high = np.zeros_like(x), np.ones_like(x)
    for _ in range(54):  # the bits of a double
        middle = (low + high) / 2.0
        below = bezier(middle, 0.0, x1, x2, 1.0) < x
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2.0


_FAMILIES: dict[str, Ease] = {
    "sine": _in_sine,
    "quad": _in_quad,
    "cubic": _in_cubic,
    "quart": _in_quart,
    "quint": _in_quint,
    "circ": _in_circ,
    "expo": _in_expo,
    "back": _in_back,
    "elastic": _in_elastic,
    "bounce": _in_bounce,
}

_WAYS: dict[str, Callable[[Ease], Ease]] = {"in": lambda ease: ease, "out": _out, "in-out": _in_out}

EASES: dict[str, Ease] = {"linear": _linear}
"""Every named ease: `linear`, `overshoot`, and `in-`, `out-` and `in-out-` of each family (`out-cubic`)."""
for _name, _ease in _FAMILIES.items():
    EASES |= {f"{_way}-{_name}": _make(_ease) for _way, _make in _WAYS.items()}
EASES["overshoot"] = EASES["out-back"]

MONOTONE_EASES = frozenset(name for name in EASES if not re.search("back|elastic|bounce|overshoot", name))
"""The named eases that never turn back on their way."""

_CALL = re.compile(r"([a-z-]+)\(([^()]*)\)")
_PARAMETERS: dict[str, tuple[Callable[[float], Ease], float, float, str]] = {
    "back": (_in_back_by, 0.0, 10.0, "how far it goes beyond, 0 to 10 times the way"),
    "elastic": (_in_elastic_of, 0.01, 10.0, "how long one swing takes, 0.01 to 10 times the time"),
}
EASE_CALL = r"^((in|out|in-out)-(back|elastic)|overshoot|cubic-bezier)\(.*\)$"
"""What an ease with numbers looks like, as a regular expression."""


def parse_ease(value: str | Sequence[float]) -> Ease:
    """Return the ease that a timeline's `ease:` names.

    Takes a name of `EASES`, "cubic-bezier(x1, y1, x2, y2)", or [x1, y1, x2, y2]; "out-back(0.2)" and
    "overshoot(0.2)", which go beyond the key by that part of the way; and "out-elastic(0.4)", whose swings
    take that part of the time. Raises ValueError, with a message for the user, for anything else.
    """
    if not isinstance(value, str):
        return _bezier_of([float(part) for part in value], value)
    if value in EASES:
        return EASES[value]
    match = _CALL.fullmatch(value.strip())
    if match is None:
        raise ValueError(_unknown(value))
    try:
        numbers = [float(part) for part in match[2].split(",")]
    except ValueError:
        numbers = []
    if match[1] == "cubic-bezier":
        return _bezier_of(numbers, value)
    return _ease_of(match[1], numbers, value)


def _bezier_of(numbers: list[float], value: object) -> Ease:
    if len(numbers) != 4 or not all(np.isfinite(numbers)):
        raise ValueError(f"a cubic bezier is 4 numbers, x1, y1, x2, y2, not {value}")
    if not (0 <= numbers[0] <= 1 and 0 <= numbers[2] <= 1):
        raise ValueError(f"x1 and x2 of a cubic bezier lie in 0..1, not {numbers[0]:g} and {numbers[2]:g}")
    return cubic_bezier(*numbers)


def _ease_of(name: str, numbers: list[float], value: str) -> Ease:
    """An ease with a number of its own, as in out-back(0.2)."""
    way, _, family = ("out-back" if name == "overshoot" else name).rpartition("-")
    if name not in EASES:
        raise ValueError(_unknown(name))
    if family not in _PARAMETERS:
        raise ValueError(f"{name} takes no number; write `ease: {name}`")
    make, low, high, meaning = _PARAMETERS[family]
    if len(numbers) != 1 or not low <= numbers[0] <= high:
        raise ValueError(f"{name} takes one number, {meaning}, not {value}")
    return _WAYS[way](make(numbers[0]))


def _unknown(name: str) -> str:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", name).lower().removeprefix("ease-")
    near = [plain] if plain in EASES else difflib.get_close_matches(plain, EASES, n=1, cutoff=0.6)
    hint = (
        f"did you mean {near[0]}?"
        if near
        else "eases are linear, in-, out- or in-out- of " + ", ".join(_FAMILIES)
    )
    return f"unknown ease {name!r}; {hint}"
