"""`previz batch export`: a list as a farm's manager or a shell takes it."""

from __future__ import annotations

import json
from pathlib import Path

import click
import yaml

from previz.cli._batch_options import choose, choosing

_SUFFIXES = {"openjd": (".yaml", ".yml", ".json"), "shell": (".sh",)}


@click.command(epilog="Example: previz batch export timelines/shots/sq010.yaml --format openjd -o sq010.yaml")
@click.argument("shots_file", metavar="SHOTS", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["openjd", "shell"]),
    default="openjd",
    show_default=True,
    help="An Open Job Description template (YAML or JSON), or a POSIX shell script.",
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--folder", type=click.Path(path_type=Path), help="The folder of all outputs. [the list's]")
@click.option(
    "--chunk",
    type=click.IntRange(min=1),
    default=24,
    show_default=True,
    help="Frames that a task decodes; 1 is a task a frame.",
)
@choosing
@click.option("--force", is_flag=True, help="Replace files that exist.")
def export(
    shots_file: Path,
    kind: str,
    output: Path,
    folder: Path | None,
    chunk: int,
    shots: tuple[str, ...],
    tags: tuple[str, ...],
    force: bool,
) -> None:
    """Write the list SHOTS as jobs for something else to run.

    A template has three steps a shot: solve, decode in chunks of frames, encode. Beside it lies
    NAME.plan.json, the list as it is now, which the jobs read: keep it where all machines see it under the
    same path. A script has a command a shot; its first lines tell its options and exit codes.
    """
    from previz import output_file
    from previz.batch import BatchError, openjd_template, plan_list, shell_script, write_plan

    if output.suffix not in _SUFFIXES[kind]:
        raise BatchError(f"{output}: the {kind} export is a file named {' or '.join(_SUFFIXES[kind])}")
    plan = plan_list(shots_file, folder)
    chosen = choose(plan, shots, tags)
    only = None if chosen is None else plan.with_needs(chosen)
    count = len(plan.shots) if only is None else len(only)
    if kind == "shell":
        with output_file(output, force) as temporary:
            temporary.write_text(shell_script(plan, output, Path(), only), encoding="utf-8")
        output.chmod(output.stat().st_mode | 0o111)
        click.echo(f"{output}: {count} shots; `sh {output}` renders them")
        return
    beside = output.with_name(f"{output.stem}.plan.json")
    template = openjd_template(plan, beside, chunk, only)
    with output_file(output, force) as temporary:
        write_plan(plan, beside, force)
        dumped = json.dumps(template, indent=2) + "\n" if output.suffix == ".json" else _yaml(template)
        temporary.write_text(dumped, encoding="utf-8")
    steps = len(template["steps"])
    click.echo(f"{output}: {count} shots, {steps} steps; they read {beside}")


def _yaml(template: object) -> str:
    return str(yaml.safe_dump(template, sort_keys=False, allow_unicode=True, width=110))
