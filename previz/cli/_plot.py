"""What `previz plot` does."""

from __future__ import annotations

from pathlib import Path

from previz import (
    MediaError,
    Take,
    TakeCurves,
    chart_picture,
    chart_svg,
    check_output,
    output_file,
    plot_take,
    write_png,
)
from previz.cli._decode import beside, take_timeline
from previz.delivery import take_version


def write_plot(file: Path, output: Path | None, force: bool) -> str:
    """Write the plot, and return the line that tells of it. Raises a PrevizError of any kind."""
    target = output or beside(file, ".plot.png")
    if target.suffix.lower() not in (".png", ".svg"):
        raise MediaError(f"{target}: a plot is a .png or a .svg")
    take = Take.load(file)
    check_output(target, force)
    chart = plot_take(take_curves(take))
    if target.suffix.lower() == ".svg":
        with output_file(target, force) as temporary:
            temporary.write_text(chart_svg(chart), encoding="utf-8")
    else:
        write_png(chart_picture(chart), target, force)
    summary = take.summary()
    return f"{target}: {len(take)} frames, error max {summary.error_max:.2f} px"


def take_curves(take: Take) -> TakeCurves:
    """What a plot shows of a take."""
    version = take_version(take)
    return TakeCurves(
        title=take.shot if version is None else f"{take.shot} v{version:03}",
        frames=take.frames,
        rate=take.rate,
        names=take.names,
        error=take.error,
        handles=take.handles,
        targets=take.targets,
        iterations=take.iterations,
        lost=take.lost,
        tolerance=take.tolerance,
        keyed=sorted(take_timeline(take)[1].keyed),
    )
