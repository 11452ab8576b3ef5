"""A solved shot's clip, its pictures besides and its .otio, as `previz render` writes them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from previz import Generator, SolveEvent, Take, Timeline, resolve_size, sample_timeline
from previz.batch import PlannedShot
from previz.cli._encode import write_outputs
from previz.cli._otio import write_clip_otio
from previz.cli._outputs import check_outputs, choose_outputs, output_settings
from previz.cli._pictures import look_of
from previz.media import is_deep

T = TypeVar("T")


class _Silent:
    """Tells nothing: a worker's shots are told of by their rows."""

    def solving(self, event: SolveEvent) -> None:
        """Take an event."""

    def encoding(self, frames: Iterable[T], total: int) -> Iterator[T]:
        """Hand frames on."""
        yield from frames


def finish(shot: PlannedShot, timeline: Timeline, take: Take, generator: Generator) -> dict[str, Any]:
    """Write them, replacing what is there, and tell of the clip. Raises MediaError and OutputError."""
    output = timeline.output
    outputs = choose_outputs(timeline, output, shot.outputs.clip, shot.frames)
    settings = output_settings(timeline, output, outputs)
    samples = sample_timeline(timeline, generator.width, generator.height)
    deep = is_deep(outputs.video, settings[0])
    deep = deep or (outputs.images is not None and is_deep(outputs.images, settings[1]))
    size = resolve_size(output.size, generator.height, generator.width)
    version = output.version if isinstance(output.version, int) else None
    date = datetime.date.today().isoformat() if "date" in output.burn_in else ""
    look = look_of(output, size, deep, version, date)
    check_outputs(outputs, settings, timeline.rate, look.full_size, look.alpha == "mask", force=True)
    write_outputs(
        take, generator, samples, outputs, settings, look, timeline.rate, force=True, progress=_Silent()
    )
    if outputs.otio is not None:
        write_clip_otio(
            take,
            timeline,
            outputs.video,
            samples.keyed,
            shot.frames,
            shot.outputs.otio,
            force=True,
            slate=look.slate,
        )
    return {"size": list(look.full_size), "slate": look.slate, "version": version}
