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
        SolveCallback,
        SolveEvent,
        SolveFinished,
        SolveStarted,
        Take,
        TakeSummary,
        decode,
        discard_partial,
        export_latents,
        partial_folder,
        solve,
    )
    from previz.drag import SOLVERS, DragResult, DragSettings, make_reference, track_points
    from previz.errors import (
        CastError,
        CheckpointError,
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
    from previz.media import (
        Size,
        VideoInfo,
        check_video_settings,
        contact_sheet,
        draw_burn_in,
        draw_overlay,
        probe_video,
        read_video,
        resize,
        resolve_size,
        write_png,
        write_sequence,
        write_video,
    )
    from previz.timebase import FrameRange, parse_rate, timecode
    from previz.timeline import (
        Samples,
        Timeline,
        check_against,
        load_timeline,
        parse_timeline,
        retime,
        retime_file,
        sample_timeline,
        timeline_schema,
        timeline_warnings,
    )

__version__ = "0.1.0"

__all__ = [
    "SOLVERS",
    "CastError",
    "CheckpointError",
    "CheckpointInfo",
    "DeviceError",
    "DragResult",
    "DragSettings",
    "FrameIterated",
    "FrameRange",
    "FrameRecord",
    "FrameSolved",
    "Generator",
    "GeneratorConfig",
    "MediaError",
    "OutputError",
    "PrevizError",
    "Problem",
    "Samples",
    "Size",
    "SolveCallback",
    "SolveError",
    "SolveEvent",
    "SolveFinished",
    "SolveStarted",
    "Take",
    "TakeSummary",
    "Timeline",
    "TimelineError",
    "VideoInfo",
    "__version__",
    "check_against",
    "check_output",
    "check_video_settings",
    "contact_sheet",
    "convert_checkpoint",
    "decode",
    "discard_partial",
    "draw_burn_in",
    "draw_overlay",
    "export_latents",
    "find_checkpoint",
    "inspect_checkpoint",
    "list_checkpoints",
    "load_generator",
    "load_timeline",
    "make_reference",
    "output_file",
    "parse_rate",
    "parse_timeline",
    "partial_folder",
    "probe_video",
    "read_video",
    "resize",
    "resolve_device",
    "resolve_size",
    "retime",
    "retime_file",
    "sample_timeline",
    "save_generator",
    "solve",
    "timecode",
    "timeline_schema",
    "timeline_warnings",
    "track_points",
    "write_png",
    "write_sequence",
    "write_video",
]

_ROOMS = {
    "animate": "FrameIterated FrameRecord FrameSolved SolveCallback SolveEvent SolveFinished SolveStarted "
    "Take TakeSummary decode discard_partial export_latents partial_folder solve",
    "drag": "SOLVERS DragResult DragSettings make_reference track_points",
    "errors": "CastError CheckpointError DeviceError MediaError OutputError PrevizError Problem SolveError "
    "TimelineError",
    "files": "check_output output_file",
    "generator": "CheckpointInfo Generator GeneratorConfig convert_checkpoint find_checkpoint "
    "inspect_checkpoint list_checkpoints load_generator resolve_device save_generator",
    "media": "Size VideoInfo check_video_settings contact_sheet draw_burn_in draw_overlay probe_video "
    "read_video resize resolve_size write_png write_sequence write_video",
    "timebase": "FrameRange parse_rate timecode",
    "timeline": "Samples Timeline check_against load_timeline parse_timeline retime retime_file "
    "sample_timeline timeline_schema timeline_warnings",
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
