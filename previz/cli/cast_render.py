"""`previz cast render`: pictures of a family as the renderer draws it."""

from __future__ import annotations

import math
from pathlib import Path

import click
import numpy as np

from previz import CastError, check_output, contact_sheet, write_png
from previz.cast import DOMAINS, Domain, Renderer, Scene, find_domain, load_pack, random_z


@click.command(
    epilog="Example: previz cast render cast-work/pack.npz --count 36 --size 160 -o renders/heads.png"
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
@click.option(
    "--domain",
    "domain_name",
    default="head",
    show_default=True,
    type=click.Choice(sorted(DOMAINS)),
    help="Which family of pictures.",
)
@click.option("--neutral", is_flag=True, help="The neutral face instead of random ones.")
@click.option("--axis", help="A strip of the first picture along one dimension of z instead, from -2 to 2.")
@click.option("--force", is_flag=True, help="Replace the picture if it exists.")
def render(
    pack: Path,
    output: Path,
    size: int,
    count: int,
    first: int,
    seed: int,
    domain_name: str,
    neutral: bool,
    axis: str | None,
    force: bool,
) -> None:
    """Render from PACK: pictures of a dataset, a strip along a dimension of z, or the middle of all."""
    if neutral and axis:
        raise click.UsageError("--neutral and --axis exclude each other")
    check_output(output, force)
    renderer = Renderer(load_pack(pack))
    click.echo(f"rendering with {renderer.gl_renderer}", err=True)
    domain = find_domain(domain_name)
    shape = domain.picture_shape(size)
    scenes = _scenes(domain, count, first, seed, neutral, axis)
    pictures = [renderer.render(scene, shape) for scene in scenes]
    columns = len(pictures) if axis else math.ceil(math.sqrt(len(pictures)))
    picture = contact_sheet(pictures, columns=columns) if len(pictures) > 1 else pictures[0]
    click.echo(write_png(picture, output, force=force))


def _scenes(
    domain: Domain, count: int, first: int, seed: int, neutral: bool, axis: str | None
) -> list[Scene]:
    """What to draw."""
    if neutral:
        return [domain.scene_from_z(np.zeros(domain.z_dim))]
    if not axis:
        return [domain.scene_from_z(random_z(domain, seed, index)) for index in range(first, first + count)]
    if axis not in domain.z_names:
        raise CastError(f"--axis: {domain.name} has no {axis!r}; it has {', '.join(domain.z_names)}")
    scenes = []
    for value in np.linspace(-2, 2, max(count, 2)):
        code = random_z(domain, seed, first)
        code[domain.z_names.index(axis)] = value
        scenes.append(domain.scene_from_z(code))
    return scenes
