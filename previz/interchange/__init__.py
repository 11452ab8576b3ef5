"""The same curves in other programs' words: Nuke, After Effects, Blender, tables and point trackers."""

from previz.interchange._curves import (
    PointCurves,
    SolvedTake,
    What,
    curves_from_take,
    curves_from_timeline,
    sample_between,
)
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
from previz.interchange._simplify import key_frames, path_points
from previz.interchange._tracks import ORIGINS, Facts, Imported, Origin

__all__ = [
    "FORMATS",
    "ORIGINS",
    "Drive",
    "FaceMapping",
    "Facts",
    "Format",
    "Imported",
    "Origin",
    "PointCurves",
    "Shape",
    "SolvedTake",
    "What",
    "curves_from_take",
    "curves_from_timeline",
    "find_format",
    "fit_to",
    "guess_format",
    "handle_motion",
    "handle_names",
    "key_frames",
    "parse_mapping",
    "path_points",
    "read_curves",
    "sample_between",
    "timeline_of_curves",
    "timeline_with_curves",
    "write_curves",
    "write_timeline",
]
