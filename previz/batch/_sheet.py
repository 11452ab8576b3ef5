"""The contact sheet of a finished shot."""

from __future__ import annotations

import itertools

from previz.animate import Take, decode
from previz.batch._types import PlannedShot
from previz.generator import Generator
from previz.media import SheetCell, resize, shot_sheet, write_png
from previz.timebase import FrameRange

_CELLS = 12
_SIDE = 192  # pixels of a cell's longer side


def write_shot_sheet(shot: PlannedShot, take: Take, generator: Generator, keyed: frozenset[int]) -> None:
    """Write a sheet of the clip's keys and of frames between them, with what the shot is and its error."""
    chosen = sheet_frames(shot.frames, keyed)
    scale = _SIDE / max(take.width, take.height)
    size = max(2, round(take.width * scale)), max(2, round(take.height * scale))
    cells, first = [], None
    for frame in chosen:
        (picture,) = decode(take, generator, FrameRange(frame, frame))
        first = resize(picture, (2 * size[0], 2 * size[1])) if first is None else first
        cells.append(SheetCell(resize(picture, size), str(frame), frame in keyed))
    summary = take.summary()
    character = take.settings["timeline"].get("character", {})
    facts = {
        "frames": str(shot.frames),
        "seed": str(character.get("seed", "")) or "-",
        "error": f"{summary.error_mean:.2f} px, max {summary.error_max:.2f}",
    }
    sheet = shot_sheet(shot.id, facts, cells, first, hero_label=str(chosen[0]))
    write_png(sheet, shot.outputs.sheet, force=True)


def sheet_frames(frames: FrameRange, keyed: frozenset[int]) -> list[int]:
    """Up to twelve frames that tell a shot: the first, the last, keys, and others evenly between."""
    inside = sorted(key for key in keyed if key in frames)
    if len(inside) > _CELLS - 2:
        inside = [inside[round(i * (len(inside) - 1) / (_CELLS - 3))] for i in range(_CELLS - 2)]
    chosen = {frames.first, frames.last, *inside}
    count = min(_CELLS, len(frames))
    while len(chosen) < count:
        widest = max(itertools.pairwise(sorted(chosen)), key=lambda gap: gap[1] - gap[0])
        chosen.add((widest[0] + widest[1]) // 2)
    return sorted(chosen)
