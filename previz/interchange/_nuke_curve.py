"""Nuke's animation curves as text: `{curve x1001 12.5 13 K x1010 20}`.

The grammar is Foundry's "Curve serialisation format" (NDK developer guide): keys are values, each of which
may have its frame (`x1001`) and tangents (`s`, `t`, `u`, `v`); a frame that isn't written goes on from the
last two; letters set the interpolation: K constant, L linear, and others that are curved.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from previz.errors import CurvesError
from previz.interchange._text import decimal
from previz.interchange._tracks import Track, coordinate, from_origin, number

_APART = ("i", "I", "k", "l")  # invisible, and how it goes on beyond its ends
_TANGENT = re.compile(r"^[stuv][-+.\d]")


@dataclass(frozen=True)
class Scalar:
    """One axis: values [K] at ascending frames [K]; a value without animation has no frames."""

    frames: tuple[Fraction, ...]
    values: tuple[float, ...]
    interpolation: tuple[str, ...]  # [K] of the way to the next key

    def at(self, frames: Sequence[Fraction]) -> NDArray[np.float64]:
        """The values [F] at these frames: straight between keys, or held where a key is constant."""
        if not self.frames:
            return np.full(len(frames), self.values[0])
        times = np.array([float(frame) for frame in self.frames])
        wanted = np.array([float(frame) for frame in frames])
        result = np.interp(wanted, times, self.values)
        for index, (start, end) in enumerate(itertools.pairwise(times)):
            if self.interpolation[index] == "K":
                result[(wanted >= start) & (wanted < end)] = self.values[index]
        return np.asarray(result, dtype=np.float64)

    def starting(self, letters: str) -> frozenset[Fraction]:
        """The frames of the keys whose interpolation is one of these."""
        pairs = zip(self.frames, self.interpolation, strict=True)
        return frozenset(frame for frame, letter in pairs if letter in letters)


def write_curve(frames: NDArray[np.int64], values: NDArray[np.float64]) -> str:
    """A key a frame. The frames follow each other, so that only the first is written."""
    return f"{{curve x{frames[0]} {' '.join(decimal(value) for value in values)}}}"


def is_curve(text: str) -> bool:
    """Tell whether an element's text is an animation curve."""
    return text.split(maxsplit=1)[:1] == ["curve"]


def read_scalar(text: str, name: str, line: int) -> Scalar:
    """A curve, or a plain number. Raises CurvesError, with the line, for anything else."""
    words = text.split()
    if words[:1] != ["curve"]:
        return Scalar((), (coordinate(text, name, line),), ())
    frames: list[Fraction] = []
    values: list[float] = []
    interpolation: list[str] = []
    letter, at = "S", None
    for word in words[1:]:
        if re.fullmatch(r"[A-Z]", word) and word != "I":
            letter = word
        elif word[0] == "x":
            at = number(word[1:], name, line)
        elif word in _APART:
            continue
        elif _TANGENT.match(word):
            if interpolation and word[0] in "st":
                interpolation[-1] = "T"
        else:
            frames.append(_next_frame(frames) if at is None else at)
            values.append(coordinate(word, name, line))
            interpolation.append(letter)
            at = None
    if not frames:
        raise CurvesError(f"{name}:{line}: a curve without keys")
    if any(later <= earlier for earlier, later in itertools.pairwise(frames)):
        raise CurvesError(f"{name}:{line}: the keys of a curve go back in time")
    return Scalar(tuple(frames), tuple(values), tuple(interpolation))


def _next_frame(frames: list[Fraction]) -> Fraction:
    if len(frames) < 2:
        return frames[-1] + 1 if frames else Fraction(0)
    return 2 * frames[-1] - frames[-2]


def join(track: str, x: Scalar, y: Scalar, size: tuple[int, int]) -> Track | None:
    """One track of two axes, bottom-left to ours; None where neither is animated.

    Where one axis has a key and the other has none, the other's value is read there.
    """
    frames = sorted({*x.frames, *y.frames})
    if not frames:
        return None
    points = np.stack([x.at(frames), y.at(frames)], axis=1)
    keyed = [axis for axis in (x, y) if axis.frames]
    held = frozenset.intersection(*(axis.starting("K") for axis in keyed))
    curved = frozenset(frame for axis in keyed for frame in axis.starting("SRCHZT") if _moves(axis, frame))
    return Track(track, tuple(frames), from_origin(points, "bottom-left", size), held, curved)


def _moves(axis: Scalar, frame: Fraction) -> bool:
    """Whether the value changes, or may bulge, on the way to the next key."""
    index = axis.frames.index(frame)
    if index + 1 == len(axis.frames):
        return False
    return axis.values[index] != axis.values[index + 1] or axis.interpolation[index] == "T"
