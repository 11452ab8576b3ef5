"""Timelines from files, text and plain data; every problem is found before any is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from previz.errors import Problem, TimelineError
from previz.timebase import FrameRange
from previz.timeline._checks import (
    Find,
    check_character,
    check_groups,
    check_handle,
    check_leaders,
    check_mask,
    check_output,
)
from previz.timeline._curve_checks import check_frames
from previz.timeline._doubts import check_places
from previz.timeline._fields import Canvas, Frames, Name
from previz.timeline._handle_fields import GroupSpec, HandleSpec
from previz.timeline._keys import NumberCurveSpec
from previz.timeline._latent_curves import check_latents, check_truncation
from previz.timeline._latent_fields import Latents
from previz.timeline._mask_fields import Mask
from previz.timeline._output import OutputSpec
from previz.timeline._problems import Finding, Origin, finding_of, telling
from previz.timeline._reading import in_order, read_text
from previz.timeline._schema import Character, Timeline, find_beside
from previz.timeline._uses import expand_motions
from previz.timeline._yaml import Document, read_yaml, where

_FRAMES: TypeAdapter[FrameRange] = TypeAdapter(Frames)
_PARTS: dict[str, TypeAdapter[Any]] = {
    "character": TypeAdapter(Character),
    "latents": TypeAdapter(Latents),
    "mask": TypeAdapter(Mask),
    "canvas": TypeAdapter(Canvas),
    "frames": _FRAMES,
    "handle": TypeAdapter(HandleSpec),
    "output": TypeAdapter(OutputSpec),
    "groups": TypeAdapter(dict[Name, GroupSpec]),
}


def load_timeline(path: str | Path) -> Timeline:
    """Read a timeline from a YAML (or JSON) file.

    Checks all that can be checked without the generator, the files that the timeline names included. Raises
    TimelineError, which lists every problem as `file:line:column: field: message`.

        timeline = load_timeline("timelines/smile.yaml")
    """
    name, path = str(path), Path(path)
    text = read_text(path, name)
    return _build(read_yaml(text, name), name, path)


def parse_timeline(
    source: str | Mapping[str, Any] | Document, name: str = "", path: Path | None = None
) -> Timeline:
    """Build a timeline from YAML text, a document, or plain data, such as `Timeline.to_dict()` gives.

    `name` stands for the file in the problems. `path` is the file that it was read from, or stands for: files
    that the timeline names are looked for beside it; without one they are not looked for. Raises
    TimelineError, which lists every problem.
    """
    if isinstance(source, str):
        return _build(read_yaml(source, name or "<text>"), name or "<text>", path)
    document = source if isinstance(source, Document) else Document(dict(source), None, ())
    return _build(document, name, path)


def _build(document: Document, name: str, path: Path | None) -> Timeline:
    data = document.data
    if document.marks is None and document.problems:
        raise TimelineError(document.problems)
    if not isinstance(data, dict):
        raise TimelineError(
            [Problem(where(name, (1, 1)), "", "a timeline is a mapping that starts with `previz: 1`")]
        )
    if "motion" in data and "frames" not in data:
        message = "is a motion, not a timeline; a timeline takes it up with `motions: [{use: …}]`"
        raise TimelineError([Problem(where(name, (1, 1)), "", message)])
    document, of_motions = expand_motions(document, name, path)
    data = document.data
    assert isinstance(data, dict)
    if path is not None and "shot" not in data:
        data = {**data, "shot": _shot_name(path)}
    origin = Origin(name, data, document.marks)
    timeline, findings = _validate(data)
    unread = {loc[:end] for loc in document.unreadable for end in range(len(loc) + 1)}  # reported already
    findings = [finding for finding in findings if origin.written(finding.loc) not in unread]
    findings += _check_parts(data, None if path is None else partial(find_beside, path))
    errors = [origin.problem(finding) for finding in findings if finding.severity == "error"]
    problems = [*document.problems, *of_motions, *_lasting(errors, of_motions)]
    if timeline is None or problems:
        raise TimelineError(in_order(problems))
    timeline._source, timeline._name, timeline._raw, timeline._marks = path, name, data, document.marks
    return timeline


def _lasting(errors: list[Problem], of_motions: list[Problem]) -> list[Problem]:
    """The errors, without those of handles that would be there if a motion were sound."""
    if not of_motions:
        return errors
    return [e for e in errors if not (e.field == "handles" or e.message.startswith("there is no handle"))]


def _shot_name(path: Path) -> str:
    name = "".join(c if c.isalnum() or c in "_-." else "_" for c in path.name.removesuffix(path.suffix))
    return name.strip("._-") or "shot"


def _validate(data: dict[str, Any]) -> tuple[Timeline | None, list[Finding]]:
    """The timeline, or what is wrong with the types of its fields."""
    try:
        return Timeline.model_validate(data), []
    except ValidationError as error:
        return None, [finding_of(detail, Timeline) for detail in telling(error.errors())]


def _check_parts(data: dict[str, Any], find: Find | None) -> Iterator[Finding]:
    """What is wrong between the fields, part by part, so that an unsound one hides no other's."""
    shot, canvas = _part("frames", data.get("frames")), _part("canvas", data.get("canvas"))
    if (character := _part("character", data.get("character"))) is not None:
        yield from check_character(character, find)
        yield from check_truncation(character, shot)
    if (latents := _part("latents", data.get("latents"))) is not None:
        yield from check_latents(latents, shot, find)
    if (output := _part("output", data.get("output"))) is not None:
        yield from check_output(output, find)
    if (mask := _part("mask", data.get("mask"))) is not None:
        yield from check_mask(mask, shot, find)
    written = data.get("handles")
    handles = written if isinstance(written, Mapping) else {}
    groups = _part("groups", data.get("groups")) or {}
    grouped = {handle for group in groups.values() for handle in group.handles}
    sound = {}
    for name, raw in handles.items():
        handle = _part("handle", raw)
        if handle is not None:
            sound[name] = handle
            yield from check_handle(name, handle, shot, name in grouped)
            yield from check_places({name: handle}, canvas) if canvas else ()
        elif shot is not None and isinstance(raw, Mapping):
            for field in ("keys", "timing"):
                keys = raw.get(field)
                yield from check_frames(
                    ("handles", name, field), keys if isinstance(keys, Mapping) else (), shot
                )
    if not handles and (written is None or isinstance(written, Mapping)):
        yield from _check_still(data, character)
    yield from check_leaders(sound, [str(name) for name in handles])
    yield from check_groups(groups, sound, [str(name) for name in handles], shot)


def _check_still(data: dict[str, Any], character: Any) -> Iterator[Finding]:
    """A timeline without handles in which nothing else moves the picture."""
    animated = character is not None and isinstance(character.truncation, NumberCurveSpec)
    if "latents" not in data and not animated:
        message = "must not be empty" if "handles" in data else "is missing"
        yield Finding(("handles",), f"{message}: name a point to move, or give `latents`", on_key=True)


def _part(kind: str, value: object) -> Any:
    """A part of a timeline, or None where it is missing or unsound (which is reported with the whole)."""
    try:
        return None if value is None else _PARTS[kind].validate_python(value)
    except ValidationError:
        return None
