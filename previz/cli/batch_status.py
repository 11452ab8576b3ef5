"""`previz batch status`: how far a list is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from previz.cli._batch_options import find_state


@click.command(epilog="Example: previz batch status renders/sq010 --json")
@click.argument("place", metavar="SHOTS|FOLDER", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, as in report.json.")
def status(place: Path, as_json: bool) -> None:
    """Show every shot of a list, named by its file or by the folder of its outputs."""
    from rich.console import Console

    from previz.batch import hook_rows, list_report, stored_plan
    from previz.cli._batch_table import closing, table

    state = find_state(place)
    rows, plan, hooks = state.rows(), stored_plan(state), hook_rows(state)
    state.close()
    if as_json:
        click.echo(json.dumps(list_report(plan, rows, hooks), indent=2))
        return
    Console(highlight=False, markup=False, emoji=False).print(table(rows, most=len(rows)))
    click.echo(closing(rows))
