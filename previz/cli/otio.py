"""`previz otio`: rendered clips as one edit."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(epilog="Example: previz otio renders/sq010_*.otio -o renders/sq010.otio")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CLIP...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The edit: .otio, .edl (CMX 3600) or .xml (FCP 7).",
)
@click.option("--name", help="The edit's name. [default: the name of its file]")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def otio(files: tuple[Path, ...], output: Path, name: str | None, force: bool, as_json: bool) -> None:
    """Put rendered clips one after the other on a track, for editorial.

    A CLIP is an .otio that `previz render` wrote, or a video file: with an .otio of its name beside it that
    one counts. Media is named relative to the edit. An .edl or .xml needs `pip install 'previz[editorial]'`.
    """
    from previz.cli._otio import join_clips

    done = join_clips(files, output, name, force)
    click.echo(json.dumps(done, indent=2) if as_json else done["summary"])
