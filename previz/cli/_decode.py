"""What `previz latents decode` does: the pictures of a take into files again, without solving."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from previz import (
    FrameRange,
    Samples,
    Size,
    Take,
    Timeline,
    load_generator,
)
from previz.cli._options import pick_device
from previz.cli._overrides import overridden
from previz.delivery import (
    Delivery,
    Outputs,
    plan_delivery,
    take_version,
    timeline_of,
    write_delivery,
    written_size,
)
from previz.media import output_kind
from previz.timeline import OutputSpec


@dataclass(frozen=True)
class DecodePlan:
    """A take that is ready to be decoded."""

    take: Take
    samples: Samples | None
    delivery: Delivery

    def told(self, written: bool) -> str:
        """The line that says what is written; what was written may be smaller than was asked for."""
        outputs, size = self.delivery.outputs, self.delivery.look.full_size
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
    delivery = plan_delivery(timeline, output, outputs, (take.height, take.width), size, force=force)
    return DecodePlan(take, samples, delivery)


def decode_take(plan: DecodePlan, checkpoint: str | None, device: str) -> None:
    """Write what was planned."""
    take = plan.take
    generator = load_generator(checkpoint or take.settings["generator"]["path"], pick_device(device))
    write_delivery(plan.delivery, take, generator, plan.samples)


def take_timeline(take: Take, tell: bool = False) -> tuple[Timeline, Samples]:
    """The timeline that a take was solved from, and its samples, for its keys and its mask.

    A mask whose picture is gone is left out, and `tell` says so.
    """
    timeline, samples, without = timeline_of(take)
    if without is not None and tell:
        click.echo(f"previz: warning: the mask is left out: {without}", err=True)
    return timeline, samples


def beside(file: Path, suffix: str) -> Path:
    """x.take.safetensors gives x and a suffix."""
    return file.with_name(file.name.removesuffix(".safetensors").removesuffix(".take") + suffix)
