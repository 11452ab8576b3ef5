"""What `previz latents decode` does: the pictures of a take into files again, without solving."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from previz import (
    FrameRange,
    OutputSettings,
    PrevizError,
    Samples,
    Size,
    Take,
    Timeline,
    load_generator,
    parse_timeline,
    resolve_size,
    sample_timeline,
)
from previz.cli._encode import write_outputs, written_size
from previz.cli._options import pick_device
from previz.cli._outputs import Outputs, check_outputs, output_settings, overridden
from previz.cli._pictures import Look, look_of
from previz.cli._progress import silent
from previz.media import is_deep, output_kind
from previz.timeline import OutputSpec


@dataclass(frozen=True)
class DecodePlan:
    """A take that is ready to be decoded."""

    take: Take
    timeline: Timeline
    samples: Samples | None
    outputs: Outputs
    settings: tuple[OutputSettings, OutputSettings]
    look: Look

    def told(self, written: bool) -> str:
        """The line that says what is written; what was written may be smaller than was asked for."""
        outputs, size = self.outputs, self.look.full_size
        width, height = written_size(outputs.video, size) if written else size
        shown = f"{len(outputs.frames)} frames ({outputs.frames})"
        return f"{outputs.video}: {shown}, {width}x{height} at {self.take.rate} fps"


def plan_decode(
    take: Take,
    file: Path,
    target: Path | None,
    frames: FrameRange,
    size: Size | None,
    changes: dict[str, Any],
    force: bool,
) -> DecodePlan:
    """Check all that can be checked before the generator is loaded. Raises a PrevizError of any kind."""
    timeline, samples = take_timeline(
        take, tell=bool(changes.get("overlay")) or changes.get("alpha") == "mask"
    )
    solved = timeline.output
    output = overridden(OutputSpec(show=solved.show, seq=solved.seq, otio=False), changes)
    target = target or beside(file, ".mp4")
    output_kind(target)
    outputs = Outputs(
        video=target,
        images=None,
        take=None,
        report=None,
        otio=None,
        resume=file,
        own=file,
        frames=frames,
        numbers=tuple(range(frames.first - output.slate, frames.last + 1)),
        version=take_version(take),
    )
    settings = output_settings(timeline, output, outputs)
    date = datetime.date.today().isoformat() if "date" in output.burn_in else ""
    deep = is_deep(target, settings[0])
    look = look_of(output, resolve_size(size, take.height, take.width), deep, outputs.version, date)
    check_outputs(outputs, settings, take.rate, look.full_size, output.alpha == "mask", force)
    return DecodePlan(take, timeline, samples, outputs, settings, look)


def decode_take(plan: DecodePlan, checkpoint: str | None, device: str, force: bool) -> None:
    """Write what was planned."""
    take = plan.take
    generator = load_generator(checkpoint or take.settings["generator"]["path"], pick_device(device))
    write_outputs(
        take, generator, plan.samples, plan.outputs, plan.settings, plan.look, take.rate, force, silent()
    )


def take_version(take: Take) -> int | None:
    """The version that a take was rendered as, if its name had one."""
    version = take.settings.get("version")
    return version if isinstance(version, int) else None


def take_timeline(take: Take, tell: bool = False) -> tuple[Timeline, Samples]:
    """The timeline that a take was solved from, and its samples, for its keys and its mask.

    A mask whose picture is gone is left out, and `tell` says so.
    """
    timeline = dict(take.settings["timeline"])
    source = take.settings["source"]  # from where a picture's place is told
    try:
        parsed = parse_timeline(timeline).placed(source)
        return parsed, sample_timeline(parsed, take.width, take.height)
    except PrevizError as error:  # a picture of the mask that is gone
        if tell:
            click.echo(f"previz: warning: the mask is left out: {error}", err=True)
        timeline.pop("mask", None)
        parsed = parse_timeline(timeline).placed(source)
        return parsed, sample_timeline(parsed, take.width, take.height)


def beside(file: Path, suffix: str) -> Path:
    """x.take.safetensors gives x and a suffix."""
    return file.with_name(file.name.removesuffix(".safetensors").removesuffix(".take") + suffix)
