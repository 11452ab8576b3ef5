"""`previz curves`: handles to and from other programs' files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from previz.cli._options import parse_frames, parse_size

if TYPE_CHECKING:
    from previz import FrameRange

    Size = int | tuple[int, int]

Command = TypeVar("Command", bound=Callable[..., Any])

FORMAT = click.option(
    "--format", "format_name", metavar="NAME", help="The kind of file; see `previz curves formats`."
)
FPS = click.option("--fps", metavar="RATE", help="Frames a second of the file: 24, 23.976, 24000/1001.")
SIZE = click.option(
    "--size",
    metavar="N|WxH",
    callback=parse_size,
    help="The picture that the file's positions are in, pixels.",
)
ORIGIN = click.option(
    "--origin",
    type=click.Choice(["top-left", "bottom-left"]),
    help="Where y is 0 in the file: at the top, going down, or at the bottom, going up.",
)
ONLY = click.option("--only", multiple=True, metavar="NAME", help="Only this point; may be given again.")
FORCE = click.option("--force", is_flag=True, help="Replace a file that exists.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.group(epilog="Example: previz curves export renders/smile.take.safetensors smile.nk")
def curves() -> None:
    """Bring handles to other programs and back: Nuke, After Effects, Blender, CSV, point trackers."""


@curves.command(
    epilog="Example: previz curves export renders/smile.take.safetensors smile.nk --size 1920x1920 --fps 25"
)
@click.argument("source", metavar="TIMELINE|TAKE", type=click.Path(path_type=Path))
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--what",
    type=click.Choice(["targets", "tracked"]),
    help="Where handles were to go, or where a take's came to be. [default: tracked, of a timeline targets]",
)
@click.option("--frames", metavar="A-B", callback=parse_frames, help="Only these frames.")
@_options(FORMAT, FPS, SIZE, ORIGIN, ONLY, FORCE, JSON)
def export(
    source: Path,
    output: Path,
    what: str | None,
    frames: FrameRange | None,
    format_name: str | None,
    fps: str | None,
    size: Size | None,
    origin: str | None,
    only: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    """Write the handles of a timeline or a take, a position a frame, for another program.

    The ending of OUT tells the format, else --format. With another --fps or --size than its own the motion is
    resampled by time, and scaled.
    """
    from previz.cli._curves import ExportOptions, export_curves

    options = ExportOptions(what, frames, format_name, fps, size, origin, only, force)
    done = export_curves(source, output, options)
    click.echo(json.dumps(done, indent=2) if as_json else done["summary"])
    for line in done["hints"]:
        click.echo(f"previz: {line}", err=True)


@curves.command(
    "import",
    epilog="Example: previz curves import tracks.nk --onto timelines/smile.yaml -o shot.yaml "
    "--map track_1=nose --simplify 0.1",
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The timeline to write.")
@click.option(
    "--onto", metavar="TIMELINE", type=click.Path(path_type=Path), help="The timeline to move the handles of."
)
@click.option("--character", metavar="NAME", help="Without --onto: the character, or its checkpoint's file.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Without --onto: the character's seed.")
@click.option(
    "--map", "mapped", multiple=True, metavar="TRACK=HANDLE", help="A track's handle; may be given again."
)
@click.option(
    "--mapping",
    metavar="MAP.yaml",
    type=click.Path(path_type=Path),
    help="For Live Link Face: what drives what.",
)
@click.option(
    "--first-frame", type=int, metavar="N", help="The shot's frame on which the file's first falls."
)
@click.option("--relative", is_flag=True, help="Take the motion alone: handles start where --onto has them.")
@click.option(
    "--as",
    "shape",
    type=click.Choice(["keys", "path"]),
    default="keys",
    show_default=True,
    help="How motion is written.",
)
@click.option(
    "--simplify",
    metavar="PX",
    type=click.FloatRange(min=0.0),
    default=0.0,
    help="Write fewer keys, at most so far off.",
)
@_options(FORMAT, FPS, SIZE, ORIGIN, ONLY, FORCE, JSON)
def import_(
    file: Path,
    output: Path,
    onto: Path | None,
    character: str | None,
    seed: int | None,
    mapped: tuple[str, ...],
    mapping: Path | None,
    first_frame: int | None,
    relative: bool,
    shape: str,
    simplify: float,
    format_name: str | None,
    fps: str | None,
    size: Size | None,
    origin: str | None,
    only: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    """Write a timeline whose handles follow the tracks of FILE.

    What FILE doesn't state, its --fps, --size or --origin, has to be said. With --onto the tracks move that
    timeline's handles, at its rate and on its canvas, and the rest of it stays; else --character is needed.
    """
    from previz.cli._curves import ImportOptions, import_curves

    options = ImportOptions(
        onto=onto,
        character=character,
        seed=seed,
        names=mapped,
        mapping=mapping,
        first_frame=first_frame,
        relative=relative,
        shape="path" if shape == "path" else "keys",
        tolerance=simplify,
        format=format_name,
        fps=fps,
        size=size,
        origin=origin,
        only=only,
        force=force,
    )
    done = import_curves(file, output, options)
    for note in done["notes"]:
        click.echo(f"previz: note: {note}", err=True)
    click.echo(json.dumps(done, indent=2) if as_json else done["summary"])


@curves.command(epilog="Example: previz curves formats --json")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def formats(as_json: bool) -> None:
    """List the formats: their endings, origin, and whether they are read and written."""
    from previz.cli._curves import list_formats

    rows = list_formats()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        ends = " ".join(row["endings"])
        click.echo(f"{row['name']:<12} {row['use']:<14} {ends:<10} {row['origin']:<12} {row['about']}")
