"""What `previz compare` does: two takes or clips in one clip, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from previz import (
    FrameRange,
    MediaError,
    OutputSettings,
    Size,
    check_output,
    compare_frames,
    open_output,
    resolve_size,
)
from previz.cli._progress import reporter
from previz.cli._sources import Picture, Source, open_source
from previz.media import CompareMode, check_output_settings, fit_frame, output_files
from previz.timebase import parse_rate


@dataclass(frozen=True)
class CompareOptions:
    """The command line of a comparison."""

    output: Path
    mode: CompareMode = "side"
    frames: FrameRange | None = None
    offset: int = 0
    size: Size | None = None
    names: tuple[str, str] | None = None
    wipe: float | None = None
    gain: float = 4.0
    rate: str | None = None
    codec: str | None = None
    checkpoint: str | None = None
    device: str = "auto"
    force: bool = False


def compare(paths: tuple[Path, Path], options: CompareOptions) -> dict[str, Any]:
    """Write the comparison, and return what is in it. Raises a PrevizError of any kind."""
    settings = OutputSettings(codec=options.codec or "h264")
    first, second = (open_source(path, options.checkpoint, options.device) for path in paths)
    rate = _rate(first, second, options.rate)
    numbers = _common(first, second, options)
    size = resolve_size(options.size or _even(first.size), first.size[1], first.size[0])
    shown = (2 * size[0] + 4, size[1]) if options.mode == "side" else size
    check_output_settings(options.output, rate, settings, shown)
    for file in output_files(options.output, numbers):
        check_output(file, options.force)
    with (
        reporter() as progress,
        open_output(options.output, rate, numbers, settings, options.force) as write,
    ):
        for picture in progress.encoding(_pictures(first, second, numbers, size, options), len(numbers)):
            write(picture)
    told: dict[str, Any] = {"file": str(options.output), "mode": options.mode}
    told |= {"names": list(_names(first, second, options.names)), "size": list(shown), "rate": str(rate)}
    return {**told, "range": str(FrameRange(numbers[0], numbers[-1])), "frames": len(numbers)}


def _pictures(
    first: Source, second: Source, numbers: list[int], size: tuple[int, int], options: CompareOptions
) -> Iterator[Picture]:
    names = _names(first, second, options.names)
    others = second.read([number - options.offset for number in numbers])
    for index, (number, one, two) in enumerate(zip(numbers, first.read(numbers), others, strict=True)):
        yield compare_frames(
            fit_frame(one, *size),
            fit_frame(two, *size),
            options.mode,
            names,
            str(number),
            _sweep(index, len(numbers)) if options.wipe is None else options.wipe,
            options.gain,
        )


def _sweep(index: int, count: int) -> float:
    """Where a wipe's line is: over the clip it goes from left to right and back."""
    share = index / max(1, count - 1)
    return 2 * share if share <= 0.5 else 2 - 2 * share


def _common(first: Source, second: Source, options: CompareOptions) -> list[int]:
    """The frames that both have, by number."""
    theirs = {number + options.offset for number in second.numbers}
    wanted = options.frames
    numbers = [n for n in first.numbers if n in theirs and (wanted is None or n in wanted)]
    if not numbers:
        ranges = [f"{source.numbers[0]}-{source.numbers[-1]}" for source in (first, second)]
        asked = "" if wanted is None else f" in {wanted}"
        raise MediaError(
            f"{first.path} has the frames {ranges[0]} and {second.path} {ranges[1]}: none in common{asked}; "
            "--offset moves the second's"
        )
    return numbers


def _rate(first: Source, second: Source, asked: str | None) -> Fraction:
    if asked is not None:
        return parse_rate(asked)
    if first.rate is not None and second.rate is not None and first.rate != second.rate:
        raise MediaError(
            f"{first.path} has {first.rate} frames a second and {second.path} {second.rate}; retime one of "
            "them, or give --rate to match frames by number all the same"
        )
    return first.rate or second.rate or Fraction(24)


def _names(first: Source, second: Source, given: tuple[str, str] | None) -> tuple[str, str]:
    """What the two are called: their shots and versions, or their files where those are alike."""
    if given is not None:
        return given
    if first.name != second.name:
        return first.name, second.name
    stems = [source.path.name.split(".")[0] for source in (first, second)]
    return (stems[0], stems[1]) if stems[0] != stems[1] else (f"{stems[0]} A", f"{stems[1]} B")


def _even(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] + size[0] % 2, size[1] + size[1] % 2
