"""A take's pictures into files: each is decoded once, for the clip and for the clean pictures besides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol, TypeVar

from PIL import Image

from previz.animate import Take
from previz.delivery._outputs import Outputs
from previz.delivery._pictures import Finisher, Look, clean_pictures
from previz.generator import Generator
from previz.media import Frame, OutputSettings, open_output, output_kind
from previz.timeline import Samples

T = TypeVar("T")

WritePicture = Callable[[Finisher, int, Frame], None]
"""What takes the number and the clean picture of a frame, with what is drawn on it."""


class Watch(Protocol):
    """Hands pictures on, one by one, as they are written, so that progress can be told."""

    def __call__(self, frames: Iterable[T], total: int, /) -> Iterator[T]:
        """Yield all of the `total` frames."""


def unwatched(frames: Iterable[T], total: int, /) -> Iterator[T]:
    """Tell nobody."""
    yield from frames


def write_outputs(
    take: Take,
    generator: Generator,
    samples: Samples | None,
    outputs: Outputs,
    settings: tuple[OutputSettings, OutputSettings],
    look: Look,
    rate: Fraction,
    force: bool,
    watch: Watch = unwatched,
) -> None:
    """Write the clip, its slate first, and the clean pictures besides it, which have neither.

    Raises MediaError and OutputError; a clip that is not finished leaves nothing.
    """
    finisher = Finisher(take, generator, look, samples)
    pictures = clean_pictures(take, generator, outputs.frames, look, samples)
    with open_outputs(outputs, settings, look, rate, force) as write:
        for frame, clean in watch(pictures, len(outputs.frames)):
            write(finisher, frame, clean)


@contextmanager
def open_outputs(
    outputs: Outputs,
    settings: tuple[OutputSettings, OutputSettings],
    look: Look,
    rate: Fraction,
    force: bool,
) -> Iterator[WritePicture]:
    """Yield a function that takes the clean pictures of all frames in order; see `write_outputs`."""
    with ExitStack() as stack:
        clip = stack.enter_context(open_output(outputs.video, rate, outputs.numbers, settings[0], force))
        plates = None
        if outputs.images is not None:
            numbers = list(outputs.frames)
            plates = stack.enter_context(open_output(outputs.images, rate, numbers, settings[1], force))

        def write(finisher: Finisher, frame: int, clean: Frame) -> None:
            if frame == outputs.frames.first and look.slate:
                slate = finisher.slate(outputs.frames, clean)
                for _ in range(look.slate):
                    clip(slate)
            clip(finisher.finish(frame, clean))
            if plates is not None:
                plates(clean)

        yield write


def written_size(path: Path, planned: tuple[int, int]) -> tuple[int, int]:
    """Width and height of an output as it was written: an animated picture may have been made smaller."""
    if output_kind(path) != "animation":
        return planned
    with Image.open(path) as picture:
        return picture.size
