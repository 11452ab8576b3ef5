"""Frames to H.264 and back: colour converted *and* tagged as BT.709, frame times exact."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from previz.errors import MediaError, OutputError
from previz.files import check_output, output_file, writing
from previz.media._resize import Size, check_frame, resize, resolve_size

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov"}
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
MAX_CRF = 51

# x264 makes other files with other thread counts; a fixed count gives the same bytes on every machine.
_THREADS = 4


@dataclass(frozen=True)
class VideoInfo:
    """What a clip's header says. Colour tags are the code points of ITU-T H.273: 1 is BT.709."""

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


def check_video_settings(
    path: str | Path, rate: Fraction | int, crf: int = 16, preset: str = "medium"
) -> None:
    """Raise MediaError for a file type, rate, crf or preset that `write_video` doesn't take."""
    if Path(path).suffix.lower() not in CONTAINERS:
        raise MediaError(f"{path}: a clip's name ends in {', '.join(CONTAINERS)}")
    if rate <= 0:
        raise MediaError(f"a frame rate is above 0, not {rate}")
    if not 0 <= crf <= MAX_CRF:
        raise MediaError(f"crf goes from 0 (lossless) to {MAX_CRF} (smallest), not {crf}")
    if preset not in PRESETS:
        raise MediaError(f"preset is one of {', '.join(PRESETS)}, not {preset!r}")


def write_video(
    frames: Iterable[NDArray[np.uint8]],  # uint8 [H, W, 3] each, sRGB/BT.709 values 0..255
    path: str | Path,
    rate: Fraction | int,
    size: Size | None = None,
    crf: int = 16,
    preset: str = "medium",
    force: bool = False,
) -> Path:
    """Encode frames as H.264 (yuv420p, BT.709, limited range, header first) and return the path.

        write_video(decode(take, generator), "smile.mp4", Fraction(24000, 1001), size=512)

    `rate` is the exact number of frames a second; `size` is described at `resolve_size`. The same frames give
    the same bytes. The clip is written beside `path` and renamed, so that a stop leaves no half clip.

    Raises MediaError for frames or settings that can't be encoded (no frames, wrong shape, odd size) and
    OutputError for a path that exists (unless `force`) or can't be written.
    """
    check_video_settings(path, rate, crf, preset)
    path = check_output(path, force)
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise MediaError(f"{path}: there are no frames to encode")
    shape = check_frame(first).shape
    width, height = resolve_size(size, shape[0], shape[1])

    with output_file(path, force) as temporary, _output_container(temporary, path) as container:
        with writing(path):
            stream = _add_stream(container, Fraction(rate), width, height, crf, preset)
        for index, frame in enumerate(itertools.chain([first], iterator)):
            if check_frame(frame).shape != shape:
                raise MediaError(f"{path}: frame {index} is {_wxh(frame.shape)}, the first is {_wxh(shape)}")
            picture = _to_yuv(resize(frame, (width, height)))
            picture.pts, picture.time_base = index, 1 / Fraction(rate)
            with writing(path):
                container.mux(stream.encode(picture))
        with writing(path):
            container.mux(stream.encode())
    return path


def probe_video(path: str | Path) -> VideoInfo:
    """Read a clip's header; frames are counted from its packets. Raises MediaError."""
    with _input_container(path) as (container, stream):
        context = stream.codec_context
        count = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
        return VideoInfo(
            codec=context.name,
            pixel_format=context.pix_fmt or "",
            width=context.width,
            height=context.height,
            rate=Fraction(stream.average_rate or 0),
            frames=count,
            primaries=int(context.color_primaries),
            transfer=int(context.color_trc),
            matrix=int(context.colorspace),
            limited_range=context.color_range == ColorRange.MPEG,
            faststart=_header_first(Path(path)),
        )


def read_video(path: str | Path) -> Iterator[NDArray[np.uint8]]:
    """Yield a clip's frames as uint8 [H, W, 3]. Raises MediaError."""
    with _input_container(path) as (container, stream):
        for frame in container.decode(stream):
            yield frame.to_ndarray(format="rgb24")


@contextmanager
def _output_container(temporary: Path, path: Path) -> Iterator[Any]:
    """Open a container; what it raises when it is closed counts only where nothing was raised before."""
    with writing(path):
        container = av.open(
            str(temporary),
            "w",
            format=CONTAINERS[path.suffix.lower()],
            container_options={"movflags": "+faststart"},
        )
    try:
        yield container
    except BaseException:
        with contextlib.suppress(OSError, av.FFmpegError):  # what went wrong first says more
            container.close()
        raise
    with writing(path):
        container.close()
    if not _header_first(temporary):
        raise OutputError(f"{path}: can't be written: the file is incomplete; is the disk full?")


def _add_stream(
    container: Any, rate: Fraction, width: int, height: int, crf: int, preset: str
) -> VideoStream:
    stream: VideoStream = container.add_stream(
        "libx264", rate=rate, options={"crf": str(crf), "preset": preset}
    )
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    context = stream.codec_context
    context.time_base = 1 / rate
    context.thread_count = _THREADS
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    context.color_range = ColorRange.MPEG
    return stream


def _to_yuv(frame: NDArray[np.uint8]) -> av.VideoFrame:
    # Left to itself the scaler uses the BT.601 matrix and says so nowhere.
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
    return rgb.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")


@contextmanager
def _input_container(path: str | Path) -> Iterator[tuple[Any, VideoStream]]:
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MediaError(f"{path}: there is no video in it")
            yield container, container.streams.video[0]
    except FileNotFoundError as error:
        raise MediaError(f"{path}: no such file") from error
    except av.FFmpegError as error:
        raise MediaError(f"{path}: can't be read as video: {error.strerror}") from error


def _header_first(path: Path) -> bool:
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


def _wxh(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
