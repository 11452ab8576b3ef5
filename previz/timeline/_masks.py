"""Masks: which pixels may move, from ellipses, polygons and pictures. 1 is free, 0 is fixed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from fileseq.constants import PAD_STYLE_HASH1
from fileseq.exceptions import FileSeqException
from fileseq.filesequence import FileSequence
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from previz.timeline._animation import Animated, sample_value
from previz.timeline._eases import Array
from previz.timeline._fields import MAX_SIDE
from previz.timeline._mask_fields import EllipseSpec, ImagesSpec, MaskShapeSpec
from previz.timeline._schema import is_file

LEAST_RADIUS = 1e-3
"""What an ease that passes its key leaves of a radius, in pixels."""

_LINES = 16  # sampled lines a pixel row; across, coverage is exact


def rasterise_mask(
    shapes: Sequence[MaskShapeSpec],
    width: int,
    height: int,
    scale: tuple[float, float],
    find: Callable[[str], Path],
    frame: float = 0.0,
) -> NDArray[np.float32]:
    """Return the mask [H, W] of a frame, 1 where the picture may move; coordinates are multiplied by `scale`.

    Values that are animated are taken at `frame`. The shapes that may move are united (all of the picture
    where there are none), and the fixed ones cut from them. A pixel's value is its covered part; `feather`
    softens the edge further. `find` finds pictures. Raises ValueError, with a message for the user, for one
    that can't be read.
    """
    free = np.zeros((height, width))
    fixed = np.zeros((height, width))
    if all(shape.fixed for shape in shapes):
        free += 1.0
    for shape in shapes:
        feather = max(_at(shape.feather, frame)[0], 0.0)  # an ease may pass its keys
        coverage = _feathered(_coverage(shape, width, height, scale, find, frame), feather, scale)
        target = fixed if shape.fixed else free
        np.maximum(target, coverage, out=target)
    return np.asarray(free * (1.0 - fixed), dtype=np.float32)


def _at(value: Animated, frame: float) -> list[float]:
    numbers: list[float] = sample_value(value, np.array([frame]))[0].tolist()
    return numbers


def _coverage(
    shape: MaskShapeSpec,
    width: int,
    height: int,
    scale: tuple[float, float],
    find: Callable[[str], Path],
    frame: float,
) -> Array:
    picture = shape.png if shape.images is None else picture_of(shape.images, frame)
    if picture is not None:
        return _picture(read_mask_picture(find(picture)), width, height)
    if shape.ellipse is not None:
        lines = _ellipse_spans(shape.ellipse, scale, frame)
    else:
        corners = np.array(_at(shape.polygon or (), frame)).reshape(-1, 2)
        lines = _polygon_spans(corners, scale)
    left = np.arange(width, dtype=np.float64)
    coverage = np.zeros((height, width))
    for line in range(_LINES):
        y = np.arange(height, dtype=np.float64) + (line + 0.5) / _LINES  # [H]
        for start, end in lines(y):
            overlap = np.minimum(end[:, None], left + 1.0) - np.maximum(start[:, None], left)  # [H, W]
            coverage += np.clip(overlap, 0.0, 1.0)
    return np.asarray(coverage / _LINES)


Spans = Callable[[Array], Iterator[tuple[Array, Array]]]
"""Where lines at heights [H] run inside a shape: pairs of starts [H] and ends [H], equal where they don't."""


def _ellipse_spans(ellipse: EllipseSpec, scale: tuple[float, float], frame: float) -> Spans:
    centre = np.array(_at(ellipse.center, frame)) * scale
    radius = np.maximum(_at(ellipse.radius, frame), LEAST_RADIUS) * scale
    (angle,) = np.radians(_at(ellipse.angle, frame))
    cos, sin = np.cos(angle), np.sin(angle)
    # The turned ellipse is a dx^2 + 2 b dx dy + c dy^2 = 1, solved for dx on each line.
    a = (cos / radius[0]) ** 2 + (sin / radius[1]) ** 2
    b = cos * sin * (radius[0] ** -2 - radius[1] ** -2)
    c = (sin / radius[0]) ** 2 + (cos / radius[1]) ** 2

    def spans(y: Array) -> Iterator[tuple[Array, Array]]:
        dy = y - centre[1]
        half = np.sqrt(np.maximum((b * dy) ** 2 - a * (c * dy**2 - 1.0), 0.0)) / a
        middle = centre[0] - b * dy / a
        yield middle - half, middle + half

    return spans


def _polygon_spans(corners: Array, scale: tuple[float, float]) -> Spans:
    """Spans between `corners` [E, 2] by the even-odd rule: what an outline encloses twice is outside."""
    start = corners * scale  # [E, 2]
    end = np.roll(start, -1, axis=0)

    def spans(y: Array) -> Iterator[tuple[Array, Array]]:
        line = y[:, None]
        crosses = (start[:, 1] <= line) != (end[:, 1] <= line)  # [H, E]
        rise = np.where(crosses, end[:, 1] - start[:, 1], 1.0)
        x = start[:, 0] + (line - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
        crossings = np.sort(
            np.where(crosses, x, np.inf), axis=1
        )  # always an even number before the infinities
        used = int(crosses.sum(axis=1).max(initial=0))
        for index in range(0, used, 2):
            yield crossings[:, index], crossings[:, index + 1]

    return spans


def _feathered(coverage: Array, feather: float, scale: tuple[float, float]) -> Array:
    if feather == 0.0:
        return coverage
    # Two sigmas of a Gaussian leave 2% at the feather's end; beyond the picture its border goes on.
    sigma = feather * scale[1] / 2.0, feather * scale[0] / 2.0
    return np.asarray(gaussian_filter(coverage, sigma, mode="nearest"))


def picture_of(images: ImagesSpec, frame: float) -> str:
    """The name of the picture that a sequence shows on a frame.

    Raises ValueError, with a message for the user, for a name without a place for the number.
    """
    number = frame if images.number is None else _at(images.number, frame)[0]
    return sequence_of(images.files).frame(int(np.floor(number + 1e-9)))


def sequence_of(files: str) -> FileSequence:
    """A name such as mask.####.png, mask.@@@@.png or mask.%04d.png; ValueError where it has no such part."""
    try:
        sequence = FileSequence(files, pad_style=PAD_STYLE_HASH1)  # a digit for each #
    except FileSeqException:
        sequence = None
    if sequence is None or not sequence.padding():
        raise ValueError(f"{files} has no place for the frame's number; write it as mask.####.png")
    return sequence


def read_mask_picture(path: Path) -> Array:
    """Read a picture as brightness times opacity [h, w], 0..1; raises ValueError if it can't be read."""
    if not is_file(path):
        raise ValueError(f"there is no picture {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is the stricter
            picture = Image.open(path)
        with picture:
            if max(picture.size) > MAX_SIDE:
                raise ValueError(
                    f"{path} is {picture.width} x {picture.height}; the limit is {MAX_SIDE} a side"
                )
            if picture.mode.startswith("I"):
                return np.asarray(picture, dtype=np.float64) / 65535.0
            light = np.asarray(picture.convert("LA"), dtype=np.float64) / 255.0
            return np.asarray(light[..., 0] * light[..., 1])
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is not a picture that can be read ({error})") from None


def _picture(light: Array, width: int, height: int) -> Array:
    picture = Image.fromarray(light.astype(np.float32))
    resized = picture.resize((width, height), Image.Resampling.BILINEAR)  # averages where it shrinks
    return np.clip(np.asarray(resized, dtype=np.float64), 0.0, 1.0)
