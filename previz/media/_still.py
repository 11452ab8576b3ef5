"""One picture of a clip, an animated picture or numbered pictures, for a poster."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from previz.errors import MediaError
from previz.media._frames import over_black, to_uint8
from previz.media._output import output_kind
from previz.media._probe import input_container
from previz.media._sequences import read_sequence, sequence_numbers


def read_still(path: str | Path, part: float = 0.5) -> NDArray[np.uint8]:
    """One picture as uint8 [H, W, 3], at `part` of the length: 0 is the first, 1 the last.

    Of a clip little more is decoded than that. Raises MediaError.
    """
    path = Path(path)
    kind = output_kind(path)
    if kind == "pictures":
        numbers = sequence_numbers(path)
        (picture,) = read_sequence(path, [numbers[_index(part, len(numbers))]])
        return to_uint8(over_black(picture))
    return _of_clip(path, part) if kind == "clip" else _of_animation(path, part)


def _of_clip(path: Path, part: float) -> NDArray[np.uint8]:
    with input_container(path) as (container, stream):
        start = stream.start_time or 0
        length = stream.duration or (
            int(
                container.duration / 1_000_000 / stream.time_base
            )  # in its own ticks; containers count microseconds
            if container.duration and stream.time_base
            else 0
        )
        wanted = start + int(length * part)
        container.seek(wanted, stream=stream)  # to the key frame before
        found = None
        for frame in container.decode(stream):
            if found is not None and (frame.pts or 0) > wanted:
                break
            found = frame
        if found is None:
            raise MediaError(f"{path}: there is no picture in it")
        still: NDArray[np.uint8] = found.to_ndarray(format="rgb24")
        return still


def _of_animation(path: Path, part: float) -> NDArray[np.uint8]:
    with ExitStack() as stack:
        try:
            picture = stack.enter_context(Image.open(path))
            picture.seek(_index(part, getattr(picture, "n_frames", 1)))
            return np.asarray(picture.convert("RGB"))
        except FileNotFoundError:
            raise MediaError(f"{path}: no such file") from None
        except (OSError, UnidentifiedImageError, EOFError, SyntaxError) as error:
            raise MediaError(f"{path}: can't be read as a picture: {error}") from None


def _index(part: float, count: int) -> int:
    return round(part * (count - 1))
