"""Many pictures on one: plain contact sheets, and a shot told by its keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from previz.errors import MediaError
from previz.media._frames import check_frame
from previz.media._text import WHITE, Colour, draw_label, fitting_size, put_text, text_width

_GROUND: Colour = (24, 24, 26)
_GREY: Colour = (146, 148, 152)
_ACCENT: Colour = (230, 40, 45)
_HERO = 2  # rows and columns that the large picture takes


def contact_sheet(
    frames: Sequence[NDArray[np.uint8]],  # uint8 [H, W, 3] each, all of one size
    columns: int | None = None,
    labels: Sequence[str] | None = None,
    gap: int = 4,
) -> NDArray[np.uint8]:
    """Lay frames out on a dark sheet, row by row, and return it as uint8 [H, W, 3].

    `columns` defaults to a sheet about as wide as high; a label stands under its frame. Raises MediaError for
    no frames, frames of several sizes, or labels that aren't one a frame.
    """
    if not frames:
        raise MediaError("a contact sheet needs at least one frame")
    if columns is not None and columns < 1:
        raise MediaError(f"a contact sheet has at least one column, not {columns}")
    height, width = check_frame(frames[0]).shape[:2]
    if any(check_frame(frame).shape != frames[0].shape for frame in frames):
        raise MediaError("the frames of a contact sheet are all of one size")
    if labels is not None and len(labels) != len(frames):
        raise MediaError(f"there are {len(frames)} frames, but {len(labels)} labels")
    columns = min(columns or int(np.ceil(np.sqrt(len(frames)))), len(frames))
    rows = -(-len(frames) // columns)
    strip = max(14, height // 12) if labels is not None else 0
    cell_height, cell_width = height + strip + gap, width + gap
    sheet = np.full((rows * cell_height + gap, columns * cell_width + gap, 3), 24, np.uint8)
    for index, frame in enumerate(frames):
        top, left = gap + index // columns * cell_height, gap + index % columns * cell_width
        sheet[top : top + height, left : left + width] = frame
        if labels is not None:
            area = slice(top + height, top + height + strip), slice(left, left + width)
            sheet[area] = draw_label(sheet[area], labels[index], strip * 0.7)
    return sheet


@dataclass(frozen=True)
class SheetCell:
    """One picture of a shot's sheet."""

    picture: NDArray[np.uint8]  # [H, W, 3]
    label: str
    key: bool = False


def shot_sheet(
    title: str,
    facts: Mapping[str, str],
    cells: Sequence[SheetCell],
    hero: NDArray[np.uint8] | None = None,  # [h, w, 3] of any size
    columns: int | None = None,
    hero_label: str = "",
) -> NDArray[np.uint8]:
    """Lay a shot out as a sheet, uint8 [h, w, 3]: a heading, a large picture, and its frames in order.

        shot_sheet("sq010_sh020", {"rate": "24 fps"}, [SheetCell(frame, "1001", key=True)], first_frame)

    Keys are framed in red, in-betweens are plain. `hero` takes the place of four pictures at the top left.
    `columns` defaults to a sheet that is wider than high. Raises MediaError for no cells, or cells of several
    sizes.
    """
    if not cells:
        raise MediaError("a sheet needs at least one frame")
    height, width = check_frame(cells[0].picture).shape[:2]
    if any(check_frame(cell.picture).shape != cells[0].picture.shape for cell in cells):
        raise MediaError("the frames of a sheet are all of one size")
    gap, strip = max(6, width // 24), max(16, height // 9)
    places = len(cells) + (_HERO * _HERO if hero is not None else 0)
    least = _HERO + 1 if hero is not None else 1
    columns = max(columns or _columns(places), least)
    pitch = (width + gap, height + strip + gap)
    slots = _slots(len(cells), columns, hero is not None)
    rows = max(max(row for row, _ in slots) + 1, _HERO if hero is not None else 0)
    used = max(max(column for _, column in slots) + 1, _HERO if hero is not None else 0)
    head = round(strip * 2.2)
    size = (used * pitch[0] + gap, head + rows * pitch[1] + gap // 2)
    sheet = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(sheet)
    _put_heading(draw, title, facts, (gap, head), size[0] - 2 * gap)
    if hero is not None:
        large = (_HERO * pitch[0] - gap, _HERO * pitch[1] - gap - strip)
        fitted = _fitted(check_frame(hero), large)
        sheet.paste(Image.fromarray(fitted), (gap, head))
        middle = head + fitted.shape[0] + strip / 2 + 1
        letters = fitting_size(hero_label, strip * 0.62, fitted.shape[1] - gap)
        put_text(draw, (gap, middle), hero_label, letters, _GREY, "lm")
    for cell, (row, column) in zip(cells, slots, strict=True):
        left, top = gap + column * pitch[0], head + row * pitch[1]
        sheet.paste(Image.fromarray(cell.picture), (left, top))
        if cell.key:
            line = max(2, width // 90)
            draw.rectangle((left, top, left + width - 1, top + height - 1), outline=_ACCENT, width=line)
        letters, middle = strip * 0.62, top + height + strip / 2 + 1
        put_text(draw, (left, middle), cell.label, letters, WHITE if cell.key else _GREY, "lm")
        if cell.key:
            put_text(draw, (left + width, middle), "key", letters * 0.85, _ACCENT, "rm")
    return np.asarray(sheet)


def _columns(places: int) -> int:
    """As many columns as make a sheet wider than high, and leave the fewest places empty."""
    best = int(np.ceil(np.sqrt(places * 1.7)))
    return min(range(max(1, best - 1), best + 2), key=lambda columns: (-places % columns, columns))


def _slots(count: int, columns: int, hero: bool) -> list[tuple[int, int]]:
    """The (row, column) of each cell, around the large picture at the top left."""
    slots: list[tuple[int, int]] = []
    index = 0
    while len(slots) < count:
        row, column = divmod(index, columns)
        if not (hero and row < _HERO and column < _HERO):
            slots.append((row, column))
        index += 1
    return slots


def _put_heading(
    draw: ImageDraw.ImageDraw, title: str, facts: Mapping[str, str], box: tuple[int, int], width: float
) -> None:
    """The title at the left, the facts at the right, on one line."""
    left, height = box
    letters = fitting_size(title, height * 0.42, width * 0.6)
    put_text(draw, (left, height * 0.56), title, letters, WHITE, "lm")
    told = "   ".join(f"{label} {value}" if label else value for label, value in facts.items())
    room = width - text_width(title, letters) - height * 0.5
    small = fitting_size(told, height * 0.27, room)
    put_text(draw, (left + width, height * 0.58), told, small, _GREY, "rm")


def _fitted(picture: NDArray[np.uint8], box: tuple[int, int]) -> NDArray[np.uint8]:
    share = min(1.0, box[0] / picture.shape[1], box[1] / picture.shape[0])
    sides = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    return np.asarray(Image.fromarray(picture).resize(sides, Image.Resampling.LANCZOS))
