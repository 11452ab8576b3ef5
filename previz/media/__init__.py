"""Frames in and out: clips, pictures, animations, sound, overlays, contact sheets.

A frame is an array [H, W, 3], red, green, blue, or [H, W, 4] with a straight alpha, of uint8, uint16 or
float32 (0..1); what draws takes uint8 [H, W, 3]. Points are (x, y) in pixels with the origin at the
top-left corner. Nothing here knows of generators or of solving.
"""

from previz.media._animation import ANIMATIONS, animation_writer, check_animation, write_animation
from previz.media._burn_in import draw_burn_in, draw_over, draw_slate, letterbox, letterbox_size
from previz.media._codecs import CODECS, Codec, check_video_settings
from previz.media._encode import Write, video_writer, write_video
from previz.media._frames import Frame, over_black, to_float, to_uint8, to_uint16, with_alpha
from previz.media._images import PICTURE_DEPTHS, check_depth, read_picture, write_picture, write_png
from previz.media._marks import add_legend, draw_grid, draw_marks
from previz.media._overlay import draw_onion, draw_overlay, draw_trails
from previz.media._probe import VideoInfo, probe_video, read_video, read_video_deep
from previz.media._resize import Size, resize, resolve_size
from previz.media._sequences import (
    is_sequence,
    read_sequence,
    sequence_numbers,
    sequence_path,
    sequence_writer,
    write_sequence,
)
from previz.media._sheet import contact_sheet
from previz.media._sound import SOUND_RATE, Sound, SoundInfo, probe_sound, read_sound

__all__ = [
    "ANIMATIONS",
    "CODECS",
    "PICTURE_DEPTHS",
    "SOUND_RATE",
    "Codec",
    "Frame",
    "Size",
    "Sound",
    "SoundInfo",
    "VideoInfo",
    "Write",
    "add_legend",
    "animation_writer",
    "check_animation",
    "check_depth",
    "check_video_settings",
    "contact_sheet",
    "draw_burn_in",
    "draw_grid",
    "draw_marks",
    "draw_onion",
    "draw_over",
    "draw_overlay",
    "draw_slate",
    "draw_trails",
    "is_sequence",
    "letterbox",
    "letterbox_size",
    "over_black",
    "probe_sound",
    "probe_video",
    "read_picture",
    "read_sequence",
    "read_sound",
    "read_video",
    "read_video_deep",
    "resize",
    "resolve_size",
    "sequence_numbers",
    "sequence_path",
    "sequence_writer",
    "to_float",
    "to_uint8",
    "to_uint16",
    "video_writer",
    "with_alpha",
    "write_animation",
    "write_picture",
    "write_png",
    "write_sequence",
    "write_video",
]
