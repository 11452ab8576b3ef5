"""Marks on the schema's fields: which numbers are times, so that a change of length or rate finds them all.

A field whose type carries one of these marks is retimed wherever it stands in the schema, without being
named anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TimeUnit:
    """What of a value is time.

    `frame` is a frame's number, `range` a first and a last one, `frames` a length in frames, `tangent` a list
    that starts with a length, `per-frame` a change a frame, `hertz` something a second, `speed` how many
    times as fast as written.
    """

    kind: Literal["frame", "range", "frames", "tangent", "per-frame", "hertz", "speed"]


FRAME = TimeUnit("frame")
RANGE = TimeUnit("range")
FRAMES = TimeUnit("frames")
TANGENT = TimeUnit("tangent")
PER_FRAME = TimeUnit("per-frame")
HERTZ = TimeUnit("hertz")
SPEED = TimeUnit("speed")
