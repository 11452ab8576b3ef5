"""Numbered or named marks on a picture, and a grid to read coordinates from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from previz.errors import MediaError
from previz.media._frames import check_frame

__all__ = ["add_legend", "draw_grid", "draw_marks"]

_MARK = (255, 214, 64)
_LINE = (255, 255, 255)
_SHADE = (0, 0, 0)
_MAX_LINES = 64  # of a grid, each way


def draw_marks(
    frame: NDArray[np.uint8],  # [H, W, 3]
    points: NDArray[np.floating],  # [N, 2] x, y in pixels of the frame
    labels: Sequence[str],  # one a point
) -> NDArray[np.uint8]:
    """A copy of the frame, uint8 [H, W, 3], with a dot at each point and its label beside it.

    A label stands to the right of its dot, or to the left where the picture ends. Raises MediaError where
    there isn't one label a point.
    """
    frame = check_frame(frame)
    points = np.asarray(points, float).reshape(-1, 2)
    if len(points) != len(labels):
        raise MediaError(f"there are {len(points)} points, but {len(labels)} labels")
    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image)
    unit = max(min(frame.shape[:2]) / 512, 1.0)
    font = ImageFont.load_default(size=12 * unit)
    for (x, y), label in zip(points.tolist(), labels, strict=True):
        radius = 2.5 * unit
        draw.ellipse((x - radius - 1, y - radius - 1, x + radius + 1, y + radius + 1), fill=_SHADE)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_MARK)
        width = draw.textlength(label, font=font)
        fits = x + 6 * unit + width < frame.shape[1]
        place = (x + 6 * unit, y) if fits else (x - 6 * unit - width, y)
        draw.text(place, label, _MARK, font, anchor="lm", stroke_width=round(1.4 * unit), stroke_fill=_SHADE)
    return np.asarray(image)


def draw_grid(
    frame: NDArray[np.uint8],  # [H, W, 3]
    step: float,  # in the units of the labels
    scale: float = 1.0,  # pixels of the frame a unit
) -> NDArray[np.uint8]:
    """A copy of the frame, uint8 [H, W, 3], with lines each `step` units and their coordinates at the edges.

    Raises MediaError for a step that is not positive, or so small that lines would hide the picture.
    """
    frame = check_frame(frame)
    height, width = frame.shape[:2]
    if not step > 0 or max(height, width) / (step * scale) > _MAX_LINES:
        least = max(height, width) / scale / _MAX_LINES
        raise MediaError(f"a grid of {step:g} is finer than the limit; give at least {least:.3g}")
    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image, "RGBA")
    unit = max(min(height, width) / 512, 1.0)
    font = ImageFont.load_default(size=11 * unit)
    for axis, length in ((0, width), (1, height)):
        for count in range(1, int(np.ceil(length / (step * scale)))):
            place = count * step * scale
            line = (place, 0, place, height) if axis == 0 else (0, place, width, place)
            draw.line(line, (*_LINE, 150 if count % 5 == 0 else 80), round(unit))
            text = f"{count * step:g}"
            spot, anchor = ((place, 2), "ma") if axis == 0 else ((2, place), "lm")
            draw.text(
                spot, text, _MARK, font, anchor=anchor, stroke_width=round(1.4 * unit), stroke_fill=_SHADE
            )
    return np.asarray(image.convert("RGB"))


def add_legend(
    frame: NDArray[np.uint8],  # [H, W, 3]
    lines: Sequence[str],
) -> NDArray[np.uint8]:
    """The frame with a column of text to its right, uint8 [H, W + w, 3]; letters shrink until all fits."""
    frame = check_frame(frame)
    height, width = frame.shape[:2]
    pitch = min(height / 30, (height - 8) / max(1, len(lines)))
    font = ImageFont.load_default(size=max(6.0, 0.78 * pitch))
    column = round(max((font.getlength(line) for line in lines), default=0) + 1.5 * pitch)
    image = Image.new("RGB", (width + column, height), (24, 24, 24))
    image.paste(Image.fromarray(frame), (0, 0))
    draw = ImageDraw.Draw(image)
    for index, line in enumerate(lines):
        draw.text((width + 0.6 * pitch, 4 + (index + 0.5) * pitch), line, (225, 225, 225), font, anchor="lm")
    return np.asarray(image)
