"""A guide track: the sound of a file, moved, cut and padded so that it runs in sync with a clip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from previz.errors import MediaError

SOUND_RATE = 48_000
"""Samples a second in every clip, whatever the file's own rate is: what editing programs expect."""


@dataclass(frozen=True)
class Sound:
    """A sound file and where in the clip it starts.

    Attributes:
        file: a WAV, or any other that FFmpeg reads.
        start: seconds from the clip's first picture to the file's first sample; below 0, the file's head is
            cut off.
    """

    file: str | Path
    start: Fraction = Fraction(0)


@dataclass(frozen=True)
class SoundInfo:
    """What a sound file's header says."""

    codec: str
    rate: int
    channels: int
    seconds: float | None


def probe_sound(path: str | Path) -> SoundInfo:
    """Read a sound file's header, or that of a clip's sound. Raises MediaError where there is no sound."""
    with _opened(Path(path)) as (container, stream):
        context = stream.codec_context
        seconds = None
        if stream.duration is not None:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            seconds = container.duration / av.time_base
        return SoundInfo(context.name, context.sample_rate, context.layout.nb_channels, seconds)


def read_sound(path: str | Path) -> NDArray[np.float32]:
    """Return all of a file's sound, float32 [channels, samples] of -1..1 at 48 kHz. Raises MediaError."""
    parts = list(_decoded(Path(path)))
    return np.concatenate(parts, axis=1) if parts else np.zeros((1, 0), np.float32)


class SoundReader:
    """Hands out a sound piece by piece, silence where the file has none."""

    def __init__(self, sound: Sound) -> None:
        self.channels = min(probe_sound(sound.file).channels, 2)
        self._parts = _decoded(Path(sound.file))
        start = round(sound.start * SOUND_RATE)
        self._held = np.zeros((self.channels, max(start, 0)), np.float32)
        if start < 0:
            self.take(-start)

    def take(self, count: int) -> NDArray[np.float32]:
        """Return the next `count` samples, float32 [channels, count]. Raises MediaError for a broken file."""
        parts, missing = [self._held], count - self._held.shape[1]
        while missing > 0 and (part := next(self._parts, None)) is not None:
            parts.append(part)
            missing -= part.shape[1]
        everything = np.concatenate(parts, axis=1)
        self._held = everything[:, count:]
        return np.pad(everything[:, :count], ((0, 0), (0, max(missing, 0))))


def _decoded(path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield the file's sound in pieces [channels, n] at 48 kHz, mono or stereo."""
    with _opened(path) as (container, stream):
        layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        resampler = AudioResampler(format="fltp", layout=layout, rate=SOUND_RATE)
        for frame in container.decode(stream):
            for piece in resampler.resample(frame):
                yield piece.to_ndarray().astype(np.float32, copy=False)
        for piece in resampler.resample(None):
            yield piece.to_ndarray().astype(np.float32, copy=False)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise MediaError(f"{path}: there is no sound in it")
            stream = container.streams.audio[0]
            if not stream.codec_context.sample_rate or not stream.codec_context.layout.nb_channels:
                raise MediaError(f"{path}: can't be read as sound: its header is damaged")
            yield container, stream
    except FileNotFoundError as error:
        raise MediaError(f"{path}: there is no such sound file") from error
    except av.FFmpegError as error:
        raise MediaError(f"{path}: can't be read as sound: {error.strerror}") from error
