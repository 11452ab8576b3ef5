"""`previz latents smooth`: a smoother path of a take's latents, with its handles where they were to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from previz.cli._options import pick_device


@click.command(epilog="Example: previz latents smooth renders/smile.take.safetensors --window 0.3s")
@click.argument("file", metavar="TAKE", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The take to write. [default: x.smooth.take…]"
)
@click.option("--window", default="7", show_default=True, metavar="N|Ns", help="Frames, or seconds: 0.25s.")
@click.option("--passes", type=click.IntRange(1, 20), default=2, show_default=True, help="How often.")
@click.option("--checkpoint", help="The generator, where it is no longer where it was.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures before and after as JSON.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--force", is_flag=True, help="Replace what exists.")
def smooth(
    file: Path,
    output: Path | None,
    window: str,
    passes: int,
    checkpoint: str | None,
    device: str,
    as_json: bool,
    dry_run: bool,
    force: bool,
) -> None:
    """Smooth the path of a take's latents, and bring its handles back to their targets after it.

    Holds come to stand still, and what trembles beside the motion goes. Handles end within the tolerance, or
    no farther off than they were. The take keeps what was solved: smoothing it again starts from there.
    `solver: {smooth: 7}` in a timeline does the same as a part of its render.
    """
    from previz import Take, check_output, discard_partial, load_generator, smooth_take
    from previz.cli._progress import reporter

    take = Take.load(file)
    target = output or _beside(file)
    if dry_run:
        click.echo(f"{target}: {len(take)} frames ({take.range}), smoothed over {window}")
        return
    check_output(target, force)
    generator = load_generator(checkpoint or take.settings["generator"]["path"], pick_device(device))
    frames = float(window) if window.replace(".", "", 1).isdecimal() else window
    with reporter() as progress:
        smoothed = smooth_take(take, generator, frames, passes, progress.solving, resume=target)
    smoothed.save(target, force)
    discard_partial(target)
    figures = smoothed.report()["smoothing"]
    if as_json:
        click.echo(json.dumps({"take": str(target), **figures}, indent=2))
        return
    for line in table(figures):
        click.echo(line)
    click.echo(f"{target}: {len(take)} frames ({take.range})", err=True)


def _beside(file: Path) -> Path:
    """x.take.safetensors is smoothed to x.smooth.take.safetensors."""
    name = file.name.removesuffix(".safetensors").removesuffix(".take").removesuffix(".smooth")
    return file.with_name(f"{name}.smooth.take.safetensors")


ROWS = {
    "jitter": ("shake of held handles", "px"),
    "smoothness": ("shake of handles beside their curves", "px"),
    "latent_shake": ("shake of latents", "of w"),
    "error_mean": ("error, mean", "px"),
    "error_max": ("error, largest", "px"),
}


def table(figures: dict[str, Any]) -> list[str]:
    """The figures before and after as lines; those that the take doesn't have are left out."""
    before, after = figures["before"], figures["after"]
    lines = [f"{'':<36} {'before':>8} {'after':>8}"]
    for name, (label, unit) in ROWS.items():
        if before[name] is not None:
            lines.append(f"{label:<36} {before[name]:>8.3f} {after[name]:>8.3f} {unit}")
    return lines
