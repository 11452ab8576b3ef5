"""The sequence as an edit: all shots of a list one after the other, missing ones as offline clips."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from previz.batch._rows import Row
from previz.batch._types import ShotPlan
from previz.errors import PrevizError
from previz.interchange import EditClip, join_edits, read_edit, timeline_otio, write_edit
from previz.media import is_sequence, probe_video, sequence_numbers
from previz.timebase import FrameRange, parse_rate


def edit_path(plan: ShotPlan) -> Path:
    """Where the edit of a list lies: by the sequence's name, or the list's."""
    return plan.folder / f"{plan.sequence or plan.name}.otio"


def write_sequence_edit(plan: ShotPlan, rows: tuple[Row, ...]) -> Path:
    """Write the .otio of a list, in its order, replacing the last one. Raises OutputError.

    A shot that is not done, or whose clip is gone, is a clip of its length with a missing reference.
    """
    path = edit_path(plan)
    with TemporaryDirectory() as folder:
        edits = [_edit_of(row, Path(folder) / f"{index}.otio") for index, row in enumerate(rows)]
        edit = join_edits(edits, plan.folder, path.stem)
    return write_edit(edit, path, force=True)


def _edit_of(row: Row, temporary: Path) -> Path:
    """The shot's own .otio, or one that is made of its clip, or of nothing."""
    shot = row.planned
    clip = None
    if row.status == "done":
        try:
            if shot.outputs.otio.is_file() and _is_there(shot.outputs.clip):
                read_edit(shot.outputs.otio)
                return shot.outputs.otio
            clip = _of_media(row)
        except PrevizError:  # the clip is gone, or damaged
            clip = None
    if clip is None:
        told = {"shot": row.id, "status": row.status, "error": row.error}
        clip = EditClip(row.id, None, shot.frames, parse_rate(shot.rate), metadata=told)
    return write_edit(timeline_otio(clip, temporary.parent), temporary, force=True)


def _is_there(clip: Path) -> bool:
    return bool(sequence_numbers(clip)) if is_sequence(clip) else clip.is_file()


def _of_media(row: Row) -> EditClip:
    """The clip as its file tells; frames before the shot's own are its slate. Raises MediaError."""
    shot, media = row.planned, row.planned.outputs.clip
    if is_sequence(media):
        numbers = sequence_numbers(media)
        held, rate = FrameRange(numbers[0], numbers[-1]), parse_rate(shot.rate)
    else:
        info = probe_video(media)
        held, rate = FrameRange(shot.frames.last - info.frames + 1, shot.frames.last), info.rate
    inside = held.first <= shot.frames.first and shot.frames.last <= held.last
    return EditClip(row.id, media, held, rate, source=shot.frames if inside else None)
