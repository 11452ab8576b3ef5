"""The size of a picture: what a user may ask for, and the Lanczos resampling that gets there."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from previz.errors import MediaError
from previz.media._frames import Frame, check_any_frame, like, to_float

MIN_SIZE = 16
MAX_SIZE = 16_384

Size = int | tuple[int, int]


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


@overload
def resize(frame: NDArray[np.uint8], size: Size | None) -> NDArray[np.uint8]: ...
@overload
def resize(frame: Frame, size: Size | None) -> Frame: ...
def resize(frame: Frame, size: Size | None) -> Frame:
    """Resample a frame of any type by antialiased Lanczos; see `resolve_size` for `size`.

    Channels are resampled apart from each other, so that what is clear keeps its colour. float32 frames may
    overshoot their range beside edges; the others are clipped to it.
    """
    check_any_frame(frame)
    width, height = resolve_size(size, frame.shape[0], frame.shape[1])
    if (height, width) == frame.shape[:2]:
        return frame
    if frame.dtype == np.uint8 and frame.shape[2] == 3:
        return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS))
    return like(_resample(to_float(frame), width, height), frame)


def _resample(frame: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize((width, height), Image.Resampling.LANCZOS)
        for channel in np.moveaxis(frame, -1, 0)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def _check_side(side: int) -> None:
    if not MIN_SIZE <= side <= MAX_SIZE:
        raise MediaError(f"a video is {MIN_SIZE} to {MAX_SIZE} pixels wide and high, not {side}")
    if side % 2:
        raise MediaError(f"a video's width and height are even; {side} is odd, {side + 1} would do")


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
