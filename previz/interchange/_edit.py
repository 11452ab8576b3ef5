"""Edits as files: OpenTimelineIO's own, EDL and FCP XML through its adapters, and several made into one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import opentimelineio as otio

from previz.errors import MediaError, OutputError
from previz.files import output_file, writing
from previz.interchange._otio import media_url

_ADAPTERS = {".otio": "otio_json", ".edl": "cmx_3600", ".xml": "fcp_xml"}
_REEL_LENGTH = 32  # of an EDL's reel names; CMX had 8, and editing programs take more


def check_edit(path: str | Path) -> None:
    """Raise OutputError for a file that an edit can't be written to, and where its adapter is missing."""
    ending = Path(path).suffix.lower()
    if ending not in _ADAPTERS:
        raise OutputError(f"{path}: an edit's name ends in {', '.join(_ADAPTERS)}")
    if _ADAPTERS[ending] not in otio.adapters.available_adapter_names():
        raise OutputError(
            f"{path}: {ending} needs an adapter of OpenTimelineIO's; install it with "
            "pip install 'previz[editorial]'"
        )


def write_edit(timeline: otio.schema.Timeline, path: str | Path, force: bool = False) -> Path:
    """Write an edit as .otio, .edl (CMX 3600) or .xml (FCP 7) by the ending of its name, and return the path.

    An .xml, which knows no relative places, gets absolute ones, from where `path` lies. Raises OutputError
    for another ending, a missing adapter, a file that exists (unless `force`), and an edit that the format
    can't hold, such as an EDL of clips at several rates.

    Example: `write_edit(timeline_otio(clips, folder="edit"), "edit/reel.otio")`.
    """
    path = Path(path)
    check_edit(path)
    ending = path.suffix.lower()
    options: dict[str, Any] = {}
    if ending == ".xml":
        timeline = _for_xml(timeline, path.parent)
    if ending == ".edl":
        timeline = _with_reels(timeline)
        options = {"rate": _one_rate(timeline, path), "reelname_len": _REEL_LENGTH}
    try:
        text = otio.adapters.write_to_string(timeline, _ADAPTERS[ending], **options)
    except (otio.exceptions.OTIOError, ValueError, NotImplementedError) as error:
        raise OutputError(f"{path}: can't hold this edit: {str(error).splitlines()[0]}") from error
    with output_file(path, force) as temporary, writing(path):
        temporary.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    return path


def _for_xml(timeline: otio.schema.Timeline, folder: Path) -> otio.schema.Timeline:
    """Absolute places; pictures by their first file, as the adapter knows no ImageSequenceReference."""
    timeline = timeline.deepcopy()
    _relink(timeline, folder, None)
    for clip in timeline.find_clips():
        reference = clip.media_reference
        if isinstance(reference, otio.schema.ImageSequenceReference):
            clip.media_reference = otio.schema.ExternalReference(
                reference.target_url_for_image_number(0), reference.available_range
            )
            clip.media_reference.name = reference.name
    return timeline


def _with_reels(timeline: otio.schema.Timeline) -> otio.schema.Timeline:
    """Reels by the clips' names; the adapter would make them of files' names, cut to 8 letters."""
    timeline = timeline.deepcopy()
    for clip in timeline.find_clips():
        clip.metadata.setdefault("cmx_3600", {}).setdefault(
            "reel", re.sub(r"\W", "_", clip.name)[:_REEL_LENGTH]
        )
    return timeline


def read_edit(path: str | Path) -> otio.schema.Timeline:
    """Read an .otio. Raises MediaError for a file that is missing, damaged or no timeline."""
    path = Path(path)
    try:
        found = otio.adapters.read_from_string(path.read_text(encoding="utf-8"), "otio_json")
    except FileNotFoundError:
        raise MediaError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, ValueError, otio.exceptions.OTIOError) as error:
        raise MediaError(f"{path}: is no OpenTimelineIO file: {str(error).splitlines()[0]}") from None
    if not isinstance(found, otio.schema.Timeline):
        raise MediaError(f"{path}: holds a {type(found).__name__}, not a timeline")
    return found


def join_edits(paths: Sequence[str | Path], folder: str | Path, name: str) -> otio.schema.Timeline:
    """The video clips of several .otio files, one after the other, as one edit that will lie in `folder`.

    Raises MediaError for a file that can't be read, and where there are no clips.
    """
    edit = otio.schema.Timeline(name)
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    edit.tracks.append(track)
    for path in paths:
        found = read_edit(path)
        _relink(found, Path(path).parent, Path(folder))
        for one in found.video_tracks():
            track.extend(clip.deepcopy() for clip in one.find_clips())
    if not len(track):
        raise MediaError("there are no clips to put into the edit")
    return edit


def _relink(timeline: otio.schema.Timeline, here: Path, there: Path | None) -> None:
    """Media that is named relative to one folder, named relative to another, or absolutely for None."""
    for clip in timeline.find_clips():
        reference = clip.media_reference
        if isinstance(reference, otio.schema.ExternalReference):
            reference.target_url = _moved(reference.target_url, here, there)
        elif isinstance(reference, otio.schema.ImageSequenceReference):
            reference.target_url_base = _moved(reference.target_url_base, here, there).rstrip("/") + "/"


def _moved(url: str, here: Path, there: Path | None) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("", "file"):
        return url
    place = Path(url2pathname(parts.path)) if parts.scheme else here / unquote(url)
    return media_url(place, there)


def _one_rate(timeline: otio.schema.Timeline, path: Path) -> float:
    rates = {clip.source_range.duration.rate for clip in timeline.find_clips() if clip.source_range}
    if len(rates) != 1:
        listed = ", ".join(f"{rate:.6g}" for rate in sorted(rates))
        raise OutputError(f"{path}: an EDL has one frame rate, and the clips have {listed or 'none'}")
    return float(rates.pop())
