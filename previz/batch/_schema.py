"""What a shot list may say: YAML, or CSV with a row a shot."""

from __future__ import annotations

import shlex
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, Tag, model_validator

from previz.batch._types import Resources
from previz.errors import PrevizError
from previz.naming import check_name
from previz.timebase import FrameRange
from previz.timeline import Spec

ShotName = Annotated[str, Field(pattern=r"^\w[\w.\-]*$", max_length=100)]
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, Field(strict=True)]
Seed = Annotated[Whole, Field(ge=0, le=2**32 - 1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def _frames(value: object) -> FrameRange:
    if isinstance(value, FrameRange):
        return value
    try:
        return FrameRange.parse(value if isinstance(value, int) else str(value))
    except PrevizError as error:
        raise ValueError(str(error)) from None


def _words(value: object) -> object:
    """Text of several words for a list of them, as a spreadsheet's cell has it."""
    return [word for word in value.replace(",", " ").split() if word] if isinstance(value, str) else value


def _name(value: object) -> str:
    try:
        return check_name(value if isinstance(value, str) else str(value))
    except PrevizError as error:
        raise ValueError(str(error)) from None


def _character(value: object) -> object:
    return {"checkpoint": value} if isinstance(value, str) else value


def _axis(value: object) -> object:
    if isinstance(value, (list, tuple, dict)) and value:
        return dict(value) if isinstance(value, dict) else list(value)
    raise ValueError("must be a list of values, or a mapping of names to values")


def _command(value: object) -> str | tuple[str, ...]:
    words = value
    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError:
            raise ValueError("has a quotation that isn't closed; `shell: true` has a shell read it") from None
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(word, str) for word in words):
        raise ValueError("must be a command: one text, or a list of its words")
    return value if isinstance(value, str) else tuple(words)


_Words = str | list[str]  # as a schema tells of a command


def _hook(value: object) -> object:
    return {"run": value} if isinstance(value, (str, list, tuple)) else value


Words = Annotated[tuple[Text, ...], BeforeValidator(_words)]
Axis = Annotated[dict[Any, Any] | list[Any], PlainValidator(_axis)]


class ResourcesSpec(Spec):
    """What a shot takes of a machine, for farms."""

    gpus: Annotated[Number, Field(ge=0, le=64)] | None = None
    """How many GPUs, or what part of one; 0 solves on a CPU."""
    cpus: Annotated[Whole, Field(ge=1, le=1024)] = 1
    """How many cores."""
    memory_gb: Annotated[Number, Field(gt=0)] | None = None
    """Gigabytes of memory."""

    def made(self) -> Resources:
        """The value that a plan holds."""
        return Resources(self.gpus, self.cpus, self.memory_gb)


class ShotFields(Spec):
    """A shot, or what all shots have unless they say otherwise."""

    timeline: Text | None = None
    """The timeline's file, beside the list or in the working folder."""
    seed: Seed | None = None
    """Another seed of the character."""
    character: Annotated[dict[str, Any], BeforeValidator(_character)] | None = None
    """Another character: a name or path, or fields of the timeline's `character`."""
    frames: Annotated[FrameRange, PlainValidator(_frames)] | None = None
    """Only these frames of the timeline's, as `previz render --frames`."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Any fields of the timeline by their dotted paths: {solver.tolerance: 2}; null takes one away."""
    tags: Words = ()
    """To choose by: `previz batch run --tag hero`."""
    priority: Annotated[Whole, Field(ge=-1_000_000, le=1_000_000)] | None = None
    """A higher one is started earlier; 0 where not given."""
    after: Words = ()
    """Shots that must be done before."""
    start_from: Text | None = None
    """The shot whose last latent this one starts from."""
    matrix: Annotated[dict[str, Axis], Field(min_length=1)] | None = None
    """Several takes: every combination of the values of its axes, {seed: [1, 2], take: {calm: {}, …}}."""
    retries: Annotated[Whole, Field(ge=0, le=100)] | None = None
    """How often it is tried again after an error; 2 where not given."""
    resources: ResourcesSpec | None = None
    """What it takes of a machine."""


class HookSpec(Spec):
    """A command that is run for a shot, with its JSON on stdin."""

    run: Annotated[Text | Annotated[tuple[Text, ...], Field(min_length=1)], PlainValidator(_command, _Words)]
    """The program and its arguments: a list, or one text that is split into words; no shell reads them."""
    shell: bool = False
    """Have the system's shell read `run`, one text, as it is."""
    timeout: Annotated[Number, Field(gt=0, le=86_400)] = 60.0
    """Seconds after which it is killed."""

    @model_validator(mode="after")
    def _one_text_for_a_shell(self) -> Self:
        if self.shell and not isinstance(self.run, str):
            raise ValueError("with `shell`, `run` is one text")
        return self


class HooksSpec(Spec):
    """Hand-over: commands that are run for shots when they are over, in the list's folder."""

    done: Annotated[HookSpec, BeforeValidator(_hook, HookSpec | _Words)] | None = None
    """For each shot that is done, once."""
    failed: Annotated[HookSpec, BeforeValidator(_hook, HookSpec | _Words)] | None = None
    """For each shot that has failed and isn't tried again."""


def _kind(value: object) -> str:
    return "<file>" if isinstance(value, str) else "<shots>"


class ListSpec(Spec):
    """A shot list."""

    model_config = ConfigDict(title="previz shot list")

    previz: Literal[1]
    """The version of the format."""
    show: ShotName | None = None
    """The show's name, for names and slates."""
    sequence: ShotName | None = None
    """The sequence's name, likewise."""
    output: Text | None = None
    """The folder of all outputs, from where previz is run; renders/ and the list's name where not given."""
    name: Annotated[str, BeforeValidator(_name)] = "{shot}"
    """The files' name by a template: "{show}_{seq}_{shot}_v{version:03}"."""
    version: Annotated[Whole, Field(ge=1, le=999_999)] = 1
    """The {version} of the name; raise it to keep what is there."""
    stale_after: Annotated[Number, Field(ge=1, le=86_400)] = 60.0
    """Seconds without a heartbeat after which a worker of another machine is taken for dead."""
    shared: bool | None = None
    """Whether the folder lies on a file system of several machines; found out where not given."""
    hooks: HooksSpec = HooksSpec()
    """Commands that are run for shots when they are over, as for a studio's tracker."""
    defaults: ShotFields = ShotFields()
    """What all shots have unless they say otherwise."""
    shots: Annotated[
        Annotated[dict[ShotName, ShotFields], Field(min_length=1), Tag("<shots>")]
        | Annotated[Text, Tag("<file>")],
        Discriminator(_kind),
    ]
    """The shots by name, or the CSV file that has them, a row each."""


def shot_list_schema() -> dict[str, Any]:
    """Return the JSON Schema of a shot list, for editors and validators."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ListSpec.model_json_schema(mode="validation"),
    }
