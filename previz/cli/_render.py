"""What `previz render` does: plan, check every output, solve, encode, report."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from previz import (
    FrameRange,
    FrameSolved,
    Generator,
    OutputError,
    PrevizError,
    Samples,
    Size,
    SolveError,
    SolveEvent,
    Take,
    Timeline,
    check_against,
    discard_partial,
    load_generator,
    load_timeline,
    sample_timeline,
    solve,
    timeline_warnings,
)
from previz.cli._closing import closing_lines
from previz.cli._options import pick_device
from previz.cli._overrides import overridden
from previz.cli._progress import Reporter, reporter
from previz.delivery import (
    Ahead,
    Delivery,
    Outputs,
    check_outputs,
    choose_outputs,
    claimed,
    output_settings,
    plan_delivery,
    problem_of,
    write_delivery,
    writes_ahead,
    writing_ahead,
    written_size,
)
from previz.media import keeps_sound
from previz.timeline import OutputSpec


@dataclass(frozen=True)
class RenderOptions:
    """The command line of a render; None leaves a choice to the timeline.

    `changes` are fields of the timeline's `output`, by name, that the command line gives in their place.
    """

    output: Path | None = None
    frames: FrameRange | None = None
    size: Size | None = None
    device: str = "auto"
    threads: int = 1
    force: bool = False
    changes: dict[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """A render that is ready to start."""

    generator: Generator
    samples: Samples
    delivery: Delivery
    asked: Path | None
    threads: int

    @property
    def timeline(self) -> Timeline:
        """What is solved."""
        return self.delivery.timeline

    @property
    def outputs(self) -> Outputs:
        """The files."""
        return self.delivery.outputs

    @property
    def frames(self) -> FrameRange:
        """The shot's frames that are rendered."""
        return self.outputs.frames


def plan_render(path: Path, options: RenderOptions) -> Plan:
    """Read the timeline and load its character, and check all that can be checked before solving.

    Raises a PrevizError of any kind: the timeline's problems, outputs that exist, a missing checkpoint.
    """
    timeline = load_timeline(path)
    frames = options.frames or timeline.frames
    for frame in (frames.first, frames.last):
        if frame not in timeline.frames:
            raise SolveError(f"--frames: {frame} is outside the shot's frames, {timeline.frames}")
    if options.output is not None and (options.changes or {}).get("version") is not None:
        raise PrevizError("--version numbers the files that output.name names; -o names them itself")
    output = overridden(timeline.output, options.changes or {})
    outputs = choose_outputs(timeline, output, options.output, frames)
    settings = output_settings(timeline, output, outputs)
    alpha = output.alpha == "mask"
    try:
        check_outputs(outputs, settings, timeline.rate, None, alpha, options.force)
    except PrevizError as error:
        if settings[0].sound is not None and str(error).startswith(str(settings[0].sound.file)):
            raise problem_of(timeline, "output.audio", error) from None
        raise
    generator = load_generator(timeline.checkpoint, pick_device(options.device))
    samples = sample_timeline(timeline, generator.width, generator.height)
    for warning in dict.fromkeys(_warnings(timeline, generator, output, outputs)):
        click.echo(f"previz: warning: {warning}", err=True)
    picture, size = (generator.height, generator.width), options.size or output.size
    delivery = plan_delivery(timeline, output, outputs, picture, size, force=options.force)
    return Plan(generator, samples, delivery, options.output, options.threads)


def run_render(plan: Plan) -> dict[str, Any]:
    """Solve, encode, and write take and report; return the report without its list of frames.

    The take is put in place last: until then, all solved frames are kept beside it for another try.
    """
    with ExitStack() as stack:
        return _run(replace(plan, delivery=claimed(plan.delivery, stack, plan.asked)))


def _run(plan: Plan) -> dict[str, Any]:
    outputs, timeline = plan.outputs, plan.timeline
    with reporter() as progress, _ahead(plan, progress) as ahead:
        take, reused, resume = _solve(plan, progress, ahead)
        report = write_delivery(plan.delivery, take, plan.generator, plan.samples, progress.encoding, ahead)
    if len(take) == len(timeline.frames):
        with suppress(OutputError) if resume != outputs.own else nullcontext():  # another render may use it
            discard_partial(resume)
    size = written_size(outputs.video, plan.delivery.look.full_size)
    for line in closing_lines(take, outputs.all(), plan.frames, size, reused):
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
        "size": list(plan.delivery.look.full_size),
        **_told(plan),
        "outputs": [str(path) for path in plan.outputs.all()],
    }


def _ahead(plan: Plan, progress: Reporter) -> AbstractContextManager[Ahead | None]:
    """What writes pictures while later frames are being solved, if it can be done."""
    if not writes_ahead(plan.delivery, plan.generator, plan.threads):
        return nullcontext()
    return writing_ahead(plan.delivery, plan.generator, plan.samples, progress.encoding)


def _solve(plan: Plan, progress: Reporter, ahead: Ahead | None) -> tuple[Take, int, Path]:
    """The take, how many of its frames were solved earlier, and beside which take they were kept."""
    done: list[FrameSolved] = []

    def tell(event: SolveEvent) -> None:
        if isinstance(event, FrameSolved):
            done.append(event)
        progress.solving(event)
        if ahead is not None:
            ahead.tell(event)

    def solved(resume: Path) -> Take:
        return solve(
            plan.timeline,
            plan.generator,
            callback=tell,
            resume=resume,
            frames=plan.frames,
            threads=plan.threads,
        )

    resume, own = plan.outputs.resume, plan.outputs.own
    try:
        try:
            take = solved(resume)
        except OutputError:
            if resume == own or done:
                raise
            resume, take = own, solved(own)  # another render uses what the earlier version has kept
    except KeyboardInterrupt:
        if done:
            kept = f"{done[-1].index} of {done[-1].total} frames are kept"
            click.echo(f"previz: {kept}; the same command goes on from there", err=True)
        raise
    return take, sum(event.reused for event in done), resume


def _told(plan: Plan) -> dict[str, Any]:
    """What is drawn and how it is written, for a dry run."""
    look, output = plan.delivery.look, plan.delivery.output
    return {
        "codec": plan.delivery.settings[0].codec,
        "version": plan.outputs.version,
        "overlay": look.overlay,
        "trails": look.trails,
        "onion": look.onion,
        "burn_in": list(look.burn_in),
        "letterbox": None if look.bars is None else list(look.bars),
        "slate": look.slate,
        "alpha": look.alpha,
        "audio": None if output.audio is None else output.audio.file,
    }


def _warnings(timeline: Timeline, generator: Generator, output: OutputSpec, outputs: Outputs) -> list[str]:
    problems = [*timeline_warnings(timeline), *check_against(timeline, generator.width, generator.height)]
    said = [str(problem) for problem in problems]
    if output.audio is not None and not keeps_sound(outputs.video):
        said.append(f"{outputs.video}: is silent, as only clips (.mp4, .mov, .mkv) can be heard")
    return said
