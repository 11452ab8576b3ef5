"""`previz pick`: a picture of where points are, to write their coordinates into a timeline."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from previz import (
    PrevizError,
    add_legend,
    check_output,
    draw_grid,
    draw_marks,
    load_generator,
    load_timeline,
    resize,
    sample_timeline,
    start_latent,
    to_uint8,
    write_png,
)
from previz.cast import bundled_judge, landmarks_of

_GRID = 16  # lines across, where no step is given


@click.command(
    epilog="""\b
Examples:
  previz pick mira --seed 7 -o renders/points.png
  previz pick shots/sq010_sh020.yaml --grid 16"""
)
@click.argument("target")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The PNG; or renders/NAME.pick.png.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Of a character; 1 if left out.")
@click.option("--truncation", type=click.FloatRange(-2, 2), help="Of a character; 0.7 if left out.")
@click.option("--grid", type=click.FloatRange(0, min_open=True), help="A grid: a line each so many px.")
@click.option(
    "--size",
    default=1024,
    show_default=True,
    type=click.IntRange(64, 4096),
    help="Its longer side without the legend, px.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the points as JSON.")
@click.option("--force", is_flag=True, help="Replace the PNG if it exists.")
def pick(
    target: str,
    output: Path | None,
    seed: int | None,
    truncation: float | None,
    grid: float | None,
    size: int,
    as_json: bool,
    force: bool,
) -> None:
    """Show where points are in the first frame of TARGET: a character's name, a checkpoint, or a timeline.

    Landmarks are marked where previz knows the character's, and a timeline's handles, with a legend at the
    right; other characters get a grid. Coordinates are those to write: pixels of the canvas, from its
    top-left corner.
    """
    path = Path(target)
    output = check_output(output or Path("renders") / f"{path.stem}.pick.png", force)
    handles: dict[str, tuple[float, float]] = {}
    if path.suffix.lower() in {".yaml", ".yml"}:
        if seed is not None or truncation is not None:
            raise PrevizError("--seed and --truncation are the timeline's own; leave them out with one")
        timeline = load_timeline(path)
        generator = load_generator(timeline.checkpoint)
        image = generator.synthesis(start_latent(timeline, generator)[None])
        samples = sample_timeline(timeline, generator.width, generator.height)
        canvas = timeline.canvas or (generator.width, generator.height)
        ratio = canvas[0] / generator.width, canvas[1] / generator.height
        handles = {
            name: (float(x) * ratio[0], float(y) * ratio[1])
            for name, (x, y) in zip(samples.names, samples.start, strict=True)
        }
    else:
        generator = load_generator(target)
        canvas, ratio = (generator.width, generator.height), (1.0, 1.0)
        psi = 0.7 if truncation is None else truncation
        image = generator.synthesis(generator.sample_w(1 if seed is None else seed, psi))
    judge = bundled_judge(generator)
    found = landmarks_of(judge, image) if judge else ()
    points = {point.name: (point.x * ratio[0], point.y * ratio[1]) for point in found} | handles
    picture = resize(to_uint8(image)[0].numpy(), size)
    zoom = picture.shape[1] / canvas[0]
    if grid is not None or not points:
        picture = draw_grid(picture, grid or max(canvas) / _GRID, zoom)
    if points:
        numbers = [f"{number}" for number in range(1, len(points) + 1)]
        picture = draw_marks(picture, np.array(list(points.values())) * zoom, numbers)
        picture = add_legend(picture, _legend(points, handles))
    write_png(picture, output, force=force)
    _tell(output, canvas, points, as_json)


def _legend(points: dict[str, tuple[float, float]], handles: dict[str, tuple[float, float]]) -> list[str]:
    """A line a point: its number, its name and where it is; a timeline's handles have a star."""
    return [
        f"{number}  {name}{'*' if name in handles else ''}  {x:.0f}, {y:.0f}"
        for number, (name, (x, y)) in enumerate(points.items(), 1)
    ]


def _tell(
    output: Path, canvas: tuple[int, int], points: dict[str, tuple[float, float]], as_json: bool
) -> None:
    """The points as text, a line each as a timeline has them, or as JSON."""
    if as_json:
        rounded = {name: [round(x, 2), round(y, 2)] for name, (x, y) in points.items()}
        click.echo(json.dumps({"picture": str(output), "canvas": list(canvas), "points": rounded}))
        return
    for name, (x, y) in points.items():
        click.echo(f"{name}: {{at: [{x:.1f}, {y:.1f}]}}")
    click.echo(f"{output}  (coordinates are pixels of a {canvas[0]} x {canvas[1]} canvas)", err=True)
