"""Handles, and groups of them, as a timeline writes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag

from previz.timeline._fields import Frame, Frames, Name, Number, Point
from previz.timeline._keys import AnimatedPoint, NumberCurveSpec, NumberKey, is_curve, keys_alone
from previz.timeline._modifier_fields import Modifiers
from previz.timeline._spec import Spec
from previz.timeline._travel import TravelSpec
from previz.timeline._units import FRAMES

MAX_WEIGHT = 1000
"""The largest weight of a handle."""

AnimatedWeight = Annotated[
    Annotated[Number, Field(gt=0, le=MAX_WEIGHT), Tag("<value>")]
    | Annotated[
        NumberCurveSpec,
        BeforeValidator(keys_alone, json_schema_input_type=NumberCurveSpec | dict[Frame, NumberKey]),
        Tag("<keys>"),
    ],
    Discriminator(is_curve),
]
Blend = Annotated[Number, Field(ge=0, le=100_000), FRAMES]


class HandleSpec(TravelSpec):
    """A point of the character and where it goes: by `keys`, along a `path`, by `modifiers`, or nowhere."""

    at: Point
    """Where the handle is on the first frame, in pixels."""
    pin: bool = False
    """Hold the handle where it is."""
    modifiers: Modifiers | None = None
    """What is added to its own motion: noise, a cycle, the motion of another handle …"""
    weight: AnimatedWeight = 1.0
    """How much this handle counts against the others; keys change it, and 0 lets it go."""
    soft: bool = False
    """Its target pulls, but yields where handles that are not soft could not reach theirs otherwise."""
    active: Frames | None = None
    """The frames on which the handle is on; elsewhere it goes along with the picture. None: all."""
    blend_in: Blend = 0.0
    """Over how many frames it comes on from where it is, from the first of `active`."""
    blend_out: Blend = 0.0
    """Over how many frames it lets go, up to the last of `active`."""
    overrun: bool = False
    """Keys may lie outside the shot's frames, as where it was trimmed; the shot shows a part of the curve."""


class GroupSpec(Spec):
    """Handles that are moved together, each from where it goes by itself."""

    handles: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The handles, by name."""
    offset: AnimatedPoint = (0.0, 0.0)
    """How far they are moved, [dx, dy] in pixels, or keys: `{1001: [0, 0], 1012: [6, 0]}`."""
    modifiers: Modifiers | None = None
    """What is added to that, the same for all: noise, jitter, a cycle or a layer."""
