"""Frames in and out: clips, pictures, animations, sound, overlays, contact sheets.

A frame is an array [H, W, 3], red, green, blue, or [H, W, 4] with a straight alpha, of uint8, uint16 or
float32 (0..1); what draws takes uint8 [H, W, 3]. Points are (x, y) in pixels with the origin at the
top-left corner. Nothing here knows of generators or of solving.
"""

from previz.media._animation import ANIMATIONS, animation_writer, check_animation, write_animation
from previz.media._burn_in import draw_burn_in, draw_over, draw_slate, letterbox, letterbox_size
from previz.media._chart import Chart, chart_picture, chart_svg
from previz.media._codecs import CODECS, Codec, check_video_settings
from previz.media._compare import COMPARE_MODES, CompareMode, compare_frames, fit_frame
from previz.media._encode import Write, video_writer, write_video
from previz.media._frames import Frame, over_black, to_float, to_uint8, to_uint16, with_alpha
from previz.media._images import PICTURE_DEPTHS, check_depth, read_picture, write_picture, write_png
from previz.media._marks import add_legend, draw_grid, draw_marks
from previz.media._output import (
    OutputSettings,
    check_output_settings,
    is_deep,
    keeps_alpha,
    keeps_sound,
    open_output,
    output_files,
    output_kind,
)
from previz.media._overlay import draw_onion, draw_overlay, draw_trails
from previz.media._plot import TakeCurves, plot_take
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
from previz.media._sheet import SheetCell, contact_sheet, shot_sheet
from previz.media._sound import SOUND_RATE, Sound, SoundInfo, probe_sound, read_sound
from previz.media._still import read_still
from previz.media._trajectories import draw_trajectories

__all__ = [
    "ANIMATIONS",
    "CODECS",
    "COMPARE_MODES",
    "PICTURE_DEPTHS",
    "SOUND_RATE",
    "Chart",
    "Codec",
    "CompareMode",
    "Frame",
    "OutputSettings",
    "SheetCell",
    "Size",
    "Sound",
    "SoundInfo",
    "TakeCurves",
    "VideoInfo",
    "Write",
    "add_legend",
    "animation_writer",
    "chart_picture",
    "chart_svg",
    "check_animation",
    "check_depth",
    "check_output_settings",
    "check_video_settings",
    "compare_frames",
    "contact_sheet",
    "draw_burn_in",
    "draw_grid",
    "draw_marks",
    "draw_onion",
    "draw_over",
    "draw_overlay",
    "draw_slate",
    "draw_trails",
    "draw_trajectories",
    "fit_frame",
    "is_deep",
    "is_sequence",
    "keeps_alpha",
    "keeps_sound",
    "letterbox",
    "letterbox_size",
    "open_output",
    "output_files",
    "output_kind",
    "over_black",
    "plot_take",
    "probe_sound",
    "probe_video",
    "read_picture",
    "read_sequence",
    "read_sound",
    "read_still",
    "read_video",
    "read_video_deep",
    "resize",
    "resolve_size",
    "sequence_numbers",
    "sequence_path",
    "sequence_writer",
    "shot_sheet",
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
