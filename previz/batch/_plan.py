"""From a shot list to a plan: every timeline merged and checked, every output named, every wait resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from previz.batch._changes import apply_changes, blame
from previz.batch._hooks import EVENTS, Hook, split_command
from previz.batch._inputs import absolute_files, checkpoint_digest, hash_inputs
from previz.batch._list import ShotList, ShotListError, read_list
from previz.batch._takes import ListedTake, list_takes
from previz.batch._types import PlannedShot, Resources, ShotOutputs, ShotPlan
from previz.batch._waits import resolve_waits
from previz.errors import PrevizError, Problem, TimelineError
from previz.media import CODECS, OutputSettings, check_output_settings, is_sequence, output_kind
from previz.naming import fill_name, has_version
from previz.timeline import (
    Document,
    Timeline,
    find_beside,
    in_order,
    parse_timeline,
    read_text,
    read_yaml,
)


@dataclass
class _Reader:
    """Timelines' files, each read once, with what is wrong with them as they are."""

    documents: dict[Path, Document] = field(default_factory=dict)
    own: dict[Path, frozenset[Problem]] = field(default_factory=dict)

    def document(self, path: Path) -> Document:
        if path not in self.documents:
            self.documents[path] = read_yaml(read_text(path, str(path)), str(path))
        return self.documents[path]

    def problems(self, path: Path) -> frozenset[Problem]:
        """The problems of the file without a list's changes."""
        if path not in self.own:
            found: tuple[Problem, ...] = ()
            try:
                parse_timeline(self.document(path), str(path), path)
            except TimelineError as error:
                found = error.problems
            self.own[path] = frozenset(found)
        return self.own[path]


def plan_list(path: str | Path, output: str | Path | None = None) -> ShotPlan:
    """Read a shot list and make it ready to run: nothing is rendered, no generator loaded.

    `output` is the folder of its outputs in place of the list's own. Raises ShotListError, which lists every
    problem of the list and of its timelines as `file:line:column: field: message`.

    Example: `plan_list("timelines/shots/demo.yaml").shots[0].outputs.clip`
    """
    listed = read_list(path)
    takes, problems = list_takes(listed)
    folder = Path(output or listed.spec.output or Path("renders") / listed.path.stem).expanduser().absolute()
    reader, planned = _Reader(), list[tuple[ListedTake, PlannedShot]]()
    for take in takes:
        try:
            planned.append((take, _plan_take(listed, take, folder, reader)))
        except TimelineError as error:
            problems += error.problems
    if not problems:
        problems += _name_clashes(planned)
        planned, of_waits = resolve_waits(planned)
        problems += of_waits
    if problems:
        raise ShotListError(in_order(problems))
    return ShotPlan(
        name=listed.path.stem,
        source=listed.path.absolute(),
        show=listed.spec.show,
        sequence=listed.spec.sequence,
        folder=folder,
        shots=tuple(_with_hashes(planned)),
        stale_after=listed.spec.stale_after,
        shared=listed.spec.shared,
        hooks=_hooks(listed),
    )


def _hooks(listed: ShotList) -> tuple[dict[str, Any], ...]:
    """The list's hooks, which are run where it lies."""
    spec, made = listed.spec.hooks, []
    for event in EVENTS:
        hook = getattr(spec, event)
        if hook is None:
            continue
        as_it_is = hook.run if isinstance(hook.run, tuple) else (hook.run,)
        command = as_it_is if hook.shell or isinstance(hook.run, tuple) else split_command(hook.run)
        folder = str(listed.path.absolute().parent)
        made.append(Hook(event, command, hook.shell, hook.timeout, folder).to_dict())
    return tuple(made)


def _plan_take(listed: ShotList, take: ListedTake, folder: Path, reader: _Reader) -> PlannedShot:
    """One take, but for what it waits for. Raises TimelineError."""
    source = find_beside(listed.path, take.timeline)
    timeline = _merged(listed, take, source, reader)
    frames = take.frames or timeline.frames
    for frame in (frames.first, frames.last):
        if frame not in timeline.frames:
            message = f"{frame} is outside the timeline's frames, {timeline.frames}"
            raise TimelineError([take.problem(message, "frames")])
    try:
        checkpoint, digest = checkpoint_digest(timeline.checkpoint)
    except PrevizError as error:
        problem = Problem("", "character.checkpoint", str(error))
        raise TimelineError([_located(problem, take, frozenset())]) from None
    try:
        outputs = _outputs(listed, take, timeline, folder)
        _check_clip(outputs.clip, timeline)
    except PrevizError as error:
        raise TimelineError([take.problem(str(error))]) from None
    data: dict[str, Any] = absolute_files(timeline.to_dict(), source.absolute())
    data["output"] = {**data.get("output", {}), "video": str(outputs.clip)}
    if data["output"].get("images"):
        data["output"]["images"] = str(outputs.clip.parent / data["output"]["images"])
    return PlannedShot(
        id=take.id,
        shot=take.shot,
        labels=take.labels,
        timeline=data,
        source=source.absolute(),
        checkpoint=checkpoint,
        digest=digest,
        frames=frames,
        solves=frames.last - timeline.frames.first + 1,
        rate=str(timeline.rate),
        outputs=outputs,
        after=take.fields.after,
        start_from=take.fields.start_from,
        priority=take.fields.priority or 0,
        retries=2 if take.fields.retries is None else take.fields.retries,
        tags=take.fields.tags,
        resources=Resources() if take.fields.resources is None else take.fields.resources.made(),
    )


def _merged(listed: ShotList, take: ListedTake, source: Path, reader: _Reader) -> Timeline:
    """The timeline with the list's changes in it. Raises TimelineError with problems at the list's places."""
    try:
        document = reader.document(source)
    except TimelineError as error:
        message = "; ".join(f"{take.timeline}: {problem.message}" for problem in error.problems)
        raise TimelineError([take.problem(message, "timeline")]) from None
    if not isinstance(document.data, dict):
        raise TimelineError(reader.problems(source))
    data, problems = apply_changes(document.data, take.changes)
    spec, given = listed.spec, data.get("output")
    told = {"show": spec.show, "seq": spec.sequence}
    told = {key: value for key, value in told.items() if value is not None}
    if isinstance(given, Mapping) or given is None:
        own = {key: value for key, value in (given or {}).items() if key not in ("name", "version")}
        version = {"version": spec.version} if has_version(spec.name) else {}
        data["output"] = {**told, **own, **version}
    data["shot"] = take.id
    merged = Document(data, document.marks, document.problems, document.unreadable)
    try:
        timeline = parse_timeline(merged, str(source), source)
    except TimelineError as error:
        as_it_is = reader.problems(source)
        problems += dict.fromkeys(_located(problem, take, as_it_is) for problem in error.problems)
    if problems:
        raise TimelineError(problems)
    return timeline


def _located(problem: Problem, take: ListedTake, own: frozenset[Problem]) -> Problem:
    """A problem of the merged timeline at the place of the list that it comes from."""
    if problem in own:
        return problem
    change = blame(problem, take.changes)
    if change is None:
        return take.problem(str(problem))
    beyond = f"{problem.field}: " if problem.field != change.field else ""
    return change.problem(f"{beyond}{problem.message}")


def _outputs(listed: ShotList, take: ListedTake, timeline: Timeline, folder: Path) -> ShotOutputs:
    """Where a take's files go: a folder a shot, and names by the list's template. Raises PrevizError."""
    character = Path(timeline.character.checkpoint).name.removesuffix(".safetensors")
    show, sequence = listed.spec.show, listed.spec.sequence
    fields = {"show": show, "seq": sequence, "shot": take.id, "character": character}
    name = fill_name(listed.spec.name, fields, listed.spec.version)
    place = folder / take.shot
    video = timeline.output.video
    if video is not None and is_sequence(video):
        clip = place / name / f"{name}.####{Path(video).suffix}"
    else:
        of_codec = CODECS[timeline.output.codec].suffixes[0] if timeline.output.codec else ".mp4"
        clip = place / f"{name}{(Path(video).suffix if video else '') or of_codec}"
    return ShotOutputs(
        clip=clip,
        take=place / f"{name}.take.safetensors",
        report=place / f"{name}.report.json",
        sheet=place / f"{name}.sheet.png",
        otio=place / f"{name}.otio",
        last=place / f"{name}.last.safetensors",
        log=folder / "logs" / f"{take.id}.log",
    )


def _check_clip(clip: Path, timeline: Timeline) -> None:
    """Raise MediaError for a clip that can't be written as the timeline wants it."""
    output = timeline.output
    depth = output.depth if output_kind(clip) == "pictures" else None
    codec = output.codec or "h264"
    settings = OutputSettings(codec, output.crf, output.preset, depth, output.loop)
    check_output_settings(clip.name, timeline.rate, settings, alpha=output.alpha == "mask")


def _name_clashes(planned: Iterable[tuple[ListedTake, PlannedShot]]) -> list[Problem]:
    first: dict[Path, str] = {}
    problems = []
    for take, shot in planned:
        other = first.setdefault(shot.outputs.clip, shot.id)
        if other != shot.id:
            message = (
                f"{shot.id} and {other} would both write {shot.outputs.clip.name}; put {{shot}} into `name`"
            )
            problems.append(take.problem(message))
    return problems


def _with_hashes(planned: list[tuple[ListedTake, PlannedShot]]) -> list[PlannedShot]:
    """The shots in the list's order with their hashes; one that starts from another depends on its hash."""
    by_id = {shot.id: shot for _, shot in planned}
    hashes: dict[str, str] = {}

    def hash_of(shot: PlannedShot) -> str:
        if shot.id not in hashes:
            timeline, start = shot.timeline, ""
            if shot.start_from is not None:  # the file of its latent may not be there yet
                start = hash_of(by_id[shot.start_from])
                timeline = {**timeline, "character": {**timeline["character"], "latent": None}}
            hashes[shot.id] = hash_inputs(timeline, shot.source, shot.digest, str(shot.frames), start)
        return hashes[shot.id]

    return [replace(shot, input_hash=hash_of(shot)) for _, shot in planned]
