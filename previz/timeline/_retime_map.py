"""How frames move when a shot gets another rate, length or speed: exact fractions, whole frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from previz.errors import PrevizError
from previz.timebase import FrameRange

HALF = Fraction(1, 2)


class CollisionError(PrevizError):
    """Keys on different frames that would come to stand on one."""


@dataclass(frozen=True)
class TimeMap:
    """Where frames go: `first` to `start`, others `factor` times as far from it, to the nearest frame.

    Attributes:
        first: a frame.
        start: what it becomes.
        factor: frames for each frame that there was.
        pace: seconds for each second that there was.
        limits: the frames that the shot had, and those that it has; a frame of the one becomes one of the
            other. None: there is no shot that could end.
    """

    first: int
    start: int
    factor: Fraction = Fraction(1)
    pace: Fraction = Fraction(1)
    limits: tuple[FrameRange, FrameRange] | None = None

    @property
    def identity(self) -> bool:
        """Whether nothing moves."""
        return self.first == self.start and self.factor == 1

    def frame(self, frame: int) -> int:
        """The frame that a frame becomes: the nearest; of two as near, the later one."""
        there = self.start + (frame - self.first) * self.factor
        nearest = (there + HALF).__floor__()
        if self.limits is not None and frame in self.limits[0]:
            return max(self.limits[1].first, min(nearest, self.limits[1].last))
        return nearest

    def span(self, frames: float) -> float:
        """A length in frames."""
        return tidy(frames * self.factor)

    def frames(self, keyed: Iterable[int], nudge: bool = False) -> dict[int, int]:
        """What each of the frames that carry a key becomes.

        Raises CollisionError where two come to stand on one frame; with `nudge` the later goes to the next
        free one, and, where the shot has none left, the earlier ones before it give way.
        """
        ordered = sorted(keyed)
        moved = [self.frame(frame) for frame in ordered]
        if nudge:
            moved = self._nudged(ordered, moved)
        for before, after, old, later in zip(moved, moved[1:], ordered, ordered[1:], strict=False):
            if after <= before:
                raise CollisionError(
                    f"the keys on {old} and {later} both come to stand on frame {before}; take one of them "
                    "away, leave more frames, or pass --nudge (nudge=True) to use the next free frame"
                )
        return dict(zip(ordered, moved, strict=True))

    def _nudged(self, ordered: list[int], moved: list[int]) -> list[int]:
        for index in range(1, len(moved)):
            moved[index] = max(moved[index], moved[index - 1] + 1)
        if self.limits is not None and moved and ordered[-1] in self.limits[0]:
            moved[-1] = min(moved[-1], self.limits[1].last)
            for index in range(len(moved) - 2, -1, -1):
                moved[index] = min(moved[index], moved[index + 1] - 1)
            if moved[0] < self.limits[1].first <= self.frame(ordered[0]):
                raise CollisionError(
                    f"{len(moved)} keys don't fit into the frames {self.limits[1]}; leave more frames"
                )
        return moved


def plan(
    shot: FrameRange,
    rate: Fraction,
    new_rate: Fraction | None = None,
    length: int | None = None,
    frames: FrameRange | None = None,
    speed: float | Fraction | None = None,
) -> tuple[FrameRange, Fraction, TimeMap]:
    """The frames and the rate that a shot gets, and the map of its frames.

    With a `length` or a range of `frames` the first and last frame stay the first and last, and all between
    are spread evenly. Else keys keep their time: `new_rate` alone changes which frame shows it, `speed` also
    divides it. Raises PrevizError for nothing to do, for more than one of length, range and speed, and for
    values that can't be.
    """
    given = [name for name, value in (("a length", length), ("a range", frames), ("a speed", speed)) if value]
    if length is not None and length < 1:
        raise PrevizError(f"a length is 1 frame or more, not {length}")
    if speed is not None and not 0.001 <= speed <= 1000:
        raise PrevizError(f"a speed lies between 0.001 and 1000, not {float(speed):g}")
    if len(given) > 1:
        raise PrevizError(f"give one of {' and '.join(given)}; each says how long the shot gets")
    if not given and new_rate is None:
        raise PrevizError("nothing to retime to: give a rate (--fps), a length, a range or a speed")
    rates = new_rate or rate
    if speed is not None or not given:
        pace = 1 / Fraction(speed).limit_denominator(100_000) if speed is not None else Fraction(1)
        factor = rates / rate * pace
        count = max(1, (len(shot) * factor + HALF).__floor__())
        target = FrameRange(shot.first, shot.first + count - 1)
    else:
        target = frames or FrameRange(shot.first, shot.first + (length or 1) - 1)
        steps = len(shot) - 1
        factor = (
            Fraction(len(target) - 1, steps)
            if steps and len(target) > 1
            else Fraction(len(target), len(shot))
        )
        pace = factor * rate / rates
    return target, rates, TimeMap(shot.first, target.first, factor, pace, (shot, target))


def tidy(number: float | Fraction) -> float:
    """A number as it is written into a timeline: whole where it is, else with six decimals at most."""
    rounded = round(float(number), 6)
    return int(rounded) if rounded.is_integer() else rounded
