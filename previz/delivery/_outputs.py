"""Which files a render writes: their names, versions and kinds, checked before anything is solved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from previz.errors import OutputError, PrevizError, Problem, TimelineError
from previz.files import check_output
from previz.media import (
    CODECS,
    OutputSettings,
    Sound,
    check_output_settings,
    is_sequence,
    keeps_sound,
    output_files,
    output_kind,
)
from previz.naming import earlier_versions, fill_name, has_version, next_version
from previz.timebase import FrameRange
from previz.timeline import OutputSpec, Timeline

TAKE_SUFFIX = ".take.safetensors"
_PADDING = re.compile(r"[._-]*(#+|@+|%0?\d*d|\$F\d*)")


@dataclass(frozen=True)
class Outputs:
    """Where a render writes. What is None, the timeline doesn't want.

    `images` are clean pictures besides the clip. `resume` is a take of the whole shot: solved frames are kept
    beside it and looked for in it, so that a render of a few frames and a render of all share their work.
    `own` is that of this version, where `resume` is an earlier one's that another render may be using.
    `numbers` are the clip's frames, those of a slate before the shot's own.
    """

    video: Path
    images: Path | None
    take: Path | None
    report: Path | None
    otio: Path | None
    resume: Path
    own: Path
    frames: FrameRange
    numbers: tuple[int, ...]
    version: int | None = None

    def all(self) -> list[Path]:
        """Everything that is written, numbered pictures by their pattern."""
        files = (self.video, self.images, self.take, self.report, self.otio)
        return [path for path in files if path is not None]

    def files(self, path: Path) -> list[Path]:
        """The files that one of them is made of."""
        if path == self.video:
            return output_files(path, self.numbers)
        return output_files(path, list(self.frames)) if path == self.images else [path]


def choose_outputs(
    timeline: Timeline,
    output: OutputSpec,
    asked: Path | None,
    frames: FrameRange,
    version: int | None = None,
) -> Outputs:
    """The output that was asked for, or the timeline's, or renders/SHOT.mp4; take and report lie beside it.

    A part of the shot goes to files of its own, renders/SHOT.1001-1012.mp4, and leaves the whole's alone.
    `version` None is the next one, where the name has one.
    """
    whole, number = asked or _place(timeline, output), None
    if asked is None and output.name is not None:
        number = version or chosen_version(timeline, output)
        try:
            name = fill_name(output.name, name_fields(timeline, output), number)
        except PrevizError as error:
            raise problem_of(timeline, "output.name", error) from None
        whole = whole.with_name(f"{name}{_tail(whole)}")
    part = "" if frames == timeline.frames or asked is not None else f".{frames}"
    video = whole if is_sequence(whole) else whole.with_name(f"{whole.stem}{part}{whole.suffix}")
    base = video.parent / f"{_stem(whole)}{part}"
    output_kind(video)
    return Outputs(
        video=video,
        images=_images(timeline, output, base.name, number),
        take=_beside(base, TAKE_SUFFIX) if output.latents else None,
        report=_beside(base, ".report.json") if output.report else None,
        otio=_beside(base, ".otio") if output.otio and output_kind(video) != "animation" else None,
        resume=_resume(timeline, output, whole, number),
        own=_beside(whole.parent / _stem(whole), TAKE_SUFFIX),
        frames=frames,
        numbers=tuple(range(frames.first - output.slate, frames.last + 1)),
        version=number if output.name is not None and has_version(output.name) else None,
    )


def name_fields(timeline: Timeline, output: OutputSpec) -> dict[str, str | None]:
    """What a name's template is filled with, the version aside."""
    character = Path(timeline.character.checkpoint).name.removesuffix(".safetensors")
    return {"show": output.show, "seq": output.seq, "shot": timeline.shot, "character": character}


def chosen_version(timeline: Timeline, output: OutputSpec) -> int | None:
    """The version of the name: the one that is given, or the next free one; None for a name without."""
    if output.name is None or not has_version(output.name):
        return None
    if output.version != "next":
        return int(output.version)
    try:
        return next_version(_place(timeline, output).parent, output.name, name_fields(timeline, output))
    except PrevizError as error:
        raise problem_of(timeline, "output.name", error) from None


def output_settings(
    timeline: Timeline, output: OutputSpec, outputs: Outputs
) -> tuple[OutputSettings, OutputSettings]:
    """How the clip and the pictures besides it are written."""
    sound = None
    if output.audio is not None and keeps_sound(outputs.video):
        # The clip may start later than the shot, and its slate is silent.
        lead = Fraction(timeline.frames.first - outputs.numbers[0]) / timeline.rate
        sound = Sound(timeline.resolve(output.audio.file), output.audio.start(timeline.rate) + lead)
    settings = OutputSettings(
        codec=output.codec or "h264",
        crf=output.crf,
        preset=output.preset,
        depth=output.depth if output_kind(outputs.video) == "pictures" else None,
        loop=output.loop,
        max_bytes=None if output.max_mb is None else int(output.max_mb * 1e6),
        sound=sound,
    )
    return settings, OutputSettings(depth=output.depth)


def check_outputs(
    outputs: Outputs,
    settings: tuple[OutputSettings, OutputSettings],
    rate: Fraction,
    size: tuple[int, int] | None,
    alpha: bool,
    force: bool,
) -> None:
    """Raise MediaError or OutputError for what can't be written, naming all that exist unless `force`."""
    check_output_settings(outputs.video, rate, settings[0], size, alpha)
    if outputs.images is not None:
        if output_kind(outputs.images) != "pictures":
            raise OutputError(f"{outputs.images}: images are numbered pictures, named like frame.####.png")
        if outputs.images == outputs.video:
            raise OutputError(f"{outputs.images}: the clip and its images are the same files; name another")
        check_output_settings(outputs.images, rate, settings[1], size, alpha)
    taken = [] if force else [path for path in outputs.all() if _exists(outputs.files(path))]
    if taken:
        verb, pronoun = ("exist", "them") if len(taken) > 1 else ("exists", "it")
        raise OutputError(
            f"{listed(taken)} {verb} already; pass --force to replace {pronoun}, or -o for another place"
        )
    for path in outputs.all():
        folder = path.parent
        while not folder.exists() and path == outputs.images:
            folder = folder.parent  # made only when it is filled: an empty one would look like a version
        check_output(folder / path.name, force=True)


def listed(items: Sequence[object]) -> str:
    """Write items as a, b and c."""
    words = [str(item) for item in items]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def problem_of(timeline: Timeline, field: str, error: PrevizError) -> TimelineError:
    """A problem that is found after the timeline was read, told by its file and field."""
    return TimelineError([Problem(str(timeline.source or ""), field, str(error))])


def _place(timeline: Timeline, output: OutputSpec) -> Path:
    """The timeline's clip: its folder and kind count where the files have a name by a template."""
    suffix = CODECS[output.codec].suffixes[0] if output.codec else ".mp4"
    if output.video is None:
        return Path("renders") / f"{timeline.shot}{suffix}"
    video = Path(output.video).expanduser()
    return video / f"{timeline.shot}{suffix}" if output.video.endswith(("/", "\\")) else video


def _images(timeline: Timeline, output: OutputSpec, name: str, version: int | None) -> Path | None:
    if output.images is None:
        return None
    path = Path(output.images.replace("{name}", name)).expanduser()
    return Path(*(_filled(timeline, output, part, version) if "{" in part else part for part in path.parts))


def _filled(timeline: Timeline, output: OutputSpec, template: str, version: int | None) -> str:
    try:
        return fill_name(template, name_fields(timeline, output), version)
    except PrevizError as error:
        raise problem_of(timeline, "output.images", error) from None


def _resume(timeline: Timeline, output: OutputSpec, whole: Path, version: int | None) -> Path:
    """The take whose frames are used again: this version's, or the latest that there is."""
    own = _beside(whole.parent / _stem(whole), TAKE_SUFFIX)
    if version is None or output.name is None or not has_version(output.name):
        return own
    fields = name_fields(timeline, output)
    earlier = earlier_versions(whole.parent, output.name, fields)
    takes = [whole.parent / f"{fill_name(output.name, fields, number)}{TAKE_SUFFIX}" for number in earlier]
    kept = (take for take in (own, *takes) if take.exists() or take.with_suffix(".partial").exists())
    return next(kept, own)


def _stem(path: Path) -> str:
    """A name without its suffix, and without the place of a number."""
    return (_PADDING.sub("", path.stem, count=1) or "frames") if is_sequence(path) else path.stem


def _tail(path: Path) -> str:
    """What follows a name's own part: .mp4, or .####.png."""
    match = _PADDING.search(path.name) if is_sequence(path) else None
    return path.name[match.start() :] if match else path.suffix


def _beside(base: Path, suffix: str) -> Path:
    return base.with_name(base.name + suffix)


def _exists(files: Sequence[Path]) -> bool:
    return any(file.exists() and not file.is_dir() for file in files)
