"""Line plots as SVG that take their colours from the page, so that light and dark both suit them."""

from __future__ import annotations

import math
from html import escape

from benchmarks._suite import Plot, Series

__all__ = ["COLOURS", "STYLE", "plot_svg"]

WIDTH, HEIGHT = 560.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 14.0, 42.0
COLOURS = 8
DASHES = ("", "7 4", "2 3")
STYLE = """
.plot .axis { stroke: var(--faint); stroke-width: 1; fill: none; }
.plot .grid { stroke: var(--faint); stroke-width: 0.5; opacity: 0.6; }
.plot text { fill: var(--text); font: 11px system-ui, sans-serif; }
.plot path { fill: none; stroke-width: 1.8; }
"""


class Axis:
    """Values to px along one side."""

    def __init__(self, values: list[float], log: bool, begin: float, end: float) -> None:
        self.log, self.begin, self.end = log, begin, end
        low, high = (min(values), max(values)) if values else (1.0, 10.0)
        if log:
            low, high = math.floor(math.log10(low) * 4) / 4, math.ceil(math.log10(high) * 4) / 4
        else:
            low, high = min(low, 0.0), high * 1.05
        self.low, self.high = low, high if high > low else low + 1.0

    def place(self, value: float) -> float:
        """The px of a value."""
        at = math.log10(value) if self.log else value
        return self.begin + (at - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Values to name: 1, 2 and 5 of each decade, or round steps."""
        if self.log:
            decades = range(math.floor(self.low), math.ceil(self.high) + 1)
            every = [digit * 10.0**power for power in decades for digit in (1, 2, 5)]
            return [value for value in every if self.low - 1e-9 <= math.log10(value) <= self.high + 1e-9]
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = power * min(
            (factor for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999), default=10
        )
        return [index * step for index in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def plot_svg(plot: Plot) -> str:
    """The plot as an <svg> element, without its title and legend; empty where there is nothing to draw."""
    lines = [(index, _known(one, plot)) for index, one in enumerate(plot.series)]
    points = [point for _, line in lines for point in line]
    if not points:
        return ""
    x = Axis([point[0] for point in points], plot.log_x, LEFT, WIDTH - RIGHT)
    y = Axis([point[1] for point in points], plot.log_y, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(plot.title)}">'
    ]
    for value in x.ticks():
        at = x.place(value)
        parts.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP:g}" y2="{HEIGHT - BOTTOM:g}"/>'
        )
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 15:g}" text-anchor="middle">{value:g}</text>')
    for value in y.ticks():
        at = y.place(value)
        parts.append(f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6:g}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>')
    corner = f"M{LEFT:g},{TOP:g} V{HEIGHT - BOTTOM:g} H{WIDTH - RIGHT:g}"
    parts.append(f'<path class="axis" d="{corner}"/>')
    middle, turned = (LEFT + WIDTH - RIGHT) / 2, f"translate(13 {(TOP + HEIGHT - BOTTOM) / 2:g}) rotate(-90)"
    parts.append(f'<text x="{middle:g}" y="{HEIGHT - 8:g}" text-anchor="middle">{escape(plot.x)}</text>')
    parts.append(f'<text transform="{turned}" text-anchor="middle">{escape(plot.y)}</text>')
    for index, line in lines:
        if line:
            path = "M" + " L".join(f"{x.place(a):.1f},{y.place(b):.1f}" for a, b in line)
            dash = DASHES[index // COLOURS % len(DASHES)]
            parts.append(f'<path class="s{index % COLOURS}" stroke-dasharray="{dash}" d="{path}"/>')
    return "".join([*parts, "</svg>"])


def _known(series: Series, plot: Plot) -> list[tuple[float, float]]:
    """The points that can be drawn."""
    return [
        (a, b)
        for a, b in zip(series.x, series.y, strict=True)
        if b is not None
        and math.isfinite(a)
        and math.isfinite(b)
        and (a > 0 or not plot.log_x)
        and (b > 0 or not plot.log_y)
    ]
