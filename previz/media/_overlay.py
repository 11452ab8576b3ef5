"""What is drawn over a frame: handles, targets and mask, the ways of handles, and ghosts of other frames."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from previz.errors import MediaError
from previz.media._frames import check_frame
from previz.media._text import BLACK, WHITE, Colour

# RGB. Red handles and blue targets are DragGAN's colours.
HANDLE: Colour = (230, 40, 45)
LOST = (255, 170, 0)
TARGET = (40, 110, 255)
BEFORE: Colour = (255, 110, 60)
AFTER: Colour = (60, 200, 255)

_FIXED_BRIGHTNESS = 0.55
_SHIFT = 4  # OpenCV takes coordinates in fixed point: 4 bits are 1/16 px
_GHOST_OPACITY = 0.55
_GHOST_TINT = 0.6


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


def draw_trails(
    frame: NDArray[np.uint8],  # [H, W, 3]
    ways: NDArray[np.floating],  # [F, N, 2] x, y of each handle on each frame
    index: int,
    reach: int,
    scale: float | tuple[float, float] = 1.0,
    keyed: Sequence[int] = (),
) -> NDArray[np.uint8]:
    """Return a copy of the frame with the handles' ways, `reach` frames before (orange) and after (blue).

    `ways[index]` is where they are now. A dot is a frame, a larger one a key (`keyed` are indices of them);
    both fade with their distance in time. `scale` takes points to pixels of the frame. Raises MediaError
    where shapes don't agree.
    """
    frame = check_frame(frame)
    points = np.asarray(ways, np.float64)
    if points.ndim != 3 or points.shape[2] != 2:
        raise MediaError(f"ways are an array [F, N, 2], not {list(points.shape)}")
    if not 0 <= index < len(points):
        raise MediaError(f"there are {len(points)} frames of ways, and no number {index}")
    points, unit = points * np.asarray(scale), max(min(frame.shape[:2]) / 512, 0.75)
    image, keys = frame, set(keyed)
    for step, colour in ((-1, BEFORE), (1, AFTER)):
        last = max(0, index - reach) if step < 0 else min(len(points) - 1, index + reach)
        cover = np.zeros(frame.shape[:2], np.uint8)
        for at in range(last, index, -step):  # from afar to here, so that what is near lies on top
            strength = round(255 * (1 - (abs(at - index) - 1) / max(reach, 1)) * 0.85 + 38)
            for start, end in zip(points[at], points[at - step], strict=True):
                _line(cover, start, end, min(strength, 255), unit)
            for point in points[at]:
                _disc(cover, point, (4.5 if at in keys else 2.4) * unit, min(strength, 255))
        share = cover[..., None] / 255
        image = np.rint(image * (1 - share) + np.array(colour) * share).astype(np.uint8)
    return image


def draw_onion(
    frame: NDArray[np.uint8],  # [H, W, 3]
    before: Sequence[NDArray[np.uint8]] = (),  # [H, W, 3] each, the nearest first
    after: Sequence[NDArray[np.uint8]] = (),
) -> NDArray[np.uint8]:
    """Return the frame with other frames as ghosts, tinted orange (before) and blue (after).

    A ghost shows only where it differs from the frame, and the weaker, the further it is in the list.
    Raises MediaError where sizes differ.
    """
    image = check_frame(frame).astype(np.float32)
    now = image.copy()
    for ghosts, colour in ((after, AFTER), (before, BEFORE)):
        for rank, ghost in reversed(list(enumerate(ghosts))):
            if check_frame(ghost).shape != frame.shape:
                raise MediaError("a ghost is as large as its frame")
            seen = ghost.astype(np.float32)
            share = (np.abs(seen - now).max(axis=-1, keepdims=True) / 48).clip(0, 1)
            share = cv2.GaussianBlur(share, (0, 0), max(0.5, min(frame.shape[:2]) / 500))[..., None]
            grey = seen @ np.array([0.2126, 0.7152, 0.0722], np.float32)
            tinted = (1 - _GHOST_TINT) * seen + _GHOST_TINT * grey[..., None] / 255 * np.array(colour)
            share *= _GHOST_OPACITY / (rank + 1)
            image = image * (1 - share) + tinted * share
    return np.rint(image).clip(0, 255).astype(np.uint8)


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


def fixed_point(point: NDArray[np.float64]) -> tuple[int, int]:
    """A point (x, y) in OpenCV's fixed point of 4 bits."""
    # OpenCV's (0, 0) is the centre of the first pixel, ours its corner. Far-away points would overflow.
    x, y = (np.clip(point, -(2**14), 2**14) - 0.5) * 2**_SHIFT
    return round(x), round(y)


def _disc(image: NDArray[np.uint8], point: NDArray[np.float64], radius: float, colour: Colour | int) -> None:
    _ring(image, point, radius, colour, -1)


def _ring(
    image: NDArray[np.uint8], point: NDArray[np.float64], radius: float, colour: Colour | int, width: float
) -> None:
    if np.isfinite(point).all():
        fixed_radius, thickness = round(radius * 2**_SHIFT), -1 if width < 0 else max(1, round(width))
        cv2.circle(image, fixed_point(point), fixed_radius, colour, thickness, cv2.LINE_AA, _SHIFT)


def _line(
    image: NDArray[np.uint8],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    colour: Colour | int,
    width: float,
) -> None:
    if np.isfinite(start).all() and np.isfinite(end).all():
        ends = fixed_point(start), fixed_point(end)
        cv2.line(image, *ends, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)
