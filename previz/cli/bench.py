"""`previz bench`: measure the solvers, the trackers and their speed."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

import previz
from previz import CastError, check_output, output_file

ROOT = Path(previz.__file__).parents[1]
SUITES = ("landmarks", "reconstruction", "tracking", "animation", "speed")


@click.command(
    epilog="""\b
Examples:
  previz bench --quick
  previz bench landmarks --pairs 100 --json landmarks.json --report landmarks.html
  previz bench landmarks --solver adam --solver ik:metric=identity --handles 5 --handles 5+mask
  previz bench speed --size 1024 --markdown speed.md""",
)
@click.argument("suites", nargs=-1, metavar=f"[{'|'.join(SUITES)}]...", type=click.Choice(SUITES))
@click.option("--character", default="mira", show_default=True, help="A bundled character, or a file of one.")
@click.option(
    "--pairs", default=20, show_default=True, type=click.IntRange(1, 100), help="Pairs, edits or paths."
)
@click.option("--first", default=0, show_default=True, type=click.IntRange(0), help="The first of them.")
@click.option(
    "--solver",
    "solvers",
    multiple=True,
    help="METHOD, and :name=value for its settings; the first is what others are compared with.",
)
@click.option(
    "--handles",
    multiple=True,
    metavar="1|5|all[+mask]",
    help="Of landmarks: how many, and with a mask or not.",
)
@click.option("--size", "sizes", multiple=True, type=click.IntRange(64, 1024), help="Of speed: px.")
@click.option("--quick", is_flag=True, help="About two minutes on a core: whether all works, no more.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 …")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Of a CPU.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all records as JSON.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here, not to stdout.")
@click.option(
    "--report", type=click.Path(path_type=Path), help="Write tables, plots and pictures as a web page."
)
@click.option(
    "--state", type=click.Path(path_type=Path), help="Keep what is measured here; it stays afterwards."
)
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@click.option("--show", is_flag=True, help="Measure nothing more: show what --state holds so far.")
@click.option("--force", is_flag=True, help="Replace files; without --resume, also the state of a run.")
@click.option("-n", "--dry-run", is_flag=True, help="List the cases, and measure nothing.")
def bench(
    suites: tuple[str, ...],
    json_path: Path | None,
    markdown: Path | None,
    report: Path | None,
    state: Path | None,
    resume: bool,
    show: bool,
    force: bool,
    dry_run: bool,
    **asked: Any,
) -> None:
    """Measure SUITES, or all of them, on a bundled character: Markdown tables on stdout.

    How each is measured is said in its docstring, in benchmarks/landmarks.py and so on. What was measured is
    kept case by case, so a run that was stopped goes on with --resume, with the same options; without --state
    this is in renders/, and is removed when the run is done.
    """
    run = _benchmarks()
    names = [name for name in SUITES if name in suites] or list(SUITES)
    options = _options(run, asked)
    if dry_run:
        for name, cases in run.plan(names, options).items():
            click.echo("\n".join(f"{name}: {case}" for case in cases))
        return
    for path in (json_path, markdown, report):
        if path is not None:
            check_output(path, force)
    kept = state or Path("renders") / f"bench-{Path(options.character).stem}{'-quick' * options.quick}.jsonl"
    results = run.show(names, kept) if show else run.run(names, options, kept, resume, force, _say)
    _write(json_path, lambda: json.dumps(run.to_dict(results), indent=1) + "\n", force)
    _write(markdown, lambda: run.to_markdown(results), force)
    _write(report, lambda: importlib.import_module("benchmarks._page").to_html(results), force)
    if markdown is None:
        click.echo(run.to_markdown(results))
    if state is None and not show:
        kept.unlink(missing_ok=True)


def _benchmarks() -> ModuleType:
    """The room beside the package, which a checkout has and an installed wheel has not."""
    if not (ROOT / "benchmarks" / "_run.py").is_file():
        raise CastError(
            f"there are no benchmarks beside {ROOT / 'previz'}: `previz bench` needs a checkout of previz, "
            "installed with `pip install -e .`"
        )
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module("benchmarks._run")


def _options(run: ModuleType, asked: dict[str, Any]) -> Any:
    given = {name: value for name, value in asked.items() if value != ()}
    options = run.Options(**given)
    return run.with_quick(options) if options.quick else options


def _write(path: Path | None, text: Any, force: bool) -> None:
    if path is None:
        return
    with output_file(path, force) as temporary:
        temporary.write_text(text(), encoding="utf-8")
    click.echo(str(path), err=True)


def _say(suite: str, case: str, done: int, total: int, seconds: float) -> None:
    click.echo(f"{suite} {done}/{total}: {case.partition(':')[0]}, {seconds:.1f} s", err=True)
