"""`previz check`: what is wrong with timelines and motions, without solving them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from previz import (
    MotionSpec,
    PrevizError,
    Problem,
    Timeline,
    TimelineError,
    check_against,
    is_motion,
    load_motion,
    load_timeline,
    timeline_warnings,
)


@click.command(epilog="Example: previz check timelines/*.yaml")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="T.yaml...")
@click.option("--character", is_flag=True, help="Load the characters too, and check against their pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one entry a file.")
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], character: bool, as_json: bool) -> None:
    """Check timelines and motions without solving them, and list everything that is wrong with each.

    A sound file gets one line. Exit code 2 when any timeline has an error.
    """
    entries = [_check(file, character) for file in files]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    for entry in () if as_json else entries:
        for problem in entry["problems"]:
            click.echo(problem["text"], err=True)
        if entry["ok"]:
            click.echo(f"{entry['file']}: ok: {entry['summary']}")
    if not all(entry["ok"] for entry in entries):
        ctx.exit(TimelineError.exit_code)


def _check(file: Path, character: bool) -> dict[str, Any]:
    """One file's entry in the list: its problems, and what it holds where it can be read."""
    contents: dict[str, Any] = {}
    problems: tuple[Problem, ...] = ()
    try:
        if is_motion(file):
            contents = _motion_contents(load_motion(file))
        else:
            timeline = load_timeline(file)
            contents = _contents(timeline)
            problems = _against_character(timeline) if character else timeline_warnings(timeline)
    except TimelineError as error:
        problems = error.problems
    except PrevizError as error:  # the character can't be loaded
        problems = (Problem(str(file), "character", str(error)),)
    return {
        "file": str(file),
        "ok": all(problem.severity == "warning" for problem in problems),
        "problems": [
            {
                "where": problem.where,
                "field": problem.field,
                "message": problem.message,
                "severity": problem.severity,
                "text": str(problem),
            }
            for problem in problems
        ],
        **contents,
    }


def _against_character(timeline: Timeline) -> tuple[Problem, ...]:
    from previz import load_generator  # seconds, and only where asked for
    from previz.animate import start_latent

    generator = load_generator(timeline.checkpoint)
    start_latent(timeline, generator)  # that it has the latents, layers and directions that are named
    problems = (*timeline_warnings(timeline), *check_against(timeline, generator.width, generator.height))
    return tuple(dict.fromkeys(problems))


def _contents(timeline: Timeline) -> dict[str, Any]:
    count = len(timeline.frames)
    pinned = sum(handle.pin for handle in timeline.handles.values())
    handles = _counted(len(timeline.handles), "handle") + (f" ({pinned} pinned)" if pinned else "")
    time = f"{_counted(count, 'frame')} ({timeline.frames}) at {float(timeline.rate):.6g} fps"
    return {
        "shot": timeline.shot,
        "frames": str(timeline.frames),
        "frame_count": count,
        "rate": str(timeline.rate),
        "seconds": float(timeline.duration),
        "handles": list(timeline.handles),
        "summary": f"{timeline.shot}, {time}, {float(timeline.duration):.2f} s, {handles}",
    }


def _motion_contents(motion: MotionSpec) -> dict[str, Any]:
    last = max(max((*(h.keys or ()), *(h.timing or ()), 0)) for h in motion.handles.values())
    parameters = ", ".join(motion.parameters) or "none"
    handles = _counted(len(motion.handles), "handle")
    return {
        "motion": motion.motion,
        "frame_count": last + 1,
        "rate": str(motion.fps),
        "handles": list(motion.handles),
        "parameters": list(motion.parameters),
        "summary": f"motion {motion.motion}, {_counted(last + 1, 'frame')} at {float(motion.fps):.6g} fps, "
        f"{handles}, parameters {parameters}",
    }


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
