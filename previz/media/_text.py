"""Text on pictures, in the font that Pillow brings along: Aileron Regular, which is in the public domain."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

# What the font lacks and taking accents away doesn't give; what else it lacks is shown as a box.
_SPELT = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"})
_SPELT |= str.maketrans({"–": "-", "—": "-", "×": "x", "→": ">", "±": "+-"})


@lru_cache(maxsize=32)
def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font with letters of a size in pixels. All its digits are of one width, so that numbers stand."""
    return ImageFont.load_default(size)


def legible(text: str) -> str:
    """Spell a text with the letters that the font has: without accents."""
    apart = unicodedata.normalize("NFKD", text.translate(_SPELT))
    return "".join(character for character in apart if not unicodedata.combining(character))


def text_width(text: str, size: float) -> float:
    """How wide a text is, pixels."""
    return float(font(max(size, 1.0)).getlength(legible(text)))


def fitting_size(text: str, size: float, width: float, least: float = 6.0) -> float:
    """Return `size`, or the smaller one at which a text is no wider than `width`, but at least `least`."""
    wide = text_width(text, size)
    return size if wide <= max(width, 0) else max(least, size * width / wide)


def put_text(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: float,
    colour: Colour = WHITE,
    anchor: str = "la",
    outline: int = 0,
) -> None:
    """Write a text at (x, y); `anchor` is Pillow's, `outline` the pixels of black around the letters."""
    draw.text(
        place, legible(text), colour, font(max(size, 1.0)), anchor, stroke_width=outline, stroke_fill=BLACK
    )


def draw_label(frame: NDArray[np.uint8], text: str, size: float, colour: Colour = WHITE) -> NDArray[np.uint8]:
    """Return a copy of the frame, uint8 [H, W, 3], with text centred in it, `size` pixels high."""
    image = Image.fromarray(frame)
    size = fitting_size(text, size, frame.shape[1])
    put_text(ImageDraw.Draw(image), (frame.shape[1] / 2, frame.shape[0] / 2), text, size, colour, "mm")
    return np.asarray(image)
