"""What a solve asks to be dragged: it is a coroutine that yields drags and is sent their results.

So it does not matter to a solve whether its drags are done one at a time, or side by side with those of
others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from previz.drag import DragItem, DragResult, DragSettings, Iteration, drag
from previz.generator import Generator as Character

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Asked:
    """A drag that a solve waits for.

    Attributes:
        generator: what is dragged.
        item: the drag.
        settings: of it.
        callback: told of its iterations.
    """

    generator: Character
    item: DragItem
    settings: DragSettings
    callback: Callable[[Iteration], None] | None = None


@dataclass(frozen=True, eq=False)
class Dragged:
    """What came of it.

    Attributes:
        result: where it ended.
        seconds: wall time that it took; of drags side by side, its share.
    """

    result: DragResult
    seconds: float


Solving = Generator[Asked, Dragged, Result]


def drag_alone(asked: Asked) -> Dragged:
    """Do a drag by itself. Raises what `drag` and its callback raise."""
    began, item = time.perf_counter(), asked.item
    points = item.w, item.handles, item.targets, item.reference
    result = drag(
        asked.generator, *points, asked.settings, item.mask, item.weights, asked.callback, item.soft
    )
    return Dragged(result, time.perf_counter() - began)


def one_at_a_time(solving: Solving[Result]) -> Result:
    """Do all drags that a solve asks for, each by itself, and return what it comes to."""
    with closing(solving):
        try:
            asked = next(solving)
            while True:
                asked = solving.send(drag_alone(asked))
        except StopIteration as end:
            result: Result = end.value
            return result
