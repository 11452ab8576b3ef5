"""What `previz otio` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from previz import FrameRange, check_output, probe_video
from previz.interchange import (
    EditClip,
    check_edit,
    join_edits,
    timeline_otio,
    write_edit,
)


def join_clips(files: Sequence[Path], output: Path, name: str | None, force: bool) -> dict[str, Any]:
    """Write the edit, and return what was done. Raises a PrevizError of any kind."""
    check_edit(output)
    check_output(output, force)
    with TemporaryDirectory() as folder:
        edits = [_edit_of(file, Path(folder) / f"{index}.otio") for index, file in enumerate(files)]
        edit = join_edits(edits, output.parent, name or output.stem)
    write_edit(edit, output, force)
    clips = [(clip.name, int(clip.trimmed_range().duration.value)) for clip in edit.find_clips()]
    total = sum(frames for _, frames in clips)
    return {
        "file": str(output),
        "clips": [{"name": clip, "frames": frames} for clip, frames in clips],
        "frames": total,
        "summary": f"{output}: {len(clips)} clip{'s' if len(clips) != 1 else ''}, {total} frames",
    }


def _edit_of(file: Path, temporary: Path) -> Path:
    """The .otio that tells of a clip: itself, the one beside it, or one made of the file's header."""
    if file.suffix.lower() == ".otio":
        return file
    if file.with_suffix(".otio").is_file():
        return file.with_suffix(".otio")
    info = probe_video(file)
    clip = EditClip(file.stem, file, FrameRange(0, info.frames - 1), info.rate)
    return write_edit(timeline_otio(clip), temporary)
