"""`previz cast train` and `previz cast export`: from a dataset of renders to a checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from previz import contact_sheet, write_png
from previz.cast import (
    TrainEvent,
    TrainSettings,
    comparison_pictures,
    export_run,
    open_pairs,
    train_in_processes,
)


def _say(event: TrainEvent) -> None:
    figures = ", ".join(f"{name} {value:.4f}" for name, value in event.figures.items())
    click.echo(
        f"{event.seen} pictures, {event.seconds / 60:.1f} min, {event.size} px, "
        f"rate {event.learning_rate:.2g}: held out {figures}",
        err=True,
    )


@click.command(
    epilog="Example: previz cast train cast-work/mira --out cast-work/run --images 200000 --processes 2"
)
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the run; resumed if there is one.",
)
@click.option(
    "--images",
    default=TrainSettings.images,
    show_default=True,
    type=click.IntRange(1),
    help="Length of the run, in pictures shown.",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Trainer processes, one thread each.",
)
@click.option(
    "--every",
    default=120.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds between figures and saved states.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Seed of the weights and of the order of pictures.",
)
def train(dataset: Path, out: Path, images: int, processes: int, every: float, seed: int) -> None:
    """Train a generator on DATASET (see `previz cast dataset`), or go on with the run in --out.

    The dataset may still be growing. A run that was stopped goes on where it last saved its state; with a
    larger --images it goes on beyond its first length.
    """
    train_in_processes(dataset, out, TrainSettings(images=images, seed=seed), processes, _say, every)


@click.command(
    epilog="Example: previz cast export cast-work/mira --run cast-work/run -o checkpoints/mira.safetensors"
)
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--run", "run", required=True, type=click.Path(path_type=Path), help="Folder that `train` wrote."
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The checkpoint to write."
)
@click.option("--sheets", type=click.Path(path_type=Path), help="Folder for sheets: generated over render.")
@click.option("--force", is_flag=True, help="Replace what exists.")
def export(dataset: Path, run: Path, output: Path, sheets: Path | None, force: bool) -> None:
    """Write the averaged generator of a run as a checkpoint, with figures on the held-out renders."""
    generator, comparison = export_run(run, open_pairs(dataset), output, output.stem, force=force)
    if sheets is not None:
        for name, worst in (("first", False), ("worst", True)):
            pictures = comparison_pictures(comparison, worst)
            write_png(contact_sheet(pictures, columns=5), sheets / f"{output.stem}_{name}.png", force=force)
    for name, value in generator.card["figures"].items():
        click.echo(f"{name} {value}")
