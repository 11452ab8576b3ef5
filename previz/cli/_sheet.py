"""What `previz sheet` does: a shot's keys and in-betweens on one picture."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from previz import (
    FrameRange,
    MediaError,
    SheetCell,
    SolveEvent,
    Take,
    check_output,
    draw_overlay,
    draw_trajectories,
    load_generator,
    load_timeline,
    resize,
    resolve_size,
    shot_sheet,
    solve,
    write_png,
)
from previz.cli._decode import take_timeline
from previz.cli._options import pick_device
from previz.cli._progress import reporter
from previz.cli._sources import Picture, Source, open_source, take_source
from previz.delivery import choose_outputs


@dataclass(frozen=True)
class SheetOptions:
    """The command line of a sheet."""

    output: Path
    frames: FrameRange | None = None
    count: int = 12
    columns: int | None = None
    size: int = 256
    overlay: bool = True
    trajectories: bool = True
    first: int | None = None
    checkpoint: str | None = None
    device: str = "auto"
    force: bool = False


def make_sheet(path: Path, options: SheetOptions) -> dict[str, Any]:
    """Write the sheet, and return what is on it. Raises a PrevizError of any kind."""
    check_output(options.output, options.force)
    if options.output.suffix.lower() != ".png":
        raise MediaError(f"{options.output}: a sheet is a .png")
    source = _solved(path, options) if path.suffix.lower() in (".yaml", ".yml", ".json") else None
    source = source or open_source(path, options.checkpoint, options.device, options.first)
    numbers = _within(source, options.frames)
    keyed = _keys(source.take, numbers)
    chosen = story_frames(numbers, keyed, options.count)
    size = resolve_size(options.size, source.size[1], source.size[0])
    pictures = dict(zip(chosen, source.read(chosen), strict=True))
    cells = [
        SheetCell(_cell(source.take, number, picture, size, options.overlay), str(number), number in keyed)
        for number, picture in pictures.items()
    ]
    hero, label = None, ""
    if source.take is not None and options.trajectories:
        hero = _hero(source.take, numbers, keyed, pictures[chosen[0]], size)
        label = f"{chosen[0]}, and the ways of the handles"
    sheet = shot_sheet(source.name, _facts(source, numbers), cells, hero, options.columns, label)
    write_png(sheet, options.output, options.force)
    told = {"file": str(options.output), "size": [sheet.shape[1], sheet.shape[0]]}
    return {**told, "frames": list(chosen), "keys": [number for number in chosen if number in keyed]}


def story_frames(numbers: Iterable[int], keyed: Iterable[int], count: int) -> list[int]:
    """Choose the frames that tell a shot: all keys, both ends, and in-betweens up to `count` frames.

    An in-between is put where two chosen frames are furthest apart, so that they are spread evenly.
    """
    held = sorted(set(numbers))
    chosen = sorted({held[0], held[-1], *(key for key in keyed if key in set(held))})
    while len(chosen) < min(count, len(held)):
        gaps = [(held.index(end) - held.index(start), -start) for start, end in itertools.pairwise(chosen)]
        widest = max(gaps)
        at = held.index(-widest[1]) + widest[0] // 2
        if widest[0] < 2:
            break
        chosen = sorted({*chosen, held[at]})
    return chosen


def _solved(path: Path, options: SheetOptions) -> Source:
    """A timeline's take: its frames that are solved already are used, the others are solved now."""
    timeline = load_timeline(path)
    generator = load_generator(options.checkpoint or timeline.checkpoint, pick_device(options.device))
    frames = options.frames or timeline.frames
    resume = choose_outputs(timeline, timeline.output, None, timeline.frames).resume
    with reporter() as progress:

        def tell(event: SolveEvent) -> None:
            progress.solving(event)

        take = solve(timeline, generator, callback=tell, resume=resume, frames=frames)
    return replace(take_source(take, path, lambda: generator), name=take.shot)


def _within(source: Source, frames: FrameRange | None) -> list[int]:
    numbers = [number for number in source.numbers if frames is None or number in frames]
    if not numbers:
        held = f"{source.numbers[0]}-{source.numbers[-1]}"
        raise MediaError(f"{source.path}: has the frames {held}, and none of {frames}")
    return numbers


def _keys(take: Take | None, numbers: list[int]) -> set[int]:
    """The keyed frames of a take; of a clip, nothing is known."""
    return set() if take is None else set(take_timeline(take)[1].keyed) & set(numbers)


def _cell(take: Take | None, number: int, picture: Picture, size: tuple[int, int], overlay: bool) -> Picture:
    shown = resize(picture, size)
    if take is None or not overlay:
        return shown
    index, scale = take.index(number), (size[0] / take.width, size[1] / take.height)
    return draw_overlay(shown, take.handles[index], take.targets[index], scale=scale, lost=take.lost[index])


def _hero(
    take: Take, numbers: list[int], keyed: set[int], picture: Picture, size: tuple[int, int]
) -> Picture:
    large = (2 * size[0], 2 * size[1])
    part = slice(take.index(numbers[0]), take.index(numbers[-1]) + 1)
    return draw_trajectories(
        resize(picture, large),
        take.handles[part],
        take.names,
        numbers,
        sorted(keyed),
        scale=(large[0] / take.width, large[1] / take.height),
    )


def _facts(source: Source, numbers: list[int]) -> dict[str, str]:
    """What stands at the right of the heading."""
    rate = "" if source.rate is None else f" at {float(source.rate):.6g} fps"
    facts = {"": f"{FrameRange(numbers[0], numbers[-1])}{rate}"}
    if source.take is not None:
        part = slice(source.take.index(numbers[0]), source.take.index(numbers[-1]) + 1)
        worst = float(source.take.error[part].max(initial=0.0))
        facts |= {"character": str(source.take.settings["generator"]["name"])}
        facts |= {"error": f"max {worst:.2f} px"}
    return facts


def echo_sheet(told: dict[str, Any]) -> None:
    """Say what was written."""
    keys = f", {len(told['keys'])} of them keys" if told["keys"] else ""
    width, height = told["size"]
    click.echo(f"{told['file']}: {len(told['frames'])} frames{keys}, {width}x{height}")
