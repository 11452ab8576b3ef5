"""`previz cast render`: pictures of the character as the renderer draws it."""

from __future__ import annotations

import math
from pathlib import Path

import click

from previz import check_output, contact_sheet, write_png
from previz.cast import Z_NAMES, Renderer, Scene, load_pack, random_z, scene_from_axes, scene_from_z


@click.command(
    epilog="Example: previz cast render cast-work/pack.npz --count 36 --size 160 -o renders/mira.png"
)
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The PNG to write.")
@click.option(
    "--size", default=256, show_default=True, type=click.IntRange(16, 1024), help="Pixels of one picture."
)
@click.option("--count", default=1, show_default=True, type=click.IntRange(1), help="Pictures on the sheet.")
@click.option(
    "--first", default=0, show_default=True, type=click.IntRange(0), help="Index of the first picture."
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the dataset they are from."
)
@click.option("--neutral", is_flag=True, help="The neutral face instead of random ones.")
@click.option(
    "--axis", type=click.Choice(Z_NAMES), help="A strip along one axis instead, from one end to the other."
)
@click.option("--force", is_flag=True, help="Replace the picture if it exists.")
def render(
    pack: Path,
    output: Path,
    size: int,
    count: int,
    first: int,
    seed: int,
    neutral: bool,
    axis: str | None,
    force: bool,
) -> None:
    """Render the character from PACK: pictures of a dataset, a strip along one axis, or the neutral face."""
    if neutral and axis:
        raise click.UsageError("--neutral and --axis exclude each other")
    check_output(output, force)
    renderer = Renderer(load_pack(pack))
    click.echo(f"rendering with {renderer.gl_renderer}", err=True)
    pictures = [renderer.render(scene, size) for scene in _scenes(count, first, seed, neutral, axis)]
    columns = len(pictures) if axis else math.ceil(math.sqrt(len(pictures)))
    picture = contact_sheet(pictures, columns=columns) if len(pictures) > 1 else pictures[0]
    click.echo(write_png(picture, output, force=force))


def _scenes(count: int, first: int, seed: int, neutral: bool, axis: str | None) -> list[Scene]:
    """What to draw."""
    if neutral:
        return [scene_from_axes({})]
    if axis:
        steps = max(count, 2)
        return [scene_from_axes({axis: 2 * step / (steps - 1) - 1}) for step in range(steps)]
    return [scene_from_z(random_z(seed, index)) for index in range(first, first + count)]
