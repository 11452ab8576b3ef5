"""Two versions of a shot seen together."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from previz.errors import MediaError
from previz.media._burn_in import draw_burn_in
from previz.media._frames import check_frame
from previz.media._resize import resize

CompareMode = Literal["side", "wipe", "diff", "onion"]
COMPARE_MODES: tuple[CompareMode, ...] = get_args(CompareMode)
_GAP = 4


def compare_frames(
    first: NDArray[np.uint8],  # [H, W, 3]
    second: NDArray[np.uint8],  # [H, W, 3]
    mode: CompareMode = "side",
    names: tuple[str, str] = ("A", "B"),
    label: str = "",
    wipe: float = 0.5,
    gain: float = 4.0,
) -> NDArray[np.uint8]:
    """Return one picture of two, uint8 [H, W, 3] ([H, 2 W + 4, 3] side by side), with their names on it.

        compare_frames(v2, v3, "wipe", ("v002", "v003"), label="1012", wipe=0.3)

    Args:
        first: one frame.
        second: the other one of the same size; see `fit_frame`.
        mode: "side" by side; "wipe", the first left of a line and the second right of it; "diff", how far
            they are apart, `gain` times; "onion", both half clear.
        names: of the two, "" for none.
        label: what is written beside them, such as the frame's number.
        wipe: where the line is, 0 left to 1 right.
        gain: of "diff".

    Raises MediaError for another mode, or frames of two sizes.
    """
    if mode not in COMPARE_MODES:
        raise MediaError(f"a comparison is one of {', '.join(COMPARE_MODES)}, not {mode!r}")
    if check_frame(first).shape != check_frame(second).shape:
        raise MediaError("frames that are compared have one size")
    if mode == "side":
        gap = np.full((first.shape[0], _GAP, 3), 24, np.uint8)
        left = draw_burn_in(first, top_left=names[0])
        right = draw_burn_in(second, top_left=names[1], top_right=label)
        return np.concatenate([left, gap, right], axis=1)
    if mode == "wipe":
        return draw_burn_in(
            _wiped(first, second, wipe), top_left=names[0], top_right=names[1], bottom_left=label
        )
    both = " / ".join(name for name in names if name)
    if mode == "onion":
        half = (first.astype(np.uint16) + second + 1) // 2
        return draw_burn_in(half.astype(np.uint8), top_left=both, top_right=label)
    apart = np.abs(first.astype(np.int16) - second)
    shown = np.rint(apart * gain).clip(0, 255).astype(np.uint8)
    figures = f"mean {apart.mean():.2f}, max {apart.max()} of 255"
    return draw_burn_in(
        shown, top_left=both, top_right=label, bottom_left=f"x {gain:g}", bottom_right=figures
    )


def fit_frame(frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scale a frame to fit a size, with black where its shape is another, uint8 [height, width, 3]."""
    share = min(width / check_frame(frame).shape[1], height / frame.shape[0])
    inner = [
        min(side, max(16, 2 * round(own * share / 2)))
        for side, own in ((width, frame.shape[1]), (height, frame.shape[0]))
    ]
    scaled = resize(frame, (inner[0], inner[1]))
    result = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    result[top : top + inner[1], left : left + inner[0]] = scaled
    return result


def _wiped(first: NDArray[np.uint8], second: NDArray[np.uint8], wipe: float) -> NDArray[np.uint8]:
    width = first.shape[1]
    edge = round(min(max(wipe, 0.0), 1.0) * width)
    image = second.copy()
    image[:, :edge] = first[:, :edge]
    half = max(1, width // 512)
    if 0 < edge < width:
        image[:, max(0, edge - half) : edge + half] = 255
    return image
