"""Motions as they are written: a performance with parameters, and the uses that a timeline makes of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from previz.timeline._fields import Canvas, Frame, Name, Number, Rate, Text
from previz.timeline._handle_fields import HandleSpec
from previz.timeline._spec import Spec, short_form
from previz.timeline._units import SPEED

Numbers = Annotated[tuple[Number, ...], Field(min_length=1, max_length=16)]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$", max_length=50)]


class ParameterSpec(Spec):
    """A parameter of a motion."""

    default: Number | Numbers
    """What it is where a use says nothing: a number or a list of numbers."""
    unit: Literal["px", "frames", "none"] = "none"
    """What it counts: a default in px is scaled from the motion's canvas to the timeline's; frames are the
    motion's own."""
    description: Text | None = None
    """What it does."""
    min: Number | None = None
    """The least that it may be."""
    max: Number | None = None
    """The most that it may be."""


Parameter = Annotated[
    ParameterSpec,
    BeforeValidator(
        short_form("default", int, float, list, tuple),
        json_schema_input_type=ParameterSpec | Number | Numbers,
    ),
]


class MotionSpec(Spec):
    """A performance that timelines use: handles with keys, which `${…}` makes depend on parameters.

    Its first frame is 0, and its handles have the fields of a timeline's.
    """

    previz: Literal[1]
    """The version of the format."""
    motion: Name
    """The motion's name."""
    description: Text | None = None
    """What it shows."""
    fps: Rate = Fraction(24)
    """Frames a second that its keys are counted in; a timeline of another rate gets them at the same time."""
    canvas: Canvas | None = None
    """The size of the picture for which its parameters in pixels have their defaults."""
    parameters: dict[ParameterName, Parameter] = Field(default_factory=dict)
    """What a use may change, by name."""
    handles: Annotated[dict[Name, HandleSpec], Field(min_length=1)]
    """What moves, by name."""


class WithSpec(Spec):
    """What a use says to a motion: when and how fast, and its parameters by name."""

    model_config = ConfigDict(extra="allow")

    start: Frame | None = None
    """The frame on which the motion starts; None: the shot's first."""
    speed: Annotated[Number, Field(ge=0.001, le=1000), SPEED] = 1.0
    """How fast: 2 is twice as fast."""


class UseSpec(Spec):
    """A motion that is used in a timeline."""

    use: Text
    """The motion's file: beside the timeline, in the working folder, or a bundled one (motions/nod.yaml)."""
    with_: Annotated[WithSpec, Field(alias="with")] = WithSpec()
    """Its parameters, and `start` and `speed`: {at: [128, 130], amount: 12, start: 1010}."""
    prefix: Annotated[str, Field(pattern=r"^([^\W\d][\w\-]*)?$", max_length=50)] = ""
    """What its handles' names start with in this timeline."""
    rename: dict[Name, Name] = Field(default_factory=dict)
    """Other names for its handles: {jaw: chin}. A handle that the timeline has already is moved on top."""


Use = Annotated[UseSpec, BeforeValidator(short_form("use", str), json_schema_input_type=UseSpec | Text)]


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, (dict, str, UseSpec)) else value


Motions = Annotated[
    tuple[Use, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=Use | tuple[Use, ...]),
    Field(min_length=1),
]
