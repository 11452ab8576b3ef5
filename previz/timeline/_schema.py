"""The schema of a timeline. Coordinates are (x, y) in pixels of the canvas, from the top-left corner."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr

from previz.timeline._fields import Canvas, Frames, Label, Name, Number, Rate, Text, Whole
from previz.timeline._handle_fields import GroupSpec, HandleSpec
from previz.timeline._latent_fields import MOVES, Latents, MovedLayers, Seed, Smooth, Truncation
from previz.timeline._mask_fields import Mask
from previz.timeline._motion_fields import Motions
from previz.timeline._output import OutputSpec
from previz.timeline._spec import Spec, short_form
from previz.timeline._yaml import Mark


class CharacterSpec(Spec):
    """Which generator, and which of its pictures the shot starts from."""

    checkpoint: Text
    """A bundled name, or a path to .safetensors, .pkl or .pt."""
    seed: Seed | None = None
    """The seed of the first picture, as in NVIDIA's tools; 0 where there is neither a seed nor a latent."""
    latent: Text | None = None
    """A file of latents (.safetensors, .npz or .npy) to start from instead of a seed."""
    truncation: Truncation = 0.7
    """Truncation psi of the seed: 1 is as varied as the generator gets, 0 its average; or keys of it."""
    truncation_cutoff: Annotated[Whole, Field(ge=0)] | None = None
    """How many of the first layers are truncated; all where it is not given."""
    label: Label | None = None
    """The class of a conditional generator: its number, or the values of its label."""


Character = Annotated[
    CharacterSpec, BeforeValidator(short_form("checkpoint", str), json_schema_input_type=CharacterSpec | Text)
]


class SolverSpec(Spec):
    """How the drag is solved; None leaves a choice to the solver. Distances are in pixels of the canvas."""

    method: Literal["auto", "ik", "lbfgs", "adam"] = "auto"
    """ik is latent IK, lbfgs slow and thorough, adam the paper's; auto is ik, or lbfgs where it is stuck."""
    mode: Literal["every-frame", "keys"] = "every-frame"
    """Solve every frame, or the keys with a spline between, and more where that misses the tolerance."""
    tolerance: Annotated[Number, Field(gt=0)] | None = None
    """How near a handle must come to its target, in pixels; None: the paper's 1, or 2 from 6 handles on."""
    learning_rate: Annotated[Number, Field(gt=0, le=10)] = 2e-3
    """The step of adam."""
    max_iterations: Annotated[Whole, Field(ge=1, le=100_000)] = 200
    """The most steps a frame."""
    layers: MovedLayers = 6
    """How many of the first layers of the latent move; or which, counted from 1: `1-6` or `[1, 2, 5]`."""
    block: Annotated[Whole, Field(ge=1, le=10)] | None = None
    """The block whose features are followed, 1 the 4 x 4 one; None: 6, or the last of a smaller generator."""
    space: Literal["w+", "w"] = "w+"
    """The latent space: every layer by itself (w+), or all alike (w)."""
    metric: Literal["auto", "identity", "covariance"] = "auto"
    """A short way is any (identity), or one that pictures of the character go (covariance, which auto is)."""
    radius_motion: Annotated[Number, Field(gt=0, le=512)] = 3.0
    """The paper's r1, in pixels of a picture of 512."""
    radius_tracking: Annotated[Number, Field(gt=0, le=512)] = 12.0
    """The paper's r2, in pixels of a picture of 512."""
    precision: Literal["auto", "fp32", "tf32", "bf16"] = "auto"
    """The numbers that latent IK runs the character in; auto: tf32 on CUDA, which alone has it, else fp32."""
    mask_weight: Annotated[Number, Field(ge=0)] = 20.0
    """The paper's lambda: how firmly what the mask doesn't cover is kept."""
    smooth: Smooth | None = None
    """Smooth the path of the latents, over so many frames: 7, or 0.25s."""


class Timeline(Spec):
    """A shot: a character, where the points of it go on which frames, and what to write."""

    model_config = ConfigDict(json_schema_extra=MOVES)

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
    handles: Annotated[dict[Name, HandleSpec], Field(default_factory=dict)]
    """The points that are moved or pinned, by name; there may be none where `latents` move the picture."""
    motions: Motions | None = None
    """Performances from other files, with their parameters; when a timeline is read they become handles."""
    groups: dict[Name, GroupSpec] | None = None
    """Sets of handles that are moved together, by name."""
    latents: Latents | None = None
    """Blends of the latent towards others or along named directions, one or a list of them."""
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

    def placed(self, source: str | Path | None) -> Timeline:
        """Return the timeline as if it had been read from `source`, beside which its files are found."""
        found = self.model_copy()
        found._source = None if source is None else Path(source)
        return found

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
    schema = Timeline.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "previz timeline",
    }
