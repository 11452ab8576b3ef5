"""Colours of people, as encoded RGB along lines that a code can slide on."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from previz.cast._scene import Vector

__all__ = ["cloth_colour", "hair_colour", "iris_colour", "linear", "skin_colour"]

_SKIN = np.array([
    (0.95, 0.80, 0.71), (0.93, 0.76, 0.65), (0.90, 0.70, 0.57), (0.82, 0.60, 0.45),
    (0.72, 0.50, 0.36), (0.58, 0.38, 0.26), (0.46, 0.295, 0.20), (0.37, 0.235, 0.165),
])  # fmt: skip
_HAIR = np.array([
    (0.085, 0.07, 0.065), (0.15, 0.105, 0.08), (0.26, 0.165, 0.10), (0.38, 0.24, 0.14),
    (0.52, 0.34, 0.19), (0.68, 0.50, 0.29), (0.80, 0.67, 0.44),
])  # fmt: skip
_IRIS = np.array([
    (0.24, 0.13, 0.07), (0.34, 0.20, 0.09), (0.42, 0.33, 0.14), (0.30, 0.44, 0.28),
    (0.25, 0.42, 0.56), (0.35, 0.52, 0.68), (0.46, 0.51, 0.54),
])  # fmt: skip
_RED = np.array((0.60, 0.22, 0.09))
_GREY = np.array((0.62, 0.61, 0.60))


def linear(colour: NDArray[np.float64]) -> Vector:
    """An encoded colour (gamma 2.2) as linear light."""
    red, green, blue = (float(value) for value in np.clip(colour, 0.0, 1.0) ** 2.2)
    return (red, green, blue)


def _along(colours: NDArray[np.float64], place: float) -> NDArray[np.float64]:
    """The colour at 0..1 of a line of evenly spaced ones."""
    scaled = np.clip(place, 0.0, 1.0) * (len(colours) - 1)
    low = min(int(scaled), len(colours) - 2)
    return np.asarray(colours[low] + (scaled - low) * (colours[low + 1] - colours[low]))


def skin_colour(darkness: float, warmth: float) -> NDArray[np.float64]:
    """Encoded skin from light (0) to dark (1), from cooler (-1) to warmer (1)."""
    return _along(_SKIN, darkness) * (1 + 0.03 * warmth * np.array((1.0, 0.0, -1.5)))


def hair_colour(lightness: float, red: float, grey: float) -> NDArray[np.float64]:
    """Encoded hair from black (0) to blond (1), with shares of copper and of grey."""
    colour = _along(_HAIR, lightness)
    colour = colour + red * (_RED * (0.65 + 0.5 * lightness) - colour)
    return np.asarray(colour + grey * (_GREY - colour))


def iris_colour(place: float) -> Vector:
    """Linear iris from dark brown (0) over green to grey (1)."""
    red, green, blue = linear(_along(_IRIS, place))
    return (1.4 * red, 1.4 * green, 1.4 * blue)


def cloth_colour(hue: float, lightness: float) -> NDArray[np.float64]:
    """Encoded cloth: hue 0..1 once around but for the reds it starts at, and lightness 0..1."""
    red, green, blue = colorsys.hls_to_rgb(0.92 * hue, 0.13 + 0.67 * lightness, 0.38 - 0.14 * lightness)
    return np.array((red, green, blue))
