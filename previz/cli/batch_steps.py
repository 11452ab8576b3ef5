"""`previz batch solve|decode|encode`: one step of one shot, as an exported job runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from previz.cli._options import parse_frames, pick_device
from previz.cli._progress import reporter

if TYPE_CHECKING:
    from previz import FrameRange
    from previz.batch import PlannedShot

Command = TypeVar("Command", bound=Callable[..., Any])


def _step(command: Command) -> Command:
    """Add what all steps take."""
    command = click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")(
        command
    )
    command = click.argument("shot")(command)
    return click.argument("place", metavar="PLAN|SHOTS", type=click.Path(path_type=Path))(command)


@click.command(epilog="Example: previz batch solve sq010.plan.json sh010")
@_step
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="On a CPU.")
@click.option("--force", is_flag=True, help="Replace what was made of other inputs.")
def solve(place: Path, shot: str, device: str, threads: int, force: bool) -> None:
    """Solve SHOT, and write its take and its last latent, from which others may start.

    PLAN is what `previz batch export` has written beside a template; a list does as well, as it is now.
    """
    from previz.batch import solve_step

    planned = _find(place, shot)
    with reporter() as progress:
        done = solve_step(planned, pick_device(device), threads, force, progress.solving)
    click.echo(str(planned.outputs.take) if done else f"{planned.outputs.take} is there already")


@click.command(epilog="Example: previz batch decode sq010.plan.json sh010 --frames 1001-1024")
@_step
@click.option("--frames", metavar="A-B", callback=parse_frames, help="Only these frames. [all of the shot's]")
def decode(place: Path, shot: str, device: str, frames: FrameRange | None) -> None:
    """Decode frames of SHOT, which is solved, to pictures with all that the clip shows on them.

    They are the clip's own where that is numbered pictures; else `previz batch encode` makes a clip of them.
    """
    from previz.batch import decode_step

    planned = _find(place, shot)
    chosen = frames or planned.frames
    click.echo(f"{decode_step(planned, chosen, pick_device(device))}: {chosen}")


@click.command(epilog="Example: previz batch encode sq010.plan.json sh010")
@_step
def encode(place: Path, shot: str, device: str) -> None:
    """Make the clip of SHOT, whose frames are all decoded, with its sheet, its .otio and its report.

    Then the shot is done, for its list too.
    """
    from previz.batch import encode_step

    planned = _find(place, shot)
    done = encode_step(planned, pick_device(device))
    click.echo(str(planned.outputs.clip) if done else f"{planned.outputs.clip} is there already")


def _find(place: Path, shot: str) -> PlannedShot:
    """The shot of a plan's file, or of a list. Raises PrevizError."""
    from previz.batch import BatchError, plan_list, read_plan
    from previz.batch._waits import near_names

    plan = read_plan(place) if place.suffix == ".json" else plan_list(place)
    try:
        return plan[shot]
    except KeyError:
        near = near_names(shot, (one.id for one in plan.shots))
        raise BatchError(f"{place}: there is no shot {shot}; {near}") from None
