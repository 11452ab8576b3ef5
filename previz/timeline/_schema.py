"""The schema of a timeline. Coordinates are (x, y) in pixels of the canvas, from the top-left corner."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr

from previz.timeline._fields import (
    Canvas,
    EaseName,
    Frame,
    Frames,
    Interpolation,
    Label,
    Number,
    OutputSize,
    Point,
    PointTangent,
    Radii,
    Rate,
    Text,
    ValueTangent,
    Whole,
)
from previz.timeline._paths import Spline
from previz.timeline._spec import Spec
from previz.timeline._yaml import Mark

MAX_SEED = 2**32 - 1
"""The largest seed that numpy's RandomState takes."""


class CharacterSpec(Spec):
    """Which generator, and which of its pictures the shot starts from."""

    checkpoint: Text
    """A bundled name, or a path to .safetensors, .pkl or .pt."""
    seed: Annotated[Whole, Field(ge=0, le=MAX_SEED)] | None = None
    """The seed of the first picture, as in NVIDIA's tools; 0 where there is neither a seed nor a latent."""
    latent: Text | None = None
    """A file of latents (.safetensors, .npz or .npy) to start from instead of a seed."""
    truncation: Annotated[Number, Field(ge=-2, le=2)] = 0.7
    """Truncation psi of the seed: 1 is as varied as the generator gets, 0 its average picture."""
    truncation_cutoff: Annotated[Whole, Field(ge=0)] | None = None
    """How many of the first layers are truncated; all where it is not given."""
    label: Label | None = None
    """The class of a conditional generator: its number, or the values of its label."""


class KeySpec(Spec):
    """Where a handle is at a frame: `to` a point, or moved `by` so much from its `at`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["to"]}, {"required": ["by"]}]})

    to: Point | None = None
    """The point, in pixels."""
    by: Point | None = None
    """The offset from the handle's `at`, in pixels."""
    ease: EaseName | None = None
    """How the handle arrives here from the key before: a named ease, or a cubic bezier as in CSS."""
    hold: bool = False
    """Stay here until the next key, then jump to it; short for `interp: held`."""
    interp: Interpolation | None = None
    """The way to the next key: held, linear, or bezier (the default: eases in and out, never overshoots)."""
    tangent_in: Annotated[PointTangent | None, Field(alias="in")] = None
    """[frames, dx, dy]: the bezier's control point before this key, so many frames and pixels from it."""
    tangent_out: Annotated[PointTangent | None, Field(alias="out")] = None
    """[frames, dx, dy]: the bezier's control point after this key, so many frames and pixels from it."""


class TimingKeySpec(Spec):
    """How far along its path a handle is at a frame: 0 is the start of the path, 1 its end."""

    to: Annotated[Number, Field(ge=0, le=1)]
    """The part of the path's length that is behind, 0 to 1."""
    ease: EaseName | None = None
    """How the handle arrives here from the key before: a named ease, or a cubic bezier as in CSS."""
    hold: bool = False
    """Stay here until the next key, then jump to it; short for `interp: held`."""
    interp: Interpolation | None = None
    """The way to the next key: held, linear, or bezier (the default: eases in and out, never overshoots)."""
    tangent_in: Annotated[ValueTangent | None, Field(alias="in")] = None
    """[frames, change]: the bezier's control point before this key."""
    tangent_out: Annotated[ValueTangent | None, Field(alias="out")] = None
    """[frames, change]: the bezier's control point after this key."""


class PathSpec(Spec):
    """Where a handle goes, apart from when."""

    points: Annotated[tuple[Point, ...], Field(min_length=2)]
    """The points that the path runs through, in pixels."""
    spline: Spline = "linear"
    """Straight from point to point (linear), or a smooth curve through them (catmull-rom)."""


def _short(field: str, *types: type) -> Callable[[object], object]:
    """Take a value of a short form for the mapping that has it as its only field."""

    def expand(value: object) -> object:
        return {field: value} if isinstance(value, types) and not isinstance(value, bool) else value

    return expand


Key = Annotated[KeySpec, BeforeValidator(_short("to", list, tuple), json_schema_input_type=KeySpec | Point)]
TimingKey = Annotated[
    TimingKeySpec, BeforeValidator(_short("to", int, float), json_schema_input_type=TimingKeySpec | Number)
]
PathField = Annotated[
    PathSpec,
    BeforeValidator(_short("points", list, tuple), json_schema_input_type=PathSpec | tuple[Point, ...]),
]
Character = Annotated[
    CharacterSpec, BeforeValidator(_short("checkpoint", str), json_schema_input_type=CharacterSpec | Text)
]


class HandleSpec(Spec):
    """A point of the character and where it goes: by `keys`, along a `path`, or nowhere (`pin`)."""

    at: Point
    """Where the handle is on the first frame, in pixels."""
    keys: Annotated[dict[Frame, Key], Field(min_length=1)] | None = None
    """Where it is on which frame: `1012: {by: [0, 18], ease: out-cubic}`, or a point, `1012: [128, 190]`."""
    path: PathField | None = None
    """Where it goes; `timing` says when."""
    timing: Annotated[dict[Frame, TimingKey], Field(min_length=1)] | None = None
    """How far along the path it is on which frame: `1020: 1`; None: from start to end over the shot."""
    pin: bool = False
    """Hold the handle where it is."""
    interp: Interpolation = "bezier"
    """The way between keys that don't say their own."""
    weight: Annotated[Number, Field(gt=0, le=1000)] = 1.0
    """How much this handle counts against the others."""


class EllipseSpec(Spec):
    """An ellipse of a mask."""

    center: Point
    """Its centre, in pixels."""
    radius: Radii
    """Its radius, or [radius x, radius y], in pixels."""
    angle: Number = 0.0
    """Degrees by which it is turned, clockwise as seen."""


class MaskShapeSpec(Spec):
    """One shape of the mask: an ellipse, a polygon or a picture."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["ellipse"]}, {"required": ["polygon"]}, {"required": ["png"]}]
        }
    )

    ellipse: EllipseSpec | None = None
    """An ellipse by its centre and radius."""
    polygon: Annotated[tuple[Point, ...], Field(min_length=3)] | None = None
    """The corners of a polygon, in pixels."""
    png: Text | None = None
    """A picture, white where the shape is; stretched over the canvas."""
    feather: Annotated[Number, Field(ge=0, le=10_000)] = 0.0
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


class SolverSpec(Spec):
    """How the drag is solved; None leaves a choice to the solver. Distances are in pixels of the canvas."""

    method: Literal["auto", "ik", "adam"] = "auto"
    """The solver: ik is latent IK, adam the paper's; auto is the one that measured best, ik."""
    mode: Literal["every-frame", "keys"] = "every-frame"
    """Solve every frame, or the keys with a spline between, and more where that misses the tolerance."""
    tolerance: Annotated[Number, Field(gt=0)] | None = None
    """How near a handle must come to its target, in pixels; None: the paper's 1, or 2 from 6 handles on."""
    learning_rate: Annotated[Number, Field(gt=0, le=10)] = 2e-3
    """The step of adam."""
    max_iterations: Annotated[Whole, Field(ge=1, le=100_000)] = 200
    """The most steps a frame."""
    layers: Annotated[Whole, Field(ge=1, le=64)] = 6
    """How many of the first layers of the latent move."""
    block: Annotated[Whole, Field(ge=1, le=10)] | None = None
    """The block whose features are followed, 1 the 4 x 4 one; None: 6, or the last of a smaller generator."""
    space: Literal["w+", "w"] = "w+"
    """The latent space: every layer by itself (w+), or all alike (w)."""
    radius_motion: Annotated[Number, Field(gt=0, le=512)] = 3.0
    """The paper's r1, in pixels of a picture of 512."""
    radius_tracking: Annotated[Number, Field(gt=0, le=512)] = 12.0
    """The paper's r2, in pixels of a picture of 512."""
    mask_weight: Annotated[Number, Field(ge=0)] = 20.0
    """The paper's lambda: how firmly what the mask doesn't cover is kept."""


class OutputSpec(Spec):
    """What is written. Paths are taken from the folder where previz is run."""

    video: Text | None = None
    """The clip's file; None: renders/ and the shot's name."""
    size: OutputSize | None = None
    """The height and width of the clip, or [width, height], even; None: the generator's."""
    crf: Annotated[Whole, Field(ge=0, le=51)] = 16
    """H.264's quality: 0 is lossless, 18 looks it, 51 is worst."""
    preset: Literal[
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
    ] = "medium"
    """H.264's effort: slower is smaller."""
    latents: bool = True
    """Keep the take, with its latents, beside the clip."""
    report: bool = True
    """Write the report of errors and times beside the clip."""
    burn_in: bool = False
    """Write the shot, frame and handle error into the picture."""
    overlay: bool = False
    """Draw the handles, targets and mask into the picture."""


class Timeline(Spec):
    """A shot: a character, where the points of it go on which frames, and what to write."""

    previz: Literal[1]
    """The version of this format."""
    shot: Annotated[str, Field(pattern=r"^\w[\w.\-]*$", max_length=100)] = "shot"
    """The shot's name, fit for a file name; the timeline's file name where not given."""
    fps: Rate = Fraction(24)
    """Frames a second: 24, 23.976, 24000/1001 …"""
    frames: Frames
    """The first and last frame: 1001-1048."""
    canvas: Canvas | None = None
    """The size of the picture that coordinates are meant for, or [width, height]; None: the generator's."""
    character: Character
    """The character, or just its checkpoint's name."""
    handles: Annotated[
        dict[Annotated[str, Field(pattern=r"^[^\W\d][\w\-]*$", max_length=100)], HandleSpec],
        Field(min_length=1),
    ]
    """The points that are moved or pinned, by name."""
    mask: Mask | None = None
    """What may move: a shape or a list of shapes; everything where not given."""
    solver: SolverSpec = SolverSpec()
    """How to solve."""
    output: OutputSpec = OutputSpec()
    """What to write."""

    _source: Path | None = PrivateAttr(default=None)
    _name: str = PrivateAttr(default="")
    _raw: object = PrivateAttr(default=None)
    _marks: Mark | None = PrivateAttr(default=None)

    @property
    def rate(self) -> Fraction:
        """Frames a second, exactly."""
        return self.fps

    @property
    def duration(self) -> Fraction:
        """The length of the shot in seconds, exactly."""
        return len(self.frames) / self.fps

    @property
    def source(self) -> Path | None:
        """The file that the timeline was read from, if it was."""
        return self._source

    def resolve(self, path: str | Path) -> Path:
        """Find a file that the timeline names: beside the timeline, else from the working folder."""
        return find_beside(self._source, path)

    @property
    def checkpoint(self) -> str:
        """What to load the generator from: the checkpoint's path if there is such a file, else its name."""
        path = self.resolve(self.character.checkpoint)
        return str(path) if is_file(path) else self.character.checkpoint

    def to_dict(self) -> dict[str, Any]:
        """Return the timeline as JSON-able data that `parse_timeline` reads back, defaults included."""
        return self.model_dump(mode="json", exclude_none=True)


def find_beside(source: Path | None, file: str | Path) -> Path:
    """Find a file that the timeline at `source` names: beside the timeline, else from the working folder."""
    with contextlib.suppress(RuntimeError):  # a `~name` that is nobody's is a folder's name
        file = Path(file).expanduser()
    if source is not None and is_file(source.parent / file):  # an absolute path stays itself
        return source.parent / file
    return Path(file)


def is_file(path: Path) -> bool:
    """Tell whether there is such a file; names that the file system refuses aren't there."""
    try:
        return path.is_file()
    except OSError:
        return False


def timeline_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a timeline, for editors and validators."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Timeline.model_json_schema(mode="validation"),
        "title": "previz timeline",
    }
