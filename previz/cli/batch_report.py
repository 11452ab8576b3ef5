"""`previz batch report`: what a list has come to, as files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from previz.cli._batch_options import find_state


def _schema(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from previz.batch import report_schema

    click.echo(json.dumps(report_schema(), indent=2))
    ctx.exit()


@click.command(epilog="Example: previz batch report renders/sq010")
@click.argument("place", metavar="SHOTS|FOLDER", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the names of the files as JSON.")
@click.option(
    "--schema",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_schema,
    help="Print the JSON Schema of report.json, for programs that read it.",
)
def report(place: Path, as_json: bool) -> None:
    """Write a list's index.html, its .otio and report.json as it stands, also while it is run.

    The list is named by its file or by the folder of its outputs. `previz batch run`
    writes them when it ends.
    """
    from previz.batch import write_results

    state = find_state(place)
    results = write_results(state)
    state.close()
    files = {"index": results.index, "otio": results.otio, "report": results.report}
    if as_json:
        click.echo(json.dumps({name: str(path) for name, path in files.items()}))
        return
    for path in files.values():
        click.echo(str(path))
