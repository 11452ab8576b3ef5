"""Options that several commands of shot lists share, and what they stand for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from previz.cli._batch_engine import EngineOptions, with_engine

if TYPE_CHECKING:
    from previz.batch import ShotPlan, State

Command = TypeVar("Command", bound=Callable[..., Any])


def choosing(command: Command) -> Command:
    """Add --shot and --tag, which choose shots."""
    command = click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only shots with this tag.")(
        command
    )
    return click.option(
        "--shot",
        "shots",
        multiple=True,
        metavar="SHOT",
        help="Only this shot, all of its takes or one; may be repeated. What it waits for is rendered too.",
    )(command)


@dataclass(frozen=True)
class RunOptions:
    """What the command line says of a run; the fields are described at the options."""

    jobs: int | None
    device: str
    threads: int
    overlap: bool | None
    together: int | None
    as_json: bool
    engine: EngineOptions


def _count_or_auto(of: str, most: int) -> Callable[[click.Context, click.Parameter, str], int | None]:
    """A click callback: a number `of` something, 1 to `most`, or None for auto."""

    def parsed(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
        if value == "auto":
            return None
        if value.isdecimal() and 1 <= int(value) <= most:
            return int(value)
        raise click.BadParameter(f"{value!r} is not a number of {of}, 1 to {most}, or auto", ctx, param)

    return parsed


def with_together(command: Command) -> Command:
    """Add --together, None for auto."""
    return click.option(
        "--together",
        callback=_count_or_auto("shots", 64),
        default="auto",
        show_default=True,
        metavar="N|auto",
        help="Shots of a checkpoint that a worker solves side by side; more than 1 changes the last bits; "
        "auto is 4 on CUDA and 1 elsewhere.",
    )(command)


def running(command: Command) -> Command:
    """Add the options of a run and of its engine, and hand them to the command as `options`, RunOptions."""

    @functools.wraps(command)
    def called(*args: Any, engine: EngineOptions, **given: Any) -> Any:
        run = {name: given.pop(name) for name in RunOptions.__dataclass_fields__ if name != "engine"}
        return command(*args, options=RunOptions(**run, engine=engine), **given)

    called = with_engine(called)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print events on stdout, a JSON object a line."),
        click.option(
            "--overlap/--no-overlap",
            default=None,
            help="Write a shot while the next is being solved. [default: on a GPU]",
        ),
        with_together,
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="That each worker solves with on a CPU; another number changes the last bits.",
        ),
        click.option(
            "--device",
            default="auto",
            show_default=True,
            help="cpu, cuda (all GPUs), cuda:1 or mps; auto is all CUDA GPUs or the CPU.",
        ),
        click.option(
            "-j",
            "--jobs",
            callback=_count_or_auto("workers", 1024),
            default="auto",
            show_default=True,
            metavar="N|auto",
            help="Worker processes; auto is one a GPU, or one for so many cores as --threads.",
        ),
    ):
        called = option(called)
    return called  # type: ignore[return-value]  # it is called with other options


def choose(plan: ShotPlan, shots: Sequence[str], tags: Sequence[str]) -> frozenset[str] | None:
    """The ids that --shot and --tag choose, without what they wait for; None for all.

    Raises BatchError for names that choose nothing.
    """
    from previz.batch import BatchError
    from previz.batch._waits import near_names

    if not shots and not tags:
        return None
    for name in shots:
        if not any(name in (shot.id, shot.shot) for shot in plan.shots):
            known = (name for shot in plan.shots for name in (shot.shot, shot.id))
            raise BatchError(f"--shot {name}: there is no such shot; {near_names(name, known)}")
    for tag in tags:
        if not any(tag in shot.tags for shot in plan.shots):
            known = (tag for shot in plan.shots for tag in shot.tags)
            raise BatchError(f"--tag {tag}: no shot has it; {near_names(tag, known)}")
    return frozenset(
        shot.id
        for shot in plan.shots
        if (not shots or shot.id in shots or shot.shot in shots)
        and (not tags or any(tag in shot.tags for tag in tags))
    )


def find_state(place: Path, output: Path | None = None) -> State:
    """The state of a list, or of the folder of its outputs. Raises PrevizError."""
    from previz.batch import DATABASE, open_state, read_list

    if place.is_dir():
        return open_state(place / DATABASE)
    if output is not None:
        return open_state(output / DATABASE)
    listed = read_list(place)
    folder = Path(listed.spec.output or Path("renders") / place.stem).expanduser().absolute()
    return open_state(folder / DATABASE, shared=listed.spec.shared)


def pick_devices(device: str, jobs: int | None, threads: int, shots: int) -> tuple[str, ...]:
    """A device for each worker. Raises DeviceError."""
    import torch

    from previz.batch import default_jobs
    from previz.generator import resolve_device

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        device = "cuda" if gpus else "cpu"
    resolve_device(device)
    names = [f"cuda:{index}" for index in range(gpus)] if device == "cuda" else [device]
    found = len(names) if device.startswith(("cuda", "mps")) else 0
    count = jobs or default_jobs(threads, found, shots)
    return tuple(names[index % len(names)] for index in range(count))
