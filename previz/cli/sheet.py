"""`previz sheet`: a shot's keys and in-betweens, and the ways of its handles, on one picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from previz.cli._options import parse_frames

if TYPE_CHECKING:
    from previz import FrameRange


@click.command(epilog="Example: previz sheet renders/smile.take.safetensors -o smile.png")
@click.argument("source", metavar="TAKE|T.yaml|CLIP", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .png to write.")
@click.option("--frames", metavar="A-B", callback=parse_frames, help="Only these frames.")
@click.option(
    "--count",
    type=click.IntRange(2, 400),
    default=12,
    show_default=True,
    help="Keys are shown all, and in-betweens up to so many pictures.",
)
@click.option("--columns", type=click.IntRange(1, 100), help="[default: a sheet wider than high]")
@click.option(
    "--size",
    type=click.IntRange(16, 2048),
    default=256,
    show_default=True,
    help="Pixels of a picture's longer side, even.",
)
@click.option("--overlay/--no-overlay", default=True, help="Draw handles and targets. [default: yes]")
@click.option(
    "--trajectories/--no-trajectories",
    default=True,
    help="A large first frame with the handles' ways. [default: yes]",
)
@click.option("--first", type=int, help="The number of a clip's first frame, where it doesn't say.")
@click.option("--checkpoint", help="The generator, where it is no longer where it was.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option("--json", "as_json", is_flag=True, help="Tell what is on it as JSON.")
@click.option("--force", is_flag=True, help="Replace what exists.")
def sheet(
    source: Path,
    output: Path,
    frames: FrameRange | None,
    count: int,
    columns: int | None,
    size: int,
    overlay: bool,
    trajectories: bool,
    first: int | None,
    checkpoint: str | None,
    device: str,
    as_json: bool,
    force: bool,
) -> None:
    """Lay a shot out as a contact sheet: of a take, a timeline, a clip or numbered pictures.

    Keys are framed in red. A timeline's frames that aren't solved yet are solved, and kept for its render.
    """
    from previz.cli._sheet import SheetOptions, echo_sheet, make_sheet

    told = make_sheet(
        source,
        SheetOptions(
            output,
            frames,
            count,
            columns,
            size,
            overlay,
            trajectories,
            first,
            checkpoint,
            device,
            force,
        ),
    )
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        echo_sheet(told)
