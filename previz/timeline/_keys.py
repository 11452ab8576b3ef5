"""Keys and curves as a timeline writes them: of positions, of timings, and of any number that may change.

Where a field may be animated, keys stand in place of its value: `feather: 6`, or
`feather: {1001: 6, 1020: 12}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from previz.timeline._extrapolation import Extrapolation
from previz.timeline._fields import (
    EaseName,
    Frame,
    Interpolation,
    Number,
    Point,
    PointTangent,
    Radii,
    Slope,
    ValueTangent,
)
from previz.timeline._spec import Spec, short_form
from previz.timeline._units import PER_FRAME


class ShapedKey(Spec):
    """How a curve arrives at a key and leaves it."""

    ease: EaseName | None = None
    """How the curve arrives here from the key before: a named ease, or a cubic bezier as in CSS."""
    hold: bool = False
    """Stay here until the next key, then jump to it; short for `interp: held`."""
    interp: Interpolation | None = None
    """The way to the next key: held, linear, hermite or bezier (the default, which eases in and out and never
    overshoots)."""


class KeySpec(ShapedKey):
    """Where a handle is at a frame: `to` a point, or moved `by` so much from its `at`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["to"]}, {"required": ["by"]}]})

    to: Point | None = None
    """The point, in pixels."""
    by: Point | None = None
    """The offset from the handle's `at`, in pixels."""
    tangent_in: Annotated[PointTangent | None, Field(alias="in")] = None
    """[frames, dx, dy]: the bezier's control point before this key, so many frames and pixels from it; flat,
    without a slope; or auto, as where it is not given."""
    tangent_out: Annotated[PointTangent | None, Field(alias="out")] = None
    """[frames, dx, dy]: the bezier's control point after this key, so many frames and pixels from it; flat,
    without a slope; or auto, as where it is not given."""


class NumberKeySpec(ShapedKey):
    """A number at a frame."""

    to: Number
    """The number."""
    tangent_in: Annotated[ValueTangent | None, Field(alias="in")] = None
    """[frames, change]: the bezier's control point before this key; or flat."""
    tangent_out: Annotated[ValueTangent | None, Field(alias="out")] = None
    """[frames, change]: the bezier's control point after this key; or flat."""


class TimingKeySpec(NumberKeySpec):
    """How far along its path a handle is at a frame: 0 is the start of the path, 1 its end."""

    to: Number
    """The part of the path's length that is behind, 0 to 1; beyond that it goes round a closed path again."""


class PointKeySpec(ShapedKey):
    """A point or an offset at a frame, in pixels."""

    to: Point
    """The point, [x, y]."""
    tangent_in: Annotated[PointTangent | None, Field(alias="in")] = None
    """[frames, dx, dy]: the bezier's control point before this key; or flat."""
    tangent_out: Annotated[PointTangent | None, Field(alias="out")] = None
    """[frames, dx, dy]: the bezier's control point after this key; or flat."""


class RadiiKeySpec(ShapedKey):
    """An ellipse's radius at a frame."""

    to: Radii
    """The radius, or [radius x, radius y], in pixels."""


class CornersKeySpec(ShapedKey):
    """A polygon's corners at a frame; as many, and in the same order, at every key."""

    to: Annotated[tuple[Point, ...], Field(min_length=3)]
    """The corners, in pixels."""


class SlopeSpec(Spec):
    """Going on at a speed of its own."""

    slope: Annotated[Slope, PER_FRAME]
    """The change a frame: [dx, dy] in pixels for a position, one number for a timing or another number."""


def _is_slope(value: object) -> str:
    return "<slope>" if isinstance(value, (Mapping, SlopeSpec)) else "<kind>"


Outside = Annotated[
    Annotated[Literal["held", "linear", "loop-repeat", "loop-reset", "loop-oscillate"], Tag("<kind>")]
    | Annotated[SlopeSpec, Tag("<slope>")],
    Discriminator(_is_slope),
]


class ExtrapolateSpec(Spec):
    """What a curve does before its first key and after its last."""

    before: Outside | None = None
    """Before the first key: held, linear, loop-repeat, loop-reset, loop-oscillate, or {slope: …}."""
    after: Outside | None = None
    """After the last key, in the same words; held where not given."""


def _both_sides(value: object) -> object:
    if isinstance(value, str) or (isinstance(value, Mapping) and "slope" in value):
        return {"before": value, "after": value}
    return value


Extrapolate = Annotated[
    ExtrapolateSpec,
    BeforeValidator(_both_sides, json_schema_input_type=ExtrapolateSpec | Outside),
]


class CurveSpec(Spec):
    """A value that changes: its keys, and the way between and beyond them."""

    keys: Any
    interp: Interpolation = "bezier"
    """The way between keys that don't say their own."""
    extrapolate: Extrapolate | None = None
    """What comes before the first key and after the last: held where not given."""


Key = Annotated[
    KeySpec, BeforeValidator(short_form("to", list, tuple), json_schema_input_type=KeySpec | Point)
]
TimingKey = Annotated[
    TimingKeySpec,
    BeforeValidator(short_form("to", int, float), json_schema_input_type=TimingKeySpec | Number),
]
NumberKey = Annotated[
    NumberKeySpec,
    BeforeValidator(short_form("to", int, float), json_schema_input_type=NumberKeySpec | Number),
]
PointKey = Annotated[
    PointKeySpec, BeforeValidator(short_form("to", list, tuple), json_schema_input_type=PointKeySpec | Point)
]
RadiiKey = Annotated[
    RadiiKeySpec,
    BeforeValidator(short_form("to", int, float, list, tuple), json_schema_input_type=RadiiKeySpec | Radii),
]
CornersKey = Annotated[
    CornersKeySpec,
    BeforeValidator(short_form("to", list, tuple), json_schema_input_type=CornersKeySpec | tuple[Point, ...]),
]


class NumberCurveSpec(CurveSpec):
    """A number that changes."""

    keys: Annotated[dict[Frame, NumberKey], Field(min_length=1)]
    """The number on which frame: `1012: 6`, or `1012: {to: 6, ease: out-cubic}`."""


class PointCurveSpec(CurveSpec):
    """A point or an offset that changes."""

    keys: Annotated[dict[Frame, PointKey], Field(min_length=1)]
    """The point on which frame: `1012: [4, 0]`, or `1012: {to: [4, 0], ease: out-cubic}`."""


class RadiiCurveSpec(CurveSpec):
    """A radius that changes."""

    keys: Annotated[dict[Frame, RadiiKey], Field(min_length=1)]
    """The radius on which frame: `1012: 40`, `1012: [40, 30]` or `1012: {to: 40, ease: out-cubic}`."""


class CornersCurveSpec(CurveSpec):
    """The corners of a polygon that changes."""

    keys: Annotated[dict[Frame, CornersKey], Field(min_length=1)]
    """The corners on which frame; as many, and in the same order, at every key."""


def is_curve(value: object) -> str:
    """Tell a value from its keys, for pydantic's Discriminator."""
    return "<keys>" if isinstance(value, (Mapping, BaseModel)) else "<value>"


def keys_alone(value: object) -> object:
    """Take a mapping of frames for a curve's keys."""
    return {"keys": value} if isinstance(value, Mapping) and "keys" not in value else value


ANIMATED = Discriminator(is_curve)
"""Tells a value from its keys."""

AnimatedNumber = Annotated[
    Annotated[Number, Tag("<value>")]
    | Annotated[
        NumberCurveSpec,
        BeforeValidator(keys_alone, json_schema_input_type=NumberCurveSpec | dict[Frame, NumberKey]),
        Tag("<keys>"),
    ],
    ANIMATED,
]
AnimatedPoint = Annotated[
    Annotated[Point, Tag("<value>")]
    | Annotated[
        PointCurveSpec,
        BeforeValidator(keys_alone, json_schema_input_type=PointCurveSpec | dict[Frame, PointKey]),
        Tag("<keys>"),
    ],
    ANIMATED,
]
AnimatedRadii = Annotated[
    Annotated[Radii, Tag("<value>")]
    | Annotated[
        RadiiCurveSpec,
        BeforeValidator(keys_alone, json_schema_input_type=RadiiCurveSpec | dict[Frame, RadiiKey]),
        Tag("<keys>"),
    ],
    ANIMATED,
]
AnimatedCorners = Annotated[
    Annotated[tuple[Point, ...], Field(min_length=3), Tag("<value>")]
    | Annotated[
        CornersCurveSpec,
        BeforeValidator(keys_alone, json_schema_input_type=CornersCurveSpec | dict[Frame, CornersKey]),
        Tag("<keys>"),
    ],
    ANIMATED,
]


def extrapolation(spec: Any) -> Extrapolation:
    """One side of an `extrapolate:` as the curves take it; held where it is None."""
    if spec is None:
        return Extrapolation()
    return Extrapolation("sloped", spec.slope) if isinstance(spec, SlopeSpec) else Extrapolation(spec)
