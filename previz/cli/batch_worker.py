"""`previz batch worker`: one worker of a list."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from previz.cli._batch_options import with_together
from previz.cli._options import pick_device


@click.command(epilog="Example: previz batch worker /mnt/show/renders/sq010 --device cuda:0")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="To solve with on a CPU; another number changes the last bits.",
)
@with_together
@click.option("--overlap/--no-overlap", default=False, help="Write a shot while the next is being solved.")
@click.option("--shot", "shots", multiple=True, metavar="SHOT", help="Only this one; may be repeated.")
@click.option("--parent", type=int, hidden=True)
def worker(
    folder: Path,
    device: str,
    threads: int,
    together: int | None,
    overlap: bool,
    shots: tuple[str, ...],
    parent: int | None,
) -> None:
    """Work on the list whose outputs are in FOLDER until nothing is left to do.

    `previz batch run` starts such workers by itself; start more on other machines that share the folder. Each
    shot is claimed once, and the shot of a worker that has died is taken over. Exit codes: 0 nothing is left
    to do (shots may have failed), 2 it can't go on, 130 it was stopped.
    """
    from previz.batch import DATABASE, WorkOptions, default_together, finish, work

    signal.signal(signal.SIGTERM, _stop)
    device = pick_device(device)
    options = WorkOptions(
        device=device,
        threads=threads,
        overlap=overlap,
        only=frozenset(shots) or None,
        parent=parent,
        together=together or default_together(device),
    )
    work(folder.absolute() / DATABASE, options, finish)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
