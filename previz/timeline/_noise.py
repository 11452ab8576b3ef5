"""Noise and waves: functions of time alone, so that a value doesn't depend on which frames are sampled."""

from __future__ import annotations

import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from previz.timeline._eases import Array

Wave = Literal["sine", "triangle", "square", "sawtooth"]


def noise(seconds: Array, frequency: float, seed: int, octaves: int = 1) -> Array:
    """Smooth noise [F, 2] within -1..1 at times [F]: random values twice a swing, blended with no sharp bend.

    The blend is 6t^5 - 15t^4 + 10t^3, whose first and second derivatives are 0 at either end (Perlin,
    "Improving noise", 2002). An octave more is twice as fast and half as far.
    """
    total = np.zeros((len(seconds), 2))
    for octave in range(octaves):
        at = seconds * (2.0 * frequency * 2**octave)
        cell = np.floor(at)
        t = (at - cell)[:, None]
        left, right = (lattice(cell + step, seed + 7919 * octave) for step in (0, 1))
        total += (left + (right - left) * (t**3 * (t * (6.0 * t - 15.0) + 10.0))) * 0.5**octave
    return np.asarray(total / sum(0.5**octave for octave in range(octaves)))


def jitter(seconds: Array, frequency: float, seed: int) -> Array:
    """Random steps [F, 2] within -1..1 at times [F], another one `frequency` times a second."""
    # A frame that starts a step can be rounded to just before it.
    return lattice(np.floor(seconds * frequency + 1e-9), seed)


def lattice(cells: Array, seed: int) -> Array:
    """A random [F, 2] within -1..1 for each of the whole numbers `cells` [F]: always the same for the same.

    SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014) as a hash.
    """
    at = cells.astype(np.int64).view(np.uint64)
    start = _mix(np.full(1, seed % 2**64, dtype=np.uint64))
    values = [_mix(_mix(at + start) + np.uint64(axis)) for axis in (1, 2)]
    return np.stack([value.astype(np.float64) / 2.0**63 - 1.0 for value in values], axis=1)


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(state ^ (state >> np.uint64(31)))


def name_seed(name: str, index: int) -> int:
    """A seed of its own for the `index`-th modifier of the handle of this name."""
    return zlib.crc32(f"{name}/{index}".encode())


def wave(turns: Array, shape: Wave) -> Array:
    """A wave [F] within -1..1 at so many `turns` [F], which starts at 0 and rises (a square one at 1)."""
    part = turns - np.floor(turns)
    if shape == "sine":
        return np.sin(part * 2.0 * np.pi)
    if shape == "triangle":
        return np.asarray(1.0 - np.abs((part + 0.25) % 1.0 * 4.0 - 2.0))
    if shape == "square":
        return np.where(part < 0.5, 1.0, -1.0)
    return np.asarray((part + 0.5) % 1.0 * 2.0 - 1.0)
