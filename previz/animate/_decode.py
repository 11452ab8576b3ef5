"""From latents to pictures: the second half of a render, which needs no solving."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from previz.animate._take import Take
from previz.errors import SolveError
from previz.generator import Generator
from previz.timebase import FrameRange


@overload
def decode(
    take: Take,
    generator: Generator,
    frames: FrameRange | None = ...,
    batch: int = ...,
    deep: Literal[False] = ...,
) -> Iterator[NDArray[np.uint8]]: ...
@overload
def decode(
    take: Take, generator: Generator, frames: FrameRange | None = ..., batch: int = ..., deep: bool = ...
) -> Iterator[NDArray[np.uint8 | np.float32]]: ...
def decode(
    take: Take,
    generator: Generator,
    frames: FrameRange | None = None,
    batch: int = 1,
    deep: bool = False,
) -> Iterator[NDArray[np.uint8 | np.float32]]:
    """Yield the take's pictures, uint8 [height, width, 3] RGB, in the order of the frames.

    Args:
        take: what `solve` returned.
        generator: the one that it was solved with.
        frames: which ones; None is all.
        batch: how many are computed at a time; more is faster on a GPU, and takes more memory.
        deep: as float32 of about 0..1, rounded and clipped nowhere, for files of more than 8 bits.

    Raises SolveError, at once, for another generator than the take's and for frames that it doesn't hold.

    Example: `write_video(decode(take, generator), "smile.mp4", take.rate)`.
    """
    check_generator(take, generator)
    if batch < 1:
        raise SolveError(f"decode: a batch of {batch} frames is below the least, 1")
    chosen = take.range if frames is None else frames
    first, last = take.index(chosen.first), take.index(chosen.last)
    return decode_latents(take.latents[first : last + 1], generator, batch, deep)


def decode_latents(
    latents: NDArray[np.float32],  # [F, num_ws, w_dim]
    generator: Generator,
    batch: int = 1,
    deep: bool = False,
) -> Iterator[NDArray[np.uint8 | np.float32]]:
    """What `decode` yields, of latents that are known to be the generator's."""
    for start in range(0, len(latents), batch):
        w = torch.from_numpy(latents[start : start + batch].copy()).to(generator.device)
        with torch.no_grad():
            images = generator.synthesis(w, noise="const")
            pictures = to_float(images) if deep else to_uint8(images)
        yield from pictures.cpu().numpy()


def to_uint8(images: Tensor) -> Tensor:
    """Images [N, 3, H, W] of about -1..1 to uint8 [N, H, W, 3].

    (x + 1) * 127.5, rounded to the nearest level and clamped to 0..255, as NVIDIA's tools do it.
    """
    levels = (images.float() + 1.0) * 127.5 + 0.5  # + 0.5, because the cast below cuts off
    return levels.clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def to_float(images: Tensor) -> Tensor:
    """Images [N, 3, H, W] of about -1..1 to float32 [N, H, W, 3] of about 0..1, clipped nowhere."""
    return ((images.float() + 1.0) * 0.5).permute(0, 2, 3, 1).contiguous()


def check_generator(take: Take, generator: Generator) -> None:
    """Raise SolveError unless the generator is the one that the take was solved with."""
    solved = take.settings["generator"]
    shape = (generator.num_ws, generator.w_dim)
    if take.latents.shape[1:] != shape:
        raise SolveError(
            f"the take's latents are {list(take.latents.shape[1:])} and the generator's are {list(shape)}; "
            f"decode it with the generator that it was solved with, {solved['name']}"
        )
    digest = generator.digest
    if digest != solved["digest"]:
        raise SolveError(
            f"the take was solved with the generator {solved['name']} ({solved['digest']}), "
            f"not with this one ({digest})"
        )
