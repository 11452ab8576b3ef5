"""`previz retime`: a timeline brought to another rate, length, range or speed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from previz.cli._options import parse_frames

if TYPE_CHECKING:
    from previz import FrameRange


def _parse_rate(ctx: click.Context, param: click.Parameter, value: str | None) -> Fraction | None:
    from previz import PrevizError, parse_rate

    try:
        return None if value is None else parse_rate(value)
    except PrevizError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@click.command(epilog="Example: previz retime smile.yaml -o smile_25.yaml --fps 25")
@click.argument("file", metavar="T.yaml", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="NEW.yaml", type=click.Path(path_type=Path), help="[default: standard output]"
)
@click.option(
    "--fps", metavar="RATE", callback=_parse_rate, help="25, 23.976, 30000/1001; keys keep their time."
)
@click.option("--length", metavar="N", type=int, help="So many frames; first and last stay first and last.")
@click.option("--range", "frames", metavar="A-B", callback=parse_frames, help="From frame A to frame B.")
@click.option("--speed", metavar="X", type=float, help="2 is twice as fast, 0.5 half as fast.")
@click.option("--nudge", is_flag=True, help="Move a key that meets another to the next free frame.")
@click.option("--force", is_flag=True, help="Replace NEW.yaml.")
def retime(
    file: Path,
    output: Path | None,
    fps: Fraction | None,
    length: int | None,
    frames: FrameRange | None,
    speed: float | None,
    nudge: bool,
    force: bool,
) -> None:
    """Bring the timeline T.yaml to another frame rate, length, range of frames, or speed.

    With --fps alone, keys keep their time and go to the nearest frame. Tangents, blends, delays, cycles and
    masks go along; comments stay. Keys that would meet on one frame are an error, unless --nudge.
    """
    from previz import load_timeline, parse_timeline, retime_file
    from previz.files import output_file, writing

    before = load_timeline(file)
    text = retime_file(file, rate=fps, length=length, frames=frames, speed=speed, nudge=nudge)
    if output is None:
        click.echo(text, nl=False)
        return
    with output_file(output, force) as temporary, writing(output):
        temporary.write_text(text, encoding="utf-8")
    after = parse_timeline(text)
    for path, timeline in ((file, before), (output, after)):
        seconds, rate = float(timeline.duration), float(timeline.rate)
        count = len(timeline.frames)
        click.echo(f"{path}: {count} frames ({timeline.frames}) at {rate:.6g} fps, {seconds:.2f} s")
