"""What `previz render` does: plan, check every output, solve, encode, report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from previz import (
    FrameRange,
    FrameSolved,
    Generator,
    OutputError,
    Samples,
    Size,
    SolveError,
    SolveEvent,
    Take,
    Timeline,
    __version__,
    check_against,
    check_output,
    check_video_settings,
    discard_partial,
    load_generator,
    load_timeline,
    output_file,
    resolve_size,
    sample_timeline,
    solve,
    timeline_warnings,
    write_video,
)
from previz.cli._closing import closing_lines
from previz.cli._options import pick_device
from previz.cli._otio import write_clip_otio
from previz.cli._pictures import finished_pictures
from previz.cli._progress import Reporter, reporter


@dataclass(frozen=True)
class RenderOptions:
    """The command line of a render; None leaves a choice to the timeline."""

    output: Path | None = None
    frames: FrameRange | None = None
    size: Size | None = None
    device: str = "auto"
    threads: int = 1
    overlay: bool | None = None
    burn_in: bool | None = None
    force: bool = False


@dataclass(frozen=True)
class Outputs:
    """Where a render writes. `take`, `report` and `otio` are None where the timeline wants none.

    `resume` is the take of the whole shot: solved frames are kept beside it and looked for in it, so that a
    render of a few frames and a render of all of them share their work.
    """

    video: Path
    take: Path | None
    report: Path | None
    otio: Path | None
    resume: Path

    def all(self) -> list[Path]:
        """Every file that will be written."""
        return [path for path in (self.video, self.take, self.report, self.otio) if path is not None]


@dataclass(frozen=True)
class Plan:
    """A render that is ready to start."""

    timeline: Timeline
    generator: Generator
    samples: Samples
    outputs: Outputs
    frames: FrameRange
    size: tuple[int, int]
    threads: int
    overlay: bool
    burn_in: bool
    force: bool


def plan_render(path: Path, options: RenderOptions) -> Plan:
    """Read the timeline and load its character, and check all that can be checked before solving.

    Raises a PrevizError of any kind: the timeline's problems, outputs that exist, a missing checkpoint.
    """
    timeline = load_timeline(path)
    frames = options.frames or timeline.frames
    for frame in (frames.first, frames.last):
        if frame not in timeline.frames:
            raise SolveError(f"--frames: {frame} is outside the shot's frames, {timeline.frames}")
    outputs = choose_outputs(timeline, options.output, options.frames)
    check_video_settings(outputs.video, timeline.rate, timeline.output.crf, timeline.output.preset)
    check_outputs(outputs, options.force)
    generator = load_generator(timeline.checkpoint, pick_device(options.device))
    samples = sample_timeline(timeline, generator.width, generator.height)
    for warning in dict.fromkeys(_warnings(timeline, generator)):
        click.echo(f"previz: warning: {warning}", err=True)
    wanted = timeline.output
    return Plan(
        timeline=timeline,
        generator=generator,
        samples=samples,
        outputs=outputs,
        frames=frames,
        size=resolve_size(options.size or wanted.size, generator.height, generator.width),
        threads=options.threads,
        overlay=wanted.overlay if options.overlay is None else options.overlay,
        burn_in=wanted.burn_in if options.burn_in is None else options.burn_in,
        force=options.force,
    )


def choose_outputs(timeline: Timeline, output: Path | None, frames: FrameRange | None) -> Outputs:
    """The clip that was asked for, or the timeline's, or renders/SHOT.mp4; take and report lie beside it.

    A part of the shot goes to files of its own, renders/SHOT.1001-1012.mp4, and leaves the whole's alone.
    """
    whole = output or Path(timeline.output.video or f"renders/{timeline.shot}.mp4").expanduser()
    video = whole
    if output is None and frames is not None and frames != timeline.frames:
        video = whole.with_name(f"{whole.stem}.{frames}{whole.suffix}")
    return Outputs(
        video=video,
        take=_beside(video, ".take.safetensors") if timeline.output.latents else None,
        report=_beside(video, ".report.json") if timeline.output.report else None,
        otio=_beside(video, ".otio") if timeline.output.otio else None,
        resume=_beside(whole, ".take.safetensors"),
    )


def check_outputs(outputs: Outputs, force: bool) -> None:
    """Raise OutputError, naming all of them, where outputs exist (unless `force`) or can't be written."""
    taken = [] if force else [path for path in outputs.all() if path.exists() and not path.is_dir()]
    if taken:
        names = " and ".join(
            [", ".join(map(str, taken[:-1])), str(taken[-1])] if len(taken) > 1 else map(str, taken)
        )
        verb, pronoun = ("exist", "them") if len(taken) > 1 else ("exists", "it")
        raise OutputError(
            f"{names} {verb} already; pass --force to replace {pronoun}, or -o for another place"
        )
    for path in outputs.all():
        check_output(path, force=True)


def run_render(plan: Plan) -> dict[str, Any]:
    """Solve, encode, and write take and report; return the report without its list of frames.

    The take is put in place last: until then, all solved frames are kept beside it for another try.
    """
    outputs, timeline = plan.outputs, plan.timeline
    with reporter() as progress:
        take, reused = _solve(plan, progress)
        pictures = finished_pictures(
            take,
            plan.generator,
            plan.frames,
            plan.size,
            overlay=plan.samples if plan.overlay else None,
            burn_in=plan.burn_in,
        )
        write_video(
            progress.encoding(pictures, len(plan.frames)),
            outputs.video,
            timeline.rate,
            crf=timeline.output.crf,
            preset=timeline.output.preset,
            force=plan.force,
        )
    report = _report(plan, take)
    if outputs.report is not None:
        with output_file(outputs.report, plan.force) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if outputs.otio is not None:
        write_clip_otio(
            take, timeline, outputs.video, plan.samples.keyed, plan.frames, outputs.otio, plan.force
        )
    if outputs.take is not None:
        take.save(outputs.take, force=plan.force)
    if outputs.take in (None, outputs.resume) and len(take) == len(timeline.frames):
        discard_partial(outputs.resume)
    for line in closing_lines(take, outputs.all(), plan.frames, plan.size, reused):
        click.echo(line, err=True)
    return {key: value for key, value in report.items() if key != "frames"} | {"reused": reused}


def describe_plan(plan: Plan) -> dict[str, Any]:
    """What a dry run prints: the render as it would be done."""
    timeline, generator = plan.timeline, plan.generator
    return {
        "timeline": str(timeline.source),
        "shot": timeline.shot,
        "range": str(plan.frames),
        "frames": len(plan.frames),
        "rate": str(timeline.rate),
        "checkpoint": timeline.checkpoint,
        "generator": f"{generator.width}x{generator.height}, {generator.num_ws} x {generator.w_dim} latents",
        "device": str(generator.device),
        "threads": plan.threads,
        "handles": list(plan.samples.names),
        "solver": {
            key: value for key, value in timeline.solver.model_dump(mode="json").items() if value is not None
        },
        "size": list(plan.size),
        "overlay": plan.overlay,
        "burn_in": plan.burn_in,
        "outputs": [str(path) for path in plan.outputs.all()],
    }


def _solve(plan: Plan, progress: Reporter) -> tuple[Take, int]:
    """The take, and how many of its frames were solved earlier."""
    done: list[FrameSolved] = []

    def tell(event: SolveEvent) -> None:
        if isinstance(event, FrameSolved):
            done.append(event)
        progress.solving(event)

    try:
        take = solve(
            plan.timeline,
            plan.generator,
            callback=tell,
            resume=plan.outputs.resume,
            frames=plan.frames,
            threads=plan.threads,
        )
    except KeyboardInterrupt:
        if done:
            kept = f"{done[-1].index} of {done[-1].total} frames are kept"
            click.echo(f"previz: {kept}; the same command goes on from there", err=True)
        raise
    return take, sum(event.reused for event in done)


def _report(plan: Plan, take: Take) -> dict[str, Any]:
    outputs = plan.outputs
    return {
        "previz": __version__,
        "timeline": str(plan.timeline.source),
        "video": str(outputs.video),
        "take": None if outputs.take is None else str(outputs.take),
        "report": None if outputs.report is None else str(outputs.report),
        "otio": None if outputs.otio is None else str(outputs.otio),
        "clip": {"range": str(plan.frames), "size": list(plan.size)},
        **take.report(),
    }


def _warnings(timeline: Timeline, generator: Generator) -> list[str]:
    problems = [*timeline_warnings(timeline), *check_against(timeline, generator.width, generator.height)]
    return [str(problem) for problem in problems]


def _beside(video: Path, suffix: str) -> Path:
    return video.with_name(video.stem + suffix)
