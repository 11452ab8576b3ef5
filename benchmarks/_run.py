"""Running suites: case after case into the state, then tables, JSON and the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks import animation, landmarks, reconstruction, speed, tracking
from benchmarks._cast import load_ground
from benchmarks._journal import Journal, begin, read
from benchmarks._machine import commit, machine
from benchmarks._suite import Options, Plot, Record, Strip, Suite, Table
from previz.errors import OutputError

__all__ = ["QUICK_NOTE", "SUITES", "Results", "Section", "plan", "run", "show", "to_dict", "to_markdown"]

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (landmarks.SUITE, reconstruction.SUITE, tracking.SUITE, animation.SUITE, speed.SUITE)
}
QUICK_NOTE = (
    "A quick run: a few cases and a capped paper's solver show that all works, too few to conclude from."
)
PICTURES = ("picture", "strip")
Progress = Callable[[str, str, int, int, float], None]


@dataclass(frozen=True)
class Section:
    """What one suite found."""

    suite: Suite
    records: Sequence[Record]
    tables: Sequence[Table]
    plots: Sequence[Plot]
    strips: Sequence[Strip]


@dataclass(frozen=True)
class Results:
    """A run: what it was measured on, and what each suite found."""

    about: Record
    sections: Sequence[Section]


def plan(names: Sequence[str], options: Options) -> dict[str, list[str]]:
    """The cases that each suite would measure."""
    return {name: [case.name for case in SUITES[name].cases(options)] for name in names}


def run(
    names: Sequence[str],
    options: Options,
    state: Path,
    resume: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Measure what the state doesn't hold yet, one suite after the other.

    `progress` is told the suite, the case, how many are done, of how many, and the seconds that it took.
    """
    torch.set_num_threads(options.threads)
    generator = load_ground(options).generator
    about = {"character": options.character, "digest": generator.digest, "quick": options.quick}
    journal = begin(state, about, resume, force)
    facts = {"commit": commit(), "machine": machine(options.device)}
    for name in names:
        _measure(SUITES[name], options, journal, facts, progress)
    wanted = {name: [case.name for case in SUITES[name].cases(options)] for name in names}
    return _results(about, journal, wanted)


def show(names: Sequence[str], state: Path) -> Results:
    """What a state holds, of whatever options, while it is being measured too."""
    journal, about = read(state)
    wanted = {name: [case for suite, case in journal.done if suite == name] for name in names}
    return _results(about, journal, {name: cases for name, cases in wanted.items() if cases})


def _results(about: Record, journal: Journal, wanted: dict[str, list[str]]) -> Results:
    sections = [_section(SUITES[name], journal, cases) for name, cases in wanted.items()]
    measured = [record["measured"] for section in sections for record in section.records]
    if not measured:
        raise OutputError(f"{journal.path}: nothing has been measured yet")
    commits = ", ".join(dict.fromkeys(one["commit"] for one in measured if one["commit"]))
    dates = sorted(one["date"] for one in measured)
    facts = {"commit": commits, "machine": measured[-1]["machine"], "date": dates[-1]}
    return Results({**about, **facts}, sections)


def _measure(
    suite: Suite, options: Options, journal: Journal, facts: Record, progress: Progress | None
) -> None:
    every = suite.cases(options)
    for number, case in enumerate(every, start=1):
        if (suite.name, case.name) in journal.done:
            continue
        start = datetime.now(UTC)
        records = [{**record, "measured": facts | {"date": _second(start)}} for record in case.measure()]
        journal.add(suite.name, case.name, [plain(record) for record in records])
        if progress is not None:
            progress(suite.name, case.name, number, len(every), (datetime.now(UTC) - start).total_seconds())


def _second(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def plain(value: Any) -> Any:
    """JSON-able: numbers that are not finite become None, as JSON has none of them."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _section(suite: Suite, journal: Journal, wanted: Sequence[str]) -> Section:
    """A suite's records among those wanted; a state may hold others, of other options."""
    found = [journal.done.get((suite.name, name), []) for name in wanted]
    records = [record for one in found for record in one]
    if not records:
        return Section(suite, [], [], [], [])
    return Section(suite, records, suite.tables(records), suite.plots(records), suite.strips(records))


def to_dict(results: Results) -> Record:
    """Everything but the pictures, for a program to read."""
    suites = {
        section.suite.name: [
            {name: value for name, value in record.items() if name not in PICTURES}
            for record in section.records
        ]
        for section in results.sections
    }
    return {"previz_bench": 1, **results.about, "suites": suites}


def to_markdown(results: Results, notes: bool = True) -> str:
    """A heading a suite, and its tables."""
    lines = [describe(results.about), ""]
    if results.about["quick"]:
        lines += [QUICK_NOTE, ""]
    for section in results.sections:
        lines += [f"## {section.suite.method.strip().splitlines()[0].rstrip('.')}", ""]
        if not section.tables:
            lines += ["Nothing was measured.", ""]
        for table in section.tables:
            lines += [f"### {table.title}", "", *_markdown_table(table), ""]
            if notes and table.note:
                lines += [table.note, ""]
    return "\n".join(lines)


def describe(about: Record) -> str:
    """What a run was measured on, in a line."""
    on = about["machine"]
    threads = f"{on['threads']} thread{'' if on['threads'] == 1 else 's'}"
    where = f"{on['processor']}" + (f", {threads}" if on["device"] == "cpu" else f" ({on['device']})")
    made = f"commit {about['commit']}, " if about["commit"] else ""
    return (
        f"{about['character']} ({about['digest']}), {where}, torch {on['torch']}, {made}{about['date'][:10]}."
    )


def _markdown_table(table: Table) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(table.heads), "|" + "---|" * len(table.heads), *(line(row) for row in table.rows)]


def with_quick(options: Options) -> Options:
    """Options of a quick run."""
    return replace(options, quick=True, strips=2)
