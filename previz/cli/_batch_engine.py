"""Where a list is run: worker processes of this machine, Ray actors or Slurm jobs; the options for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from previz.batch import LocalOptions, Row, SlurmOptions, State
    from previz.batch._local import Watch

Command = TypeVar("Command", bound=Callable[..., Any])

_OF = {"address": "ray", "partition": "slurm", "time": "slurm", "sbatch": "slurm", "local": "slurm"}
_OF["no_wait"] = "slurm"


@dataclass(frozen=True)
class EngineOptions:
    """What the command line says of the engine; the fields are described at the options."""

    engine: str = "local"
    address: str | None = None
    partition: str | None = None
    time: str | None = None
    sbatch: tuple[tuple[str, str], ...] = ()
    local: bool = False
    no_wait: bool = False


def with_engine(command: Command) -> Command:
    """Add the engine's options, and hand them to the command as `engine`, an EngineOptions."""

    @functools.wraps(command)
    def called(*args: Any, **options: Any) -> Any:
        given = {name: options.pop(name) for name in EngineOptions.__dataclass_fields__}
        for name, engine in _OF.items():
            if given[name] and given["engine"] != engine:
                raise click.UsageError(f"--{name.replace('_', '-')} is for --engine {engine}")
        return command(*args, engine=EngineOptions(**given), **options)

    for option in (
        click.option("--no-wait", is_flag=True, help="Submit Slurm jobs, and leave them to themselves."),
        click.option("--local", is_flag=True, help="Processes here in Slurm's place, to try it out."),
        click.option(
            "--sbatch",
            multiple=True,
            metavar="OPTION=VALUE",
            callback=_pairs,
            help="Any other option of sbatch: account=vfx; may be repeated.",
        ),
        click.option(
            "--time",
            metavar="MIN|H:M:S",
            help="That a Slurm job may run; then it is put in line again. [default: 4:00:00]",
        ),
        click.option("--partition", metavar="NAME", help="Slurm's, for the jobs."),
        click.option(
            "--address", metavar="HOST:PORT", help="The Ray cluster. [default: $RAY_ADDRESS, or here]"
        ),
        click.option(
            "--engine",
            type=click.Choice(["local", "ray", "slurm"]),
            default="local",
            show_default=True,
            help="Processes of this machine, actors on a Ray cluster, or jobs of Slurm.",
        ),
    ):
        called = option(called)
    return called  # type: ignore[return-value]  # it is called with other options


def run_engine(
    engine: EngineOptions, state: State, options: LocalOptions, jobs: int | None, watch: Watch
) -> tuple[Row, ...]:
    """Run a list on the engine that was chosen; for a farm, the first of `options.devices` names the kind."""
    from previz.batch import RayOptions, finish, run_local, run_ray, run_slurm

    if engine.engine == "local":
        return run_local(state, options, watch)
    if engine.engine == "slurm":
        return run_slurm(state, slurm_options(engine, options, jobs), finish, watch)
    device, threads = options.devices[0], options.threads
    ray = RayOptions(engine.address, jobs, device, threads, options.overlap, options.only, options.together)
    return run_ray(state, ray, finish, watch)


def slurm_options(engine: EngineOptions, options: LocalOptions, jobs: int | None) -> SlurmOptions:
    """What the command line says of Slurm. Raises BatchError."""
    from previz.batch import SlurmOptions, parse_minutes

    return SlurmOptions(
        jobs,
        options.devices[0],
        options.threads,
        options.overlap,
        options.only,
        engine.partition,
        parse_minutes(engine.time or "4:00:00"),
        dict(engine.sbatch),
        engine.local,
        options.together,
    )


def _pairs(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in value:
        name, equals, said = text.partition("=")
        if not equals or not name.strip("-"):
            raise click.BadParameter(f"{text!r} is not an option; write it as account=vfx", ctx, param)
        pairs.append((name.lstrip("-"), said))
    return tuple(pairs)
