"""`previz compare`: two takes or clips in one clip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from previz.cli._options import parse_frames, parse_size


def _parse_names(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, str] | None:
    """Click callback: two names with a comma between them."""
    if value is None:
        return None
    names = [name.strip() for name in value.split(",")]
    if len(names) != 2:
        raise click.BadParameter(f"{value!r} is not two names; write them as A,B", ctx, param)
    return names[0], names[1]


@click.command(epilog="Example: previz compare a.take.safetensors b.take.safetensors -o cmp.mp4 --mode wipe")
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="A clip, an animated picture, or pictures (cmp.####.png).",
)
@click.option(
    "--mode",
    type=click.Choice(["side", "wipe", "diff", "onion"]),
    default="side",
    show_default=True,
    help="Side by side; a line between them that wipes; how far apart they are; both half clear.",
)
@click.option("--frames", metavar="A-B", callback=parse_frames, help="Only these frames.")
@click.option("--offset", type=int, default=0, show_default=True, help="Added to B's frame numbers.")
@click.option("--size", metavar="N|WxH", callback=parse_size, help="Of each picture. [default: A's]")
@click.option("--names", metavar="A,B", callback=_parse_names, help="[default: the shots and versions]")
@click.option("--wipe", type=click.FloatRange(0, 1), help="Where the line is; over the clip it goes across.")
@click.option("--gain", type=float, default=4.0, show_default=True, help="How much larger diff shows it.")
@click.option("--rate", metavar="FPS", help="Of the clip, where the two have other ones.")
@click.option("--codec", metavar="NAME", help="As of previz render. [default: h264]")
@click.option("--checkpoint", help="The takes' generator, where it is no longer where it was.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option("--json", "as_json", is_flag=True, help="Tell what is in it as JSON.")
@click.option("--force", is_flag=True, help="Replace what exists.")
def compare(first: Path, second: Path, output: Path, mode: Any, as_json: bool, **options: Any) -> None:
    """Put two takes or clips into one, frame by frame, with their names.

    Frames are matched by number: a take's are its own; a clip's are those of the report beside it or of its
    timecode, else they count from 1001. B is fitted to A's size.
    """
    from previz.cli._compare import CompareOptions
    from previz.cli._compare import compare as run

    told = run((first, second), CompareOptions(output, mode, **options))
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    width, height = told["size"]
    click.echo(f"{told['file']}: {told['frames']} frames ({told['range']}), {width}x{height}, {mode}")
