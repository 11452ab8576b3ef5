"""Points over time as one neutral value, between timelines, takes and other programs' files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from previz.errors import CurvesError
from previz.geometry import Size, rescale
from previz.timebase import FrameRange
from previz.timeline import Timeline, sample_timeline

What = Literal["targets", "tracked"]


@dataclass(frozen=True, eq=False)
class PointCurves:
    """N points on F consecutive frames.

    Attributes:
        names: the N points.
        frames: int64 [F] frame numbers, one after the other.
        positions: float64 [F, N, 2] (x, y) in pixels of `size`, y down, from the top-left corner.
        rate: frames a second.
        size: (width, height) of the picture that the positions are in.
        title: the shot.

    Raises CurvesError for frames with gaps, positions of another shape or that aren't finite, and names that
    repeat.
    """

    names: tuple[str, ...]
    frames: NDArray[np.int64]
    positions: NDArray[np.float64]
    rate: Fraction
    size: Size
    title: str = "curves"

    def __post_init__(self) -> None:
        """Check that the parts belong together."""
        count = len(self.frames)
        if not count or not self.names:
            raise CurvesError("curves need at least one point on one frame")
        if not np.array_equal(self.frames, self.frames[0] + np.arange(count)):
            raise CurvesError("the frames of curves follow each other without gaps")
        if self.positions.shape != (count, len(self.names), 2):
            shape = list(self.positions.shape)
            raise CurvesError(f"positions are {shape}, not [{count}, {len(self.names)}, 2]")
        if not np.isfinite(self.positions).all():
            raise CurvesError("a position is not a finite number")
        if len(set(self.names)) < len(self.names):
            repeated = next(name for name in self.names if self.names.count(name) > 1)
            raise CurvesError(f"two points are called {repeated!r}")

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.frames)

    @property
    def range(self) -> FrameRange:
        """The frames, first to last."""
        return FrameRange(int(self.frames[0]), int(self.frames[-1]))

    def point(self, name: str) -> NDArray[np.float64]:
        """The positions [F, 2] of one point. Raises CurvesError for a name that isn't there."""
        if name not in self.names:
            raise CurvesError(f"there is no point {name!r}; there are {', '.join(self.names)}")
        return self.positions[:, self.names.index(name)]

    def only(self, names: Iterable[str]) -> PointCurves:
        """These points alone, in this order. Raises CurvesError for a name that isn't there."""
        chosen = tuple(names)
        return replace(self, names=chosen, positions=np.stack([self.point(n) for n in chosen], axis=1))

    def renamed(self, names: Mapping[str, str]) -> PointCurves:
        """The same points by other names; those that `names` doesn't hold keep theirs. Raises CurvesError."""
        for name in names:
            self.point(name)
        return replace(self, names=tuple(names.get(name, name) for name in self.names))

    def part(self, frames: FrameRange) -> PointCurves:
        """These frames alone. Raises CurvesError for frames that aren't there."""
        if frames.first not in self.range or frames.last not in self.range:
            raise CurvesError(f"the frames {frames} are not all within {self.range}")
        chosen = slice(frames.first - self.range.first, frames.last - self.range.first + 1)
        return replace(self, frames=self.frames[chosen], positions=self.positions[chosen])

    def starting_at(self, first: int) -> PointCurves:
        """The same points with `first` as the number of their first frame."""
        return replace(self, frames=self.frames - self.frames[0] + first)

    def resized(self, size: Size) -> PointCurves:
        """The same points in pixels of another size; corners map to corners."""
        return replace(
            self, positions=np.asarray(rescale(self.positions, self.size, size), np.float64), size=size
        )

    def resampled(self, rate: Fraction) -> PointCurves:
        """The same motion at another rate, by time: the first frame keeps its number and its time.

        Frame k of the result lies at the exact time k / `rate` after the first. Where a frame of the source
        lies at the same time the position is the same; between, it is a monotone cubic (Fritsch and Carlson),
        which never leaves the range of the two frames around it. The length in seconds is kept to the frame,
        and every frame up to the time of the last sample is there; beyond it the last position holds.
        """
        if rate == self.rate:
            return self
        ratio = rate / self.rate
        count = max(_nearest(len(self) * ratio), int((len(self) - 1) * ratio) + 1)
        at = [k * self.rate / rate for k in range(count)]  # in frames of the source, exactly
        return replace(
            self,
            frames=self.frames[0] + np.arange(count),
            positions=sample_between(self.positions, at),
            rate=rate,
        )


class SolvedTake(Protocol):
    """What is needed of a `previz.Take`."""

    @property
    def shot(self) -> str:
        """The shot."""

    @property
    def names(self) -> tuple[str, ...]:
        """The N handles."""

    @property
    def frames(self) -> NDArray[np.int64]:
        """[F]."""

    @property
    def handles(self) -> NDArray[np.float32]:
        """[F, N, 2] where the handles were tracked."""

    @property
    def targets(self) -> NDArray[np.float32]:
        """[F, N, 2] where they were to go."""

    @property
    def rate(self) -> Fraction:
        """Frames a second."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""


def curves_from_timeline(timeline: Timeline, size: Size | None = None) -> PointCurves:
    """Where a timeline's handles shall be on every frame, in pixels of `size`, else of its canvas.

    Raises CurvesError for a timeline without a canvas where no size is given, TimelineError for one that
    doesn't fit.
    """
    size = size or timeline.canvas
    if size is None:
        raise CurvesError("the timeline has no `canvas`, so its pixels are the character's; give their size")
    samples = sample_timeline(timeline, *size)
    return PointCurves(
        names=samples.names,
        frames=np.asarray(samples.frames, dtype=np.int64),
        positions=np.asarray(samples.targets, dtype=np.float64),
        rate=timeline.rate,
        size=size,
        title=timeline.shot,
    )


def curves_from_take(take: SolvedTake, what: What = "tracked") -> PointCurves:
    """A take's handles as they were tracked, or their targets, in pixels of the generator's picture."""
    positions = take.handles if what == "tracked" else take.targets
    return PointCurves(
        names=take.names,
        frames=np.asarray(take.frames, dtype=np.int64),
        positions=np.asarray(positions, dtype=np.float64),
        rate=take.rate,
        size=(take.width, take.height),
        title=take.shot,
    )


def sample_between(values: NDArray[np.float64], at: Iterable[Fraction]) -> NDArray[np.float64]:
    """Values [F, ...] at exact positions between them, 0 the first and F - 1 the last; held outside."""
    places = list(at)
    last = len(values) - 1
    if last == 0:
        return np.repeat(values, len(places), axis=0)
    curve = PchipInterpolator(np.arange(last + 1), values, axis=0)
    held = np.array([float(min(max(place, Fraction(0)), Fraction(last))) for place in places])
    result = np.asarray(curve(held), dtype=np.float64)
    for index, place in enumerate(places):  # a sample of the source exactly, not nearly
        if place.denominator == 1 and 0 <= place <= last:
            result[index] = values[int(place)]
    return result


def _nearest(number: Fraction) -> int:
    """Round half up."""
    return int((number + Fraction(1, 2)) // 1)
