"""`previz batch check`: what is wrong with shot lists, without rendering them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from previz import PrevizError, Problem, TimelineError


def _schema(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from previz.batch import shot_list_schema

        click.echo(json.dumps(shot_list_schema(), indent=2))
        ctx.exit()


@click.command(epilog="Example: previz batch check timelines/shots/*.yaml")
@click.argument("lists", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SHOTS...")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one entry a shot list.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_schema,
    help="Print the JSON Schema of shot lists, for editors.",
)
@click.pass_context
def check(ctx: click.Context, lists: tuple[Path, ...], as_json: bool) -> None:
    """Check the shot lists SHOTS, YAML or CSV, and every timeline as their changes make it.

    A sound list gets one line. Exit code 2 when any has an error.
    """
    entries = [_check(path) for path in lists]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    for entry in () if as_json else entries:
        for problem in entry["problems"]:
            click.echo(problem["text"], err=True)
        if entry["ok"]:
            click.echo(f"{entry['list']}: ok: {entry['summary']}")
    if not all(entry["ok"] for entry in entries):
        ctx.exit(TimelineError.exit_code)


def _check(path: Path) -> dict[str, Any]:
    from previz.batch import plan_list

    contents: dict[str, Any] = {}
    problems: tuple[Problem, ...] = ()
    try:
        plan = plan_list(path)
        frames = sum(len(shot.frames) for shot in plan.shots)
        shots = len({shot.shot for shot in plan.shots})
        contents = {
            "shots": shots,
            "takes": len(plan.shots),
            "frames": frames,
            "folder": str(plan.folder),
            "summary": f"{shots} shots, {len(plan.shots)} takes, {frames} frames, to {plan.folder}",
        }
    except TimelineError as error:
        problems = error.problems
    except PrevizError as error:
        problems = (Problem(str(path), "", str(error)),)
    return {
        "list": str(path),
        "ok": not problems,
        "problems": [
            {"where": one.where, "field": one.field, "message": one.message, "text": str(one)}
            for one in problems
        ],
        **contents,
    }
