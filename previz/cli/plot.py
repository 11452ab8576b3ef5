"""`previz plot`: how a take came out, over time."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: previz plot renders/smile.take.safetensors -o smile.svg")
@click.argument("file", metavar="TAKE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A .png or .svg. [default: a .png beside the take]",
)
@click.option("--force", is_flag=True, help="Replace what exists.")
def plot(file: Path, output: Path | None, force: bool) -> None:
    """Plot a take by frame: error, speed, jitter and iterations, a colour a handle, keys as upright lines."""
    from previz.cli._plot import write_plot

    click.echo(write_plot(file, output, force))
