"""`previz schema`: the timeline's JSON Schema, for editors."""

from __future__ import annotations

import json

import click

from previz import timeline_schema


@click.command(epilog="Example: previz schema > timeline.schema.json")
def schema() -> None:
    """Print the JSON Schema of a timeline, so that an editor completes and checks it.

    With the YAML extension of VS Code, and in other editors, a first line
    `# yaml-language-server: $schema=timeline.schema.json` in a timeline turns it on.
    """
    click.echo(json.dumps(timeline_schema(), indent=2))
