"""`previz new`: a commented timeline to start from, with handles where this character has its landmarks."""

from __future__ import annotations

from pathlib import Path

import click

from previz import (
    FrameRange,
    check_output,
    load_generator,
    output_file,
    parse_rate,
    parse_timeline,
    starter_text,
)
from previz.cast import bundled_judge, landmarks_of


@click.command(epilog="Example: previz new shots/sq010_sh020.yaml --character mira --seed 7")
@click.argument("timeline", type=click.Path(path_type=Path))
@click.option("--character", default="mira", show_default=True, help="A bundled name, or a checkpoint.")
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Which picture."
)
@click.option(
    "--truncation", default=0.7, show_default=True, type=click.FloatRange(-2, 2), help="Psi, the variety."
)
@click.option("--frames", default="1001-1048", show_default=True, help="The frame range.")
@click.option("--fps", default="24", show_default=True, help="Frames a second: 24, 23.976, 30000/1001 ...")
@click.option("--shot", help="The shot's name; the file's if left out.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def new(
    timeline: Path,
    character: str,
    seed: int,
    truncation: float,
    frames: str,
    fps: str,
    shot: str | None,
    force: bool,
) -> None:
    """Write TIMELINE, a valid timeline with comments and with handles on the face's landmarks."""
    check_output(timeline, force)
    span, rate = FrameRange.parse(frames), parse_rate(fps)
    generator = load_generator(character)
    judge = bundled_judge(generator)
    picture = generator.synthesis(generator.sample_w(seed, truncation=truncation))
    found = landmarks_of(judge, picture) if judge else ()
    text = starter_text(
        shot=shot or timeline.stem,
        checkpoint=character,
        seed=seed,
        truncation=truncation,
        rate=rate,
        frames=span,
        canvas=(generator.width, generator.height),
        points={point.name: (point.x, point.y) for point in found},
    )
    parse_timeline(text, str(timeline))  # a name that a timeline can't have is refused before writing
    with output_file(timeline, force=force) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(timeline)
    click.echo(f"see it: previz render {timeline}; its points: previz pick {timeline}", err=True)
