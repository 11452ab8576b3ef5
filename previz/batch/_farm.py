"""What farms' engines share: workers that are hired while there is work for them, and dismissed when not."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import torch

from previz.batch._host import this_worker
from previz.batch._local import Watch
from previz.batch._rows import Row, is_left
from previz.batch._state import State
from previz.batch._types import BatchError, Resources
from previz.batch._work import Finish, WorkOptions, work
from previz.errors import OutputError, PrevizError

PATIENCE = 10.0
"""Seconds that a farm's worker waits for a shot that can be started, before it makes room for others."""

_MOST_DEATHS = 3  # workers that die in a row without a frame solved


@dataclass(frozen=True)
class Crew:
    """The shots of a list that take the same of a machine, and so may share workers.

    Attributes:
        resources: what each of its workers takes.
        shots: ids of all of them.
        busy: how many workers they could keep busy now: shots that run, and those that can be started.
    """

    resources: Resources
    shots: frozenset[str]
    busy: int


class Hand(Protocol):
    """A worker that was hired."""

    @property
    def crew(self) -> Crew:
        """For whom it works."""


H = TypeVar("H", bound=Hand)


class Farm(Protocol[H]):
    """Where workers come from."""

    def room(self, crew: Crew) -> int:
        """How many workers of a crew there may be."""

    def hire(self, crew: Crew, count: int) -> list[H]:
        """Start so many."""

    def ended(self, hands: Iterable[H]) -> list[tuple[H, str | None]]:
        """Those that have ended, each with why it died or None; waits a moment for one.

        Raises BatchError for what all would meet.
        """

    def dismiss(self, hands: Iterable[H], at_work: bool) -> None:
        """End workers; those that are at work put their shots back first."""


def lead(
    state: State, farm: Farm[H], only: frozenset[str] | None, jobs: int | None, watch: Watch
) -> tuple[Row, ...]:
    """Hire workers as long as there is something for them to do, and return the rows.

    `jobs` are the most at a time. Raises BatchError where they can't be kept alive, and what `farm` raises;
    then, and at KeyboardInterrupt, all put their shots back.
    """
    hands: list[H] = []
    try:
        _lead(state, farm, only, jobs, watch, hands)
        farm.dismiss(hands, at_work=False)
        hands.clear()
    finally:
        farm.dismiss(hands, at_work=True)
        with contextlib.suppress(OutputError):  # a full disk, which is told of already
            state.put_back_dead()
        rows = state.rows()
        watch(rows)
    return rows


def _lead(
    state: State,
    farm: Farm[H],
    only: frozenset[str] | None,
    jobs: int | None,
    watch: Watch,
    hands: list[H],
) -> None:
    deaths = solved = 0
    while True:
        rows = state.rows()
        watch(rows)
        wanted = crews(rows, only)
        if not wanted:
            return
        for crew in wanted:
            more = farm.room(crew) - sum(hand.crew.shots == crew.shots for hand in hands)
            if jobs is not None:
                more = min(more, jobs - len(hands))
            if more > 0:
                hands += farm.hire(crew, more)
        for hand, problem in farm.ended(tuple(hands)):
            hands.remove(hand)
            frames = sum(row.frames_done for row in rows)
            deaths = 0 if problem is None or frames > solved else deaths + 1
            solved = frames
            if deaths >= _MOST_DEATHS:
                raise BatchError(f"workers die as soon as they start; the last one: {problem}")


def crews(rows: Iterable[Row], only: frozenset[str] | None = None) -> tuple[Crew, ...]:
    """The crews that what is left of a list needs; first those whose shots have the highest priority.

    `only` are the ids of the shots that matter; None is all.
    """
    rows = tuple(rows)
    done = {row.id for row in rows if row.status == "done"}
    chosen = [row for row in rows if only is None or row.id in only]
    left = sorted((row for row in chosen if is_left(row)), key=lambda row: -row.priority)
    kinds = dict.fromkeys(row.planned.resources for row in left)
    return tuple(
        Crew(
            kind,
            frozenset(row.id for row in chosen if row.planned.resources == kind),
            sum(
                row.status == "running" or done.issuperset(row.planned.after)
                for row in left
                if row.planned.resources == kind
            ),
        )
        for kind in kinds
    )


def work_as(
    place: str, database: Path, options: WorkOptions, finish: Finish, stop: threading.Event | None = None
) -> str:
    """Be a farm's worker, at a `place` that the farm's own pages tell of; return what stopped it, or ""."""
    if options.device == "cpu":
        torch.set_num_threads(options.threads)  # for what decodes and encodes, as in a local worker
    worker = this_worker(options.device)
    worker = replace(worker, host=f"{worker.host}/{place}")
    try:
        work(database, options, finish, worker, stop)
    except PrevizError as error:
        return str(error)
    except KeyboardInterrupt:
        return ""
    return ""


def told(resources: Resources) -> str:
    """What a shot takes, for people: 2 GPUs, 4 cores, 16 GB of memory."""
    parts = [f"{resources.cpus} core{'s' if resources.cpus > 1 else ''}"]
    if resources.gpus:
        parts.insert(0, f"{resources.gpus:g} GPU{'s' if resources.gpus > 1 else ''}")
    if resources.memory_gb:
        parts.append(f"{resources.memory_gb:g} GB of memory")
    return ", ".join(parts)
