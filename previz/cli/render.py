"""`previz render`: a timeline in, a clip, its take and its report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from previz.cli._options import CodecHelp, output_changes, output_options, parse_frames, parse_size

if TYPE_CHECKING:
    from previz import FrameRange, Size


@click.command(
    cls=CodecHelp,
    epilog="Example: previz render timelines/smile.yaml -o smile.mp4 --size 512 --overlay --burn-in",
)
@click.argument("timeline", metavar="T.yaml", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="A clip (.mp4, .mov, .mkv), an animated picture (.gif, .webp, .apng), or pictures (out.####.exr). "
    "[default: the timeline's, or renders/SHOT.mp4]",
)
@click.option("--images", metavar="PATTERN", help="Clean pictures too: plates/{name}.####.exr.")
@click.option("--version", metavar="next|N", help="Of the timeline's output.name. [default: next]")
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
@output_options
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
    force: bool,
    as_json: bool,
    dry_run: bool,
    version: str | None,
    **options: Any,
) -> None:
    """Solve the timeline T.yaml and write its clip, with the take and a report beside it.

    Frames that were solved before, and that no edit has touched, are used again. An interrupted render goes
    on where it stopped.
    """
    from previz.cli._render import RenderOptions, describe_plan, plan_render, run_render

    number = int(version) if version is not None and version.isdecimal() else version
    changes = output_changes(version=number, **options)
    plan = plan_render(timeline, RenderOptions(output, frames, size, device, threads, force, changes))
    if dry_run:
        click.echo(json.dumps(describe_plan(plan), indent=2))
        return
    report = run_render(plan)
    if as_json:
        click.echo(json.dumps(report, indent=2))
