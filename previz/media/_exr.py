"""OpenEXR: scene-linear float pictures whose header tells their colours, frame, rate and timecode."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from previz.errors import MediaError
from previz.timebase import drops_frames, timecode

_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)  # x, y of red, green, blue and white
_LINEAR = "lin_rec709_scene"  # the Color Interop Forum's name of it
_MAGIC = b"\x76\x2f\x31\x01"
_MOST_TIMECODE_FRAMES = 30


def to_linear(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn sRGB's display values into linear light (IEC 61966-2-1); below 0 the curve is mirrored."""
    size = np.abs(values)
    light = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.copysign(light, values), np.float32)


def from_linear(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn linear light into sRGB's display values: the inverse of `to_linear`."""
    size = np.abs(light)
    values = np.where(size <= 0.0031308, size * 12.92, 1.055 * size ** (1 / 2.4) - 0.055)
    return np.asarray(np.copysign(values, light), np.float32)


def write_exr(
    frame: NDArray[np.float32],  # [H, W, 3 or 4] display values, the alpha straight
    path: Path,
    half: bool = False,
    number: int | None = None,
    rate: Fraction | None = None,
) -> None:
    """Write one frame as linear light, ZIP compressed, 32-bit float or `half`, over what is at `path`.

    The alpha is multiplied in, as is usual in EXR. The header has `chromaticities` and `colorInteropID`; with
    a `number` its `imageCounter`, with a `rate` too `framesPerSecond` and `timeCode`. Raises OSError.
    """
    light = to_linear(frame[..., :3])
    if frame.shape[2] == 4:
        light = np.concatenate([light * frame[..., 3:], frame[..., 3:]], axis=-1)
    pixels = np.ascontiguousarray(light.astype(np.float16 if half else np.float32))
    channels = {"RGBA" if frame.shape[2] == 4 else "RGB": pixels}
    try:
        OpenEXR.File(_header(number, rate), channels).write(str(path))
    except RuntimeError as error:
        raise OSError(str(error)) from error


def read_exr(path: Path) -> NDArray[np.float32]:
    """Read an EXR's RGB(A) as display values [H, W, 3 or 4], the alpha straight. Raises MediaError."""
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:  # the library would write about it on stderr
            raise MediaError(f"{path}: can't be read as an EXR: it isn't one")
    try:
        channels = OpenEXR.File(str(path)).channels()
    except (RuntimeError, ValueError) as error:
        raise MediaError(f"{path}: can't be read as an EXR: {error}") from error
    name = next((name for name in ("RGBA", "RGB") if name in channels), None)
    if name is None:
        raise MediaError(f"{path}: has no RGB channels, but {', '.join(channels)}")
    pixels = np.asarray(channels[name].pixels, np.float32)
    if name == "RGB":
        return from_linear(pixels)
    alpha = pixels[..., 3:]
    colour = np.divide(pixels[..., :3], alpha, out=pixels[..., :3].copy(), where=alpha > 0)
    return np.concatenate([from_linear(colour), alpha], axis=-1)


def _header(number: int | None, rate: Fraction | None) -> dict[str, Any]:
    header: dict[str, Any] = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "chromaticities": _BT709,
        "colorInteropID": _LINEAR,
        "oiio:ColorSpace": _LINEAR,
        "software": "previz",
    }
    if number is not None:
        header["imageCounter"] = number
    if rate is not None:
        header["framesPerSecond"] = Fraction(rate)
        if number is not None and number >= 0 and (code := _timecode(number, Fraction(rate))) is not None:
            header["timeCode"] = code
    return header


def _timecode(number: int, rate: Fraction) -> Any:
    """SMPTE ST 12-1's code; it counts pairs of frames from 31 to 60 a second, and none beyond that."""
    hours, minutes, seconds, frame = map(int, re.split("[:;]", timecode(number, rate, drop=True)))
    pair = rate > _MOST_TIMECODE_FRAMES
    if rate > 2 * _MOST_TIMECODE_FRAMES:
        return None
    code = OpenEXR.TimeCode()
    code.hours, code.minutes, code.seconds = hours % 24, minutes, seconds
    code.frame = frame // 2 if pair else frame
    code.fieldPhase = pair and frame % 2 == 1
    code.dropFrame = drops_frames(rate)
    return code
