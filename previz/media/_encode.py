"""Frames to clips: colour converted *and* tagged as BT.709, frame times exact, sound in sync."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from previz.errors import MediaError, OutputError
from previz.files import check_output, output_file, writing
from previz.media._codecs import (
    CONTAINERS,
    Codec,
    check_clip_size,
    check_video_settings,
    encoder_options,
    find_codec,
)
from previz.media._frames import Frame, check_any_frame, has_alpha
from previz.media._probe import header_first
from previz.media._resize import Size, resize, resolve_size
from previz.media._sound import SOUND_RATE, Sound, SoundReader
from previz.media._streams import add_stream, add_track, quiet_av1, stream_picture, stream_sound

Write = Callable[[Frame], None]
"""What takes the frames of an output, one after the other."""


def write_video(
    frames: Iterable[Frame],  # uint8, uint16 or float32 [H, W, 3 or 4] each, sRGB/BT.709 values
    path: str | Path,
    rate: Fraction | int,
    size: Size | None = None,
    crf: int = 16,
    preset: str = "medium",
    force: bool = False,
    codec: str = "h264",
    sound: Sound | None = None,
    timecode: str = "",
) -> Path:
    """Encode frames as a clip (by default H.264, yuv420p, BT.709, limited range) and return the path.

        write_video(decode(take, generator), "smile.mp4", Fraction(24000, 1001), size=512)

    Args:
        frames: uint8 (0..255), uint16 (0..65535) or float32 (0..1), [H, W, 3], or [H, W, 4] with a straight
            alpha for the codecs that keep one: prores, prores4444, ffv1.
        path: its suffix is the container; `CODECS` says which goes in which.
        rate: the exact number of frames a second.
        size: described at `resolve_size`.
        crf: quality of h264, h265 and av1, on H.264's scale: 0 is best, 51 smallest.
        preset: their effort, ultrafast to veryslow.
        force: replace a clip that exists.
        codec: a name of `CODECS`.
        sound: what is heard: AAC in .mp4, 24-bit PCM in .mov and .mkv, cut and padded to the pictures.
        timecode: of the first picture, 00:00:41:17, kept in the headers of .mov and .mkv.

    The same frames give the same bytes. The clip is written beside `path` and renamed, so that a stop leaves
    no half clip. Times in an .mkv are rounded to milliseconds, which is that format's unit.

    Raises MediaError for frames or settings that can't be encoded (no frames, wrong shape, odd size) and
    OutputError for a path that exists (unless `force`) or can't be written.
    """
    with video_writer(path, rate, size, crf, preset, force, codec, sound, timecode) as write:
        for frame in frames:
            write(frame)
    return Path(path)


@contextmanager
def video_writer(
    path: str | Path,
    rate: Fraction | int,
    size: Size | None = None,
    crf: int = 16,
    preset: str = "medium",
    force: bool = False,
    codec: str = "h264",
    sound: Sound | None = None,
    timecode: str = "",
) -> Iterator[Write]:
    """Yield a function that takes the clip's frames; the clip is in place when the block ends.

    with video_writer("smile.mp4", 24) as write:
        for frame in decode(take, generator):
            write(frame)

    Arguments and errors are those of `write_video`.
    """
    check_video_settings(path, rate, crf, preset, codec)
    path = check_output(path, force)
    clip = _Clip(
        path=path,
        codec=find_codec(codec),
        name=codec,
        rate=Fraction(rate),
        size=size,
        crf=crf,
        preset=preset,
        timecode=timecode,
        sound=None if sound is None else SoundReader(sound),
    )
    with output_file(path, force) as temporary:
        with _output_container(temporary, clip):
            yield clip.write
            if not clip.count:
                raise MediaError(f"{path}: there are no frames to encode")
            clip.finish()
        if not _is_complete(temporary, path.suffix.lower(), clip.count):
            raise OutputError(f"{path}: can't be written: the file is incomplete; is the disk full?")


@dataclass
class _Clip:
    """A clip that is being written; its file is opened when the first frame has told its size."""

    path: Path
    codec: Codec
    name: str
    rate: Fraction
    size: Size | None
    crf: int
    preset: str
    timecode: str
    sound: SoundReader | None
    container: Any = None
    stream: Any = None
    track: Any = None
    temporary: Path | None = None
    shape: tuple[int, ...] = ()
    deep: bool = False
    count: int = 0
    packets: int = 0  # of pictures that are encoded
    heard: int = 0  # samples of sound that are written

    def write(self, frame: Frame) -> None:
        """Encode one frame, and the sound up to its end."""
        frame = check_any_frame(frame)
        if self.stream is None:
            self._open(frame)
        if frame.shape != self.shape:
            raise MediaError(
                f"{self.path}: frame {self.count} is {_wxh(frame.shape)}, the first is {_wxh(self.shape)}"
            )
        picture = stream_picture(resize(frame, (self.stream.width, self.stream.height)), self.stream.pix_fmt)
        picture.pts, picture.time_base = self.count, 1 / self.rate
        self._mux(self.stream, picture)
        self.count += 1
        if self.sound is not None:
            self._mux_sound(round(self.count / self.rate * SOUND_RATE))

    def finish(self) -> None:
        """Have the encoders give what they still hold."""
        for stream in (self.stream, self.track):
            if stream is not None:
                self._mux(stream, None)

    def _open(self, frame: Frame) -> None:
        self.shape, self.deep = frame.shape, frame.dtype != np.uint8
        if has_alpha(frame) and not self.codec.alpha_format:
            raise MediaError(
                f"{self.path}: {self.name} keeps no alpha; choose prores4444, ffv1, or pictures (.png, .exr)"
            )
        width, height = resolve_size(self.size, frame.shape[0], frame.shape[1])
        check_clip_size(self.path, self.name, width, height)
        suffix = self.path.suffix.lower()
        with _encoding(self.path, self.name):
            self.container = av.open(
                str(self.temporary),
                "w",
                format=CONTAINERS[suffix],
                # bitexact: Matroska would put random numbers into every file
                container_options={"fflags": "+bitexact"} if suffix == ".mkv" else {"movflags": "+faststart"},
            )
            self.stream = add_stream(
                self.container,
                self.codec,
                self.rate,
                (width, height),
                self.codec.format_for(self.deep, has_alpha(frame)),
                encoder_options(self.codec, has_alpha(frame), self.crf, self.preset),
                self.codec.tags.get(suffix),
            )
            if self.timecode and suffix in (".mov", ".mkv"):
                self.stream.metadata["timecode"] = self.timecode
            if self.sound is not None:
                self.track = add_track(self.container, suffix, self.sound.channels)

    def _mux(self, stream: Any, picture: Any) -> None:
        with _encoding(self.path, self.name), quiet_av1():
            packets = stream.encode(picture)
            if stream is self.stream and self.codec.delay is not None:
                for packet in packets:
                    packet.dts = self.packets - self.codec.delay
                    self.packets += 1
            self.container.mux(packets)

    def _mux_sound(self, end: int) -> None:
        assert self.sound is not None
        samples = self.sound.take(end - self.heard)  # [channels, n]
        self._mux(self.track, stream_sound(samples, self.track, self.heard))
        self.heard = end


@contextmanager
def _output_container(temporary: Path, clip: _Clip) -> Iterator[None]:
    """Close the clip's file; what that raises counts only where nothing was raised before."""
    clip.temporary = temporary
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError, av.FFmpegError):  # what went wrong first says more
            if clip.container is not None:
                clip.container.close()
        raise
    with _encoding(clip.path, clip.name):
        clip.container.close()


@contextmanager
def _encoding(path: Path, codec: str) -> Iterator[None]:
    """Turn what an encoder or the disk refuses into one line."""
    try:
        with writing(path):
            yield
    except av.FFmpegError as error:
        raise MediaError(f"{path}: {codec} can't be encoded: {error.strerror or error}") from error


def _is_complete(path: Path, suffix: str, frames: int) -> bool:
    """Tell whether all is in the file: FFmpeg doesn't always report the last bytes that didn't fit."""
    if suffix != ".mkv":
        return header_first(path)
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return sum(1 for packet in container.demux(stream) if packet.size) == frames
    except av.FFmpegError:
        return False


def _wxh(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}" + (" with an alpha" if shape[2] == 4 else "")
