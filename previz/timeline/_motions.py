"""Reading motions, and making them what a use asks for: parameters put in, every problem at its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from previz.errors import Problem, TimelineError
from previz.timebase import FrameRange
from previz.timeline._checks import check_handle, check_leaders
from previz.timeline._expressions import Value, plain, substitute
from previz.timeline._fields import is_number, show
from previz.timeline._motion_fields import MotionSpec, Parameter, ParameterName, ParameterSpec
from previz.timeline._problems import Finding, Origin, RawLoc, finding_of, telling
from previz.timeline._reading import in_order, read_text
from previz.timeline._schema import is_file
from previz.timeline._yaml import Document, Loc, Mark, field_name, read_yaml, where

PARAMETERS: TypeAdapter[dict[str, ParameterSpec]] = TypeAdapter(dict[ParameterName, Parameter])

BUNDLED = Path(__file__).parents[2] / "timelines"
"""Where bundled motions lie, in `motions/`."""

RESERVED = ("start", "speed")
"""What every use may say, so that no parameter may have these names."""


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion with its parameters put in: the spec, and the data of its handles as a timeline has them."""

    name: str
    spec: MotionSpec
    handles: dict[str, Any]


def load_motion(path: str | Path, values: Mapping[str, Value] | None = None) -> MotionSpec:
    """Read a motion's file, with `values` for its parameters where they shall not have their defaults.

    Raises TimelineError, which lists every problem as `file:line:column: field: message`.

    Example: `load_motion("timelines/motions/nod.yaml", {"amount": 20}).handles["nose"]`
    """
    document = read_motion(Path(path), str(path))
    parameters = declared(document.data) or {}
    given = {name: parameter_default(spec) for name, spec in parameters.items()}
    unknown = sorted(set(values or {}) - set(given))
    if unknown:
        raise TimelineError([Problem(str(path), "parameters", unknown_parameter(unknown[0], given))])
    return instantiate(document, str(path), {**given, **(values or {})}).spec


def is_motion(path: str | Path) -> bool:
    """Whether a file is a motion, rather than a timeline; a file that can't be read is none."""
    try:
        data = read_yaml(read_text(Path(path), str(path)), str(path)).data
    except TimelineError:
        return False
    return isinstance(data, dict) and "motion" in data and "frames" not in data


def read_motion(path: Path, name: str) -> Document:
    """Read the YAML of a motion's file; raises TimelineError where it isn't one."""
    document = read_yaml(read_text(path, name), name)
    if not isinstance(document.data, dict) or document.problems:
        not_one = Problem(where(name, (1, 1)), "", "a motion is a mapping that starts with `previz: 1`")
        raise TimelineError(document.problems or [not_one])
    return document


def find_motion(source: Path | None, file: str) -> Path:
    """Find a motion that the timeline at `source` uses: beside it, in the working folder, or bundled."""
    folders = ([] if source is None else [source.parent]) + [Path(), BUNDLED]
    found = (folder / file for folder in folders if is_file(folder / file))
    return next(found, Path(file))


def declared(data: object) -> dict[str, ParameterSpec] | None:
    """The parameters that a motion declares; None where they aren't sound, which `instantiate` reports."""
    written = data.get("parameters") if isinstance(data, Mapping) else None
    try:
        return PARAMETERS.validate_python({} if written is None else written)
    except ValidationError:
        return None


def parameter_default(spec: ParameterSpec) -> Value:
    """What a parameter is where nothing is said."""
    return spec.default


def instantiate(document: Document, name: str, values: Mapping[str, Value]) -> Motion:
    """Put the values of its parameters into a motion; raises TimelineError with all of its problems."""
    assert isinstance(document.data, dict)
    filler, sound = _Filler(name, values), declared(document.data)
    data: dict[Any, Any] = {}
    marks: dict[str, Mark | None] = {}
    for key, value in document.data.items():
        mark = _child(document.marks, str(key))
        fixed = key == "parameters" or sound is None
        data[key], marks[str(key)] = (value, mark) if fixed else filler.fill(value, mark, (str(key),))
    origin = Origin(name, data, _marked(document.marks, marks))
    findings, spec = [*_check_parameters(sound or {})], None
    try:
        spec = MotionSpec.model_validate(data)
    except ValidationError as error:
        findings += [finding_of(detail, MotionSpec) for detail in telling(error.errors())]
    else:
        findings += [finding for finding in check_motion(spec) if finding.severity == "error"]
    if sound is None:  # what depends on parameters can't be judged
        findings = [finding for finding in findings if finding.loc[:1] == ("parameters",)]
    problems = [problem for problem in map(origin.problem, findings) if not filler.explains(problem)]
    if spec is None or problems or filler.problems:
        raise TimelineError(in_order([*filler.problems, *problems]))
    return Motion(spec.motion, spec, data["handles"])


def _check_parameters(parameters: Mapping[str, ParameterSpec]) -> Iterator[Finding]:
    for name, spec in parameters.items():
        loc = ("parameters", name)
        if name in RESERVED:
            message = f"{name} is what every use may say; give the parameter another name"
            yield Finding(loc, message, on_key=True)
        problem = value_problem(spec, spec.default)
        if problem is not None:
            yield Finding((*loc, "default"), problem)


def check_motion(spec: MotionSpec) -> Iterator[Finding]:
    """What is wrong or doubtful with a motion whose fields are sound."""
    for name, handle in spec.handles.items():
        loc: RawLoc = ("handles", name)
        frames = [*(handle.keys or ()), *(handle.timing or ()), 0]
        if min(frames) < 0:
            keys = "keys" if handle.keys else "timing"
            yield Finding((*loc, keys, min(frames)), "a motion's first frame is 0", on_key=True)
            continue
        yield from check_handle(name, handle, FrameRange(0, max(frames)))
        if handle.path is not None and not handle.timing:
            message = "in a motion a path needs a `timing`: {0: 0, 24: 1}"
            yield Finding((*loc, "path"), message, on_key=True)
    yield from check_leaders(spec.handles, list(spec.handles))


def value_problem(spec: ParameterSpec, value: object) -> str | None:
    """What is wrong with the value of a parameter, if something is."""
    size = len(spec.default) if isinstance(spec.default, tuple) else 0
    items = value if isinstance(value, (list, tuple)) else [value]
    right = isinstance(value, (list, tuple)) == bool(size) and len(items) == (size or 1)
    if not right or not all(map(is_number, items)):
        wanted = f"a list of {size} numbers" if size else "a number"
        return f"must be {wanted}, not {show(value)}"
    if spec.min is not None and min(items) < spec.min:
        return f"must be at least {spec.min:g}, not {min(items):g}"
    if spec.max is not None and max(items) > spec.max:
        return f"must be at most {spec.max:g}, not {max(items):g}"
    return None


def unknown_parameter(name: str, values: Mapping[str, Value]) -> str:
    """What a use that names no parameter of the motion is told."""
    near = difflib.get_close_matches(name, [*values, *RESERVED], n=1, cutoff=0.6)
    known = ", ".join([*values, *RESERVED])
    return f"unknown parameter; did you mean {near[0]}?" if near else f"unknown parameter; known are {known}"


class _Filler:
    """Puts values into data, keeps its marks beside it, and collects what can't be put in."""

    def __init__(self, name: str, values: Mapping[str, Value]) -> None:
        self.name = name
        self.values = values
        self.problems: list[Problem] = []

    def fill(self, value: Any, mark: Mark | None, loc: Loc) -> tuple[Any, Mark | None]:
        """The data with its expressions worked out, and the marks of what came of it."""
        if isinstance(value, str):
            return self._text(value, mark.value if mark else None, loc), mark
        if isinstance(value, list):
            items = [
                self.fill(item, _child(mark, f"[{index}]"), (*loc, f"[{index}]"))
                for index, item in enumerate(value)
            ]
            return [item for item, _ in items], _marked(mark, {f"[{i}]": m for i, (_, m) in enumerate(items)})
        if isinstance(value, dict):
            return self._mapping(value, mark, loc)
        return value, mark

    def explains(self, problem: Problem) -> bool:
        """Whether a problem comes of an expression that couldn't be worked out, and is reported itself."""
        return any(own.field.startswith(problem.field) for own in self.problems)

    def _mapping(self, value: dict[Any, Any], mark: Mark | None, loc: Loc) -> tuple[Any, Mark | None]:
        filled: dict[Any, Any] = {}
        marks: dict[str, Mark | None] = {}
        written: dict[str, str] = {}
        for key, item in value.items():
            child = _child(mark, str(key))
            place = child.key if child else None
            name = self._text(key, place, (*loc, key)) if isinstance(key, str) else key
            if isinstance(name, float):
                name = round(name)  # keys stand on whole frames
            if name is None:  # reported already
                continue
            if isinstance(name, list):
                self._report(place, (*loc, str(key)), "a key is a name or a number of frames")
                continue
            if str(name) in written:
                message = f"`{key}` and `{written[str(name)]}` are both frame {name}"
                self._report(place, (*loc, str(key)), message)
                continue
            written[str(name)] = str(key)
            filled[name], marks[str(name)] = self.fill(item, child, (*loc, str(name)))
        return filled, _marked(mark, marks)

    def _text(self, text: str, place: tuple[int, int] | None, loc: Loc) -> Any:
        if "${" not in text:
            return text
        try:
            return substitute(text, self.values)
        except ValueError as error:
            self._report(place, loc, str(error))
            return None

    def _report(self, place: tuple[int, int] | None, loc: Loc, message: str) -> None:
        self.problems.append(Problem(where(self.name, place), field_name(loc), message))


def _child(mark: Mark | None, part: str) -> Mark | None:
    return None if mark is None else mark.children.get(part)


def _marked(mark: Mark | None, children: Mapping[str, Mark | None]) -> Mark | None:
    """The mark with other ones within it."""
    found = {part: child for part, child in children.items() if child is not None}
    return None if mark is None else replace(mark, children=found)


def scaled(value: Value, scale: tuple[float, float]) -> Value:
    """A value in pixels of one canvas, in those of another: x and y in turn, one number by the smaller."""
    if isinstance(value, tuple):
        return tuple(float(plain(item * scale[index % 2])) for index, item in enumerate(value))
    return float(plain(value * min(scale)))
