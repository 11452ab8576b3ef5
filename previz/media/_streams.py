"""The streams of a clip: how each codec is set up, and frames and sound made ready for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from previz.errors import MediaError
from previz.media._codecs import Codec
from previz.media._frames import Frame, has_alpha, to_uint8, to_uint16
from previz.media._sound import SOUND_RATE

# Encoders make other files with other thread counts; a fixed count gives the same bytes on every machine.
_THREADS = 4
_AAC_BITS = "192000"


def add_stream(
    container: Any,
    codec: Codec,
    rate: Fraction,
    size: tuple[int, int],
    pixel_format: str,
    options: dict[str, str],
    tag: str | None,
) -> VideoStream:
    """Add a codec's stream of (width, height), tagged as BT.709, to a container. Raises MediaError."""
    try:
        with quiet_av1():
            stream: VideoStream = container.add_stream(codec.encoder, rate=rate, options=options)
    except av.codec.codec.UnknownCodecError:
        raise MediaError(
            f"FFmpeg's encoder {codec.encoder} is needed, and this PyAV is built without it; "
            "`pip install --force-reinstall av` installs one that has it"
        ) from None
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format
    context = stream.codec_context
    context.time_base = 1 / rate
    context.thread_count = _THREADS
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    if _is_rgb(pixel_format):
        context.color_range = ColorRange.JPEG
    else:
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
    if tag is not None:
        context.codec_tag = tag
    return stream


def add_track(container: Any, suffix: str, channels: int) -> AudioStream:
    """Add a stream of sound to the container of a kind of file: PCM in .mov and .mkv, AAC in .mp4."""
    layout = "mono" if channels == 1 else "stereo"
    if suffix in (".mov", ".mkv"):
        track: AudioStream = container.add_stream("pcm_s24le", rate=SOUND_RATE, layout=layout)
    else:
        track = container.add_stream("aac", rate=SOUND_RATE, layout=layout, options={"b": _AAC_BITS})
    return track


def stream_picture(frame: Frame, pixel_format: str) -> av.VideoFrame:
    """A frame of any type as a picture in a stream's pixel format."""
    if frame.dtype == np.uint8:
        layout = "rgba" if has_alpha(frame) else "rgb24"
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(to_uint8(frame)), format=layout)
    else:
        layout = "rgba64le" if has_alpha(frame) else "rgb48le"
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(to_uint16(frame)), format=layout)
    if _is_rgb(pixel_format):
        picture = picture.reformat(format=pixel_format)
    else:
        # Left to itself the scaler uses the BT.601 matrix and says so nowhere.
        picture = picture.reformat(format=pixel_format, dst_colorspace="ITU709", dst_color_range="MPEG")
    # ProRes takes its tags from the pictures.
    picture.color_primaries, picture.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return picture


def stream_sound(samples: NDArray[np.float32], track: Any, start: int) -> av.AudioFrame:
    """Samples [channels, n] of -1..1 as a piece of a stream of sound, whose first is number `start`."""
    layout = "mono" if len(samples) == 1 else "stereo"
    if track.codec_context.name == "aac":
        piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    else:
        levels = np.rint(samples.T.astype(np.float64).clip(-1, 1) * (2**31 - 1)).astype(np.int32)
        piece = av.AudioFrame.from_ndarray(levels.reshape(1, -1), format="s32", layout=layout)
    piece.sample_rate, piece.pts, piece.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
    return piece


@contextmanager
def quiet_av1() -> Iterator[None]:
    """SVT-AV1 writes a page about itself on stderr, unless the environment says otherwise."""
    before = os.environ.get("SVT_LOG")
    os.environ.setdefault("SVT_LOG", "1")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("SVT_LOG", None)


def _is_rgb(pixel_format: str) -> bool:
    return pixel_format.startswith(("bgr", "gbr"))
