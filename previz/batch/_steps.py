"""A shot in steps that a farm's manager starts one by one: solve, decode (frame by frame), encode.

They need no state: what is there tells how far a shot is, and a step that is done does nothing again.
Together they leave what a worker leaves, so that a list knows the shot as done.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from safetensors.numpy import save

from previz.animate import SolveCallback, Take, discard_partial, solve
from previz.batch._finish import clip_facts, shot_delivery
from previz.batch._host import this_worker
from previz.batch._inputs import checkpoint_digest
from previz.batch._outputs import is_finished, shot_report
from previz.batch._sheet import write_shot_sheet
from previz.batch._state import Claim
from previz.batch._sync import finished_hash
from previz.batch._types import BatchError, PlannedShot
from previz.delivery import Delivery, Finisher, clean_pictures, write_clip_otio, write_outputs
from previz.errors import PrevizError
from previz.files import output_file, writing
from previz.generator import Generator, load_generator
from previz.media import (
    Frame,
    OutputSettings,
    is_sequence,
    open_output,
    read_sequence,
    sequence_path,
    to_float,
)
from previz.timebase import FrameRange
from previz.timeline import Samples, Timeline, parse_timeline, sample_timeline

_HASH = "input_hash"  # of a take's settings: what it was solved from


def solve_step(
    shot: PlannedShot,
    device: str = "cpu",
    threads: int = 1,
    force: bool = False,
    callback: SolveCallback | None = None,
) -> bool:
    """Solve a shot: its take and its last latent. False where that is done already.

    An interrupted step goes on with its next frame. Raises BatchError for outputs of other inputs (unless
    `force`) and for a checkpoint that isn't the plan's, and what `solve` raises.
    """
    if is_finished(shot) or _solved_hash(shot) == shot.input_hash:
        return False
    if not force and (finished_hash(shot.outputs) is not None or _solved_hash(shot) is not None):
        raise BatchError(
            f"{shot.id} is in {shot.outputs.take.parent} already, made of other inputs; pass --force to "
            "replace it, or raise the list's `version`"
        )
    if checkpoint_digest(shot.checkpoint)[1] != shot.digest:
        raise BatchError(f"{shot.id}: {shot.checkpoint} is not what it was when the plan was made")
    generator = load_generator(shot.checkpoint, device)
    take = solve(
        _timeline(shot),
        generator,
        callback=callback,
        resume=shot.outputs.take,
        frames=shot.frames,
        threads=threads,
    )
    shot.outputs.report.unlink(missing_ok=True)  # it tells of outputs that are about to be replaced
    _remove_pictures(shot)
    content = save({"latents": take.latents[-1]})
    with output_file(shot.outputs.last, force=True) as temporary, writing(shot.outputs.last):
        temporary.write_bytes(content)
    replace(take, settings={**take.settings, _HASH: shot.input_hash}).save(shot.outputs.take, force=True)
    discard_partial(shot.outputs.take)
    return True


def decode_step(shot: PlannedShot, frames: FrameRange, device: str = "cpu") -> Path:
    """Write the pictures of some of a solved shot's frames, and return their pattern.

    They are the clip's where that is numbered pictures, else lossless ones beside it that `encode_step`
    reads. Pictures besides the clip are written too. Raises BatchError for a shot that isn't solved and for
    frames that it lacks, MediaError and OutputError.
    """
    pattern = pictures_of(shot)
    for frame in (frames.first, frames.last):
        if frame not in shot.frames:
            raise BatchError(f"--frames: {frame} is outside {shot.id}'s frames, {shot.frames}")
    if is_finished(shot):
        return pattern
    take, delivery = _solved(shot)
    generator = load_generator(shot.checkpoint, device)
    samples = sample_timeline(delivery.timeline, generator.width, generator.height)
    part = replace(delivery.outputs, video=pattern, frames=frames, numbers=tuple(frames))
    lossless = OutputSettings(depth=16 if delivery.look.deep else 8)
    settings = delivery.settings if is_sequence(shot.outputs.clip) else (lossless, delivery.settings[1])
    look = replace(delivery.look, slate=0)
    write_outputs(take, generator, samples, part, settings, look, delivery.timeline.rate, force=True)
    return pattern


def encode_step(shot: PlannedShot, device: str = "cpu") -> bool:
    """Make a clip of a shot's pictures, with its sheet, its .otio and its report. False where that is done.

    The report is written last; then lossless pictures are removed. Raises BatchError for a shot that isn't
    solved, or not decoded, MediaError and OutputError.
    """
    if is_finished(shot):
        return False
    began = time.time()
    take, delivery = _solved(shot)
    missing = [frame for frame in shot.frames if not sequence_path(pictures_of(shot), frame).is_file()]
    if missing:
        raise BatchError(
            f"{shot.id}: frame {missing[0]} and {len(missing) - 1} more aren't decoded; "
            f"`previz batch decode` makes {pictures_of(shot)}"
        )
    generator = load_generator(shot.checkpoint, device)
    samples = sample_timeline(delivery.timeline, generator.width, generator.height)
    _encode(shot, take, delivery, generator, samples)
    outputs, look = delivery.outputs, delivery.look
    if outputs.otio is not None:
        where = outputs.video, samples.keyed, outputs.frames, outputs.otio
        write_clip_otio(take, delivery.timeline, *where, force=True, slate=look.slate)
    write_shot_sheet(shot, take, generator, samples.keyed)
    claim = Claim(shot, this_worker(device), 1, began)
    report = shot_report(claim, take, clip_facts(delivery))
    with output_file(shot.outputs.report, force=True) as temporary, writing(shot.outputs.report):
        temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _remove_pictures(shot)
    return True


def pictures_of(shot: PlannedShot) -> Path:
    """The pattern of the pictures that a shot is decoded to."""
    clip = shot.outputs.clip
    return clip if is_sequence(clip) else clip.parent / f"{clip.stem}.frames" / f"{clip.stem}.####.png"


def _encode(
    shot: PlannedShot, take: Take, delivery: Delivery, generator: Generator, samples: Samples
) -> None:
    """Write the clip from its pictures, after its slate; where it is pictures, only the slate is missing."""
    outputs, look, rate = delivery.outputs, delivery.look, delivery.timeline.rate
    numbers = outputs.numbers[: look.slate] if is_sequence(shot.outputs.clip) else outputs.numbers
    if not numbers:
        return
    with open_output(outputs.video, rate, numbers, delivery.settings[0], force=True) as write:
        if look.slate:
            first = FrameRange(outputs.frames.first, outputs.frames.first)
            ((_, clean),) = clean_pictures(take, generator, first, look, samples)
            slate = Finisher(take, generator, look, samples).slate(outputs.frames, clean)
            for _ in range(look.slate):
                write(slate)
        for picture in () if is_sequence(shot.outputs.clip) else _pictures(shot, shot.frames, look.deep):
            write(picture)


def _pictures(shot: PlannedShot, frames: Iterable[int], deep: bool) -> Iterator[Frame]:
    for picture in read_sequence(pictures_of(shot), list(frames)):
        yield to_float(picture) if deep else picture


def _remove_pictures(shot: PlannedShot) -> None:
    """Remove the pictures that were only there to be encoded."""
    if not is_sequence(shot.outputs.clip):
        shutil.rmtree(pictures_of(shot).parent, ignore_errors=True)


def _timeline(shot: PlannedShot) -> Timeline:
    return parse_timeline(shot.timeline, str(shot.source), shot.source)


def _solved(shot: PlannedShot) -> tuple[Take, Delivery]:
    """A shot's take, and what becomes of it. Raises BatchError for a shot that isn't solved."""
    if _solved_hash(shot) != shot.input_hash:
        raise BatchError(f"{shot.id} is not solved; `previz batch solve` makes {shot.outputs.take}")
    take = Take.load(shot.outputs.take)
    return take, shot_delivery(shot, _timeline(shot), take)


def _solved_hash(shot: PlannedShot) -> str | None:
    """The hash of what the take was solved from; "" for another's, None where there is none."""
    if not shot.outputs.take.is_file():
        return None
    try:
        return str(Take.load(shot.outputs.take).settings.get(_HASH, ""))
    except PrevizError:
        return ""
