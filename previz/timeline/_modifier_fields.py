"""Modifiers: what is added to where a handle goes by its own keys or path. All are offsets that add up."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from previz.timeline._fields import Amplitude, Frame, MirrorLine, Name, Number, Point, Whole
from previz.timeline._keys import AnimatedNumber
from previz.timeline._spec import Spec
from previz.timeline._travel import TravelSpec
from previz.timeline._units import FRAMES, HERTZ

MAX_SEED = 2**32 - 1
"""The largest seed of a modifier, as of a character."""

Hertz = Annotated[Number, Field(gt=0, le=1000), HERTZ]
Delay = Annotated[Number, Field(ge=-100_000, le=100_000), FRAMES]
Seed = Annotated[Whole, Field(ge=0, le=MAX_SEED)]


class NoiseSpec(Spec):
    """Smooth noise: the handle wanders about where it would be. It depends on time, not on the frames."""

    amplitude: Amplitude
    """How far it wanders at most, in pixels: a number, or [x, y]."""
    frequency: Hertz = 1.0
    """How often it swings to and fro, in Hz."""
    octaves: Annotated[Whole, Field(ge=1, le=8)] = 1
    """How many layers of noise, each twice as fast and half as far as the one before."""
    seed: Seed | None = None
    """Which noise: the same seed is the same noise; None: another one for every handle."""
    start: Frame | None = None
    """The frame on which it starts, with nothing before; None: it goes on all the time."""
    weight: AnimatedNumber = 1.0
    """How much of it is added; keys fade it in and out."""


class JitterSpec(Spec):
    """Jumps to a random place near where the handle would be, so many times a second."""

    amplitude: Amplitude
    """How far it jumps at most, in pixels: a number, or [x, y]."""
    frequency: Hertz = 12.0
    """How many times a second it jumps."""
    seed: Seed | None = None
    """Which jitter: the same seed is the same jitter; None: another one for every handle."""
    start: Frame | None = None
    """The frame on which it starts, with nothing before; None: it goes on all the time."""
    weight: AnimatedNumber = 1.0
    """How much of it is added; keys fade it in and out."""


class CycleSpec(Spec):
    """A motion that repeats: to `amplitude` pixels on one side, back, and to the other side."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["period"]}, {"required": ["frequency"]}]}
    )

    amplitude: Point
    """[x, y]: how far it goes to one side, in pixels."""
    period: Annotated[Number, Field(gt=0, le=100_000), FRAMES] | None = None
    """How many frames one turn takes; or give `frequency`."""
    frequency: Hertz | None = None
    """How many turns a second; or give `period`."""
    wave: Literal["sine", "triangle", "square", "sawtooth"] = "sine"
    """The shape of a turn; all but the square wave start in the middle."""
    phase: Number = 0.0
    """Where in its turn it starts: 0.25 is a quarter of a turn on."""
    start: Frame | None = None
    """The frame on which it starts, with nothing before; None: it goes on all the time."""
    weight: AnimatedNumber = 1.0
    """How much of it is added; keys fade it in and out."""


class FollowSpec(Spec):
    """Do what another handle does, some frames later."""

    handle: Name
    """The handle that leads."""
    frames: Delay = 0.0
    """How many frames later; less than 0 is earlier."""
    weight: AnimatedNumber = 1.0
    """How much of its motion is added: 1 all, 0.5 half, -1 the other way."""


class MirrorSpec(Spec):
    """Do what another handle does, mirrored."""

    handle: Name
    """The handle that is mirrored."""
    about: MirrorLine = "vertical"
    """The line: vertical swaps left and right, horizontal up and down, handles is the one midway between the
    two handles; or two points of a line, [[x, y], [x, y]]."""
    frames: Delay = 0.0
    """How many frames later; less than 0 is earlier."""
    weight: AnimatedNumber = 1.0
    """How much of its motion is added."""


KINDS = ("noise", "jitter", "cycle", "follow", "mirror", "layer")
"""What a modifier may be."""


class LayerSpec(TravelSpec):
    """A second set of keys, or a second path, on top: its way from its own `at` is added."""

    at: Point = (0.0, 0.0)
    """What the layer's points are counted from, in pixels: keys say how far they are from here."""
    weight: AnimatedNumber = 1.0
    """How much of it is added; keys fade it in and out."""


class ModifierSpec(Spec):
    """One modifier: noise, jitter, cycle, follow, mirror or layer."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    noise: NoiseSpec | None = None
    """Smooth noise."""
    jitter: JitterSpec | None = None
    """Random jumps."""
    cycle: CycleSpec | None = None
    """A motion that repeats."""
    follow: FollowSpec | None = None
    """Do what another handle does, some frames later."""
    mirror: MirrorSpec | None = None
    """Do what another handle does, mirrored."""
    layer: LayerSpec | None = None
    """A second set of keys, or a second path, on top."""
    overrun: bool = False
    """Keys may lie outside the shot's frames; the shot shows a part of the curve."""


Modifiers = Annotated[tuple[ModifierSpec, ...], Field(min_length=1)]
