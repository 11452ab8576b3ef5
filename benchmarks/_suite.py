"""What a suite is: cases that are measured one by one, and what is made of their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Case", "Options", "Plot", "Record", "Series", "Strip", "Suite", "Table"]

Record = dict[str, Any]
"""One measurement, JSON-able."""


@dataclass(frozen=True)
class Options:
    """What is measured, and on what.

    Attributes:
        character: a bundled character's name.
        pairs: how many pairs, edits or paths.
        first: the first of them.
        quick: as little as shows that everything works; too little to conclude from.
        solvers: `method`, and `:name=value` for settings; the first is what the others are compared with.
        handles: of the landmark suite: 1, 5 and all, each perhaps followed by `+mask`.
        sizes: of the speed suite, px of random config-f generators.
        timelines: of the animation suite.
        device: "cpu", "cuda".
        threads: of a CPU.
        strips: of how many drags pictures are kept.
    """

    character: str = "mira"
    pairs: int = 20
    first: int = 0
    quick: bool = False
    solvers: tuple[str, ...] = ("adam:max_iterations=300:stall_window=300", "ik", "lbfgs")
    handles: tuple[str, ...] = ("5", "5+mask", "1", "all")
    sizes: tuple[int, ...] = (256, 512, 1024)
    timelines: tuple[Path, ...] = ()
    device: str = "cpu"
    threads: int = 1
    strips: int = 4


@dataclass(frozen=True)
class Case:
    """Something that is measured in one go; a run that was stopped goes on with the next.

    Attributes:
        name: what it is called in the state; it says all that it depends on besides the character.
        measure: does it.
    """

    name: str
    measure: Callable[[], list[Record]]


@dataclass(frozen=True)
class Table:
    """Rows of text under heads; what a number is worth is said in the note."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line of a plot."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Plot:
    """Lines over an axis; values that are not finite, or not above zero on a logarithmic axis, are gaps."""

    title: str
    x: str
    y: str
    series: Sequence[Series]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Strip:
    """Pictures side by side, as (caption, JPEG in base64)."""

    title: str
    pictures: Sequence[tuple[str, str]]


def no_plots(records: Sequence[Record]) -> list[Plot]:
    """For a suite without any."""
    return []


def no_strips(records: Sequence[Record]) -> list[Strip]:
    """For a suite without any."""
    return []


@dataclass(frozen=True)
class Suite:
    """A benchmark.

    Attributes:
        name: of the command line.
        method: how it is measured, the docstring of its module.
        cases: what there is to measure.
        tables: of the records of all cases.
        plots, strips: likewise.
    """

    name: str
    method: str
    cases: Callable[[Options], list[Case]]
    tables: Callable[[Sequence[Record]], list[Table]]
    plots: Callable[[Sequence[Record]], list[Plot]] = field(default=no_plots)
    strips: Callable[[Sequence[Record]], list[Strip]] = field(default=no_strips)
