"""`previz cast measure`: how good a generator is, and how well its latent space drags."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from previz import find_checkpoint, load_generator
from previz.cast import load_judge, measure, measure_cost, measure_drag, open_labelled

SECONDS_BETWEEN_LINES = 10.0


@click.command(
    "measure",
    epilog="""\b
Example: previz cast measure head --dataset cast-work/head --judge head.judge.safetensors --drag""",
)
@click.argument("checkpoint", metavar="CHECKPOINT")
@click.option(
    "--dataset", required=True, type=click.Path(path_type=Path), help="Renders that it was trained on."
)
@click.option(
    "--judge",
    "judge_path",
    required=True,
    type=click.Path(path_type=Path),
    help="Judge of that domain; see `previz cast judge`.",
)
@click.option(
    "--count",
    default=1000,
    show_default=True,
    type=click.IntRange(2),
    help="Held-out renders, at most, that pictures are compared with.",
)
@click.option("--drag", is_flag=True, help="Also measure how well W drags (minutes).")
@click.option(
    "--drag-count",
    default=200,
    show_default=True,
    type=click.IntRange(2),
    help="At how many random w.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be measured, and stop.")
def measure_(
    checkpoint: str,
    dataset: Path,
    judge_path: Path,
    count: int,
    drag: bool,
    drag_count: int,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Measure CHECKPOINT, a file or the name of a bundled character, on held-out renders of --dataset.

    What each figure is, is said in the docstrings of previz/cast/_measures.py and _drag_measures.py.
    """
    path, data, judge = find_checkpoint(checkpoint), open_labelled(dataset), load_judge(judge_path)
    generator = load_generator(path)
    if dry_run:
        held = min(count, len(data.pairs.held_out()))
        size = f"{generator.height}x{generator.width}"
        click.echo(f"{path} ({size}) on {held} renders of {dataset}" + (f", {drag_count} w" if drag else ""))
        return
    teller = _Teller()
    figures: dict[str, Any] = {"checkpoint": str(path), "dataset": str(dataset), "domain": data.domain.name}
    figures |= measure(generator, data, judge, count, teller) | {"cost": measure_cost(path)}
    if drag:
        figures["drag"] = measure_drag(generator, data.domain, judge, drag_count, progress=teller)
    click.echo(json.dumps(figures, indent=1) if as_json else "\n".join(_table(figures)))


def _table(figures: Any, depth: int = 0) -> list[str]:
    """Nested figures as indented lines; the ones of a group that hold numbers alone share a line."""
    lines, pad = [], "  " * depth
    for name, value in figures.items():
        if isinstance(value, dict) and any(isinstance(member, dict) for member in value.values()):
            lines += [f"{pad}{name}", *_table(value, depth + 1)]
        elif isinstance(value, dict):
            lines.append(f"{pad}{name:<20}" + "  ".join(f"{key} {number:g}" for key, number in value.items()))
        else:
            lines.append(f"{pad}{name:<20}{value}")
    return lines


class _Teller:
    """A line on stderr now and then: what is measured, and how far."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES or done == total:
            self._last = now
            click.echo(f"{what}: {done}/{total}", err=True)
