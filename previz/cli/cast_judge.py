"""`previz cast judge`: the network that measures generated pictures, trained on renders."""

from __future__ import annotations

import json
from pathlib import Path

import click

from previz.cast import JudgeEvent, JudgeSettings, load_judge, train_judge
from previz.cli._group import LazyGroup


@click.group(cls=LazyGroup, epilog="Example: previz cast judge train cast-work/head head.judge.safetensors")
def judge() -> None:
    """Train and show the judge, which finds landmarks and names what a picture shows."""


@judge.command(
    epilog="Example: previz cast judge train cast-work/head head.judge.safetensors --pictures 96000"
)
@click.argument("dataset", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--pictures",
    default=JudgeSettings.pictures,
    show_default=True,
    type=click.IntRange(JudgeSettings.batch),
    help="Length of the training, in pictures shown.",
)
@click.option(
    "--size",
    default=JudgeSettings.size,
    show_default=True,
    type=click.Choice(["64", "128", "256"]),
    help="Long side of the pictures it looks at, in pixels; larger ones are averaged down.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the weights.")
@click.option("--force", is_flag=True, help="Replace the judge if it exists.")
def train(dataset: Path, output: Path, pictures: int, size: str, seed: int, force: bool) -> None:
    """Train a judge on the renders of DATASET (see `previz cast dataset`) and write it to OUTPUT.

    A run that was stopped goes on where it last saved its state, which lies beside OUTPUT until it is done.
    """
    settings = JudgeSettings(pictures=pictures, size=int(size), seed=seed)
    trained = train_judge(dataset, output, settings, _say, force=force)
    click.echo(_summary(trained.figures), err=True)
    click.echo(output)


@judge.command(epilog="Example: previz cast judge show checkpoints/head.judge.safetensors --json")
@click.argument("path", metavar="JUDGE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
def show(path: Path, as_json: bool) -> None:
    """Print the errors of a judge on held-out renders, as they were measured after its training."""
    found = load_judge(path)
    if as_json:
        click.echo(json.dumps({"domain": found.config.domain, **found.figures}, indent=1))
    else:
        click.echo(f"judge of {found.config.domain}\n{_summary(found.figures)}")


def _say(event: JudgeEvent) -> None:
    losses = ", ".join(f"{name} {value:.3f}" for name, value in event.losses.items())
    click.echo(f"{event.seen} pictures, {event.seconds / 60:.1f} min: {losses}", err=True)


def _summary(figures: dict[str, object]) -> str:
    lines = []
    for key, title in (("landmark_px", "landmark error in px"), ("factor_r2", "R² of factors")):
        values = figures[key]
        assert isinstance(values, dict)
        lines.append(f"{title}: " + ", ".join(f"{name} {value:.3f}" for name, value in values.items()))
    lines.append(f"visibility right: {figures['visible_right']}")
    return "\n".join(lines) + f"\non {figures['held_out']} held-out renders of {figures['size']} px"
