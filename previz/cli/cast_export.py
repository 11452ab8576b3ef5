"""`previz cast export`: from a run to a checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from previz import contact_sheet, write_png
from previz.cast import comparison_pictures, export_images_run, export_run, open_pairs


@click.command(
    epilog="Example: previz cast export cast-work/mira --run cast-work/run -o checkpoints/mira.safetensors"
)
@click.argument("dataset", required=False, type=click.Path(path_type=Path))
@click.option(
    "--run", "run", required=True, type=click.Path(path_type=Path), help="Folder that `train` wrote."
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The checkpoint to write."
)
@click.option("--sheets", type=click.Path(path_type=Path), help="Folder for sheets: generated over render.")
@click.option("--force", is_flag=True, help="Replace what exists.")
def export(dataset: Path | None, run: Path, output: Path, sheets: Path | None, force: bool) -> None:
    """Write the averaged generator of a run as a checkpoint, with figures on the held-out renders of DATASET.

    A run on a folder of pictures has no DATASET. The adversarial half of a run is taken where there is one.
    """
    if dataset is None:
        if sheets is not None:
            raise click.UsageError("--sheets compares with renders; name their DATASET")
        for name, value in export_images_run(run, output, output.stem, force=force).card["figures"].items():
            click.echo(f"{name} {value}")
        return
    generator, comparison = export_run(run, open_pairs(dataset), output, output.stem, force=force)
    if sheets is not None:
        for name, worst in (("first", False), ("worst", True)):
            pictures = comparison_pictures(comparison, worst)
            write_png(contact_sheet(pictures, columns=5), sheets / f"{output.stem}_{name}.png", force=force)
    for name, value in generator.card["figures"].items():
        click.echo(f"{name} {value}")
