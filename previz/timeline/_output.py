"""What a timeline says of its outputs: which files, how they are encoded, and what is drawn on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from previz.errors import PrevizError
from previz.naming import check_name
from previz.timebase import MAX_FRAMES
from previz.timeline._fields import Number, OutputSize, Text, Whole, is_number, show
from previz.timeline._spec import Spec, short_form

CodecName = Literal["h264", "h265", "av1", "prores", "prores4444", "dnxhr", "ffv1"]
BurnInField = Literal["shot", "frame", "timecode", "error", "version", "date"]

BURN_IN: tuple[BurnInField, ...] = ("shot", "frame", "timecode", "error", "version")
"""What `burn_in: true` writes; the date is left out, as two renders of a shot would differ by it."""

TRAIL_FRAMES = 12
"""How many frames of a handle's way are shown before and after, where a timeline says just `trails: true`."""

_BURN_IN_FIELDS: tuple[BurnInField, ...] = (*BURN_IN, "date")
_SECONDS = re.compile(r"\s*([+-]?\d{1,6}(?:\.\d{1,9})?)\s*s(?:ec(?:onds?)?)?\s*")
_RATIO = re.compile(r"\s*(\d{1,4}(?:\.\d{1,6})?)(?:\s*[:x/]\s*(\d{1,4}(?:\.\d{1,6})?))?\s*")
_LEAST_RATIO, _MOST_RATIO = 0.1, 10.0


def _count(most: int, of_true: int, what: str) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool):
            return of_true if value else 0
        if type(value) is int and 0 <= value <= most:
            return value
        raise ValueError(f"must be true, false or a number of {what}, 0 to {most}, not {show(value)}")

    return read


def _burn_in(value: object) -> tuple[BurnInField, ...]:
    if isinstance(value, bool):
        return BURN_IN if value else ()
    listed = [value] if isinstance(value, str) else value
    known = ", ".join(_BURN_IN_FIELDS)
    if not isinstance(listed, (list, tuple)):
        raise ValueError(f"must be true, false or a list of {known}, not {show(value)}")
    for item in listed:
        if item not in _BURN_IN_FIELDS:
            raise ValueError(f"{show(item)} can't be burnt in; known are {known}")
    return tuple(field for field in _BURN_IN_FIELDS if field in listed)


def _ratio(value: object) -> float:
    ratio = value
    if isinstance(value, str) and (match := _RATIO.fullmatch(value)) and float(match[2] or 1) > 0:
        ratio = float(match[1]) / float(match[2] or 1)
    if isinstance(ratio, (int, float)) and is_number(ratio) and _LEAST_RATIO <= ratio <= _MOST_RATIO:
        return float(ratio)
    raise ValueError(
        f"must be width over height, such as 2.39 or 16:9, {_LEAST_RATIO} to {_MOST_RATIO:g}, "
        f"not {show(value)}"
    )


def _offset(value: object) -> int | str:
    if type(value) is int and abs(value) <= MAX_FRAMES:
        return value
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        return value.strip()
    raise ValueError(f"must be frames (12) or seconds (0.5s), below 0 to cut the head, not {show(value)}")


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f'must be a name such as "{{shot}}_v{{version:03}}", not {show(value)}')
    try:
        return check_name(value)
    except PrevizError as error:
        raise ValueError(str(error)) from None


def _version(value: object) -> int | str:
    if value == "next" or (type(value) is int and 1 <= value <= 999_999):
        return value
    raise ValueError(f"must be `next` or a number from 1 on, not {show(value)}")


def _as(read: Callable[[object], Any], *shapes: dict[str, Any]) -> tuple[BeforeValidator, WithJsonSchema]:
    return BeforeValidator(read), WithJsonSchema({"anyOf": list(shapes)})


_FLAG = {"type": "boolean"}


def _frames_schema(most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": most}


class AudioSpec(Spec):
    """A guide track that is heard with the clip: AAC in .mp4, 24-bit PCM in .mov and .mkv."""

    file: Text
    """A WAV, looked for beside the timeline first."""
    offset: Annotated[int | str, *_as(_offset, {"type": "integer"}, {"type": "string"})] = 0
    """Where the file starts, from the shot's first frame: frames (12), or seconds (0.5s); below 0 cuts its
    head."""

    def start(self, rate: Fraction) -> Fraction:
        """Seconds from the shot's first frame to the file's first sample."""
        if isinstance(self.offset, int):
            return self.offset / rate
        match = _SECONDS.fullmatch(self.offset)
        assert match is not None
        return Fraction(match[1])


class LetterboxSpec(Spec):
    """Black bars that give the picture another shape."""

    ratio: Annotated[float, *_as(_ratio, {"type": "number"}, {"type": "string"})]
    """Width over height of what is seen: 2.39, 1.85, 16:9 …"""
    fit: Literal["matte", "pad"] = "matte"
    """Bars over the picture, whose size stays (matte), or around all of it, which makes it larger (pad)."""


Audio = Annotated[
    AudioSpec, BeforeValidator(short_form("file", str), json_schema_input_type=AudioSpec | Text)
]
Letterbox = Annotated[
    LetterboxSpec,
    BeforeValidator(
        short_form("ratio", int, float, str), json_schema_input_type=LetterboxSpec | Number | Text
    ),
]
BurnIn = Annotated[
    tuple[BurnInField, ...],
    *_as(_burn_in, _FLAG, {"type": "array", "items": {"enum": list(_BURN_IN_FIELDS)}}),
]


class OutputSpec(Spec):
    """What is written. Paths are taken from the folder where previz is run."""

    video: Text | None = None
    """The clip (.mp4, .mov, .mkv), animated picture (.gif, .webp, .apng) or numbered pictures
    (shot.####.exr); None: renders/ and the shot's name."""
    codec: CodecName | None = None
    """How a clip is encoded; None: h264. `previz render --help` says what each is for."""
    images: Text | None = None
    """Numbered pictures besides the clip, with nothing drawn on them: plates/{name}.####.exr, where {name} is
    the clip's."""
    depth: Literal[8, 16, 32] | None = None
    """Bits a channel of numbered pictures; None: 8 of PNG, 16 of TIFF, 32 of EXR."""
    alpha: Literal["none", "mask"] = "none"
    """The mask as the alpha of prores4444, ffv1, PNG, TIFF, EXR, WebP or APNG: what may move is opaque."""
    name: Annotated[str, *_as(_name, {"type": "string"})] | None = None
    """The files' name by a template, "{show}_{seq}_{shot}_v{version:03}", in the folder of `video`."""
    version: Annotated[int | str, *_as(_version, {"const": "next"}, {"type": "integer"})] = "next"
    """The {version} of the name: the next one that is free, or a number."""
    show: Annotated[str, Field(pattern=r"^\w[\w.\-]*$", max_length=100)] | None = None
    """The show's name, for the file's name and the slate."""
    seq: Annotated[str, Field(pattern=r"^\w[\w.\-]*$", max_length=100)] | None = None
    """The sequence's name, for the file's name and the slate."""
    size: OutputSize | None = None
    """The height and width of the clip, or [width, height], even; None: the generator's."""
    crf: Annotated[Whole, Field(ge=0, le=51)] = 16
    """Quality of h264, h265 and av1: 0 is lossless, 18 looks it, 51 is worst."""
    preset: Literal[
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
    ] = "medium"
    """Effort of h264, h265 and av1: slower is smaller."""
    max_mb: Annotated[Number, Field(gt=0)] | None = None
    """The most megabytes of an animated picture, which is made smaller to fit."""
    loop: Annotated[Whole, Field(ge=0, le=1000)] = 0
    """How often an animated picture runs; 0 is for ever."""
    audio: Audio | None = None
    """A guide track."""
    latents: bool = True
    """Keep the take, with its latents, beside the clip."""
    report: bool = True
    """Write the report of errors and times beside the clip."""
    otio: bool = True
    """Write an OpenTimelineIO file beside the clip, which editing programs read."""
    burn_in: BurnIn = ()
    """Write into the picture: true, or some of shot, frame, timecode, error, version, date."""
    overlay: bool = False
    """Draw the handles, targets and mask into the picture."""
    trails: Annotated[int, *_as(_count(1000, TRAIL_FRAMES, "frames"), _FLAG, _frames_schema(1000))] = 0
    """Draw so many frames of the handles' ways before and after; true is 12."""
    onion: Annotated[int, *_as(_count(8, 1, "keys"), _FLAG, _frames_schema(8))] = 0
    """Show the pictures of so many neighbouring keys on either side as ghosts; true is 1."""
    letterbox: Letterbox | None = None
    """Black bars: 2.39, 16:9, or {ratio: 2.39, fit: pad}."""
    slate: Annotated[int, *_as(_count(1000, 1, "frames"), _FLAG, _frames_schema(1000))] = 0
    """Frames of a slate before the first one, which keeps its number and timecode; true is 1."""
