"""`previz model directions`: named directions of W, for `latents` curves of a timeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from previz.generator import Direction


@click.command(epilog="Example: previz model directions mira")
@click.argument("checkpoint", metavar="CHECKPOINT")
@click.option("--pca", type=click.IntRange(0), default=8, show_default=True, help="Principal components.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where to write. [default: beside CHECKPOINT]"
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, their vectors included.")
@click.option("-n", "--dry-run", is_flag=True, help="Find and show them, and write nothing.")
@click.option("--force", is_flag=True, help="Find them anew where there are some, and replace the file.")
def directions(
    checkpoint: str, pca: int, output: Path | None, as_json: bool, dry_run: bool, force: bool
) -> None:
    """Find directions of W by name, and keep them beside CHECKPOINT, where a timeline's `latents` find them.

    Any generator has its principal components (pc1, pc2 ...; a unit is a standard deviation). A bundled
    character has those of its scene too (smile, yaw ...; a unit is the change of such a factor by 1, where -1
    and 1 are its ends). Where there is a file already, it is shown.
    """
    from previz.cast import scene_directions
    from previz.generator import (
        component_directions,
        directions_file,
        find_checkpoint,
        load_directions,
        load_generator,
        save_directions,
    )

    path = find_checkpoint(checkpoint)
    generator = load_generator(path)
    target = output or directions_file(path)
    there = target.is_file() and not (force or dry_run)
    if there and output is None:
        found = load_directions(target, generator)
    else:
        found = (*scene_directions(generator), *component_directions(generator, pca))
        if not dry_run:
            save_directions(found, generator.digest, target, force)
    if as_json:
        rows = [
            {"name": one.name, "kind": one.kind, "share": one.share, "vector": one.vector.tolist()}
            for one in found
        ]
        about = {"checkpoint": str(path), "generator": generator.digest, "file": str(target)}
        click.echo(json.dumps({**about, "directions": rows}, indent=2))
        return
    _print(found)
    if not dry_run:
        click.echo(f"{target}{' (kept from before; --force finds them anew)' if there else ''}", err=True)


def _print(found: Sequence[Direction]) -> None:
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        of = "of the factor is linear in w" if one.kind == "factor" else "of the variance of w"
        click.echo(f"{one.name:<{width}}  {one.share:>6.1%} {of}")
