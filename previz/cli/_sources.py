"""What a command can look at: a take, a clip, or numbered pictures, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from previz import (
    FrameRange,
    Generator,
    MediaError,
    PrevizError,
    Take,
    decode,
    load_generator,
    probe_video,
    read_video,
)
from previz.cli._options import pick_device
from previz.delivery import take_version
from previz.media import is_sequence, over_black, read_sequence, sequence_numbers, to_uint8
from previz.timebase import FIRST_FRAME, timecode_frame

Picture = NDArray[np.uint8]
_CLIPS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mxf")


@dataclass(frozen=True)
class Source:
    """Frames by their numbers.

    Attributes:
        path: where they are from.
        name: what they are called on a picture.
        numbers: of the frames, one after the other.
        rate: frames a second; None where pictures don't say.
        size: width and height, pixels.
        read: given numbers in rising order, yields uint8 [H, W, 3] for each.
        take: where it is one.
    """

    path: Path
    name: str
    numbers: tuple[int, ...]
    rate: Fraction | None
    size: tuple[int, int]
    read: Callable[[Iterable[int]], Iterator[Picture]]
    take: Take | None = None


def open_source(
    path: Path, checkpoint: str | None = None, device: str = "auto", first: int | None = None
) -> Source:
    """Open a take, a clip, or a pattern of numbered pictures; `first` is the number of a clip's first frame.

    Without it, a clip's frames are numbered as the report beside it says, as its timecode does, or from 1001.
    Raises a PrevizError of any kind.
    """
    if is_sequence(path):
        return _pictures(path)
    if path.suffix.lower() in _CLIPS:
        return _clip(path, first)
    if path.suffix.lower() == ".safetensors":
        take = Take.load(path)
        return take_source(take, path, lambda: take_generator(take, checkpoint, device))
    raise MediaError(
        f"{path}: is neither a take (.take.safetensors), a clip (.mp4, .mov, .mkv) nor numbered pictures "
        "(frame.####.png)"
    )


def take_source(take: Take, path: Path, load: Callable[[], Generator]) -> Source:
    """A take as a source; its generator is loaded when the first picture is asked for."""

    def read(wanted: Iterable[int]) -> Iterator[Picture]:
        generator = load()
        for number in wanted:
            yield from decode(take, generator, FrameRange(number, number))

    version = take_version(take)
    name = take.shot if version is None else f"{take.shot} v{version:03}"
    size = (take.width, take.height)
    return Source(path, name, tuple(take.range), take.rate, size, read, take)


def take_generator(take: Take, checkpoint: str | None, device: str) -> Generator:
    """The generator that a take was solved with, or the one that is given in its place."""
    return load_generator(checkpoint or take.settings["generator"]["path"], pick_device(device))


def _clip(path: Path, first: int | None) -> Source:
    info = probe_video(path)
    start = _first_number(path, info.timecode, info.rate) if first is None else first
    numbers = tuple(range(start, start + info.frames))

    def read(wanted: Iterable[int]) -> Iterator[Picture]:
        left = list(wanted)
        for number, frame in zip(numbers, read_video(path), strict=False):
            if left and number == left[0]:
                yield frame
                left.pop(0)
            if not left:
                return
        raise MediaError(f"{path}: has fewer frames than its header says; there is no {left[0]}")

    return Source(path, path.stem, numbers, info.rate, (info.width, info.height), read)


def _first_number(path: Path, code: str, rate: Fraction) -> int:
    try:
        told = json.loads(path.with_name(f"{path.stem}.report.json").read_text(encoding="utf-8"))["clip"]
        return FrameRange.parse(told["range"]).first - int(told.get("slate", 0))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, PrevizError):
        pass  # no report, or another program's
    try:
        return timecode_frame(code, rate)
    except PrevizError:
        return FIRST_FRAME


def _pictures(path: Path) -> Source:
    numbers = tuple(sequence_numbers(path))
    (sample,) = read_sequence(path, numbers[:1])

    def read(wanted: Iterable[int]) -> Iterator[Picture]:
        for frame in read_sequence(path, list(wanted)):
            yield to_uint8(over_black(frame))

    name = path.name.split("#")[0].split("%")[0].split("@")[0].strip("._-") or path.parent.name
    return Source(path, name, numbers, None, (sample.shape[1], sample.shape[0]), read)
