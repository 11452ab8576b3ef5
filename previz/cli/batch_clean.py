"""`previz batch clean`: remove what a list has left over."""

from __future__ import annotations

from pathlib import Path

import click

from previz.cli._batch_options import find_state


@click.command("clean", epilog="Example: previz batch clean renders/sq010 --all -n")
@click.argument("place", metavar="SHOTS|FOLDER", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Outputs, logs, the report and the state too.")
@click.option("-n", "--dry-run", is_flag=True, help="Print what would be removed, and remove nothing.")
def clean(place: Path, everything: bool, dry_run: bool) -> None:
    """Remove the solved frames that interrupted attempts of finished shots have kept; --all removes all.

    Only what the list has written is removed, and nothing while a shot is being rendered.
    """
    from previz.batch import clean as remove
    from previz.batch import removable

    state = find_state(place)
    found = removable(state, everything) if dry_run else remove(state, everything)
    for path in found:
        click.echo(f"{'would remove' if dry_run else 'removed'} {path}")
    if not found:
        click.echo("nothing to remove", err=True)
