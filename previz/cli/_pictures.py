"""A take's pictures as they go into a clip: decoded, resized, and drawn on where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from previz import (
    FrameRange,
    Generator,
    Samples,
    Take,
    decode,
    draw_burn_in,
    draw_overlay,
    resize,
    timecode,
)


def finished_pictures(
    take: Take,
    generator: Generator,
    frames: FrameRange,
    size: tuple[int, int],
    overlay: Samples | None = None,
    burn_in: bool = False,
) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures of `frames`, uint8 [H, W, 3], of `size` (width, height).

    `overlay` is the sampled timeline whose mask is drawn, with the take's handles and targets; None draws
    nothing.
    """
    for frame, picture in zip(frames, decode(take, generator, frames), strict=True):
        finished = resize(picture, size)
        if overlay is not None:
            finished = _overlaid(finished, take, take.index(frame), overlay)
        yield _burnt_in(finished, take, frame) if burn_in else finished


def _overlaid(picture: NDArray[np.uint8], take: Take, index: int, samples: Samples) -> NDArray[np.uint8]:
    scale = picture.shape[1] / take.width, picture.shape[0] / take.height
    mask = None if samples.masks is None else samples.masks[index]
    return draw_overlay(
        picture, take.handles[index], take.targets[index], mask, scale=scale, lost=take.lost[index]
    )


def _burnt_in(picture: NDArray[np.uint8], take: Take, frame: int) -> NDArray[np.uint8]:
    index = take.index(frame)
    lost = [name for name, gone in zip(take.names, take.lost[index], strict=True) if gone]
    error = f"{take.error[index].max(initial=0.0):.2f} px"
    return draw_burn_in(
        picture,
        top_left=take.shot,
        top_right=str(frame),
        bottom_left=timecode(frame, take.rate),
        bottom_right=f"{error}, lost {', '.join(lost)}" if lost else error,
    )
