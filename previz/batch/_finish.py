"""A solved shot's clip, its pictures besides and its .otio, as `previz render` writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from previz.animate import Take
from previz.batch._types import PlannedShot
from previz.delivery import Delivery, choose_outputs, plan_delivery, write_delivery
from previz.generator import Generator
from previz.timeline import Timeline, sample_timeline


def finish(shot: PlannedShot, timeline: Timeline, take: Take, generator: Generator) -> dict[str, Any]:
    """Write them, replacing what is there, and tell of the clip. Raises MediaError and OutputError.

    Take and report are not among them: they are written when all else is there.
    """
    delivery = shot_delivery(shot, timeline, take)
    samples = sample_timeline(timeline, generator.width, generator.height)
    write_delivery(delivery, take, generator, samples)
    return clip_facts(delivery)


def shot_delivery(shot: PlannedShot, timeline: Timeline, take: Take) -> Delivery:
    """What becomes of a solved shot's take. Raises MediaError and OutputError."""
    output = timeline.output
    chosen = choose_outputs(timeline, output, shot.outputs.clip, shot.frames)
    otio = None if chosen.otio is None else shot.outputs.otio
    outputs = replace(chosen, take=None, report=None, otio=otio)
    version = output.version if isinstance(output.version, int) else None
    picture = take.height, take.width
    return plan_delivery(timeline, output, outputs, picture, output.size, version, force=True)


def clip_facts(delivery: Delivery) -> dict[str, Any]:
    """What a report tells of a clip, JSON-able."""
    look, version = delivery.look, delivery.output.version
    number = version if isinstance(version, int) else None
    return {"size": list(look.full_size), "slate": look.slate, "version": number}
