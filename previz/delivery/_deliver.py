"""A take into all the files that its timeline's output asks for."""

from __future__ import annotations

import datetime
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import previz
from previz.animate import Take
from previz.delivery._edit import write_clip_otio
from previz.delivery._encode import Watch, unwatched, write_outputs
from previz.delivery._outputs import Outputs, check_outputs, choose_outputs, name_fields, output_settings
from previz.delivery._pictures import Look, look_of
from previz.delivery._solved import timeline_of
from previz.files import output_file, writing
from previz.generator import Generator
from previz.media import OutputSettings, Size, is_deep, resolve_size
from previz.naming import claim_version
from previz.timebase import FrameRange
from previz.timeline import OutputSpec, Samples, Timeline

if TYPE_CHECKING:
    from previz.delivery._ahead import Ahead


@dataclass(frozen=True)
class Delivery:
    """What becomes of a take.

    Attributes:
        timeline: that it is solved from.
        output: what is written, the timeline's `output` or one in its place.
        outputs: the files.
        settings: how the clip is written, and how the pictures besides it.
        look: what is drawn on the pictures.
        force: replace what is there.
    """

    timeline: Timeline
    output: OutputSpec
    outputs: Outputs
    settings: tuple[OutputSettings, OutputSettings]
    look: Look
    force: bool = False


def plan_delivery(
    timeline: Timeline,
    output: OutputSpec,
    outputs: Outputs,
    picture: tuple[int, int],
    size: Size | None = None,
    version: int | None = None,
    force: bool = False,
) -> Delivery:
    """Check all that can be checked before there is a take.

    `picture` are the height and width of the generator's image, `size` that of the clip's, `version` what is
    shown where the files' names have none. Raises MediaError, OutputError and TimelineError.
    """
    settings = output_settings(timeline, output, outputs)
    deep = is_deep(outputs.video, settings[0])
    deep = deep or (outputs.images is not None and is_deep(outputs.images, settings[1]))
    date = datetime.date.today().isoformat() if "date" in output.burn_in else ""
    version = outputs.version if version is None else version
    look = look_of(output, resolve_size(size, *picture), deep, version, date)
    check_outputs(outputs, settings, timeline.rate, look.full_size, output.alpha == "mask", force)
    return Delivery(timeline, output, outputs, settings, look, force)


def claimed(delivery: Delivery, stack: ExitStack, asked: Path | None = None) -> Delivery:
    """The delivery with a version that is its own until `stack` is closed, if its files have versions."""
    output, outputs = delivery.output, delivery.outputs
    if outputs.version is None or output.name is None:
        return delivery
    timeline = delivery.timeline
    given = outputs.version if output.version != "next" else None
    folder, fields = outputs.video.parent, name_fields(timeline, output)
    version = stack.enter_context(claim_version(folder, output.name, fields, given))
    if version == outputs.version:
        return delivery
    outputs = choose_outputs(timeline, output, asked, outputs.frames, version)
    settings = output_settings(timeline, output, outputs)
    check_outputs(outputs, settings, timeline.rate, None, False, delivery.force)
    look = replace(delivery.look, version=version)
    return replace(delivery, outputs=outputs, settings=settings, look=look)


def write_delivery(
    delivery: Delivery,
    take: Take,
    generator: Generator,
    samples: Samples | None,
    watch: Watch = unwatched,
    ahead: Ahead | None = None,
) -> dict[str, Any]:
    """Write all of it, the take last, and return the report. Raises MediaError and OutputError.

    Pictures that are being written `ahead` are waited for.
    """
    outputs, force, rate = delivery.outputs, delivery.force, delivery.timeline.rate
    if outputs.version is not None and outputs.take is not None:
        take = replace(take, settings={**take.settings, "version": outputs.version})
    if ahead is not None:
        ahead.finish()
    else:
        write_outputs(
            take, generator, samples, outputs, delivery.settings, delivery.look, rate, force, watch=watch
        )
    report = delivery_report(delivery, take)
    if outputs.report is not None:
        with output_file(outputs.report, force) as temporary, writing(outputs.report):
            temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if outputs.otio is not None:
        keyed = frozenset[int]() if samples is None else samples.keyed
        write_clip_otio(
            take,
            delivery.timeline,
            outputs.video,
            keyed,
            outputs.frames,
            outputs.otio,
            force,
            slate=delivery.look.slate,
        )
    if outputs.take is not None:
        take.save(outputs.take, force=force)
    return report


def deliver(
    take: Take,
    generator: Generator,
    video: str | Path | None = None,
    frames: FrameRange | None = None,
    force: bool = False,
) -> Outputs:
    """Write a take's clip and all else that its timeline's `output` asks for, and return the files.

    They are those of `previz render`: the clip with what is drawn on it, clean pictures, report, .otio and
    take. `video` names the clip in the timeline's place, and the others lie beside it; `frames` writes a part
    of the take. Raises MediaError, OutputError and TimelineError.

    Example: `deliver(solve(timeline, generator), generator, "renders/smile.mp4")`.
    """
    timeline, samples, _ = timeline_of(take)
    asked = None if video is None else Path(video)
    output, shown = timeline.output, frames or take.range
    outputs = choose_outputs(timeline, output, asked, shown)
    picture = take.height, take.width
    planned = plan_delivery(timeline, output, outputs, picture, output.size, force=force)
    with ExitStack() as stack:
        final = claimed(planned, stack, asked)
        write_delivery(final, take, generator, samples)
    return final.outputs


def delivery_report(delivery: Delivery, take: Take) -> dict[str, Any]:
    """A take's report, with its files and its clip, JSON-able."""
    outputs, look = delivery.outputs, delivery.look
    named = {name: getattr(outputs, name) for name in ("video", "take", "report", "otio", "images")}
    slate = {"slate": look.slate} if look.slate else {}
    return {
        "previz": previz.__version__,
        "timeline": str(delivery.timeline.source),
        **{name: None if path is None else str(path) for name, path in named.items()},
        "clip": {"range": str(outputs.frames), "size": list(look.full_size), **slate},
        **({} if outputs.version is None else {"version": outputs.version}),
        **take.report(),
    }
