"""Numbered pictures: one file a frame, named by a pattern such as smile.####.exr."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from fileseq.constants import PAD_STYLE_HASH1
from fileseq.exceptions import FileSeqException
from fileseq.filesequence import FileSequence

from previz.errors import MediaError
from previz.files import check_output
from previz.media._encode import Write
from previz.media._frames import Frame
from previz.media._images import PICTURE_DEPTHS, check_depth, read_picture, write_picture
from previz.media._resize import Size, resize

_MARKS = "#%@$"


def is_sequence(path: str | Path) -> bool:
    """Tell whether a name is a pattern of numbered pictures rather than one file's."""
    path = Path(path)
    return path.suffix.lower() in PICTURE_DEPTHS and _pattern(path) is not None


def sequence_path(pattern: str | Path, frame: int) -> Path:
    """Return the file of one frame: `out.####.png` and `out.%04d.png` give out.1001.png.

    Raises MediaError for a name without a place for the number, or that isn't of a picture.
    """
    sequence = _pattern(Path(pattern))
    if sequence is None or Path(pattern).suffix.lower() not in PICTURE_DEPTHS:
        raise MediaError(f"{pattern}: a sequence is named like frame.####.png, .tif or .exr")
    return Path(sequence.frame(frame))


def write_sequence(
    frames: Iterable[Frame],  # [H, W, 3 or 4] each
    pattern: str | Path,
    numbers: Sequence[int],
    size: Size | None = None,
    force: bool = False,
    depth: int | None = None,
    rate: Fraction | None = None,
) -> list[Path]:
    """Write one picture a frame, named by `pattern` (see `sequence_path`) and `numbers`; return the paths.

    `depth` and `rate` are described at `write_picture`. All paths are checked before the first is written.
    Raises MediaError where there are more or fewer frames than numbers, and what `write_picture` raises.
    """
    with sequence_writer(pattern, numbers, size, force, depth, rate) as write:
        for frame in frames:
            write(frame)
    return [sequence_path(pattern, number) for number in numbers]


@contextmanager
def sequence_writer(
    pattern: str | Path,
    numbers: Sequence[int],
    size: Size | None = None,
    force: bool = False,
    depth: int | None = None,
    rate: Fraction | None = None,
) -> Iterator[Write]:
    """Yield a function that takes the frames one by one; see `write_sequence`."""
    paths = [sequence_path(pattern, number) for number in numbers]
    check_depth(pattern, depth)
    for path in paths:
        check_output(path, force)
    written = 0

    def write(frame: Frame) -> None:
        nonlocal written
        if written == len(paths):
            raise MediaError(f"{pattern}: there are more frames than the {len(paths)} that were announced")
        picture = resize(frame, size) if size is not None else frame
        write_picture(picture, paths[written], depth, force, numbers[written], rate)
        written += 1

    yield write
    if written < len(paths):
        raise MediaError(f"{pattern}: there are fewer frames than the {len(paths)} that were announced")


def sequence_numbers(pattern: str | Path) -> list[int]:
    """Return the numbers of the pictures on disk that a pattern stands for. Raises MediaError for none."""
    sequence_path(pattern, 0)
    pattern = Path(pattern)
    try:
        found = FileSequence.findSequenceOnDisk(str(pattern), strictPadding=False, pad_style=PAD_STYLE_HASH1)
        numbers = [int(frame) for frame in found.frameSet() or ()]
    except FileSeqException:
        numbers = []
    numbers = [number for number in numbers if sequence_path(pattern, number).is_file()]
    if not numbers:
        raise MediaError(f"{pattern}: there are no such pictures")
    return sorted(numbers)


def read_sequence(pattern: str | Path, numbers: Sequence[int]) -> Iterator[Frame]:
    """Yield numbered pictures as frames of display values. Raises MediaError for one that can't be read."""
    for number in numbers:
        yield read_picture(sequence_path(pattern, number))


def _pattern(path: Path) -> FileSequence | None:
    if not any(mark in path.name for mark in _MARKS):
        return None
    try:
        sequence = FileSequence(str(path), pad_style=PAD_STYLE_HASH1)
    except FileSeqException:
        return None
    return sequence if sequence.padding() and sequence.frameSet() is None else None
