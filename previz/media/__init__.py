"""Frames in and out: H.264 clips, PNG pictures, overlays, contact sheets.

A frame is a uint8 array [H, W, 3], red, green, blue. Points are (x, y) in pixels with the origin at the
top-left corner. Nothing here knows of generators or of solving.
"""

from previz.media._images import contact_sheet, sequence_path, write_png, write_sequence
from previz.media._overlay import draw_burn_in, draw_overlay
from previz.media._resize import Size, resize, resolve_size
from previz.media._video import VideoInfo, check_video_settings, probe_video, read_video, write_video

__all__ = [
    "Size",
    "VideoInfo",
    "check_video_settings",
    "contact_sheet",
    "draw_burn_in",
    "draw_overlay",
    "probe_video",
    "read_video",
    "resize",
    "resolve_size",
    "sequence_path",
    "write_png",
    "write_sequence",
    "write_video",
]
