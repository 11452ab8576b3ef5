"""`previz schema`: the timeline's JSON Schema, for editors."""

from __future__ import annotations

import json

import click

from previz import motion_schema, timeline_schema


@click.command(epilog="Example: previz schema > timeline.schema.json")
@click.option("--motion", is_flag=True, help="The schema of a motion, instead of a timeline's.")
def schema(motion: bool) -> None:
    """Print the JSON Schema of a timeline, so that an editor completes and checks it.

    With the YAML extension of VS Code, and in other editors, a first line
    `# yaml-language-server: $schema=timeline.schema.json` in a timeline turns it on.
    """
    click.echo(json.dumps(motion_schema() if motion else timeline_schema(), indent=2))
