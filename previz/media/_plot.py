"""How a take came out, over time: error, speed, shake and iterations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from previz.errors import MediaError
from previz.media._chart import Box, Chart, Dot, Line, Words
from previz.media._text import Colour, text_width
from previz.media._trajectories import handle_colour

_GROUND: Colour = (24, 24, 26)
_PANEL: Colour = (33, 33, 36)
_GRID: Colour = (58, 58, 62)
_KEY: Colour = (92, 92, 98)
_TEXT: Colour = (214, 214, 216)
_GREY: Colour = (146, 148, 152)
_LIMIT: Colour = (230, 40, 45)
_BARS: Colour = (120, 124, 132)
_WIDTH, _LEFT, _RIGHT, _TOP, _PANEL_HEIGHT, _PITCH = 900.0, 64.0, 20.0, 84.0, 120.0, 168.0


@dataclass(frozen=True)
class TakeCurves:
    """What a plot shows of a take: F frames, N handles, lengths in pixels of the generator's image."""

    title: str
    frames: NDArray[np.integer]  # [F]
    rate: Fraction
    names: Sequence[str]  # [N]
    error: NDArray[np.floating]  # [F, N] distance from the target
    handles: NDArray[np.floating]  # [F, N, 2] where they were tracked
    targets: NDArray[np.floating]  # [F, N, 2] where they were to go
    iterations: NDArray[np.integer]  # [F]
    lost: NDArray[np.bool_]  # [F, N]
    tolerance: float
    keyed: Sequence[int] = ()  # frame numbers


@dataclass(frozen=True)
class _Panel:
    """One set of axes: frame and value to pixels of the chart."""

    top: float
    frames: tuple[int, int]
    highest: float

    def x(self, frame: float) -> float:
        first, last = self.frames
        return _LEFT + (frame - first + 0.5) / (last - first + 1) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return self.top + _PANEL_HEIGHT * (1 - min(max(value / self.highest, 0.0), 1.0))


def speed(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far points [F, N, 2] went since the frame before, [F, N]; 0 on the first."""
    steps = np.linalg.norm(np.diff(np.asarray(points, np.float64), axis=0), axis=-1)
    return np.concatenate([np.zeros((1, points.shape[1])), steps])[: len(points)]


def shake(handles: NDArray[np.floating], targets: NDArray[np.floating]) -> NDArray[np.float64]:
    """The second difference of the way from target to handle, [F, N]: jitter that nobody asked for.

    It is told of the middle one of three frames; 0 on the first and the last.
    """
    away = np.asarray(handles, np.float64) - targets
    result = np.zeros(away.shape[:2])
    if len(away) > 2:
        result[1:-1] = np.linalg.norm(np.diff(away, n=2, axis=0), axis=-1)
    return result


def plot_take(curves: TakeCurves) -> Chart:
    """Return the chart of a take: four panels over its frames, a colour a handle, keys as vertical lines.

    A lost handle is a dot on its error; the dotted curves of speed are those that the timeline asks for.
    Raises MediaError where lengths don't agree.
    """
    count, names = len(curves.frames), list(curves.names)
    if curves.error.shape != (count, len(names)) or curves.handles.shape != (count, len(names), 2):
        raise MediaError(f"errors are an array [{count}, {len(names)}], not {list(curves.error.shape)}")
    chart = Chart(_WIDTH, _TOP + 4 * _PITCH + 8, _GROUND)
    _head(chart, curves)
    asked, moved = speed(curves.targets), speed(curves.handles)
    jitter = shake(curves.handles, curves.targets)
    panels: list[tuple[str, float, Callable[[_Panel], None]]] = [
        (
            "error, px",
            max(float(curves.error.max(initial=0)), curves.tolerance) * 1.08,
            lambda panel: _errors(chart, panel, curves),
        ),
        (
            "speed, px a frame",
            max(float(moved.max(initial=0)), float(asked.max(initial=0)), 0.1) * 1.08,
            lambda panel: _speeds(chart, panel, curves, asked, moved),
        ),
        (
            "jitter, px (second difference of handle - target)",
            max(float(jitter.max(initial=0)), 0.05) * 1.08,
            lambda panel: _curves(chart, panel, curves, jitter),
        ),
        (
            "iterations",
            max(float(curves.iterations.max(initial=0)), 1.0) * 1.08,
            lambda panel: _bars(chart, panel, curves),
        ),
    ]
    ends = (int(curves.frames[0]), int(curves.frames[-1]))
    for index, (title, highest, draw) in enumerate(panels):
        panel = _Panel(_TOP + index * _PITCH, ends, highest)
        _axes(chart, panel, title, curves.keyed)
        draw(panel)
    return chart


def _head(chart: Chart, curves: TakeCurves) -> None:
    first, last = int(curves.frames[0]), int(curves.frames[-1])
    rate = f"{float(curves.rate):.6g} fps"
    chart.shapes.append(Words((_LEFT, 30), curves.title, 20, _TEXT))
    told = f"{first}-{last} at {rate}, tolerance {curves.tolerance:g} px"
    chart.shapes.append(Words((_WIDTH - _RIGHT, 30), told, 12, _GREY, "r"))
    x = _LEFT
    for index, name in enumerate(curves.names):
        if x + text_width(name, 12) + 20 > _WIDTH - _RIGHT:
            chart.shapes.append(Words((x, 52), "...", 12, _GREY))
            break
        chart.shapes.append(Line([(x, 48), (x + 14, 48)], handle_colour(index), 3))
        chart.shapes.append(Words((x + 19, 52), name, 12, _TEXT))
        x += text_width(name, 12) + 36


def _axes(chart: Chart, panel: _Panel, title: str, keyed: Sequence[int]) -> None:
    bottom, right = panel.top + _PANEL_HEIGHT, _WIDTH - _RIGHT
    chart.shapes.append(Box((_LEFT, panel.top, right, bottom), _PANEL))
    chart.shapes.append(Words((_LEFT, panel.top - 6), title, 12, _TEXT))
    for value in ticks(panel.highest):
        y = panel.y(value)
        chart.shapes.append(Line([(_LEFT, y), (right, y)], _GRID, 0.6))
        chart.shapes.append(Words((_LEFT - 6, y + 3.5), f"{value:g}", 10, _GREY, "r"))
    first, last = panel.frames
    for frame in sorted(set(keyed)):
        if first <= frame <= last:
            x = panel.x(frame)
            chart.shapes.append(Line([(x, panel.top), (x, bottom)], _KEY, 0.8, 3))
    step = max(1, math.ceil((last - first) / 12))
    for frame in range(first, last + 1, step):
        chart.shapes.append(Words((panel.x(frame), bottom + 14), str(frame), 10, _GREY, "m"))


def _errors(chart: Chart, panel: _Panel, curves: TakeCurves) -> None:
    y = panel.y(curves.tolerance)
    chart.shapes.append(Line([(_LEFT, y), (_WIDTH - _RIGHT, y)], _LIMIT, 1.0, 5))
    _curves(chart, panel, curves, curves.error)
    for index, handle in zip(*np.nonzero(curves.lost), strict=True):
        place = (panel.x(int(curves.frames[index])), panel.y(float(curves.error[index, handle])))
        chart.shapes.append(Dot(place, 3.5, _LIMIT))


def _speeds(
    chart: Chart,
    panel: _Panel,
    curves: TakeCurves,
    asked: NDArray[np.floating],
    moved: NDArray[np.floating],
) -> None:
    _curves(chart, panel, curves, asked, 3.0)
    _curves(chart, panel, curves, moved)


def _curves(
    chart: Chart, panel: _Panel, curves: TakeCurves, values: NDArray[np.floating], dash: float = 0.0
) -> None:
    for handle in range(values.shape[1]):
        points = [
            (panel.x(int(frame)), panel.y(float(value)))
            for frame, value in zip(curves.frames, values[:, handle], strict=True)
        ]
        chart.shapes.append(Line(points, handle_colour(handle), 1.0 if dash else 1.8, dash))


def _bars(chart: Chart, panel: _Panel, curves: TakeCurves) -> None:
    wide = (_WIDTH - _LEFT - _RIGHT) / len(curves.frames)
    for frame, value in zip(curves.frames, curves.iterations, strict=True):
        x, y = panel.x(int(frame)), panel.y(float(value))
        chart.shapes.append(Box((x - 0.4 * wide, y, x + 0.4 * wide, panel.top + _PANEL_HEIGHT), _BARS))


def ticks(highest: float, most: int = 5) -> list[float]:
    """Round values from 0 up to `highest`, at most `most` of them."""
    step = 10.0 ** math.floor(math.log10(highest / most))
    step = next(step * factor for factor in (1, 2, 5, 10, 20) if highest / (step * factor) < most)
    return [round(step * index, 10) for index in range(int(highest / step) + 1)]
