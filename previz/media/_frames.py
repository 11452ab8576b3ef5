"""What a frame may be: its type, its channels, and the way from one type to another.

Values are those of a display, sRGB primaries and curve: 0..255 in uint8, 0..65535 in uint16, 0..1 in float32.
A fourth channel is an alpha that is not multiplied into the colours (straight).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from previz.errors import MediaError

Frame = NDArray[np.uint8 | np.uint16 | np.float32]
"""[H, W, 3] or, with an alpha, [H, W, 4]."""


def check_frame(frame: Any) -> NDArray[np.uint8]:
    """Return `frame` if it is uint8 [H, W, 3], as all that draws wants it; raise MediaError otherwise."""
    if not isinstance(frame, np.ndarray):
        raise MediaError(f"a frame is a uint8 array [H, W, 3], not {type(frame).__name__}")
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise MediaError(f"a frame is a uint8 array [H, W, 3], not {_described(frame)}")
    return frame


def check_any_frame(frame: Any) -> Frame:
    """Return `frame` if it is one of any type, with or without an alpha; raise MediaError otherwise."""
    wanted = "a frame is a uint8, uint16 or float32 array [H, W, 3] or [H, W, 4]"
    if not isinstance(frame, np.ndarray):
        raise MediaError(f"{wanted}, not {type(frame).__name__}")
    known = frame.dtype in (np.uint8, np.uint16, np.float32)
    if not known or frame.ndim != 3 or frame.shape[2] not in (3, 4) or 0 in frame.shape:
        raise MediaError(f"{wanted}, not {_described(frame)}")
    return frame


def has_alpha(frame: Frame) -> bool:
    """Tell whether a frame has a fourth channel."""
    return bool(frame.shape[2] == 4)


def to_uint8(frame: Frame) -> NDArray[np.uint8]:
    """Round a frame to 8 bits a channel; what lies outside of 0..1 is clipped."""
    return (frame if frame.dtype == np.uint8 else _to_levels(frame, 255)).astype(np.uint8, copy=False)


def to_uint16(frame: Frame) -> NDArray[np.uint16]:
    """Give a frame 16 bits a channel; what lies outside of 0..1 is clipped."""
    if frame.dtype == np.uint8:
        return frame.astype(np.uint16) * np.uint16(257)
    return (frame if frame.dtype == np.uint16 else _to_levels(frame, 65535)).astype(np.uint16, copy=False)


def to_float(frame: Frame) -> NDArray[np.float32]:
    """Give a frame values of 0..1 in float32; float frames stay as they are, clipped nowhere."""
    if frame.dtype == np.float32:
        return frame.astype(np.float32, copy=False)
    return frame.astype(np.float32) / np.float32(255 if frame.dtype == np.uint8 else 65535)


def like(frame: NDArray[np.float32], sample: Frame) -> Frame:
    """Give a float frame the type of `sample`."""
    if sample.dtype == np.uint8:
        return to_uint8(frame)
    return to_uint16(frame) if sample.dtype == np.uint16 else frame


def with_alpha(frame: Frame, alpha: NDArray[np.floating]) -> Frame:
    """Return a frame [H, W, 3] with `alpha` [H, W], 0 clear to 1 opaque, as its fourth channel."""
    alpha = np.asarray(alpha, np.float32)
    if alpha.shape != frame.shape[:2]:
        raise MediaError(f"an alpha is as large as its frame, {_size(frame)}, not {_size(alpha)}")
    return np.concatenate([frame[..., :3], like(alpha[..., None], frame)], axis=-1)


def over_black(frame: Frame) -> Frame:
    """Return a frame without its alpha, as it looks on black."""
    if not has_alpha(frame):
        return frame
    picture = to_float(frame)
    return like(picture[..., :3] * picture[..., 3:], frame)


def _to_levels(frame: Frame, top: int) -> NDArray[np.float64]:
    share = to_float(frame).astype(np.float64)
    return np.floor(np.nan_to_num(share).clip(0, 1) * top + 0.5)


def _described(frame: NDArray[Any]) -> str:
    return f"{frame.dtype} [{', '.join(str(n) for n in frame.shape)}]"


def _size(frame: NDArray[Any]) -> str:
    return f"{frame.shape[1]} x {frame.shape[0]}"
