"""The size of a picture: what a user may ask for, and the Lanczos resampling that gets there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from previz.errors import MediaError

MIN_SIZE = 16
MAX_SIZE = 16_384

Size = int | tuple[int, int]


def check_frame(frame: Any) -> NDArray[np.uint8]:
    """Return `frame` if it is uint8 [H, W, 3]; raise MediaError otherwise."""
    if not isinstance(frame, np.ndarray):
        raise MediaError(f"a frame is a uint8 array [H, W, 3], not {type(frame).__name__}")
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        shape = ", ".join(str(n) for n in frame.shape)
        raise MediaError(f"a frame is a uint8 array [H, W, 3], not {frame.dtype} [{shape}]")
    return frame


def resolve_size(size: Size | None, height: int, width: int) -> tuple[int, int]:
    """Return the (width, height) in pixels that `size` asks for.

    `size` is None for the picture's own size, one number for its longer side (the other follows in
    proportion, rounded to an even number), or (width, height), to which the picture is stretched. Both have
    to be even, as 4:2:0 video stores colour at half size. Raises MediaError.
    """
    if size is None:
        wanted = (width, height)
    elif isinstance(size, int):
        _check_side(size)
        share = size / max(width, height)
        wanted = (size, _even(height * share)) if width >= height else (_even(width * share), size)
    else:
        wanted = (int(size[0]), int(size[1]))
    for side in wanted:
        _check_side(side)
    return wanted


def resize(frame: NDArray[np.uint8], size: Size | None) -> NDArray[np.uint8]:
    """Resample a frame, uint8 [H, W, 3], by antialiased Lanczos; see `resolve_size` for `size`."""
    frame = check_frame(frame)
    width, height = resolve_size(size, frame.shape[0], frame.shape[1])
    if (height, width) == frame.shape[:2]:
        return frame
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS))


def _check_side(side: int) -> None:
    if not MIN_SIZE <= side <= MAX_SIZE:
        raise MediaError(f"a video is {MIN_SIZE} to {MAX_SIZE} pixels wide and high, not {side}")
    if side % 2:
        raise MediaError(f"a video's width and height are even; {side} is odd, {side + 1} would do")


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
