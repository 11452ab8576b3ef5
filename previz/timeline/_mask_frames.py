"""A shot's masks, one a frame, drawn when they are asked for: a long shot's would fill the memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from previz.errors import Problem, TimelineError
from previz.timeline._animation import Animated, key_frames
from previz.timeline._mask_fields import MaskShapeSpec
from previz.timeline._masks import rasterise_mask
from previz.timeline._schema import Timeline


@dataclass(frozen=True, eq=False)
class MaskFrames(Sequence[NDArray[np.float32]]):
    """The masks [F, H, W] of a shot: 1 may move, 0 is fixed. Those of a still mask are one and the same.

    `masks[index]` is the mask [H, W] of the frame at that position, read-only; `np.asarray(masks)` holds all.
    Raises TimelineError for a picture that can't be read.
    """

    timeline: Timeline
    width: int
    height: int
    scale: tuple[float, float]
    _drawn: dict[int, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, height and width."""
        return len(self), self.height, self.width

    @property
    def still(self) -> bool:
        """Whether all frames have the same mask."""
        return not any(map(is_animated, self.timeline.mask or ()))

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.timeline.frames)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.float32]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[np.float32]]: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.float32] | Sequence[NDArray[np.float32]]:
        """The mask [H, W] at a position, or a list of them."""
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        position = 0 if self.still else range(len(self))[index]
        if position not in self._drawn:
            self._drawn.clear()  # the one before is not asked for again
            self._drawn[position] = self._draw(self.timeline.frames.first + position)
        return self._drawn[position]

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """The masks one after the other."""
        return (self[index] for index in range(len(self)))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[np.float32]:
        """All of them, [F, H, W]."""
        return np.stack(list(self)).astype(dtype or np.float32)

    def _draw(self, frame: int) -> NDArray[np.float32]:
        try:
            mask = rasterise_mask(
                self.timeline.mask or (), self.width, self.height, self.scale, self.timeline.resolve, frame
            )
        except ValueError as error:
            raise TimelineError(
                [Problem(str(self.timeline.source or ""), "mask", f"{error}, on frame {frame}")]
            ) from None
        mask.flags.writeable = False
        return mask


def mask_frames(timeline: Timeline, width: int, height: int, scale: tuple[float, float]) -> MaskFrames | None:
    """The masks of a timeline for a picture of `width` x `height`; None where all may move."""
    return None if timeline.mask is None else MaskFrames(timeline, width, height, scale)


def is_animated(shape: MaskShapeSpec) -> bool:
    """Whether a shape differs from frame to frame."""
    values: list[Animated] = [shape.feather, shape.polygon or 0.0]
    if shape.ellipse is not None:
        values += [shape.ellipse.center, shape.ellipse.radius, shape.ellipse.angle]
    return shape.images is not None or any(map(key_frames, values))
