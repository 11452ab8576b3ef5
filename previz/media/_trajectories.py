"""The ways of a shot's handles over one picture, named, with the frames of their keys."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from previz.errors import MediaError
from previz.media._frames import check_frame
from previz.media._overlay import fixed_point
from previz.media._text import BLACK, WHITE, Colour, put_text, text_width

# Okabe and Ito's colours, which also those tell apart who don't see all colours.
PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
_STILL_PX = 1.0  # what moves less is drawn as a point


def handle_colour(index: int) -> Colour:
    """The colour of a handle by its place in the take."""
    return PALETTE[index % len(PALETTE)]


def draw_trajectories(
    frame: NDArray[np.uint8],  # [H, W, 3]
    ways: NDArray[np.floating],  # [F, N, 2] x, y of each handle on each frame
    names: Sequence[str],
    numbers: Sequence[int],  # [F] frame numbers
    keyed: Sequence[int] = (),  # frame numbers
    scale: float | tuple[float, float] = 1.0,
) -> NDArray[np.uint8]:
    """Return a copy of the frame with each handle's whole way in a colour of its own.

    A ring is where it starts, dots are keys with their frame numbers; a handle that stays is a dot.
    `scale` takes points to pixels of the frame. Raises MediaError where lengths don't agree.
    """
    points = np.asarray(ways, np.float64) * np.asarray(scale)
    if points.shape != (len(numbers), len(names), 2):
        raise MediaError(f"ways are an array [{len(numbers)}, {len(names)}, 2], not {list(points.shape)}")
    image = check_frame(frame).copy()
    unit = max(min(frame.shape[:2]) / 512, 0.6)
    for index in range(len(names)):
        way = [fixed_point(point) for point in points[:, index] if np.isfinite(point).all()]
        lines = np.array(way, np.int32).reshape(-1, 1, 2)
        for colour, width in ((BLACK, 4.0), (handle_colour(index), 2.2)):
            cv2.polylines(image, [lines], False, colour, max(1, round(width * unit)), cv2.LINE_AA, 4)
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    around = 3.0 * unit  # letters keep off the ways too
    taken = [(x - around, y - around, x + around, y + around) for x, y in points.reshape(-1, 2).tolist()]
    marked = [index for index, number in enumerate(numbers) if number in set(keyed)]
    for index, name in enumerate(names):
        colour, start = handle_colour(index), points[0, index]
        moves = np.ptp(points[:, index], axis=0).max() / max(np.max(scale), 1e-9) > _STILL_PX
        for at in marked if moves else ():
            _dot(draw, points[at, index], 3.6 * unit, colour)
        _dot(draw, start, 5.5 * unit, colour, hollow=moves)
        _label(draw, start, name, 15 * unit, colour, taken, picture.size)
        for place, text in _at_one_place(points[:, index], marked, numbers, 9 * unit) if moves else ():
            _label(draw, place, text, 11.5 * unit, WHITE, taken, picture.size)
    return np.asarray(picture)


def _at_one_place(
    points: NDArray[np.float64], marked: Sequence[int], numbers: Sequence[int], near: float
) -> list[tuple[NDArray[np.float64], str]]:
    """The keys of one handle as places and texts; those that lie together share a text."""
    groups: list[list[int]] = []
    for at in marked:
        group = next((g for g in groups if np.hypot(*(points[at] - points[g[0]])) < near), None)
        if group is None:
            groups.append([at])
        else:
            group.append(at)
    return [(points[group[0]], ", ".join(str(numbers[at]) for at in group)) for group in groups]


def _dot(
    draw: ImageDraw.ImageDraw,
    point: NDArray[np.float64],
    radius: float,
    colour: Colour,
    hollow: bool = False,
) -> None:
    x, y = (float(value) for value in point - 0.5)
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, fill=None if hollow else colour, outline=BLACK, width=max(1, round(radius / 3)))
    if hollow:
        inner = max(1.0, radius / 4)
        box = (box[0] + inner, box[1] + inner, box[2] - inner, box[3] - inner)
        draw.ellipse(box, outline=colour, width=max(1, round(radius / 2.5)))


def _label(
    draw: ImageDraw.ImageDraw,
    point: NDArray[np.float64],
    text: str,
    size: float,
    colour: Colour,
    taken: list[tuple[float, float, float, float]],
    picture: tuple[int, int],
) -> None:
    """Write beside a point where nothing is written yet; leave out what finds no place."""
    x, y = (float(value) for value in point)
    wide, high, gap = text_width(text, size), size, 0.7 * size
    places = [
        (x + gap, y - high / 2),
        (x - gap - wide, y - high / 2),
        (x - wide / 2, y - gap - high),
        (x - wide / 2, y + gap),
        (x + gap, y - gap - high),
        (x + gap, y + gap),
        (x - gap - wide, y - gap - high),
        (x - gap - wide, y + gap),
    ]
    for left, top in places:
        box = (left, top, left + wide, top + high)
        inside = left >= 1 and top >= 1 and box[2] < picture[0] and box[3] < picture[1]
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            put_text(draw, (left, top + high / 2), text, size, colour, "lm", outline=max(1, round(size / 9)))
            return


def _overlap(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
