"""What is drawn over a frame: handles, targets and mask, and a burn-in of text."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from previz.errors import MediaError
from previz.media._frames import check_frame

Colour = tuple[int, int, int]

# RGB. Red handles and blue targets are DragGAN's colours.
HANDLE: Colour = (230, 40, 45)
LOST = (255, 170, 0)
TARGET = (40, 110, 255)
WHITE = (255, 255, 255)
BLACK = (0, 0, 0)

_FIXED_BRIGHTNESS = 0.55
_SHIFT = 4  # OpenCV takes coordinates in fixed point: 4 bits are 1/16 px
_FONT_SHARE = 0.045  # height of a burn-in's letters, of the picture's shorter side


def draw_overlay(
    frame: NDArray[np.uint8],  # [H, W, 3]
    handles: NDArray[np.floating],  # [N, 2] x, y in pixels of the solved picture
    targets: NDArray[np.floating],  # [N, 2] likewise
    mask: NDArray[np.floating] | None = None,  # [h, w] 1 = movable, 0 = fixed
    scale: float | tuple[float, float] = 1.0,
    lost: NDArray[np.bool_] | None = None,  # [N]
) -> NDArray[np.uint8]:
    """Return a copy of the frame, uint8 [H, W, 3], with handles, targets and the mask drawn on it.

        draw_overlay(resize(frame, 512), take.handles[0], take.targets[0], scale=512 / take.width)

    A handle is a red disc (an orange ring where it is lost), its target a blue ring with a line to it. What
    the mask keeps fixed is darkened. `scale` takes points to pixels of `frame`; the mask is stretched to it.
    Raises MediaError where shapes don't agree.
    """
    frame = check_frame(frame)
    handles, targets = _points(handles, "handles"), _points(targets, "targets")
    if handles.shape != targets.shape:
        raise MediaError(f"there are {len(handles)} handles, but {len(targets)} targets")
    image = frame.copy() if mask is None else _darken_fixed(frame, mask)
    unit = max(min(frame.shape[:2]) / 512, 0.75)  # smaller marks are no longer round
    handles, targets = handles * np.asarray(scale), targets * np.asarray(scale)
    is_lost = np.zeros(len(handles), bool) if lost is None else np.asarray(lost, bool)
    for handle, target in zip(handles, targets, strict=True):
        _line(image, handle, target, BLACK, 3.5 * unit)
        _line(image, handle, target, WHITE, 1.5 * unit)
    for target in targets:
        _ring(image, target, 6 * unit, WHITE, 4.5 * unit)
        _ring(image, target, 6 * unit, TARGET, 2.5 * unit)
    for handle, gone in zip(handles, is_lost, strict=True):
        if gone:
            _ring(image, handle, 5 * unit, LOST, 2.5 * unit)
        else:
            _disc(image, handle, 5.5 * unit, WHITE)
            _disc(image, handle, 4 * unit, HANDLE)
    return image


def draw_burn_in(
    frame: NDArray[np.uint8],  # [H, W, 3]
    top_left: str = "",
    top_right: str = "",
    bottom_left: str = "",
    bottom_right: str = "",
) -> NDArray[np.uint8]:
    """Return a copy of the frame, uint8 [H, W, 3], with outlined text in its corners.

    draw_burn_in(frame, top_left="sq010_sh020", top_right="1012", bottom_left="00:00:42:04")
    """
    height, width = check_frame(frame).shape[:2]
    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image)
    size = max(10.0, min(height, width) * _FONT_SHARE)
    margin, outline = size * 0.6, max(1, round(size / 10))
    corners = {
        "la": ((margin, margin), top_left),
        "ra": ((width - margin, margin), top_right),
        "ls": ((margin, height - margin), bottom_left),
        "rs": ((width - margin, height - margin), bottom_right),
    }
    for anchor, (place, text) in corners.items():
        if text:
            draw.text(place, text, WHITE, _font(size), anchor, stroke_width=outline, stroke_fill=BLACK)
    return np.asarray(image)


def draw_label(frame: NDArray[np.uint8], text: str, size: float) -> NDArray[np.uint8]:
    """Return a copy of the frame, uint8 [H, W, 3], with text centred in it, `size` pixels high."""
    image = Image.fromarray(frame)
    place = (frame.shape[1] / 2, frame.shape[0] / 2)
    ImageDraw.Draw(image).text(place, text, WHITE, _font(size), "mm")
    return np.asarray(image)


@lru_cache(maxsize=16)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _points(points: NDArray[np.floating], name: str) -> NDArray[np.float64]:
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise MediaError(f"{name} are an array [N, 2], not {list(array.shape)}")
    return array


def _darken_fixed(frame: NDArray[np.uint8], mask: NDArray[np.floating]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    movable = np.asarray(mask, np.float32)
    if movable.ndim != 2:
        raise MediaError(f"a mask is an array [H, W], not {list(movable.shape)}")
    movable = np.asarray(Image.fromarray(movable).resize((width, height), Image.Resampling.BILINEAR))
    gain = _FIXED_BRIGHTNESS + (1 - _FIXED_BRIGHTNESS) * movable.clip(0, 1)
    return np.rint(frame * gain[..., None]).astype(np.uint8)


def _fixed_point(point: NDArray[np.float64]) -> tuple[int, int]:
    # OpenCV's (0, 0) is the centre of the first pixel, ours its corner. Far-away points would overflow.
    x, y = (np.clip(point, -(2**14), 2**14) - 0.5) * 2**_SHIFT
    return round(x), round(y)


def _disc(image: NDArray[np.uint8], point: NDArray[np.float64], radius: float, colour: Colour) -> None:
    _ring(image, point, radius, colour, -1)


def _ring(
    image: NDArray[np.uint8], point: NDArray[np.float64], radius: float, colour: Colour, width: float
) -> None:
    if np.isfinite(point).all():
        fixed_radius, thickness = round(radius * 2**_SHIFT), -1 if width < 0 else max(1, round(width))
        cv2.circle(image, _fixed_point(point), fixed_radius, colour, thickness, cv2.LINE_AA, _SHIFT)


def _line(
    image: NDArray[np.uint8],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    colour: Colour,
    width: float,
) -> None:
    if np.isfinite(start).all() and np.isfinite(end).all():
        ends = _fixed_point(start), _fixed_point(end)
        cv2.line(image, *ends, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)
