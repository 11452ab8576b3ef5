"""The mask as a timeline writes it: shapes and pictures, each of which may change from frame to frame."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag

from previz.timeline._fields import Frame, Number, Text
from previz.timeline._keys import (
    AnimatedCorners,
    AnimatedNumber,
    AnimatedPoint,
    AnimatedRadii,
    NumberCurveSpec,
    NumberKey,
    is_curve,
    keys_alone,
)
from previz.timeline._spec import Spec, short_form

MAX_FEATHER = 10_000
"""The largest feather, in pixels."""

AnimatedFeather = Annotated[
    Annotated[Number, Field(ge=0, le=MAX_FEATHER), Tag("<value>")]
    | Annotated[
        NumberCurveSpec,
        BeforeValidator(keys_alone, json_schema_input_type=NumberCurveSpec | dict[Frame, NumberKey]),
        Tag("<keys>"),
    ],
    Discriminator(is_curve),
]


class EllipseSpec(Spec):
    """An ellipse of a mask; keys may stand in place of each value."""

    center: AnimatedPoint
    """Its centre, in pixels."""
    radius: AnimatedRadii
    """Its radius, or [radius x, radius y], in pixels."""
    angle: AnimatedNumber = 0.0
    """Degrees by which it is turned, clockwise as seen."""


class ImagesSpec(Spec):
    """A sequence of pictures, one a frame."""

    files: Text
    """The pictures, with #, @ or %04d for the frame's number: mask.####.png."""
    number: AnimatedNumber | None = None
    """The number of the picture that is shown, rounded down; None: the frame's. Keys slow it or skip:
    `{1001: 1, 1048: 48}`."""


class MaskShapeSpec(Spec):
    """One shape of the mask: an ellipse, a polygon, a picture, or a sequence of pictures."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [kind]} for kind in ("ellipse", "polygon", "png", "images")]
        }
    )

    ellipse: EllipseSpec | None = None
    """An ellipse by its centre and radius."""
    polygon: AnimatedCorners | None = None
    """The corners of a polygon, in pixels, or keys: `{1001: [[60, 60], …], 1020: [[64, 60], …]}`."""
    png: Text | None = None
    """A picture, white where the shape is; stretched over the canvas."""
    images: (
        Annotated[
            ImagesSpec, BeforeValidator(short_form("files", str), json_schema_input_type=ImagesSpec | Text)
        ]
        | None
    ) = None
    """A picture for each frame: mask.####.png."""
    feather: AnimatedFeather = 0.0
    """How soft the edge is: the mask falls from all to nothing over so many pixels on either side of it."""
    fixed: bool = False
    """The shape is what must stay as it is, instead of what may move."""


Mask = Annotated[
    tuple[MaskShapeSpec, ...],
    BeforeValidator(
        lambda value: [value] if isinstance(value, (dict, MaskShapeSpec)) else value,
        json_schema_input_type=MaskShapeSpec | tuple[MaskShapeSpec, ...],
    ),
    Field(min_length=1),
]
