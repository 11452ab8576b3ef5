"""previz: keyframed drag timelines in, video clips of a generated character out.

    import previz

    timeline = previz.load_timeline("timelines/smile.yaml")
    generator = previz.load_generator(timeline.checkpoint)
    take = previz.solve(timeline, generator)
    previz.write_video(previz.decode(take, generator), "smile.mp4", take.rate)

Names are imported when first used, so that `import previz` alone loads neither torch nor a codec.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from previz.animate import (
        FrameIterated,
        FrameRecord,
        FrameSolved,
        FramesSmoothed,
        SolveCallback,
        SolveEvent,
        SolveFinished,
        SolveStarted,
        Take,
        TakeJob,
        TakeSummary,
        decode,
        discard_partial,
        export_latents,
        partial_folder,
        smooth_take,
        solve,
        solve_takes,
        start_latent,
        to_uint8,
    )
    from previz.delivery import deliver
    from previz.drag import (
        SOLVERS,
        DragItem,
        DragResult,
        DragSettings,
        drag_batch,
        make_reference,
        track_points,
    )
    from previz.errors import (
        CastError,
        CheckpointError,
        CurvesError,
        DeviceError,
        MediaError,
        OutputError,
        PrevizError,
        Problem,
        SolveError,
        TimelineError,
    )
    from previz.files import check_output, output_file
    from previz.generator import (
        CheckpointInfo,
        Generator,
        GeneratorConfig,
        convert_checkpoint,
        find_checkpoint,
        inspect_checkpoint,
        list_checkpoints,
        load_generator,
        resolve_device,
        save_generator,
    )
    from previz.interchange import (
        EditClip,
        Facts,
        PointCurves,
        curves_from_take,
        curves_from_timeline,
        read_curves,
        timeline_otio,
        write_curves,
        write_edit,
    )
    from previz.media import (
        CODECS,
        OutputSettings,
        SheetCell,
        Size,
        Sound,
        TakeCurves,
        VideoInfo,
        add_legend,
        chart_picture,
        chart_svg,
        check_video_settings,
        compare_frames,
        contact_sheet,
        draw_burn_in,
        draw_grid,
        draw_marks,
        draw_onion,
        draw_overlay,
        draw_slate,
        draw_trails,
        draw_trajectories,
        letterbox,
        open_output,
        plot_take,
        probe_video,
        read_video,
        resize,
        resolve_size,
        shot_sheet,
        write_animation,
        write_picture,
        write_png,
        write_sequence,
        write_video,
    )
    from previz.timebase import FrameRange, drops_frames, parse_rate, timecode
    from previz.timeline import (
        MotionSpec,
        Samples,
        Timeline,
        check_against,
        is_motion,
        load_motion,
        load_timeline,
        motion_schema,
        parse_timeline,
        retime,
        retime_file,
        sample_timeline,
        starter_text,
        timeline_schema,
        timeline_warnings,
    )

__version__ = "0.1.0"

__all__ = [
    "CODECS",
    "SOLVERS",
    "CastError",
    "CheckpointError",
    "CheckpointInfo",
    "CurvesError",
    "DeviceError",
    "DragItem",
    "DragResult",
    "DragSettings",
    "EditClip",
    "Facts",
    "FrameIterated",
    "FrameRange",
    "FrameRecord",
    "FrameSolved",
    "FramesSmoothed",
    "Generator",
    "GeneratorConfig",
    "MediaError",
    "MotionSpec",
    "OutputError",
    "OutputSettings",
    "PointCurves",
    "PrevizError",
    "Problem",
    "Samples",
    "SheetCell",
    "Size",
    "SolveCallback",
    "SolveError",
    "SolveEvent",
    "SolveFinished",
    "SolveStarted",
    "Sound",
    "Take",
    "TakeCurves",
    "TakeJob",
    "TakeSummary",
    "Timeline",
    "TimelineError",
    "VideoInfo",
    "__version__",
    "add_legend",
    "chart_picture",
    "chart_svg",
    "check_against",
    "check_output",
    "check_video_settings",
    "compare_frames",
    "contact_sheet",
    "convert_checkpoint",
    "curves_from_take",
    "curves_from_timeline",
    "decode",
    "deliver",
    "discard_partial",
    "drag_batch",
    "draw_burn_in",
    "draw_grid",
    "draw_marks",
    "draw_onion",
    "draw_overlay",
    "draw_slate",
    "draw_trails",
    "draw_trajectories",
    "drops_frames",
    "export_latents",
    "find_checkpoint",
    "inspect_checkpoint",
    "is_motion",
    "letterbox",
    "list_checkpoints",
    "load_generator",
    "load_motion",
    "load_timeline",
    "make_reference",
    "motion_schema",
    "open_output",
    "output_file",
    "parse_rate",
    "parse_timeline",
    "partial_folder",
    "plot_take",
    "probe_video",
    "read_curves",
    "read_video",
    "resize",
    "resolve_device",
    "resolve_size",
    "retime",
    "retime_file",
    "sample_timeline",
    "save_generator",
    "shot_sheet",
    "smooth_take",
    "solve",
    "solve_takes",
    "start_latent",
    "starter_text",
    "timecode",
    "timeline_otio",
    "timeline_schema",
    "timeline_warnings",
    "to_uint8",
    "track_points",
    "write_animation",
    "write_curves",
    "write_edit",
    "write_picture",
    "write_png",
    "write_sequence",
    "write_video",
]

_ROOMS = {
    "animate": "FrameIterated FrameRecord FrameSolved FramesSmoothed SolveCallback SolveEvent SolveFinished "
    "SolveStarted Take TakeJob TakeSummary decode discard_partial export_latents partial_folder smooth_take "
    "solve solve_takes start_latent to_uint8",
    "delivery": "deliver",
    "drag": "DragItem DragResult DragSettings SOLVERS drag_batch make_reference track_points",
    "errors": "CastError CheckpointError CurvesError DeviceError MediaError OutputError PrevizError "
    "Problem SolveError TimelineError",
    "files": "check_output output_file",
    "generator": "CheckpointInfo Generator GeneratorConfig convert_checkpoint find_checkpoint "
    "inspect_checkpoint list_checkpoints load_generator resolve_device save_generator",
    "interchange": "EditClip Facts PointCurves curves_from_take curves_from_timeline read_curves "
    "timeline_otio write_curves write_edit",
    "media": "CODECS OutputSettings SheetCell Size Sound TakeCurves VideoInfo add_legend chart_picture "
    "chart_svg check_video_settings compare_frames contact_sheet draw_burn_in draw_grid draw_marks "
    "draw_onion draw_overlay draw_slate draw_trails draw_trajectories letterbox open_output plot_take "
    "probe_video read_video resize resolve_size shot_sheet write_animation write_picture write_png "
    "write_sequence write_video",
    "timebase": "FrameRange drops_frames parse_rate timecode",
    "timeline": "MotionSpec Samples Timeline check_against is_motion load_motion load_timeline motion_schema "
    "parse_timeline retime retime_file sample_timeline starter_text timeline_schema "
    "timeline_warnings",
}
_HOME = {name: f"previz.{room}" for room, names in _ROOMS.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Import a public name from its room on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'previz' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, whether imported yet or not."""
    return sorted({*globals(), *__all__})
