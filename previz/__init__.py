"""previz: keyframed drag timelines in, video clips of a generated character out.

    import previz

    timeline = previz.load_timeline("timelines/smile.yaml")
    generator = previz.load_generator(timeline.character.checkpoint)
    take = previz.solve(timeline, generator)
    previz.write_video(previz.decode(take, generator), "smile.mp4", take.rate)

Names are imported when first used, so that `import previz` alone loads neither torch nor a codec.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from previz.animate import Take, decode, solve
    from previz.errors import PrevizError
    from previz.generator import Generator, load_generator, save_generator
    from previz.media import write_video
    from previz.timeline import Timeline, load_timeline

__version__ = "0.1.0"

__all__ = [
    "Generator",
    "PrevizError",
    "Take",
    "Timeline",
    "__version__",
    "decode",
    "load_generator",
    "load_timeline",
    "save_generator",
    "solve",
    "write_video",
]

_HOME = {
    "Generator": "previz.generator",
    "PrevizError": "previz.errors",
    "Take": "previz.animate",
    "Timeline": "previz.timeline",
    "decode": "previz.animate",
    "load_generator": "previz.generator",
    "load_timeline": "previz.timeline",
    "save_generator": "previz.generator",
    "solve": "previz.animate",
    "write_video": "previz.media",
}


def __getattr__(name: str) -> object:
    """Import a public name from its room on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'previz' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, whether imported yet or not."""
    return sorted({*globals(), *__all__})
