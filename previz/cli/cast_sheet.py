"""`previz cast sheet`: who a character of the cast can be, and what it can do."""

from __future__ import annotations

from pathlib import Path

import click

from previz import CastError, FrameRange, check_output, contact_sheet, load_generator, write_png
from previz.cast import (
    Renderer,
    Sheet,
    expression_sheet,
    load_pack,
    seed_sheet,
    sheet_domain,
    strip_sheet,
)

_USUAL = {
    "head": ("neutral", "happy", "laughing", "sad", "angry", "surprised", "smirk", "aa", "oo", "blink"),
    "body": (
        "at-ease", "hands-on-hips", "arms-open", "waving", "arms-up", "walking", "lunging", "crouching",
        "knee-up",
    ),
}  # fmt: skip


def _names(text: str | None) -> list[str]:
    """The words of "happy,sad"."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


@click.command(
    epilog="""\b
Examples:
  previz cast sheet head -o renders/head.png --seeds 1-6
  previz cast sheet head -o renders/seeds.png --seeds 1-36 --random --pack cast-work/pack.npz
  previz cast sheet head -o renders/strips.png --seeds 7 --strips yaw,jawOpen,gaze_x"""
)
@click.argument("checkpoint")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The PNG to write.")
@click.option("--seeds", default="1-6", show_default=True, help="Which seeds, as a range.")
@click.option("--expressions", help="Named expressions, with commas; the domain's usual ones if left out.")
@click.option("--random", "as_drawn", is_flag=True, help="The seeds as they are, not seeds by expressions.")
@click.option("--strips", help="Strips along these factors instead, with commas, moving w of the first seed.")
@click.option("--columns", type=click.IntRange(1), help="Seeds in a row of a --random sheet.")
@click.option(
    "--truncation",
    default=1.0,
    show_default=True,
    type=click.FloatRange(-2, 2),
    help="Psi: 0 is the average, 1 the whole variety.",
)
@click.option(
    "--pack", type=click.Path(path_type=Path), help="Asset pack; with it the renders are shown too."
)
@click.option("--device", default="cpu", show_default=True, help="Where to generate: cpu, cuda ...")
@click.option("--force", is_flag=True, help="Replace the picture if it exists.")
def sheet(
    checkpoint: str,
    output: Path,
    seeds: str,
    expressions: str | None,
    as_drawn: bool,
    strips: str | None,
    columns: int | None,
    truncation: float,
    pack: Path | None,
    device: str,
    force: bool,
) -> None:
    """Draw seeds by expressions of CHECKPOINT, a bundled name or a file made by `previz cast export`."""
    if sum([as_drawn, bool(strips), bool(expressions)]) > 1:
        raise click.UsageError("--random, --strips and --expressions exclude each other")
    if pack and truncation != 1.0:
        raise CastError("--truncation: renders have none; leave it at 1 with --pack")
    check_output(output, force)
    numbers = list(FrameRange.parse(seeds))
    generator = load_generator(checkpoint, device)
    domain = sheet_domain(generator)
    renderer = Renderer(load_pack(pack)) if pack else None
    if as_drawn:
        width = columns or max(1, round(len(numbers) ** 0.5))
        drawn = seed_sheet(generator, numbers, columns=width, truncation=truncation, renderer=renderer)
    elif strips:
        drawn = strip_sheet(generator, numbers[0], _names(strips), truncation=truncation)
    else:
        chosen = _names(expressions) or [name for name in _USUAL[domain.figure] if name in domain.expressions]
        drawn = expression_sheet(generator, numbers, chosen, truncation=truncation, renderer=renderer)
    click.echo(_write(drawn, output, force))


def _write(drawn: Sheet, output: Path, force: bool) -> Path:
    return write_png(
        contact_sheet(drawn.pictures, columns=drawn.columns, labels=drawn.labels), output, force=force
    )
