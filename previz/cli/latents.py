"""`previz latents`: the latents of a take shown, exported, and decoded to pictures again without solving."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from previz.cli._options import parse_frames, parse_size, pick_device

if TYPE_CHECKING:
    from previz import FrameRange, Samples, Size, Take

TAKE = click.argument("file", metavar="TAKE", type=click.Path(path_type=Path))
FRAMES = click.option("--frames", metavar="A-B", callback=parse_frames, help="Only these frames.")
FORCE = click.option("--force", is_flag=True, help="Replace what exists.")


@click.group(epilog="Example: previz latents show renders/smile.take.safetensors")
def latents() -> None:
    """Show, export and decode the latents of a take."""


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
    epilog="Example: previz latents decode renders/smile.take.safetensors -o smile.mp4 --size 512"
)
@TAKE
@click.option(
    "-o", "--output", help="A clip (.mp4, .mov), or pictures (out.####.png). [default: beside the take]"
)
@FRAMES
@click.option(
    "--size",
    metavar="N|WxH",
    callback=parse_size,
    help="Pixels of the longer side, or of both. [default: the generator's]",
)
@click.option("--crf", type=click.IntRange(0, 51), default=16, show_default=True, help="0 is lossless.")
@click.option("--overlay", is_flag=True, help="Draw handles, targets and the mask.")
@click.option("--burn-in", is_flag=True, help="Write shot, frame, timecode and error.")
@click.option("--checkpoint", help="The generator, where it is no longer where it was.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@FORCE
def decode(
    file: Path,
    output: str | None,
    frames: FrameRange | None,
    size: Size | None,
    crf: int,
    overlay: bool,
    burn_in: bool,
    checkpoint: str | None,
    device: str,
    dry_run: bool,
    force: bool,
) -> None:
    """Make the pictures of a take again, in another size or kind of file, without solving."""
    from previz import Take, check_output, load_generator, resolve_size, write_sequence, write_video
    from previz.cli._pictures import finished_pictures

    take = Take.load(file)
    chosen = _held(take, frames)
    target = Path(output) if output else _beside(file)
    width, height = resolve_size(size, take.height, take.width)
    told = f"{target}: {len(chosen)} frames ({chosen}), {width}x{height} at {take.rate} fps"
    if dry_run:
        click.echo(told)
        return
    pictures_wanted = target.suffix.lower() == ".png"
    if not pictures_wanted:
        check_output(target, force)
    generator = load_generator(checkpoint or take.settings["generator"]["path"], pick_device(device))
    samples = _samples(take) if overlay else None
    pictures = finished_pictures(take, generator, chosen, (width, height), samples, burn_in)
    if pictures_wanted:
        write_sequence(pictures, target, list(chosen), force=force)
    else:
        write_video(pictures, target, take.rate, crf=crf, force=force)
    click.echo(told)


def _held(take: Take, frames: FrameRange | None) -> FrameRange:
    """The frames asked for, or all of the take; SolveError for those that it lacks."""
    chosen = frames or take.range
    take.index(chosen.first)
    take.index(chosen.last)
    return chosen


def _beside(file: Path) -> Path:
    """x.take.safetensors is decoded to x.mp4."""
    return file.with_name(file.name.removesuffix(".safetensors").removesuffix(".take") + ".mp4")


def _samples(take: Take) -> Samples:
    """The timeline that the take was solved from, sampled again for its mask."""
    from previz import PrevizError, parse_timeline, sample_timeline

    timeline = dict(take.settings["timeline"])
    folder = Path(take.settings["source"] or ".").parent  # from where a picture's place is told
    for shape in timeline.get("mask", []):
        if "png" in shape and (folder / shape["png"]).exists():
            shape["png"] = str(folder / shape["png"])
    try:
        return sample_timeline(parse_timeline(timeline), take.width, take.height)
    except PrevizError as error:  # a picture of the mask that is gone
        click.echo(f"previz: warning: the mask is left out: {error}", err=True)
        timeline.pop("mask", None)
        return sample_timeline(parse_timeline(timeline), take.width, take.height)
