"""`previz render`: a timeline in, a clip, its take and its report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from previz.cli._options import parse_frames, parse_size

if TYPE_CHECKING:
    from previz import FrameRange, Size


@click.command(epilog="Example: previz render timelines/smile.yaml -o smile.mp4 --size 512 --overlay")
@click.argument("timeline", metavar="T.yaml", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="OUT.mp4",
    type=click.Path(path_type=Path),
    help="The clip. [default: the timeline's, or renders/SHOT.mp4]",
)
@click.option("--frames", metavar="A-B", callback=parse_frames, help="Only these frames.")
@click.option(
    "--size",
    metavar="N|WxH",
    callback=parse_size,
    help="Pixels of the longer side, or of both. [default: the timeline's, or the character's]",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="cpu, cuda, cuda:1 or mps; auto is a CUDA GPU or the CPU.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="To solve with on a CPU. More may help with a large character, and changes the last bits.",
)
@click.option("--overlay/--no-overlay", default=None, help="Draw handles, targets and the mask.")
@click.option("--burn-in/--no-burn-in", default=None, help="Write shot, frame, timecode and error.")
@click.option(
    "--force", is_flag=True, help="Replace outputs that exist; unchanged frames are not solved again."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report on stdout.")
@click.option(
    "-n", "--dry-run", is_flag=True, help="Check everything, print the plan as JSON, and solve nothing."
)
def render(
    timeline: Path,
    output: Path | None,
    frames: FrameRange | None,
    size: Size | None,
    device: str,
    threads: int,
    overlay: bool | None,
    burn_in: bool | None,
    force: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Solve the timeline T.yaml and write its clip, with the take and a report beside it.

    Frames that were solved before, and that no edit has touched, are used again. An interrupted render goes
    on where it stopped.
    """
    from previz.cli._render import RenderOptions, describe_plan, plan_render, run_render

    options = RenderOptions(output, frames, size, device, threads, overlay, burn_in, force)
    plan = plan_render(timeline, options)
    if dry_run:
        click.echo(json.dumps(describe_plan(plan), indent=2))
        return
    report = run_render(plan)
    if as_json:
        click.echo(json.dumps(report, indent=2))
