"""Curves of the latent as a timeline writes them: truncation over time, blends towards other latents or along
named directions, and how the path of the latents is smoothed.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from previz.timeline._fields import Frame, Label, Number, Text, Whole, is_number, show
from previz.timeline._keys import CurveSpec, NumberCurveSpec, NumberKey, is_curve, keys_alone
from previz.timeline._spec import Spec, short_form
from previz.timeline._units import FRAMES

MAX_SEED = 2**32 - 1
"""The largest seed that numpy's RandomState takes."""

MAX_LAYERS = 64
"""More layers than any StyleGAN2's latent has."""

MAX_TRUNCATION = 2.0
"""The largest truncation psi, on both sides of 0."""

MAX_AMOUNT = 100.0
"""The largest amount of a blend, on both sides of 0."""

MOVES: dict[str, Any] = {
    "anyOf": [
        {"required": ["handles"], "properties": {"handles": {"minProperties": 1}}},
        {"required": ["motions"]},
        {"required": ["latents"]},
        {
            "properties": {
                "character": {
                    "type": "object",
                    "required": ["truncation"],
                    "properties": {"truncation": {"type": "object"}},
                }
            }
        },
    ]
}
"""In JSON Schema: something moves the picture, be it handles, motions or curves of the latent."""

MAX_WINDOW = 1000.0
"""The widest window that latents are smoothed over, in frames."""

Layers = Literal["all"] | tuple[int, int]
"""Layers of the latent, counted from 1: all of them, or the first and the last."""


def _layers(value: object) -> Layers:
    if value == "all":
        return "all"
    found = re.fullmatch(r"(\d{1,4})(?:\s*-\s*(\d{1,4}))?", str(value)) if type(value) in (str, int) else None
    if found is None:
        raise ValueError(f"must be layers such as 7-14, or all, not {show(value)}")
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last <= MAX_LAYERS:
        raise ValueError(f"layers go up from 1 to at most {MAX_LAYERS}, not {show(value)}")
    return first, last


def _moved_layers(value: object) -> int | tuple[int, ...]:
    """A count of the first layers, as a number; or which: a range as text, or a list."""
    if type(value) is int:
        if not 1 <= value <= MAX_LAYERS:
            raise ValueError(f"a count of layers is 1 to {MAX_LAYERS}, not {value}")
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{1,4}\s*-\s*\d{1,4}", value):
        first, last = (int(layer) for layer in value.split("-"))
        if not 1 <= first <= last <= MAX_LAYERS:
            raise ValueError(f"layers go up from 1 to at most {MAX_LAYERS}, not {show(value)}")
        return tuple(range(first, last + 1))
    if not isinstance(value, (list, tuple)) or not value or any(type(layer) is not int for layer in value):
        raise ValueError(
            f"must be how many layers, a range such as 1-6, or a list such as [1, 2, 5], not {show(value)}"
        )
    if any(not 1 <= layer <= MAX_LAYERS for layer in value) or len(set(value)) < len(value):
        raise ValueError(f"layers count from 1 to at most {MAX_LAYERS}, each of them once, not {show(value)}")
    return tuple(sorted(value))


def _write_layers(layers: Layers) -> str:
    return layers if isinstance(layers, str) else f"{layers[0]}-{layers[1]}"


LayersField = Annotated[
    Layers,
    PlainValidator(_layers),
    PlainSerializer(_write_layers, return_type=str),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": r"^(all|\d+(-\d+)?)$"}, {"type": "integer", "minimum": 1}]}
    ),
]
MovedLayers = Annotated[
    int | tuple[int, ...],
    PlainValidator(_moved_layers),
    PlainSerializer(
        lambda layers: layers if isinstance(layers, int) else list(layers), return_type=int | list[int]
    ),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MAX_LAYERS},
                {"type": "string", "pattern": r"^\d+\s*-\s*\d+$"},
                {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
            ]
        }
    ),
]
Seed = Annotated[Whole, Field(ge=0, le=MAX_SEED)]
Psi = Annotated[Number, Field(ge=-MAX_TRUNCATION, le=MAX_TRUNCATION)]
Truncation = Annotated[
    Annotated[Psi, Tag("<value>")]
    | Annotated[
        NumberCurveSpec,
        BeforeValidator(keys_alone, json_schema_input_type=NumberCurveSpec | dict[Frame, NumberKey]),
        Tag("<keys>"),
    ],
    Discriminator(is_curve),
]


class TowardSpec(Spec):
    """Another latent: of a seed, or from a file."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["seed"]}, {"required": ["latent"]}]})

    seed: Seed | None = None
    """The seed of the other picture, as in NVIDIA's tools."""
    latent: Text | None = None
    """A file of latents (.safetensors, .npz or .npy) instead of a seed."""
    truncation: Psi | None = None
    """Truncation psi of the seed; the character's on the frame where not given."""
    label: Label | None = None
    """The class of a conditional generator; the character's where not given."""


def _toward(value: object) -> object:
    return short_form("latent", str)(short_form("seed", int)(value))


Toward = Annotated[TowardSpec, BeforeValidator(_toward, json_schema_input_type=TowardSpec | Whole | Text)]


class LatentSpec(CurveSpec):
    """A blend of the latent over time: towards another one, or along a named direction."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["toward"]}, {"required": ["direction"]}]}
    )

    toward: Toward | None = None
    """Another latent: `{seed: 12}` or just 12, `{latent: happy.npy}` or just its file."""
    direction: Text | None = None
    """A direction by its name: smile, yaw … as `previz model directions` lists them, or pc1, pc2 …"""
    layers: LayersField | None = None
    """The layers that it changes, counted from 1: `7-14`, or all; None: those that the drag leaves alone."""
    keys: Annotated[dict[Frame, NumberKey], Field(min_length=1)]
    """How much of it on which frame: 0 is none, 1 all the way to the latent or a unit of the direction.

    It comes from 0 on the first frame where that has no key."""
    overrun: bool = False
    """Keys may lie outside the shot's frames, as where it was trimmed; the shot shows a part of the curve."""


Latents = Annotated[
    tuple[LatentSpec, ...],
    BeforeValidator(
        lambda value: [value] if isinstance(value, (dict, LatentSpec)) else value,
        json_schema_input_type=LatentSpec | tuple[LatentSpec, ...],
    ),
    Field(min_length=1),
]


def _window(value: object) -> float | str:
    seconds = re.fullmatch(r"(\d{1,4}(?:\.\d{1,6})?)\s*s", value) if isinstance(value, str) else None
    if seconds is not None:
        return f"{seconds[1]}s"
    if not isinstance(value, (int, float)) or not is_number(value) or not 0 <= value <= MAX_WINDOW:
        raise ValueError(
            f"must be 0 to {MAX_WINDOW:g} frames, or seconds as text such as 0.25s, not {show(value)}"
        )
    return float(value)


Window = Annotated[
    float | str,
    PlainValidator(_window),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*s$"}]}
    ),
    FRAMES,
]


class SmoothSpec(Spec):
    """How the path of the latents is smoothed once it is solved, and handles brought back after it."""

    window: Window = 7.0
    """Over how many frames, or seconds (0.25s), latents are fitted to the motion; below 2: not at all."""
    passes: Annotated[Whole, Field(ge=1, le=20)] = 2
    """How often: each time it is smoothed, and then handles are brought back to their targets."""

    def frames(self, rate: Fraction) -> float:
        """The window in frames, at `rate` frames a second."""
        return float(self.window[:-1]) * float(rate) if isinstance(self.window, str) else float(self.window)


Smooth = Annotated[
    SmoothSpec,
    BeforeValidator(short_form("window", int, float, str), json_schema_input_type=SmoothSpec | Number | Text),
]
