"""Option values that several commands read alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from previz import FrameRange


def parse_frames(ctx: click.Context, param: click.Parameter, value: str | None) -> FrameRange | None:
    """Click callback: a frame range, 1001-1048 or 1001."""
    from previz import FrameRange, PrevizError

    try:
        return None if value is None else FrameRange.parse(value)
    except PrevizError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def parse_size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | tuple[int, int] | None:
    """Click callback: a picture's longer side, 512, or its width and height, 960x540."""
    if value is None:
        return None
    sides = value.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() for side in sides):
        raise click.BadParameter(f"{value!r} is not a size; write it as 512 or 960x540", ctx, param)
    return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


def pick_device(name: str) -> str:
    """Return the device that `auto` stands for, the first CUDA GPU or the CPU; any other name as it is."""
    if name != "auto":
        return name
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
