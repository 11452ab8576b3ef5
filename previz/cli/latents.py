"""`previz latents`: the latents of a take shown, exported, and decoded to pictures again without solving."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from previz.cli._options import CodecHelp, output_changes, output_options, parse_frames, parse_size
from previz.cli.latents_smooth import smooth, table

if TYPE_CHECKING:
    from previz import FrameRange, Size, Take

TAKE = click.argument("file", metavar="TAKE", type=click.Path(path_type=Path))
FRAMES = click.option("--frames", metavar="A-B", callback=parse_frames, help="Only these frames.")
FORCE = click.option("--force", is_flag=True, help="Replace what exists.")


@click.group(epilog="Example: previz latents show renders/smile.take.safetensors")
def latents() -> None:
    """Show, smooth, export and decode the latents of a take."""


latents.add_command(smooth)


@latents.command(epilog="Example: previz latents show renders/smile.take.safetensors --json")
@TAKE
@FRAMES
@click.option("--json", "as_json", is_flag=True, help="Print the take's report as JSON.")
def show(file: Path, frames: FrameRange | None, as_json: bool) -> None:
    """Show what a take holds: how it was solved, and how each frame came out."""
    from previz import Take

    take = Take.load(file)
    chosen = _held(take, frames)
    rows = [row for row in take.report()["frames"] if row["frame"] in chosen]
    if as_json:
        about = {"file": str(file), "latents": list(take.latents.shape), "settings": take.settings}
        click.echo(json.dumps({**take.report(), "frames": rows, **about}, indent=2))
        return
    for name, value in _facts(take).items():
        click.echo(f"{name:<10} {value}")
    if (smoothing := take.report().get("smoothing")) is not None:
        click.echo(f"smoothed   over {smoothing['window']:g} frames")
        for line in table(smoothing)[1:]:
            click.echo(f"           {line}")
    click.echo(f"\n{'frame':>6}  {'status':<14} {'error px':>8}  {'iterations':>10}  {'seconds':>7}  lost")
    for row in rows:
        figures = f"{row['error_max']:>8.2f}  {row['iterations']:>10}  {row['seconds']:>7.2f}"
        click.echo(f"{row['frame']:>6}  {row['status']:<14} {figures}  {', '.join(row['lost'])}".rstrip())


def _facts(take: Take) -> dict[str, str]:
    """The heading of `show`."""
    count, layers, width = take.latents.shape
    settings, summary = take.settings, take.summary()
    generator = settings["generator"]
    shake = "" if summary.jitter is None else f", jitter {summary.jitter:.3f} px"
    near = f"{summary.within_tolerance:.0%} of frames within {summary.tolerance:g} px"
    return {
        "shot": f"{take.shot}, {count} frames ({take.range}) at {take.rate} fps",
        "generator": f"{generator['name']} ({generator['digest']}), {take.width}x{take.height} px",
        "latents": f"{count} x {layers} x {width}, float32",
        "handles": ", ".join(take.names),
        "solved": f"{settings['mode']} on {settings['device']}, {summary.seconds_per_frame:.2f} s a frame",
        "error": f"mean {summary.error_mean:.2f} px, max {summary.error_max:.2f} px, {near}{shake}",
    }


@latents.command(epilog="Example: previz latents export renders/smile.take.safetensors -o smile.npz")
@TAKE
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The .npz or .npy to write."
)
@FRAMES
@FORCE
def export(file: Path, output: Path, frames: FrameRange | None, force: bool) -> None:
    """Write the latents, float32 [frames, num_ws, w_dim], for other programs.

    An .npy holds them alone. An .npz holds latents and frames, and in pixels of the generator's image
    handles, targets and error. With one frame, either is a `character.latent` for a timeline to start from.
    """
    from previz import Take, export_latents

    take = Take.load(file)
    chosen = _held(take, frames)
    path = export_latents(take, output, frames=chosen, force=force)
    shape = (len(chosen), *take.latents.shape[1:])
    click.echo(f"{path}: {' x '.join(map(str, shape))}, {path.stat().st_size} bytes")


@latents.command(
    cls=CodecHelp,
    epilog="Example: previz latents decode renders/smile.take.safetensors -o smile.mp4 --size 512",
)
@TAKE
@click.option(
    "-o",
    "--output",
    help="A clip (.mp4, .mov, .mkv), an animated picture (.gif, .webp, .apng), or pictures (out.####.png). "
    "[default: beside the take]",
)
@FRAMES
@click.option(
    "--size",
    metavar="N|WxH",
    callback=parse_size,
    help="Pixels of the longer side, or of both. [default: the generator's]",
)
@output_options
@click.option("--checkpoint", help="The generator, where it is no longer where it was.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@FORCE
def decode(
    file: Path,
    output: str | None,
    frames: FrameRange | None,
    size: Size | None,
    checkpoint: str | None,
    device: str,
    dry_run: bool,
    force: bool,
    **options: Any,
) -> None:
    """Make the pictures of a take again, in another size or kind of file, without solving."""
    from previz import Take
    from previz.cli._decode import decode_take, plan_decode

    take = Take.load(file)
    target = Path(output) if output else None
    plan = plan_decode(take, file, target, _held(take, frames), size, output_changes(**options), force)
    if not dry_run:
        decode_take(plan, checkpoint, device)
    click.echo(plan.told(written=not dry_run))


def _held(take: Take, frames: FrameRange | None) -> FrameRange:
    """The frames asked for, or all of the take; SolveError for those that it lacks."""
    chosen = frames or take.range
    take.index(chosen.first)
    take.index(chosen.last)
    return chosen
