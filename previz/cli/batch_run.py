"""`previz batch run`, `resume` and `retry`: render a list's shots on this machine."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from previz import PrevizError
from previz.cli._batch_engine import run_engine, slurm_options
from previz.cli._batch_options import RunOptions, choose, choosing, find_state, pick_devices, running

if TYPE_CHECKING:
    from previz.batch import LocalOptions, Row, ShotPlan, State

EXIT_FAILED = 1


_EXAMPLES = """\b
Examples:
  previz batch run timelines/shots/sq010.yaml --jobs auto
  previz batch run sq010.yaml --engine ray --address head:6379
  previz batch run sq010.yaml --engine slurm --partition gpu --sbatch account=vfx
"""


@click.command(epilog=_EXAMPLES)
@click.argument("shots_file", metavar="SHOTS", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder of all outputs.")
@choosing
@click.option("--force", is_flag=True, help="Replace outputs that were made of other inputs.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, as `previz batch plan` does.")
@running
@click.pass_context
def run(
    ctx: click.Context,
    shots_file: Path,
    output: Path | None,
    shots: tuple[str, ...],
    tags: tuple[str, ...],
    force: bool,
    dry_run: bool,
    options: RunOptions,
) -> None:
    """Render the shots of the list SHOTS that are not done yet, on worker processes.

    It may be stopped and started again at will, and run on several machines at once that share the folder:
    each shot is rendered once, and goes on from its last solved frame. A shot that fails stops no other. Exit
    codes: 0 all are done, 1 a shot failed, 2 the list or the folder is at fault, 130 interrupted.
    """
    from previz.batch import plan_list, sync

    if dry_run:
        from previz.cli.batch_plan import plan as command

        ctx.invoke(
            command,
            shots_file=shots_file,
            output=output,
            shots=shots,
            tags=tags,
            jobs=options.jobs or 1,
            device="cpu" if options.device == "auto" else options.device,
            as_json=options.as_json,
        )
        return
    plan = plan_list(shots_file, output)
    chosen = choose(plan, shots, tags)
    only = None if chosen is None else plan.with_needs(chosen)
    state = sync(plan, force, only)
    _run(ctx, state, plan, only, options, str(shots_file))


@click.command(epilog="Example: previz batch resume renders/sq010")
@click.argument("place", metavar="SHOTS|FOLDER", type=click.Path(path_type=Path))
@choosing
@running
@click.pass_context
def resume(
    ctx: click.Context,
    place: Path,
    shots: tuple[str, ...],
    tags: tuple[str, ...],
    options: RunOptions,
) -> None:
    """Go on with a list as it was when it was last run, whatever has become of its file.

    It is named by its file or by the folder of its outputs.
    """
    from previz.batch import stored_plan

    state = find_state(place)
    plan = stored_plan(state)
    chosen = choose(plan, shots, tags)
    only = None if chosen is None else plan.with_needs(chosen)
    _run(ctx, state, plan, only, options, str(place))


@click.command(epilog="Example: previz batch retry renders/sq010 --shot sh020")
@click.argument("place", metavar="SHOTS|FOLDER", type=click.Path(path_type=Path))
@choosing
@click.option("--hooks", is_flag=True, help="Run hand-over hooks again that failed, instead.")
@click.option("--no-run", is_flag=True, help="Only put them back in line.")
@running
@click.pass_context
def retry(
    ctx: click.Context,
    place: Path,
    shots: tuple[str, ...],
    tags: tuple[str, ...],
    hooks: bool,
    no_run: bool,
    options: RunOptions,
) -> None:
    """Put the failed shots of a list back in line, with all of their attempts, and render them."""
    from previz.batch import retry_hooks, stored_plan

    state = find_state(place)
    plan = stored_plan(state)
    chosen = choose(plan, shots, tags)
    only = None if chosen is None else plan.with_needs(chosen)
    again = retry_hooks(state, chosen) if hooks else state.retry(only)
    none = "no hook has failed" if hooks else "no shot has failed"
    click.echo(f"back in line: {', '.join(again)}" if again else none, err=True)
    if not no_run:
        _run(ctx, state, plan, only, options, str(place))


def _run(
    ctx: click.Context,
    state: State,
    plan: ShotPlan,
    only: frozenset[str] | None,
    options: RunOptions,
    name: str,
) -> None:
    """Run what is in line, tell of it, and leave with the exit code that it deserves."""
    from previz.batch import LocalOptions, hook_rows, is_left, run_owed_hooks, this_worker, write_results
    from previz.cli._batch_table import closing, display

    def chosen(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(row for row in rows if only is None or row.id in only)

    rows = state.rows()
    todo = [row for row in chosen(rows) if is_left(row)]
    if todo:
        devices: tuple[str, ...] = (options.device,)  # which a farm's machines have
        if options.engine.engine == "local":
            devices = pick_devices(options.device, options.jobs, options.threads, len(todo))
        local = LocalOptions(devices, options.threads, options.overlap, only, options.together)
        if options.engine.no_wait:
            _submit(state, options, local, name)
            return
        with display(only, options.as_json) as shown:
            shown.watch(rows)
            try:
                rows = run_engine(options.engine, state, local, options.jobs, shown.watch)
            except KeyboardInterrupt:
                click.echo(f"previz: {closing(chosen(state.rows()))}", err=True)
                click.echo(f"previz: `previz batch resume {name}` goes on", err=True)
                _write_what_is_there(state)
                raise
            except PrevizError:
                _write_what_is_there(state)
                raise
    run_owed_hooks(state, this_worker("cpu"))  # of workers that died before they could
    results = write_results(state)
    if options.as_json:
        told = {"report": str(results.report), "index": str(results.index), "otio": str(results.otio)}
        click.echo(json.dumps({"event": "finished", **told, "summary": closing(chosen(rows))}))
    for row in chosen(rows):
        if row.status == "failed":
            click.echo(f"{row.id}: failed: {row.error}; see {row.planned.outputs.log}", err=True)
    last = {row.id: row.attempt for row in chosen(rows)}
    for hook in hook_rows(state):
        if hook["error"] and hook["attempt"] == last.get(hook["shot"]):
            click.echo(f"{hook['shot']}: hook {hook['event']}: {hook['error']}; its shot stays", err=True)
    click.echo(f"{plan.folder}: {closing(chosen(rows))}", err=True)
    click.echo(str(results.index), err=True)
    if any(row.status != "done" for row in chosen(rows)):
        ctx.exit(EXIT_FAILED)


def _submit(state: State, options: RunOptions, local: LocalOptions, name: str) -> None:
    """Leave a list to Slurm."""
    from previz.batch import finish, submit_slurm

    ids = submit_slurm(state, slurm_options(options.engine, local, options.jobs), finish)
    click.echo(f"submitted: {' '.join(ids)}", err=True)
    click.echo(f"previz: `previz batch status {name}` tells how far it is", err=True)


def _write_what_is_there(state: State) -> None:
    """Write the results of a run that ends early, where that can be done; what ended it is told of anyway."""
    from previz.batch import write_results

    with contextlib.suppress(PrevizError):
        write_results(state)
