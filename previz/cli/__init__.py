"""The command line: one small module a command, each parsing its arguments and calling the public API."""

from __future__ import annotations

import click

from previz import __version__
from previz.cli._group import LazyGroup

__all__ = ["main"]


@click.group(
    cls=LazyGroup,
    lazy={
        "new": ("previz.cli.new:new", "Write a commented timeline to start from."),
        "pick": ("previz.cli.pick:pick", "Show where points are, to write their coordinates."),
        "render": ("previz.cli.render:render", "Solve a timeline and write its clip, take and report."),
        "batch": ("previz.cli.batch:batch", "Render lists of shots, on many workers."),
        "check": ("previz.cli.check:check", "Check timelines without solving them."),
        "retime": ("previz.cli.retime:retime", "Bring a timeline to another rate, length, range or speed."),
        "schema": ("previz.cli.schema:schema", "Print the timeline's JSON Schema."),
        "model": ("previz.cli.model:model", "List, inspect and convert generator checkpoints."),
        "sheet": ("previz.cli.sheet:sheet", "Lay a shot's keys and in-betweens out on one picture."),
        "compare": ("previz.cli.compare:compare", "Put two takes or clips into one, side by side and more."),
        "plot": ("previz.cli.plot:plot", "Plot a take's error, speed, jitter and iterations."),
        "latents": ("previz.cli.latents:latents", "Show, smooth, export and decode the latents of a take."),
        "curves": ("previz.cli.curves:curves", "Bring handles to other programs and back."),
        "otio": ("previz.cli.otio:otio", "Put rendered clips into one edit: OpenTimelineIO, EDL, FCP XML."),
        "bench": ("previz.cli.bench:bench", "Measure solvers, trackers and their speed."),
        "cast": ("previz.cli.cast:cast", "Render, train and measure the bundled characters."),
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: previz render timelines/smile.yaml -o renders/smile.mp4",
)
@click.version_option(__version__, prog_name="previz")
def main() -> None:
    """Turn keyframed drag timelines into video clips of a generated character."""
