"""Still pictures: PNG files, numbered sequences of them, contact sheets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from previz.errors import MediaError
from previz.files import check_output, output_file, writing
from previz.media._frames import check_frame
from previz.media._overlay import draw_label
from previz.media._resize import Size, resize

_PADDING = re.compile(r"#+|%0?(\d*)d")


def write_png(image: NDArray[np.uint8], path: str | Path, force: bool = False) -> Path:
    """Write uint8 [H, W, 3] as a PNG and return its path.

    Raises MediaError for another array and OutputError for a path that exists (unless `force`) or can't be
    written.
    """
    path = Path(path)
    picture = Image.fromarray(check_frame(image))
    with output_file(path, force) as temporary, writing(path):
        picture.save(temporary, format="PNG")
    return path


def sequence_path(pattern: str | Path, frame: int) -> Path:
    """Return the file of one frame: `out.####.png` and `out.%04d.png` give out.1001.png.

    Raises MediaError for a name without a place for the number, or that isn't a .png.
    """
    pattern = Path(pattern)
    place = _PADDING.search(pattern.name)
    if place is None or pattern.suffix.lower() != ".png":
        raise MediaError(f"{pattern}: a sequence is named like frame.####.png")
    digits = int(place[1] or 1) if place[0].startswith("%") else len(place[0])
    number = f"{frame:0{digits}d}"
    return pattern.with_name(pattern.name[: place.start()] + number + pattern.name[place.end() :])


def write_sequence(
    frames: Iterable[NDArray[np.uint8]],  # uint8 [H, W, 3] each
    pattern: str | Path,
    numbers: Sequence[int],
    size: Size | None = None,
    force: bool = False,
) -> list[Path]:
    """Write one PNG a frame, named by `pattern` (see `sequence_path`) and `numbers`; return the paths.

    All paths are checked before the first is written. Raises MediaError where there are more or fewer frames
    than numbers, and what `write_png` raises.
    """
    paths = [check_output(sequence_path(pattern, number), force) for number in numbers]
    frames = iter(frames)
    for path in paths:
        frame = next(frames, None)
        if frame is None:
            raise MediaError(f"{pattern}: there are fewer frames than the {len(paths)} that were announced")
        write_png(resize(frame, size), path, force)
    if next(frames, None) is not None:
        raise MediaError(f"{pattern}: there are more frames than the {len(paths)} that were announced")
    return paths


def contact_sheet(
    frames: Sequence[NDArray[np.uint8]],  # uint8 [H, W, 3] each, all of one size
    columns: int | None = None,
    labels: Sequence[str] | None = None,
    gap: int = 4,
) -> NDArray[np.uint8]:
    """Lay frames out on a dark sheet, row by row, and return it as uint8 [H, W, 3].

    `columns` defaults to a sheet about as wide as high; a label stands under its frame. Raises MediaError for
    no frames, frames of several sizes, or labels that aren't one a frame.
    """
    if not frames:
        raise MediaError("a contact sheet needs at least one frame")
    if columns is not None and columns < 1:
        raise MediaError(f"a contact sheet has at least one column, not {columns}")
    height, width = check_frame(frames[0]).shape[:2]
    if any(check_frame(frame).shape != frames[0].shape for frame in frames):
        raise MediaError("the frames of a contact sheet are all of one size")
    if labels is not None and len(labels) != len(frames):
        raise MediaError(f"there are {len(frames)} frames, but {len(labels)} labels")
    columns = min(columns or int(np.ceil(np.sqrt(len(frames)))), len(frames))
    rows = -(-len(frames) // columns)
    strip = max(14, height // 12) if labels is not None else 0
    cell_height, cell_width = height + strip + gap, width + gap
    sheet = np.full((rows * cell_height + gap, columns * cell_width + gap, 3), 24, np.uint8)
    for index, frame in enumerate(frames):
        top, left = gap + index // columns * cell_height, gap + index % columns * cell_width
        sheet[top : top + height, left : left + width] = frame
        if labels is not None:
            area = slice(top + height, top + height + strip), slice(left, left + width)
            sheet[area] = draw_label(sheet[area], labels[index], strip * 0.7)
    return sheet
