"""Writing what a finished shot leaves: clip, sheet, last latent, take, and the report that seals them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from safetensors.numpy import save

import previz
from previz.animate import Take, discard_partial
from previz.batch._sheet import write_shot_sheet
from previz.batch._state import Claim
from previz.batch._sync import finished_hash
from previz.batch._types import PlannedShot
from previz.files import output_file, writing
from previz.generator import Generator
from previz.timeline import Timeline, sample_timeline

FinishCall = Callable[[PlannedShot, Timeline, Take, Generator], Mapping[str, Any]]


def is_finished(shot: PlannedShot) -> bool:
    """Whether all outputs are there, of the inputs that the shot has now."""
    return finished_hash(shot.outputs) == shot.input_hash


def sweep(shot: PlannedShot) -> None:
    """Remove the temporary files of a worker that died while it wrote the shot's outputs."""
    for path in vars(shot.outputs).values():
        stem = path.stem.partition("####")[0]
        left = re.compile(rf"\.{re.escape(stem)}[\d.]*\.\d+{re.escape(path.suffix)}")
        for file in path.parent.glob(".*") if path.parent.is_dir() else ():
            if left.fullmatch(file.name):
                file.unlink(missing_ok=True)


def finished_error(shot: PlannedShot) -> float:
    """The largest error that a finished shot's report tells of, pixels of the generator's image."""
    report = json.loads(shot.outputs.report.read_text(encoding="utf-8"))
    return float(report["summary"]["error_max"])


def write_outputs(
    claim: Claim, timeline: Timeline, take: Take, generator: Generator, finish: FinishCall
) -> None:
    """Write all outputs of a solved shot, the report last; only then the kept frames are removed.

    What an earlier attempt left is replaced. Raises OutputError and MediaError.
    """
    shot = claim.shot
    shot.outputs.report.unlink(missing_ok=True)  # it tells of outputs that are about to be replaced
    clip = finish(shot, timeline, take, generator)
    keyed = sample_timeline(timeline, generator.width, generator.height).keyed
    write_shot_sheet(shot, take, generator, keyed)
    content = save({"latents": take.latents[-1]})
    with output_file(shot.outputs.last, force=True) as temporary, writing(shot.outputs.last):
        temporary.write_bytes(content)
    take.save(shot.outputs.take, force=True)
    report = shot_report(claim, take, clip)
    with output_file(shot.outputs.report, force=True) as temporary, writing(shot.outputs.report):
        temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    discard_partial(shot.outputs.take)


def shot_report(claim: Claim, take: Take, clip: Mapping[str, Any]) -> dict[str, Any]:
    """A finished shot's report: what it is, what it was made of and by whom, and every frame's error."""
    shot = claim.shot
    return {
        "previz": previz.__version__,
        "id": shot.id,
        "input_hash": shot.input_hash,
        "labels": dict(shot.labels),
        "timeline": str(shot.source),
        "checkpoint": shot.checkpoint,
        "start_from": shot.start_from,
        "host": claim.worker.host,
        "device": claim.worker.device,
        "attempt": claim.attempt,
        "outputs": {name: str(path) for name, path in vars(shot.outputs).items()},
        "clip": {"range": str(shot.frames), **clip},
        **take.report(),
    }
