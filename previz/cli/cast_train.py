"""`previz cast train`: a generator learns renders, or a folder of pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from previz.cast import (
    AdversarialEvent,
    AdversarialRun,
    AdversarialSettings,
    ImageSettings,
    TrainEvent,
    open_pairs,
    photograph_settings,
    prepare_images,
    settings_for,
    train_adversarially,
    train_in_processes,
)
from previz.cli._training import ImagesParam, ResolutionParam

LEFT_OUT_SHOWN = 10


def _say(event: TrainEvent) -> None:
    figures = ", ".join(f"{name} {value:.4f}" for name, value in event.figures.items())
    click.echo(
        f"{event.seen} pictures, {event.seconds / 60:.1f} min, {event.size} px, "
        f"rate {event.learning_rate:.2g}: held out {figures}",
        err=True,
    )


def _say_adversarial(event: AdversarialEvent) -> None:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in event.figures.items())
    click.echo(
        f"{event.seen} pictures, {event.seconds / 60:.1f} min, {event.pictures_per_second:.1f}/s: {figures}",
        err=True,
    )


@click.command(
    epilog="""\b
Example: previz cast train cast-work/run --dataset cast-work/head --pictures 200000 --processes 2
         previz cast train cast-work/run --dataset cast-work/head --adversarial --processes 2
         previz cast train cast-work/mine --images photographs/ --resolution 128 --mirror"""
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--dataset", type=click.Path(path_type=Path), help="Learn these renders (`previz cast dataset`)."
)
@click.option(
    "--images",
    type=ImagesParam(),
    help="Learn this folder of pictures, adversarially. (A number is --pictures.)",
)
@click.option(
    "--adversarial",
    is_flag=True,
    help="After the regression: let a discriminator sharpen what the run in RUN, or --from, has learnt.",
)
@click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    help="Run or checkpoint that a new run starts from. Adversarial runs, also on --images, take its "
    "architecture; one on renders takes its layers, and teaches a mapping anew.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the run, where RUN names the dataset instead.",
)
@click.option(
    "--pictures",
    type=click.IntRange(1),
    help="Length of the run, in pictures shown. [default: by domain; 30000 adversarial; 1000000 of a folder]",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Trainer processes on the CPU, one thread each.",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="cpu, cuda or auto: a GPU where there is one.",
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
@click.option(
    "--judge", type=click.Path(path_type=Path), help="Feature network for a Fréchet distance in the log."
)
@click.option(
    "--resolution",
    default="128",
    show_default=True,
    type=ResolutionParam(),
    help="Of --images: size, or HEIGHTxWIDTH; cropped about the centre.",
)
@click.option("--mirror", is_flag=True, help="Of --images: show half of them mirrored.")
@click.option("--limit", type=click.IntRange(1), help="Of --images: take so many only.")
@click.option(
    "--z-dim", default=512, show_default=True, type=click.IntRange(1), help="Of --images: numbers in a code."
)
@click.option(
    "--channels",
    nargs=2,
    default=(4096, 256),
    show_default=True,
    type=click.IntRange(1),
    help="Of --images: BASE and MOST feature maps; 32768 512 as published, for a GPU.",
)
@click.option(
    "--augment/--no-augment", default=None, help="Adaptive augmentation; on for --images, off for renders."
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    help="Adversarial: pictures a step and process. [default: 4; 16 of a folder]",
)
@click.option(
    "--gamma", type=click.FloatRange(0), help="Adversarial: weight of R1. [default: 1; by size for a folder]"
)
@click.option(
    "--push",
    type=click.FloatRange(0),
    help="Adversarial: weight of the discriminator's gradient beside the regression's. [default: 1]",
)
@click.option(
    "--path-length", type=click.FloatRange(0), help="Adversarial: weight of the path length. [default: 0]"
)
def train(
    run: Path, dataset: Path | None, images: int | Path | None, out: Path | None, **options: Any
) -> None:
    """Train a generator in the folder RUN, or go on with the run that is there.

    On renders (--dataset, see `previz cast dataset`) it learns by regression what picture each code is, and
    then, with --adversarial, to draw it sharply. On a folder of pictures (--images) it learns adversarially
    from nothing. `previz cast train DATASET --out RUN` is the first of these, too. The dataset may still be
    growing. A run that was stopped goes on where it last saved its state; with more --pictures it goes on
    beyond its first length.
    """
    if isinstance(images, int):
        images, options["pictures"] = None, options["pictures"] or images
    if out is not None:
        if dataset is not None:
            raise click.UsageError("--out makes RUN the dataset; give --dataset or --out, not both")
        run, dataset = out, (None if images is not None else run)
    if (dataset is None) == (images is None):
        raise click.UsageError("give what to learn from: --dataset RENDERS or --images FOLDER")
    if images is not None:
        _train_on_images(run, images, **options)
    elif options["adversarial"]:
        _train_adversarially(run, dataset, **options)
    else:
        assert dataset is not None
        _refuse(options, "--adversarial", "judge", "batch", "gamma", "push", "path_length")
        settings = replace(settings_for(open_pairs(dataset).domain), seed=options["seed"])
        if options["pictures"] is not None:
            settings = replace(settings, images=options["pictures"])
        train_in_processes(
            dataset,
            run,
            settings,
            options["processes"],
            _say,
            options["every"],
            options["device"],
            source=options["start"],
        )


def _train_on_images(run: Path, images: Path, **options: Any) -> None:
    _refuse(options, "--dataset", "push")
    settings = ImageSettings(
        images,
        options["resolution"],
        mirror=options["mirror"],
        limit=options["limit"],
        z_dim=options["z_dim"],
        channels=tuple(options["channels"]),
    )
    left_out = prepare_images(settings, run)
    for entry in left_out[:LEFT_OUT_SHOWN]:
        click.echo(f"left out: {entry}", err=True)
    if len(left_out) > LEFT_OUT_SHOWN:
        rest = len(left_out) - LEFT_OUT_SHOWN
        click.echo(f"left out: {rest} more, named in {run / 'images.json'}", err=True)
    height, width = settings.resolution
    how = _with_options(photograph_settings(height, width, options["batch"] or 16), options)
    _start(run, how, options, images=settings)


def _train_adversarially(run: Path, dataset: Path | None, **options: Any) -> None:
    _start(run, _with_options(AdversarialSettings(), options), options, dataset=dataset)


def _start(folder: Path, how: AdversarialSettings, options: dict[str, Any], **real: Any) -> None:
    given = {name: options[name] for name in ("start", "judge", "every")}
    run = AdversarialRun(folder, how, **real, **given)
    train_adversarially(run, options["processes"], options["device"], _say_adversarial)


def _with_options(settings: AdversarialSettings, options: dict[str, Any]) -> AdversarialSettings:
    """The settings with what the user asked for."""
    asked = {
        "images": options["pictures"],
        "batch": options["batch"],
        "r1": options["gamma"],
        "push": options["push"],
        "path_length": options["path_length"],
        "augment": options["augment"],
    }
    given = {name: value for name, value in asked.items() if value is not None}
    return replace(settings, seed=options["seed"], **given)


def _refuse(options: dict[str, Any], needed: str, *names: str) -> None:
    """A usage error for an option that would be without effect."""
    for name in names:
        if options[name] is not None:
            raise click.UsageError(f"--{name.replace('_', '-')} has no effect without {needed}")
