"""`previz batch`: the commands of shot lists."""

from __future__ import annotations

import click

from previz.cli._group import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "check": ("previz.cli.batch_check:check", "Check a list and all of its timelines."),
        "plan": ("previz.cli.batch_plan:plan", "Show what would run, what is done, and how long it takes."),
        "run": ("previz.cli.batch_run:run", "Render what is not done yet."),
        "status": ("previz.cli.batch_status:status", "Show how far a list is."),
        "report": ("previz.cli.batch_report:report", "Write index.html, .otio and report.json as it stands."),
        "resume": ("previz.cli.batch_run:resume", "Go on with a list that was stopped, as it was then."),
        "retry": ("previz.cli.batch_run:retry", "Put failed shots back in line, and render them."),
        "clean": ("previz.cli.batch_clean:clean", "Remove what is left over, or all of a list's outputs."),
        "worker": ("previz.cli.batch_worker:worker", "Join in the work on a list, from any machine."),
        "export": ("previz.cli.batch_export:export", "Write a list as a farm's job template, or a script."),
        "solve": ("previz.cli.batch_steps:solve", "One step of one shot, as such a job runs it: its take."),
        "decode": ("previz.cli.batch_steps:decode", "Another step: its pictures, or some of them."),
        "encode": ("previz.cli.batch_steps:encode", "The last step: its clip, sheet and report."),
    },
    epilog="Example: previz batch run timelines/shots/sq010.yaml --jobs auto",
)
def batch() -> None:
    """Render lists of shots: many timelines, in many takes, on many workers, with nothing lost."""
