"""Where something goes, and when: by keys, or along a path whose timing is apart from it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from previz.timeline._fields import Frame, Interpolation, Number, Point, Text
from previz.timeline._keys import Extrapolate, Key, TimingKey
from previz.timeline._paths import Spline
from previz.timeline._spec import Spec, short_form


class PathSpec(Spec):
    """Where a handle goes, apart from when."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["points"]}, {"required": ["svg"]}]})

    points: Annotated[tuple[Point, ...], Field(min_length=2)] | None = None
    """The points that the path runs through, in pixels; of a bezier, its control points."""
    svg: Text | None = None
    """An SVG path, as a drawing program writes it into `d`: "M 104 170 C 98 160 95 152 92 158"."""
    spline: Spline = "linear"
    """Straight from point to point (linear), a smooth curve through them (catmull-rom), or a chain of cubic
    beziers (bezier): a point, two control points, a point, two control points, a point …"""
    closed: bool = False
    """The path comes back to its first point, and a timing beyond 1 goes round again; so does an SVG path
    that ends with Z."""
    relative: bool = False
    """Points are offsets from the handle's `at`."""
    scale: Number = 1.0
    """What coordinates are multiplied by, as where a drawing was made at another size."""


PathField = Annotated[
    PathSpec,
    BeforeValidator(short_form("points", list, tuple), json_schema_input_type=PathSpec | tuple[Point, ...]),
]


class TravelSpec(Spec):
    """Where something goes, and when."""

    keys: Annotated[dict[Frame, Key], Field(min_length=1)] | None = None
    """Where it is on which frame: `1012: {by: [0, 18], ease: out-cubic}`, or a point, `1012: [128, 190]`."""
    path: PathField | None = None
    """Where it goes; `timing` says when."""
    timing: Annotated[dict[Frame, TimingKey], Field(min_length=1)] | None = None
    """How far along the path it is on which frame: `1020: 1`; None: from start to end over the shot."""
    interp: Interpolation = "bezier"
    """The way between keys that don't say their own."""
    extrapolate: Extrapolate | None = None
    """What comes before the first key (None: it moves there from `at`, from the shot's first frame on) and
    after the last (None: it stays)."""
