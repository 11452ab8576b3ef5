"""`previz batch plan`: what a run would do, and how long it would take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from previz.cli._batch_options import choose, choosing
from previz.cli._progress import clock

if TYPE_CHECKING:
    from previz.batch import Estimate, ShotPlan, Standing

_WORDS = {
    "run": "would run",
    "continue": "would go on",
    "cached": "done",
    "changed": "changed: needs --force",
    "running": "running",
    "failed": "failed: needs a retry",
}


@click.command(epilog="Example: previz batch plan timelines/shots/sq010.yaml --jobs 4")
@click.argument("shots_file", metavar="SHOTS", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder of all outputs.")
@choosing
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="How many workers the estimate is for.",
)
@click.option("--device", default="cpu", show_default=True, help="What the estimate is for: cpu or cuda.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, every shot resolved.")
def plan(
    shots_file: Path,
    output: Path | None,
    shots: tuple[str, ...],
    tags: tuple[str, ...],
    jobs: int,
    device: str,
    as_json: bool,
) -> None:
    """Show what `previz batch run SHOTS` would do, and write nothing.

    A shot is done if its outputs are there and were made of the same inputs: timeline, files that it names,
    checkpoint. Times go by what finished shots of this list took a frame.
    """
    from previz.batch import estimate, open_state, plan_list, standing

    planned = plan_list(shots_file, output)
    chosen = choose(planned, shots, tags)
    only = None if chosen is None else planned.with_needs(chosen)
    found = tuple(one for one in standing(planned) if only is None or one.shot.id in only)
    timings: tuple[dict[str, Any], ...] = ()
    if planned.database.is_file():
        state = open_state(planned.database, shared=planned.shared)
        timings = state.timings()
        state.close()
    time = estimate(found, timings, device.split(":", maxsplit=1)[0], jobs)
    if as_json:
        click.echo(json.dumps(_as_json(planned, found, time), indent=2))
    else:
        _print(planned, found, time, jobs)


def _as_json(plan: ShotPlan, found: tuple[Standing, ...], time: Estimate) -> dict[str, Any]:
    return {
        "list": plan.name,
        "folder": str(plan.folder),
        "seconds": time.total,
        "measured_shots": time.measured,
        "shots": [
            {"fate": one.fate, "kept": one.kept, "seconds": time.seconds.get(one.shot.id), "error": one.error}
            | one.shot.to_dict()
            for one in found
        ],
    }


def _print(plan: ShotPlan, found: tuple[Standing, ...], time: Estimate, jobs: int) -> None:
    width = max((len(one.shot.id) for one in found), default=0)
    for one in found:
        shot, seconds = one.shot, time.seconds.get(one.shot.id)
        facts = [f"{len(shot.frames)} frames ({shot.frames})"]
        facts += [f"{one.kept} of {shot.solves} solved"] if one.kept else []
        facts += [f"about {clock(seconds)}"] if seconds is not None else []
        facts += [f"after {', '.join(shot.after)}"] if shot.after else []
        facts += [one.error] if one.error else []
        click.echo(f"{shot.id:<{width}}  {_WORDS[one.fate]:<22}  {', '.join(facts)}")
    runs = [one for one in found if one.fate in ("run", "continue")]
    done = sum(one.fate == "cached" for one in found)
    frames = sum(one.shot.solves - one.kept for one in runs)
    click.echo(f"{plan.folder}: {len(runs)} of {len(found)} shots would run, {done} are done", err=True)
    if runs and time.total is not None:
        workers = f"{jobs} worker{'s' if jobs > 1 else ''}"
        click.echo(
            f"{frames} frames to solve, about {clock(time.total)} on {workers}, "
            f"by the times of {time.measured} finished shots",
            err=True,
        )
    elif runs:
        click.echo(f"{frames} frames to solve; nothing was measured yet, so no time is told", err=True)
