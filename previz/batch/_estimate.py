"""How long shots will take, by what finished ones took a frame."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from previz.batch._sync import Standing
from previz.batch._types import PlannedShot


@dataclass(frozen=True)
class Estimate:
    """How long shots will take.

    Attributes:
        seconds: of work for each shot, by id; None where nothing like it was ever measured.
        total: wall time of all of them on so many workers; None where one isn't known.
        measured: how many finished shots it goes by.
    """

    seconds: Mapping[str, float | None]
    total: float | None
    measured: int


def estimate(
    standings: Iterable[Standing], timings: Sequence[Mapping[str, Any]], device: str, jobs: int
) -> Estimate:
    """Estimate the shots that would run, on `jobs` workers with a kind of device such as cpu.

    A frame is taken to need the median of what it needed in this very shot before, else in shots of this
    character on such a device, else in any on such a device, else anywhere. Frames that are kept cost no
    solving.
    """
    seconds: dict[str, float | None] = {}
    for one in standings:
        if one.fate not in ("run", "continue"):
            continue
        near = _nearest(one.shot, timings, device)
        if near is None:
            seconds[one.shot.id] = None
            continue
        solve, frame = near
        seconds[one.shot.id] = solve * (one.shot.solves - one.kept) + frame * len(one.shot.frames)
    known = [value for value in seconds.values() if value is not None]
    total = None
    if len(known) == len(seconds):
        total = max(sum(known) / max(1, jobs), max(known, default=0.0))
    return Estimate(seconds, total, len(timings))


def _nearest(
    shot: PlannedShot, timings: Sequence[Mapping[str, Any]], device: str
) -> tuple[float, float] | None:
    """The seconds to solve a frame, and to decode and write one, by the most alike that were measured."""
    on_device = [row for row in timings if row["device"] == device]
    for rows in (
        [row for row in on_device if row["shot"] == shot.id],
        [row for row in on_device if row["digest"] == shot.digest],
        on_device,
        timings,
    ):
        solved = [row["solve"] for row in rows if row["solve"] > 0]
        if solved:
            return statistics.median(solved), statistics.median(row["frame"] for row in rows)
    return None
