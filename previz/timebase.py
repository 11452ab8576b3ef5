"""Frame rates and frame ranges: time is whole frames and exact fractions, never float seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from fileseq.exceptions import FileSeqException
from fileseq.frameset import FrameSet

from previz.errors import PrevizError

__all__ = [
    "FIRST_FRAME",
    "MAX_FRAMES",
    "MAX_RATE",
    "FrameRange",
    "drops_frames",
    "parse_rate",
    "timecode",
    "timecode_frame",
]

FIRST_FRAME = 1001
"""The first frame of a shot that doesn't say otherwise."""

MAX_RATE = 1000
"""Frames a second; above it a rate is taken for a mistake."""

MAX_FRAMES = 100_000
"""Frames in a range; above it (70 minutes at 24) a range is taken for a mistake."""

# Broadcast rates are n * 1000/1001, and are written rounded or cut in many ways: 23.98, 23.976, 23.97.
_NTSC_BASES = (24, 30, 48, 60, 96, 120, 240)
_NTSC_SLACK = Fraction(1, 100)
_TIMECODE = re.compile(r"(-?)(\d{1,3}):(\d\d):(\d\d)[:;.](\d{2,3})")


def parse_rate(value: str | float | Fraction) -> Fraction:
    """Return the exact frame rate, in frames a second, that a person means by `value`.

    Takes 24, 23.976, "23.976", "24000/1001", "25 fps" or a Fraction. Decimals within 0.01 of a broadcast
    rate become it: 23.976 and 23.98 are 24000/1001, 29.97 is 30000/1001. Raises PrevizError for
    anything that isn't a rate above 0 and up to 1000.
    """
    try:
        rate = _to_fraction(value)
    except (ValueError, ZeroDivisionError, InvalidOperation, OverflowError):
        raise PrevizError(f"{value!r} is not a frame rate; write it as 24, 23.976 or 24000/1001") from None
    if not 0 < rate <= MAX_RATE:
        raise PrevizError(f"a frame rate lies above 0 and up to {MAX_RATE}, not {value}")
    return rate


def _to_fraction(value: str | float | Fraction) -> Fraction:
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, (int, Fraction)):
        return Fraction(value)
    text = str(value).strip().lower().removesuffix("fps").strip()
    if "/" in text:
        numerator, denominator = text.split("/")
        return Fraction(int(numerator), int(denominator))
    decimal = Decimal(text)
    # An exponent of a billion is a legal Decimal, and a Fraction of it would fill the memory.
    if not decimal.is_finite() or abs(decimal.adjusted()) > 9:
        raise ValueError(value)
    return _snap(Fraction(decimal))


def _snap(rate: Fraction) -> Fraction:
    if rate.denominator == 1:
        return rate
    for base in _NTSC_BASES:
        exact = Fraction(base * 1000, 1001)
        if abs(rate - exact) <= _NTSC_SLACK:
            return exact
    return rate.limit_denominator(100_000)


@dataclass(frozen=True)
class FrameRange:
    """The frames from `first` to `last`, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        """Raise PrevizError for a range that runs backwards or is absurdly long."""
        if self.last < self.first:
            raise PrevizError(f"the frame range {self} ends before it starts")
        if len(self) > MAX_FRAMES:
            raise PrevizError(f"the frame range {self} has {len(self)} frames; the limit is {MAX_FRAMES}")

    @classmethod
    def parse(cls, value: str | int) -> FrameRange:
        """Return the range that "1001-1048", "-5-10" or 1001 (a single frame) means.

        Raises PrevizError for text that isn't a range, and for ranges with a step or holes.
        """
        text = str(value).strip()
        error = PrevizError(f"{text!r} is not a frame range; write it as 1001-1048")
        if isinstance(value, bool):
            raise error
        bounds = _bounds(text)
        if bounds is not None:  # checked before fileseq lists every frame of it
            cls(*bounds)
        try:
            frames = FrameSet(text)
        except (FileSeqException, ValueError, OverflowError):
            raise error from None
        if frames.hasSubFrames() or len(frames) == 0:
            raise error
        first, last = int(frames.start()), int(frames.end())
        if len(frames) != last - first + 1:
            raise PrevizError(f"the frame range {text!r} has gaps or steps; write it as 1001-1048")
        return cls(first, last)

    def __iter__(self) -> Iterator[int]:
        """Iterate over the frame numbers."""
        return iter(range(self.first, self.last + 1))

    def __len__(self) -> int:
        """Count the frames."""
        return self.last - self.first + 1

    def __contains__(self, frame: object) -> bool:
        """Tell whether `frame` is a whole frame number in the range."""
        return (
            isinstance(frame, (int, float, Fraction)) and self.first <= frame <= self.last and frame % 1 == 0
        )

    def __str__(self) -> str:
        """Write it as 1001-1048, or 1001 where it is one frame."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def _bounds(text: str) -> tuple[int, int] | None:
    head, dash, tail = text[1:].partition("-")
    try:
        return (int(text[:1] + head), int(tail)) if dash else None
    except ValueError:
        return None


def drops_frames(rate: Fraction) -> bool:
    """Tell whether timecode of this rate is counted with drop frames: 29.97 and 59.94 are."""
    return rate in (Fraction(30000, 1001), Fraction(60000, 1001))


def timecode(frame: int, rate: Fraction, drop: bool = False) -> str:
    """Write a frame number as timecode, HH:MM:SS:FF: frame 1001 at 24 is 00:00:41:17.

    Rates between whole numbers count as the next one, as SMPTE ST 12-1 has it: 23.976 as 24. With `drop`, a
    rate of 29.97 or 59.94 leaves out the first 2 or 4 numbers of each minute but every tenth, so that it
    keeps up with the clock, and is written HH:MM:SS;FF; other rates have no drop frames.
    """
    base = -(-rate.numerator // rate.denominator)
    drop = drop and drops_frames(rate)
    count = _with_dropped(abs(frame), base) if drop else abs(frame)
    seconds, frames = divmod(count, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    sign, mark = "-" if frame < 0 else "", ";" if drop else ":"
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:02}"


def timecode_frame(text: str, rate: Fraction) -> int:
    """Return the frame number that a timecode stands for: the inverse of `timecode`, for both its counts.

    Raises PrevizError for text that is no timecode of this rate.
    """
    base = -(-rate.numerator // rate.denominator)
    match = _TIMECODE.fullmatch(text.strip())
    hours, minutes, seconds, frames = (int(part) for part in match.groups()[1:5]) if match else (0, 99, 0, 0)
    if match is None or minutes > 59 or seconds > 59 or frames >= base:
        raise PrevizError(f"{text!r} is not a timecode at {float(rate):.6g} fps; write it as 00:00:41:17")
    count = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    if (";" in text or "." in text) and drops_frames(rate):
        whole = hours * 60 + minutes
        count -= base // 15 * (whole - whole // 10)
    return -count if match[1] else count


def _with_dropped(frame: int, base: int) -> int:
    """The number of a frame in a count that skips `base` / 15 numbers in nine minutes of ten."""
    skipped = base // 15
    minute = 60 * base - skipped
    tens, rest = divmod(frame, 10 * minute + skipped)
    return frame + skipped * (9 * tens + max(0, rest - skipped) // minute)
