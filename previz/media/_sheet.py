"""Many pictures on one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from previz.errors import MediaError
from previz.media._frames import check_frame
from previz.media._text import draw_label


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
