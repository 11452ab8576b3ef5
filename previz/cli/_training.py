"""What a user may write for a folder of pictures and for the size to learn them at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["ImagesParam", "ResolutionParam"]


class ImagesParam(click.ParamType[int | Path]):
    """A folder of pictures; or a number, which was the length of a run before there were folders."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | Path:
        if isinstance(value, int | Path):
            return value
        if value.lstrip("-").isdigit():
            return int(click.IntRange(1).convert(value, param, ctx))
        return Path(value)


class ResolutionParam(click.ParamType[tuple[int, int]]):
    """SIZE, or HEIGHTxWIDTH."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        sides = value.lower().split("x")
        if len(sides) > 2 or not all(side.isdigit() for side in sides):
            self.fail(f"{value!r} is neither a size in px nor HEIGHTxWIDTH, like 128 or 256x128", param, ctx)
        return int(sides[0]), int(sides[-1])
