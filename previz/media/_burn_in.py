"""What is written on and around frames: burn-ins, a slate, black bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from previz.errors import MediaError
from previz.media._frames import Frame, check_any_frame, check_frame, has_alpha, like, to_float, to_uint8
from previz.media._resize import resize
from previz.media._text import WHITE, Colour, fitting_size, put_text, text_width

_FONT_SHARE = 0.045  # height of a burn-in's letters, of the picture's shorter side
_LEAST_FONT = 10.0
_DARK: Colour = (24, 24, 26)
_GREY: Colour = (146, 148, 152)
_ACCENT: Colour = (230, 40, 45)
_BARS = (  # 75% colour bars, then steps of grey
    [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191)],
    [(16 * step, 16 * step, 16 * step) for step in range(0, 16, 2)] + [(255, 255, 255)],
)


def draw_over(frame: Frame, draw: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Frame:
    """Apply what draws on uint8 [H, W, 3] to a frame of any type: its other pixels keep their depth.

    Where something is drawn, the frame's alpha becomes opaque.
    """
    if check_any_frame(frame).dtype == np.uint8 and not has_alpha(frame):
        return draw(frame.astype(np.uint8, copy=False))
    plain = to_uint8(frame)[..., :3]
    drawn = draw(plain)
    changed = (drawn != plain).any(axis=-1)
    result = frame.copy()
    result[changed, :3] = like(to_float(drawn), frame)[changed]
    if has_alpha(frame):
        result[changed, 3:] = like(np.ones((1, 1, 1), np.float32), frame)[0]
    return result


def draw_burn_in(
    frame: NDArray[np.uint8],  # [H, W, 3]
    top_left: str = "",
    top_right: str = "",
    bottom_left: str = "",
    bottom_right: str = "",
    top: str = "",
    bottom: str = "",
) -> NDArray[np.uint8]:
    """Return a copy of the frame, uint8 [H, W, 3], with outlined text in its corners and between them.

        draw_burn_in(frame, top_left="sq010_sh020", top_right="1012", bottom_left="00:00:42:04")

    Letters shrink where the texts of an edge would run into each other. `top` and `bottom` stand in the
    middle of their edges.
    """
    height, width = check_frame(frame).shape[:2]
    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image)
    wanted = max(_LEAST_FONT, min(height, width) * _FONT_SHARE)
    for texts, line in (((top_left, top, top_right), "a"), ((bottom_left, bottom, bottom_right), "s")):
        size = _edge_size(texts, wanted, width)
        margin, outline = wanted * 0.6, max(1, round(size / 10))
        y = margin if line == "a" else height - margin
        for text, x, side in zip(texts, (margin, width / 2, width - margin), "lmr", strict=True):
            if text:
                put_text(draw, (x, y), text, size, WHITE, side + line, outline)
    return np.asarray(image)


def letterbox(frame: Frame, ratio: float, fit: str = "matte") -> Frame:
    """Return a frame of any type with black, opaque bars, so that what is seen is `ratio` wide over high.

        letterbox(frame, 2.39)  # [512, 512, 3] stays so; the middle 214 rows are seen

    A "matte" lies over the picture; "pad" leaves all of it to be seen, and makes the frame larger, to even
    sides. Raises MediaError for another `fit`, and where nothing would be seen.
    """
    height, width = check_any_frame(frame).shape[:2]
    if fit not in ("matte", "pad"):
        raise MediaError(f"a letterbox's fit is matte or pad, not {fit!r}")
    wide, high = letterbox_size(width, height, ratio, fit)
    bar = np.zeros(frame.shape[2], np.float32)
    bar[3:] = 1
    black = like(bar[None, None], frame)[0, 0]
    if fit == "pad":
        result = np.empty((high, wide, frame.shape[2]), frame.dtype)
        result[:] = black
        top, left = (high - height) // 2, (wide - width) // 2
        result[top : top + height, left : left + width] = frame
        return result
    result = frame.copy()
    rows, columns = (
        round((height - min(height, width / ratio)) / 2),
        round((width - min(width, height * ratio)) / 2),
    )
    if 2 * rows >= height or 2 * columns >= width:
        raise MediaError(f"a letterbox of {ratio:g} leaves nothing of a picture of {width} x {height}")
    result[:rows], result[height - rows :] = black, black
    result[:, :columns], result[:, width - columns :] = black, black
    return result


def letterbox_size(width: int, height: int, ratio: float, fit: str = "matte") -> tuple[int, int]:
    """The (width, height) of a frame that `letterbox` returns for one of `width` x `height`."""
    if fit != "pad":
        return width, height
    return max(width, 2 * round(height * ratio / 2)), max(height, 2 * round(width / ratio / 2))


def draw_slate(
    size: tuple[int, int],
    title: str,
    rows: Mapping[str, str],
    picture: NDArray[np.uint8] | None = None,  # [h, w, 3]
) -> NDArray[np.uint8]:
    """Return a slate of a (width, height), uint8 [H, W, 3]: a title, rows of facts, a picture, test colours.

        draw_slate((512, 512), "sq010_sh020", {"version": "v003", "frames": "1001-1048"}, first_frame)

    The colours at the foot are 75% bars over steps of grey, by which a wrong conversion is seen.
    """
    width, height = size
    canvas = Image.new("RGB", size, _DARK)
    draw = ImageDraw.Draw(canvas)
    unit = min(width, height * 1.2) / 100
    margin, foot = 6 * unit, height - 9 * unit
    wide = width >= 0.9 * height
    head = fitting_size(title, 9 * unit, width - 2 * margin)
    put_text(draw, (margin, margin), title, head, WHITE, "la")
    line = margin + 12.5 * unit
    draw.rectangle((margin, line, width - margin, line + max(1.0, 0.5 * unit)), fill=_ACCENT)
    top, bottom = line + 6 * unit, foot - 5 * unit
    left_width = width - 2 * margin
    if picture is not None and wide and bottom - top > 8:
        shown = _within(picture, 0.42 * width, bottom - top)
        left_width -= shown.shape[1] + 4 * unit
        canvas.paste(Image.fromarray(shown), (round(width - margin - shown.shape[1]), round(top)))
    _put_rows(draw, rows, (margin, top), (left_width, bottom - top), unit)
    _put_bars(draw, (0.0, foot, float(width), float(height)))
    return np.asarray(canvas)


def _edge_size(texts: Sequence[str], size: float, width: int) -> float:
    """The letters' size at which the three texts of an edge stand apart from each other."""
    margin, least = size * 0.6, size * 0.3
    while size > least and _edge_width(texts, size) > width - 2 * margin:
        size *= 0.96  # step by step, as small letters are rounded to whole pixels
    return size


def _edge_width(texts: Sequence[str], size: float) -> float:
    left, middle, right = (text_width(text, size) for text in texts)
    gap = 0.8 * size
    aside = 2 * max(left, right) + middle + 2 * gap * bool(left or right) if middle else 0.0
    return max(left + right + gap * bool(left and right), aside)


def _put_rows(
    draw: ImageDraw.ImageDraw,
    rows: Mapping[str, str],
    place: tuple[float, float],
    room: tuple[float, float],
    unit: float,
) -> None:
    """Facts under each other: the label small and grey, its value beside it."""
    if not rows:
        return
    pitch = min(7 * unit, room[1] / len(rows))
    size = min(4 * unit, pitch * 0.68)
    labels = max(text_width(label, size * 0.85) for label in rows) + 2.5 * unit
    for index, (label, value) in enumerate(rows.items()):
        base = place[1] + index * pitch + size
        put_text(draw, (place[0], base), label, size * 0.85, _GREY, "ls")
        fitted = fitting_size(value, size, room[0] - labels, least=size * 0.5)
        put_text(draw, (place[0] + labels, base), value, fitted, WHITE, "ls")


def _put_bars(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    for row, colours in enumerate(_BARS):
        high = (bottom - top) / 2
        for index, colour in enumerate(colours):
            x = [left + (right - left) * (index + end) / len(colours) for end in (0, 1)]
            draw.rectangle((x[0], top + row * high, x[1], top + (row + 1) * high), fill=colour)


def _within(picture: NDArray[np.uint8], width: float, height: float) -> NDArray[np.uint8]:
    """A picture made to fit a box, its sides even."""
    share = min(width / picture.shape[1], height / picture.shape[0])
    sides = [max(16, 2 * round(side * share / 2)) for side in (picture.shape[1], picture.shape[0])]
    return resize(check_frame(picture), (sides[0], sides[1]))
