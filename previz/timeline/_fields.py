"""The types of a timeline's fields: what an artist may write, and the one form in which the code sees it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from previz.errors import PrevizError
from previz.timebase import MAX_FRAMES, FrameRange, parse_rate
from previz.timeline._curves import Interp
from previz.timeline._eases import EASE_CALL, EASES, parse_ease
from previz.timeline._units import FRAME, RANGE, TANGENT

MAX_PIXELS = 1_000_000
"""The largest coordinate, in pixels; above it a number is taken for a mistake."""

MAX_SIDE = 16_384
"""The largest side of a canvas or an output, in pixels."""

_NUMBER = {"type": "number"}
_POINT = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}


def show(value: object) -> str:
    """Write a value for a message, cut to a length that fits a line."""
    named = {None: "nothing", True: "true", False: "false"}
    text = named[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number, and not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf


def _numbers(count: int, meaning: str) -> Callable[[object], tuple[float, ...]]:
    def read(value: object) -> tuple[float, ...]:
        if not isinstance(value, (list, tuple)) or len(value) != count or not all(map(is_number, value)):
            raise ValueError(f"must be {meaning}, not {show(value)}")
        if max(map(abs, value)) > MAX_PIXELS:
            raise ValueError(f"{show(value)} is out of bounds; the largest number is {MAX_PIXELS}")
        return tuple(float(item) for item in value)

    return read


def _size(least: int) -> Callable[[object], tuple[int, int]]:
    def read(value: object) -> tuple[int, int]:
        sides: Any = value if isinstance(value, (list, tuple)) else [value, value]
        if len(sides) != 2 or not all(type(side) is int and least <= side <= MAX_SIDE for side in sides):
            raise ValueError(
                f"must be a size in pixels or [width, height], {least} to {MAX_SIDE}, not {show(value)}"
            )
        return sides[0], sides[1]

    return read


def _output_size(value: object) -> int | tuple[int, int]:
    width, height = _size(16)(value)
    if width % 2 or height % 2:
        raise ValueError(f"must be even, as video needs, not {show(value)}")
    return (width, height) if isinstance(value, (list, tuple)) else width


def _rate(value: object) -> Fraction:
    if not isinstance(value, (str, int, float, Fraction)):
        raise ValueError(f"must be a frame rate such as 24, 23.976 or 24000/1001, not {show(value)}")
    try:
        return parse_rate(value)
    except PrevizError as error:
        raise ValueError(str(error)) from None


def _frames(value: object) -> FrameRange:
    if isinstance(value, FrameRange):
        return value
    if not isinstance(value, (str, int)):
        raise ValueError(f"must be a frame range such as 1001-1048, not {show(value)}")
    try:
        return FrameRange.parse(value)
    except PrevizError as error:
        raise ValueError(str(error)) from None


def _frame(value: object) -> int:
    text = str(value)
    if (
        isinstance(value, (str, int))
        and not isinstance(value, bool)
        and text.lstrip("-").isdecimal()
        and len(text) < 12
    ):
        return int(text)
    raise ValueError(f"{show(value)} is not a frame number")


def _ease(value: object) -> str | tuple[float, float, float, float]:
    if isinstance(value, str):
        parse_ease(value)
        return value
    x1, y1, x2, y2 = _numbers(4, "an ease's name or a cubic bezier [x1, y1, x2, y2]")(value)
    parse_ease((x1, y1, x2, y2))
    return x1, y1, x2, y2


def _radii(value: object) -> tuple[float, float]:
    sides: Any = value if isinstance(value, (list, tuple)) else [value, value]
    if len(sides) != 2 or not all(is_number(side) and 0 < side <= MAX_PIXELS for side in sides):
        raise ValueError(f"must be a radius above 0 or [radius x, radius y], in pixels, not {show(value)}")
    return float(sides[0]), float(sides[1])


def _amplitude(value: object) -> tuple[float, float]:
    sides: Any = value if isinstance(value, (list, tuple)) else [value, value]
    if len(sides) != 2 or not all(is_number(side) and 0 <= side <= MAX_PIXELS for side in sides):
        raise ValueError(f"must be 0 or more, or [x, y], in pixels, not {show(value)}")
    return float(sides[0]), float(sides[1])


def _line(value: object) -> tuple[tuple[float, float], tuple[float, float]]:
    if isinstance(value, (list, tuple)) and len(value) == 2:
        start, end = (_numbers(2, "two points, [[x, y], [x, y]]")(point) for point in value)
        if start != end:
            return (start[0], start[1]), (end[0], end[1])
    raise ValueError(
        f"must be vertical, horizontal, handles or two points of a line, [[x, y], [x, y]], not {show(value)}"
    )


def _about(value: object) -> str | tuple[tuple[float, float], tuple[float, float]]:
    return value if value in ("vertical", "horizontal", "handles") else _line(value)


def _tangent(count: int, meaning: str) -> Callable[[object], tuple[float, ...] | str]:
    def read(value: object) -> tuple[float, ...] | str:
        if isinstance(value, str):
            if value not in ("auto", "flat"):
                raise ValueError(f"a tangent is {meaning}, auto or flat, not {show(value)}")
            return value
        numbers = _numbers(count, f"a tangent {meaning}")(value)
        if not 0 <= numbers[0] <= MAX_FRAMES:
            raise ValueError(f"a tangent is 0 or more frames long on both sides, not {numbers[0]:g}")
        return numbers

    return read


def _slope(value: object) -> tuple[float, ...]:
    parts = value if isinstance(value, (list, tuple)) else [value]
    if not 1 <= len(parts) <= 2:
        raise ValueError(f"must be a number or [dx, dy], the change a frame, not {show(value)}")
    return _numbers(len(parts), "a number or [dx, dy], the change a frame")(parts)


def _label(value: object) -> int | tuple[float, ...]:
    if type(value) is int and 0 <= value < 100_000:
        return value
    if isinstance(value, (list, tuple)) and value and all(map(is_number, value)):
        return _numbers(len(value), "a label")(value)
    raise ValueError(f"must be a class number or the list of its values, not {show(value)}")


def _read(read: Callable[[object], Any], schema: dict[str, Any]) -> tuple[BeforeValidator, WithJsonSchema]:
    return BeforeValidator(read), WithJsonSchema(schema)


def _size_schema(least: int) -> dict[str, Any]:
    side = {"type": "integer", "minimum": least, "maximum": MAX_SIDE}
    return {"anyOf": [side, {"type": "array", "items": side, "minItems": 2, "maxItems": 2}]}


def _array(count: int) -> dict[str, Any]:
    return {"type": "array", "items": _NUMBER, "minItems": count, "maxItems": count}


def _tangent_schema(count: int) -> dict[str, Any]:
    return {"anyOf": [_array(count), {"enum": ["auto", "flat"]}]}


Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-MAX_PIXELS, le=MAX_PIXELS)]
Whole = Annotated[int, Field(strict=True)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[^\W\d][\w\-]*$", max_length=100)]

Point = Annotated[tuple[float, float], *_read(_numbers(2, "[x, y], two numbers in pixels"), _POINT)]
Radii = Annotated[
    tuple[float, float],
    *_read(
        _radii,
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {**_POINT, "items": {"type": "number", "exclusiveMinimum": 0}},
            ]
        },
    ),
]
Amplitude = Annotated[
    tuple[float, float],
    *_read(
        _amplitude,
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {**_POINT, "items": {"type": "number", "minimum": 0}},
            ]
        },
    ),
]
MirrorLine = Annotated[
    Literal["vertical", "horizontal", "handles"] | tuple[tuple[float, float], tuple[float, float]],
    *_read(
        _about,
        {
            "anyOf": [
                {"enum": ["vertical", "horizontal", "handles"]},
                {"type": "array", "items": _POINT, "minItems": 2, "maxItems": 2},
            ]
        },
    ),
]
PointTangent = Annotated[
    tuple[float, float, float] | Literal["auto", "flat"],
    *_read(_tangent(3, "[frames, dx, dy]"), _tangent_schema(3)),
    TANGENT,
]
ValueTangent = Annotated[
    tuple[float, float] | Literal["auto", "flat"],
    *_read(_tangent(2, "[frames, change]"), _tangent_schema(2)),
    TANGENT,
]
Slope = Annotated[tuple[float, ...], *_read(_slope, {"anyOf": [_NUMBER, _array(1), _array(2)]})]
Canvas = Annotated[tuple[int, int], *_read(_size(1), _size_schema(1))]
OutputSize = Annotated[int | tuple[int, int], *_read(_output_size, _size_schema(16))]
Label = Annotated[
    int | tuple[float, ...],
    *_read(
        _label,
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "array", "items": _NUMBER, "minItems": 1}]},
    ),
]
Rate = Annotated[
    Fraction,
    PlainValidator(_rate),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}),
    PlainSerializer(str, return_type=str),
]
Frames = Annotated[
    FrameRange,
    PlainValidator(_frames),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^-?\d+(--?\d+)?$"}, {"type": "integer"}]}),
    PlainSerializer(str, return_type=str),
    RANGE,
]
Frame = Annotated[int, *_read(_frame, {"type": "integer"}), FRAME]
EaseName = Annotated[
    str | tuple[float, float, float, float],
    *_read(
        _ease,
        {"anyOf": [{"enum": list(EASES)}, {"type": "string", "pattern": EASE_CALL}, _array(4)]},
    ),
]
Interpolation = Annotated[
    Interp,
    BeforeValidator(
        lambda value: "bezier" if value == "curve" else value,  # OpenUSD's word for it
        json_schema_input_type=Literal["held", "linear", "bezier", "hermite", "curve"],
    ),
]
