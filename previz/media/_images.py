"""Still pictures that say what their colours are: PNG and TIFF of display values, EXR of linear light."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

from previz.errors import MediaError
from previz.files import output_file, writing
from previz.media._exr import read_exr, write_exr
from previz.media._frames import (
    Frame,
    check_any_frame,
    check_frame,
    has_alpha,
    to_float,
    to_uint8,
    to_uint16,
)

PICTURE_DEPTHS = {".png": (8, 16), ".tif": (16, 8, 32), ".tiff": (16, 8, 32), ".exr": (32, 16)}
"""Kinds of pictures, and the bits a channel that each one takes; the first is the usual one."""

# The chunk that says sRGB, perceptual intent: its length, name, content and checksum.
_SRGB_CHUNK = b"\0\0\0\1sRGB\0" + zlib.crc32(b"sRGB\0").to_bytes(4, "big")
_AFTER_HEADER = 33  # where a PNG's first chunk, the header, ends


def write_png(image: NDArray[np.uint8], path: str | Path, force: bool = False) -> Path:
    """Write uint8 [H, W, 3] as a PNG and return its path.

    Raises MediaError for another array and OutputError for a path that exists (unless `force`) or can't be
    written.
    """
    path = Path(path)
    check_frame(image)
    with output_file(path, force) as temporary, writing(path):
        _png(image, temporary, 8)
    return path


def write_picture(
    frame: Frame,
    path: str | Path,
    depth: int | None = None,
    force: bool = False,
    number: int | None = None,
    rate: Fraction | None = None,
) -> Path:
    """Write a frame of any type as .png, .tif or .exr, by the path's suffix, and return the path.

        write_picture(frame, "smile.1001.exr", number=1001, rate=Fraction(24))

    Args:
        frame: [H, W, 3], or [H, W, 4] with a straight alpha, which every kind keeps.
        path: PNG says sRGB, TIFF carries sRGB's ICC profile; EXR holds linear light with BT.709 primaries,
            and its colours are multiplied by its alpha, as is usual there.
        depth: bits a channel, see `PICTURE_DEPTHS`; 16 of an EXR is half float, 32 of a TIFF float.
        force: replace a picture that exists.
        number: of the frame; an EXR's header keeps it, and with `rate` its timecode.
        rate: frames a second.

    Raises MediaError for another array, kind or depth, and OutputError for a path that exists (unless
    `force`) or can't be written.
    """
    path, frame = Path(path), check_any_frame(frame)
    bits = check_depth(path, depth)
    suffix = path.suffix.lower()
    with output_file(path, force) as temporary, writing(path):
        if suffix == ".exr":
            write_exr(to_float(frame), temporary, half=bits == 16, number=number, rate=rate)
        else:
            (_png if suffix == ".png" else _tiff)(frame, temporary, bits)
    return path


def check_depth(path: str | Path, depth: int | None) -> int:
    """Return the bits a channel of a picture with this name; MediaError where its kind doesn't take them."""
    suffix = Path(path).suffix.lower()
    if suffix not in PICTURE_DEPTHS:
        raise MediaError(f"{path}: a picture's name ends in {', '.join(PICTURE_DEPTHS)}")
    depths = PICTURE_DEPTHS[suffix]
    if depth is not None and depth not in depths:
        known = " or ".join(map(str, sorted(depths)))
        raise MediaError(f"{path}: {suffix[1:]} has {known} bits a channel, not {depth}")
    return depth or depths[0]


def read_picture(path: str | Path) -> Frame:
    """Read a .png, .tif or .exr as a frame of display values; an EXR's linear light is converted.

    Raises MediaError for a file that is missing, damaged or of another kind.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    readers: dict[str, Callable[[Path], Frame]] = {".png": _read_png, ".tif": _read_tiff, ".tiff": _read_tiff}
    readers[".exr"] = read_exr
    if suffix not in readers:
        raise MediaError(f"{path}: a picture's name ends in {', '.join(PICTURE_DEPTHS)}")
    if not path.is_file():
        raise MediaError(f"{path}: there is no such picture")
    return check_any_frame(readers[suffix](path))


def _png(frame: Frame, path: Path, bits: int) -> None:
    if bits == 8:
        told = PngImagePlugin.PngInfo()
        told.add(b"sRGB", b"\0")
        Image.fromarray(to_uint8(frame)).save(path, format="PNG", pnginfo=told)
        return
    deep = np.ascontiguousarray(to_uint16(frame)[..., [2, 1, 0, 3][: frame.shape[2]]])  # OpenCV's order
    _, content = cv2.imencode(".png", deep)
    data = content.tobytes()
    path.write_bytes(data[:_AFTER_HEADER] + _SRGB_CHUNK + data[_AFTER_HEADER:])


def _tiff(frame: Frame, path: Path, bits: int) -> None:
    import tifffile

    convert: dict[int, Callable[[Frame], NDArray[Any]]] = {8: to_uint8, 16: to_uint16, 32: to_float}
    tifffile.imwrite(
        path,
        convert[bits](frame),
        photometric="rgb",
        compression="zlib",
        predictor=bits != 32,
        extrasamples=["unassalpha"] if has_alpha(frame) else None,
        iccprofile=srgb_profile(),
        software="previz",
        metadata=None,
    )


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """An ICC profile of sRGB, always the same bytes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    date = (2000, 1, 1, 0, 0, 0)  # else that of the moment
    profile[24:36] = b"".join(number.to_bytes(2, "big") for number in date)
    return bytes(profile)


def _read_png(path: Path) -> Frame:
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED) if path.stat().st_size else None
    if picture is None:
        raise MediaError(f"{path}: can't be read as a PNG")
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    return np.ascontiguousarray(picture[..., [2, 1, 0, 3][: picture.shape[2]]])


def _read_tiff(path: Path) -> Frame:
    import tifffile

    try:
        picture = tifffile.imread(path)
    except (tifffile.TiffFileError, ValueError, OSError) as error:
        raise MediaError(f"{path}: can't be read as a TIFF: {error}") from error
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
