"""Option values that several commands read alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from previz import FrameRange

F = TypeVar("F", bound=Callable[..., Any])


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
    from previz import generator  # loads torch

    return generator.pick_device(name)


class CodecHelp(click.Command):
    """A command whose help page lists the codecs, which are imported only then."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the codecs, then the example."""
        from previz import CODECS

        with formatter.section("Codecs"):
            lines = [(name, f"{codec.about} ({', '.join(codec.suffixes)})") for name, codec in CODECS.items()]
            formatter.write_dl(lines)
        super().format_epilog(ctx, formatter)


def output_options(command: F) -> F:
    """Add the options that say how outputs are written and what is drawn on them, all None by default.

    Their names are those of the fields of a timeline's `output`, which they take the place of.
    """
    options = [
        click.option("--codec", metavar="NAME", help="How a clip is encoded; the list is below. [h264]"),
        click.option(
            "--depth", type=int, metavar="8|16|32", help="Bits a channel of pictures. [8 png, 16 tif, 32 exr]"
        ),
        click.option(
            "--crf", type=click.IntRange(0, 51), help="Quality of h264, h265, av1; 0 is lossless. [16]"
        ),
        click.option("--max-mb", type=float, metavar="MB", help="The most megabytes of a gif, webp or apng."),
        click.option(
            "--alpha",
            type=click.Choice(["none", "mask"]),
            help="The mask as the alpha, where the output keeps one.",
        ),
        click.option("--audio", metavar="WAV", help="A guide track, from the shot's first frame on."),
        click.option("--overlay/--no-overlay", default=None, help="Draw handles, targets and the mask."),
        click.option(
            "--trails", type=int, metavar="N", help="Draw N frames of the handles' ways, before and after."
        ),
        click.option("--onion", type=int, metavar="N", help="Show N neighbouring keys as ghosts."),
        click.option("--letterbox", metavar="RATIO", help="Black bars over the picture: 2.39, 16:9."),
        click.option(
            "--burn-in/--no-burn-in",
            default=None,
            help="Write shot, frame, timecode, error and version.",
        ),
        click.option(
            "--slate",
            type=int,
            metavar="N",
            help="N frames of a slate before the first one.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def output_changes(**options: Any) -> dict[str, Any]:
    """What `output_options` give, as fields of a timeline's `output`."""
    if options.get("audio") is not None:
        options["audio"] = str(Path(options["audio"]).expanduser().absolute())
    return {field: value for field, value in options.items() if value is not None}
