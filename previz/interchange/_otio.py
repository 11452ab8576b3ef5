"""OpenTimelineIO: rendered shots as clips of an edit, with their media, ranges and keys."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import opentimelineio as otio
from fileseq.constants import PAD_STYLE_HASH1
from fileseq.exceptions import FileSeqException
from fileseq.filesequence import FileSequence

from previz.errors import MediaError
from previz.timebase import FrameRange
from previz.timeline import Timeline

METADATA = "previz"
_MARKS = "#%@$"


@dataclass(frozen=True)
class ClipMarker:
    """A mark on one frame of a shot."""

    frame: int
    name: str
    note: str = ""


@dataclass(frozen=True)
class EditClip:
    """One rendered shot.

    Attributes:
        name: the shot.
        media: its clip, or the pattern of its pictures, such as shot.####.png; None where it is missing, and
            an edit shows it as offline.
        frames: the shot's frames that the media holds, as it really is.
        rate: frames a second.
        source: the part of them that the edit uses; None for all.
        start: the media's own time of its first frame, in frames: 0 for a clip without a timecode. Pictures
            have their numbers, whatever it says.
        markers: marks on the shot's frames.
        metadata: what goes under "previz", JSON-able.
    """

    name: str
    media: Path | None
    frames: FrameRange
    rate: Fraction
    source: FrameRange | None = None
    start: int = 0
    markers: tuple[ClipMarker, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


class RenderedTake(Protocol):
    """What is needed of a `previz.Take` to tell of its clip."""

    @property
    def shot(self) -> str:
        """The shot."""

    @property
    def names(self) -> tuple[str, ...]:
        """The handles."""

    @property
    def settings(self) -> dict[str, Any]:
        """What it was solved with."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""


def timeline_otio(
    clips: EditClip | Sequence[EditClip], folder: str | Path | None = None, name: str | None = None
) -> otio.schema.Timeline:
    """One video track of clips, one after the other, as an OpenTimelineIO timeline.

    Each clip has an ExternalReference to its media, or an ImageSequenceReference, with its available range;
    the source range that is used; its markers, in the media's time; and metadata under "previz". Media is
    named relative to `folder`, where the timeline will lie, else by absolute file: URLs. `name` is the
    edit's, else the first clip's. Raises MediaError for no clips, or a part that its media doesn't hold.

    Example: `timeline_otio(EditClip("smile", Path("smile.mp4"), FrameRange(1001, 1048), Fraction(24)))`.
    """
    listed = [clips] if isinstance(clips, EditClip) else list(clips)
    if not listed:
        raise MediaError("an edit needs at least one clip")
    timeline = otio.schema.Timeline(name or listed[0].name)
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for clip in listed:
        track.append(_clip(clip, None if folder is None else Path(folder)))
    return timeline


def key_markers(timeline: Timeline, keyed: Sequence[int] | frozenset[int]) -> tuple[ClipMarker, ...]:
    """A marker at each keyed frame, by the names of the handles that have a key there."""
    markers = []
    for frame in sorted(keyed):
        names = [
            name
            for name, handle in timeline.handles.items()
            if any(int(at) == frame for at in (*(handle.keys or ()), *(handle.timing or ())))
        ]
        other = "start" if frame == timeline.frames.first else "key"
        markers.append(ClipMarker(frame, ", ".join(names) or other))
    return tuple(markers)


def take_metadata(take: RenderedTake) -> dict[str, Any]:
    """What a clip tells of the take that it shows: character, seed, solver, handles and versions."""
    settings = take.settings
    timeline = settings.get("timeline", {})
    character = timeline.get("character", {})
    return {
        "shot": take.shot,
        "timeline": settings.get("source"),
        "checkpoint": settings.get("generator", {}).get("name"),
        "checkpoint_digest": settings.get("generator", {}).get("digest"),
        "seed": character.get("seed", 0 if character.get("latent") is None else None),
        "truncation": character.get("truncation"),
        "solver": {**timeline.get("solver", {}), "tolerance": settings.get("tolerance")},
        "handles": list(take.names),
        "picture": [take.width, take.height],
        "versions": settings.get("versions", {}),
    }


def _clip(clip: EditClip, folder: Path | None) -> otio.schema.Clip:
    used = clip.source or clip.frames
    if used.first not in clip.frames or used.last not in clip.frames:
        raise MediaError(f"{clip.name}: its media holds the frames {clip.frames}, and not {used}")
    pictures = None if clip.media is None else _pattern(clip.media)
    start = clip.frames.first if pictures else clip.start  # the media's own time of its first frame
    rate = float(clip.rate)

    def time(frame: int) -> otio.opentime.RationalTime:
        return otio.opentime.RationalTime(frame - clip.frames.first + start, rate)

    def span(frames: FrameRange) -> otio.opentime.TimeRange:
        return otio.opentime.TimeRange(time(frames.first), otio.opentime.RationalTime(len(frames), rate))

    reference = _reference(clip, pictures, folder)
    reference.available_range = span(clip.frames)
    reference.name = clip.name if clip.media is None else clip.media.name
    facts = {**clip.metadata, "frames": str(clip.frames), "rate": str(clip.rate)}
    made = otio.schema.Clip(clip.name, media_reference=reference, source_range=span(used))
    made.metadata[METADATA] = facts
    for mark in clip.markers:
        if mark.frame in clip.frames:
            made.markers.append(
                otio.schema.Marker(
                    mark.name,
                    marked_range=span(FrameRange(mark.frame, mark.frame)),
                    color=otio.schema.MarkerColor.GREEN,
                    metadata={METADATA: {"frame": mark.frame}},
                    comment=mark.note,
                )
            )
    return made


def _reference(
    clip: EditClip, pictures: FileSequence | None, folder: Path | None
) -> otio.core.MediaReference:
    if clip.media is None:
        return otio.schema.MissingReference()
    if pictures is not None:
        return _pictures(pictures, clip, clip.media, folder)
    return otio.schema.ExternalReference(target_url=media_url(clip.media, folder))


def _pictures(
    pattern: FileSequence, clip: EditClip, media: Path, folder: Path | None
) -> otio.schema.ImageSequenceReference:
    base = media_url(media.parent, folder)
    return otio.schema.ImageSequenceReference(
        target_url_base=base if base.endswith("/") else f"{base}/",
        name_prefix=quote(pattern.basename()),
        name_suffix=quote(pattern.extension()),
        start_frame=clip.frames.first,
        frame_step=1,
        rate=float(clip.rate),
        frame_zero_padding=pattern.zfill(),
    )


def _pattern(path: Path) -> FileSequence | None:
    """A name with a place for the frame's number, as fileseq knows it; None for one file's."""
    if not any(mark in path.name for mark in _MARKS):
        return None
    try:
        found = FileSequence(path.name, pad_style=PAD_STYLE_HASH1)
    except FileSeqException:
        return None
    return found if found.padding() else None


def media_url(path: Path, folder: Path | None) -> str:
    """A URL relative to `folder`, else an absolute file: URL; relative only where both are on one drive."""
    if folder is not None:
        try:
            return quote(Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix())
        except ValueError:  # another drive of Windows
            pass
    return path.absolute().as_uri()
