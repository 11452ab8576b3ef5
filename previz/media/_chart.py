"""Drawings of lines and text that become an SVG or a picture alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from previz.media._text import Colour, legible, put_text

_SMOOTH = 3  # a picture is drawn so many times as large, and made smaller: Pillow's lines are jagged
_FONTS = "Helvetica, Arial, sans-serif"
_SVG_ANCHORS = {"l": "start", "m": "middle", "r": "end"}


@dataclass(frozen=True)
class Line:
    """Points joined by a line."""

    points: Sequence[tuple[float, float]]
    colour: Colour
    width: float = 1.0
    dash: float = 0.0  # the length of dashes, 0 for none


@dataclass(frozen=True)
class Box:
    """A filled rectangle: left, top, right, bottom."""

    corners: tuple[float, float, float, float]
    colour: Colour


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    centre: tuple[float, float]
    radius: float
    colour: Colour


@dataclass(frozen=True)
class Words:
    """A text whose left end, middle or right end (l, m, r) is at a place, standing on its line."""

    place: tuple[float, float]
    text: str
    size: float
    colour: Colour
    anchor: str = "l"


@dataclass
class Chart:
    """Shapes on a sheet, in the order in which they are drawn; lengths are in pixels of it."""

    width: float
    height: float
    ground: Colour
    shapes: list[Line | Box | Dot | Words] = field(default_factory=list)


def chart_svg(chart: Chart) -> str:
    """Return a chart as the text of an SVG file; the same chart gives the same text."""
    size = f'width="{chart.width:g}" height="{chart.height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {chart.width:g} {chart.height:g}"'
    ground = f'<rect {size} fill="{_hex(chart.ground)}"/>'
    body = "\n".join(map(_svg, chart.shapes))
    return f'{head} font-family="{_FONTS}">\n{ground}\n{body}\n</svg>\n'


def chart_picture(chart: Chart, scale: float = 2.0) -> NDArray[np.uint8]:
    """Return a chart as a picture, uint8 [H, W, 3], `scale` pixels for each of its own."""
    size = (round(chart.width * scale), round(chart.height * scale))
    large = Image.new("RGB", (size[0] * _SMOOTH, size[1] * _SMOOTH), chart.ground)
    draw = ImageDraw.Draw(large)
    for shape in chart.shapes:
        if not isinstance(shape, Words):
            _draw(draw, shape, scale * _SMOOTH)
    picture = large.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    for shape in chart.shapes:
        if isinstance(shape, Words):
            place = (shape.place[0] * scale, shape.place[1] * scale)
            put_text(draw, place, shape.text, shape.size * scale, shape.colour, f"{shape.anchor}s")
    return np.asarray(picture)


def _svg(shape: Line | Box | Dot | Words) -> str:
    colour = _hex(shape.colour)
    if isinstance(shape, Line):
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in shape.points)
        dash = f' stroke-dasharray="{shape.dash:g}"' if shape.dash else ""
        style = f'fill="none" stroke="{colour}" stroke-width="{shape.width:g}" stroke-linejoin="round"{dash}'
        return f'<polyline points="{points}" {style}/>'
    if isinstance(shape, Box):
        left, top, right, bottom = shape.corners
        place = f'x="{left:.2f}" y="{top:.2f}" width="{right - left:.2f}" height="{bottom - top:.2f}"'
        return f'<rect {place} fill="{colour}"/>'
    if isinstance(shape, Dot):
        x, y = shape.centre
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{shape.radius:g}" fill="{colour}"/>'
    x, y = shape.place
    style = f'font-size="{shape.size:g}" fill="{colour}" text-anchor="{_SVG_ANCHORS[shape.anchor]}"'
    return f'<text x="{x:.2f}" y="{y:.2f}" {style}>{escape(legible(shape.text))}</text>'


def _draw(draw: ImageDraw.ImageDraw, shape: Line | Box | Dot, scale: float) -> None:
    if isinstance(shape, Line):
        for part in _dashes(shape) if shape.dash else [list(shape.points)]:
            points = [(x * scale, y * scale) for x, y in part]
            draw.line(points, shape.colour, max(1, round(shape.width * scale)), joint="curve")
    elif isinstance(shape, Box):
        left, top, right, bottom = (side * scale for side in shape.corners)
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), fill=shape.colour)
    else:
        (x, y), radius = shape.centre, shape.radius
        box = ((x - radius) * scale, (y - radius) * scale, (x + radius) * scale, (y + radius) * scale)
        draw.ellipse(box, fill=shape.colour)


def _dashes(line: Line) -> list[list[tuple[float, float]]]:
    """The straight parts of a dashed line, each joint of it starting a new dash."""
    parts = []
    for start, end in zip(line.points, line.points[1:], strict=False):
        length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
        for at in np.arange(0.0, length, 2 * line.dash):
            ends = [at / length, min(at + line.dash, length) / length]
            parts.append(
                [
                    (start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t)
                    for t in map(float, ends)
                ]
            )
    return parts


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{level:02x}" for level in colour)
