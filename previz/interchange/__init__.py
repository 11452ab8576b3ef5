"""The same curves in other programs' words: Nuke, After Effects, Blender, tables and point trackers."""

from previz.interchange._curves import (
    PointCurves,
    SolvedTake,
    What,
    curves_from_take,
    curves_from_timeline,
    sample_between,
)
from previz.interchange._edit import check_edit, join_edits, read_edit, write_edit
from previz.interchange._formats import FORMATS, Format, find_format, guess_format, read_curves, write_curves
from previz.interchange._livelink import Drive, FaceMapping, parse_mapping
from previz.interchange._motion import Shape, handle_motion
from previz.interchange._onto import (
    fit_to,
    handle_names,
    timeline_of_curves,
    timeline_with_curves,
    write_timeline,
)
from previz.interchange._otio import (
    ClipMarker,
    EditClip,
    RenderedTake,
    key_markers,
    take_metadata,
    timeline_otio,
)
from previz.interchange._simplify import key_frames, path_points
from previz.interchange._tracks import ORIGINS, Facts, Imported, Origin

__all__ = [
    "FORMATS",
    "ORIGINS",
    "ClipMarker",
    "Drive",
    "EditClip",
    "FaceMapping",
    "Facts",
    "Format",
    "Imported",
    "Origin",
    "PointCurves",
    "RenderedTake",
    "Shape",
    "SolvedTake",
    "What",
    "check_edit",
    "curves_from_take",
    "curves_from_timeline",
    "find_format",
    "fit_to",
    "guess_format",
    "handle_motion",
    "handle_names",
    "join_edits",
    "key_frames",
    "key_markers",
    "parse_mapping",
    "path_points",
    "read_curves",
    "read_edit",
    "sample_between",
    "take_metadata",
    "timeline_of_curves",
    "timeline_otio",
    "timeline_with_curves",
    "write_curves",
    "write_edit",
    "write_timeline",
]
