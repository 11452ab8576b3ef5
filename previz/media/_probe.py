"""Clips read back: what their headers say, and their frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from previz.errors import MediaError


@dataclass(frozen=True)
class VideoInfo:
    """What a clip's header says. Colour tags are the code points of ITU-T H.273: 1 is BT.709, 2 unspecified.

    Attributes:
        codec: FFmpeg's name of it: h264, hevc, av1, prores, dnxhd, ffv1.
        pixel_format: FFmpeg's.
        width: pixels.
        height: pixels.
        rate: frames a second, exactly.
        frames: how many.
        primaries: colour tag.
        transfer: colour tag.
        matrix: colour tag.
        limited_range: whether black is 16 and white 235, as in most video.
        faststart: whether a player can start before it has all of the file.
        tag: the format's code in the header: avc1, hvc1, apch …; "" where there is none.
        profile: High, Main 10, HQ …
        alpha: whether it has one.
        timecode: of the first frame; "" where the header has none.
        sound: FFmpeg's name of the sound's codec; "" where there is none.
    """

    codec: str
    pixel_format: str
    width: int
    height: int
    rate: Fraction
    frames: int
    primaries: int
    transfer: int
    matrix: int
    limited_range: bool
    faststart: bool
    tag: str = ""
    profile: str = ""
    alpha: bool = False
    timecode: str = ""
    sound: str = ""


def probe_video(path: str | Path) -> VideoInfo:
    """Read a clip's header; frames are counted from its packets. Raises MediaError."""
    with input_container(path) as (container, stream):
        context = stream.codec_context
        metadata = {key.lower(): value for key, value in {**container.metadata, **stream.metadata}.items()}
        sounds = container.streams.audio
        count = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
        return VideoInfo(
            codec=context.codec.canonical_name,
            pixel_format=context.pix_fmt or "",
            width=context.width,
            height=context.height,
            rate=Fraction(stream.average_rate or 0),
            frames=count,
            primaries=int(context.color_primaries),
            transfer=int(context.color_trc),
            matrix=int(context.colorspace),
            limited_range=context.color_range == ColorRange.MPEG,
            faststart=header_first(Path(path)),
            tag=context.codec_tag.strip("\0 "),
            profile=context.profile or "",
            alpha=_keeps_alpha(context.pix_fmt),
            timecode=metadata.get("timecode", ""),
            sound=sounds[0].codec_context.name if sounds else "",
        )


def read_video(path: str | Path) -> Iterator[NDArray[np.uint8]]:
    """Yield a clip's frames as uint8 [H, W, 3]. Raises MediaError."""
    with input_container(path) as (container, stream):
        for frame in container.decode(stream):
            yield frame.to_ndarray(format="rgb24")


def read_video_deep(path: str | Path) -> Iterator[NDArray[np.uint16]]:
    """Yield a clip's frames as uint16 [H, W, 3], or [H, W, 4] where it has an alpha. Raises MediaError."""
    with input_container(path) as (container, stream):
        layout = "rgba64le" if _keeps_alpha(stream.codec_context.pix_fmt) else "rgb48le"
        for frame in container.decode(stream):
            yield frame.to_ndarray(format=layout)


def header_first(path: Path) -> bool:
    """Tell whether the `moov` box comes before `mdat`, so that a player can start before it has all."""
    with path.open("rb") as file:
        while header := file.read(8):
            if len(header) < 8 or header[4:] in (b"moov", b"mdat"):
                return header[4:] == b"moov"
            size = int.from_bytes(header[:4], "big")
            if size < 8:
                return False
            file.seek(size - 8, 1)
    return False


def _keeps_alpha(pixel_format: str | None) -> bool:
    return (pixel_format or "").startswith(("yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya"))


@contextmanager
def input_container(path: str | Path) -> Iterator[tuple[Any, VideoStream]]:
    """A clip that is open, and its pictures' stream. Raises MediaError, also for what goes wrong within."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MediaError(f"{path}: there is no video in it")
            yield container, container.streams.video[0]
    except FileNotFoundError as error:
        raise MediaError(f"{path}: no such file") from error
    except av.FFmpegError as error:
        raise MediaError(f"{path}: can't be read as video: {error.strerror}") from error
