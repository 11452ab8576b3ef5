"""The .otio of a rendered clip."""

from __future__ import annotations

from pathlib import Path

from previz.animate import Take
from previz.errors import MediaError
from previz.interchange import EditClip, key_markers, take_metadata, timeline_otio, write_edit
from previz.media import is_sequence, probe_video
from previz.timebase import FrameRange
from previz.timeline import Timeline


def write_clip_otio(
    take: Take,
    timeline: Timeline,
    video: Path,
    keyed: frozenset[int],
    frames: FrameRange,
    path: Path,
    force: bool,
    slate: int = 0,
) -> Path:
    """Write the .otio of a rendered clip: its real frames and rate, markers at its keys, and its take.

    `frames` are the shot's that were rendered, after `slate` frames that an edit leaves out; `path` is where
    it lies. Numbered pictures have the shot's own rate.
    """
    held = FrameRange(frames.first - slate, frames.last)
    rate, told, start = take.rate, take_metadata(take), 0
    if not is_sequence(video):
        info = probe_video(video)
        if info.frames != len(held):
            raise MediaError(f"{video}: has {info.frames} frames, not the {len(held)} that were rendered")
        rate, told = info.rate, {**told, "size": [info.width, info.height]}
        start = held.first if info.timecode else 0
    clip = EditClip(
        name=take.shot,
        media=video,
        frames=held,
        rate=rate,
        source=frames,
        start=start,
        markers=key_markers(timeline, keyed),
        metadata=told,
    )
    return write_edit(timeline_otio(clip, path.parent), path, force)
