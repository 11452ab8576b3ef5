"""One door to every kind of output: the name tells whether it is a clip, an animated picture or pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from previz.errors import MediaError
from previz.files import check_output
from previz.media._animation import ANIMATIONS, animation_writer, check_animation
from previz.media._codecs import CODECS, CONTAINERS, check_clip_size, check_video_settings, find_codec
from previz.media._encode import Write, video_writer
from previz.media._images import PICTURE_DEPTHS, check_depth
from previz.media._resize import MAX_SIZE
from previz.media._sequences import is_sequence, sequence_path, sequence_writer
from previz.media._sound import Sound, probe_sound
from previz.timebase import drops_frames, timecode

Kind = Literal["clip", "animation", "pictures"]


@dataclass(frozen=True)
class OutputSettings:
    """How an output is written; what doesn't concern its kind is not looked at.

    Attributes:
        codec: of a clip, a name of `CODECS`.
        crf: quality of h264, h265 and av1.
        preset: their effort.
        depth: bits a channel of pictures; None is the usual.
        loop: how often an animated picture runs; 0 is for ever.
        max_bytes: of an animated picture.
        sound: of a clip.
    """

    codec: str = "h264"
    crf: int = 16
    preset: str = "medium"
    depth: int | None = None
    loop: int = 0
    max_bytes: int | None = None
    sound: Sound | None = None


def output_kind(path: str | Path) -> Kind:
    """Tell what a name stands for. Raises MediaError for a name that is none of them."""
    suffix = Path(path).suffix.lower()
    if suffix in CONTAINERS:
        return "clip"
    if suffix in ANIMATIONS:
        return "animation"
    if is_sequence(path):
        return "pictures"
    if suffix in PICTURE_DEPTHS:
        better = Path(path).with_suffix(f".####{suffix}").name
        raise MediaError(f"{path}: pictures are numbered; name them like {better}")
    raise MediaError(
        f"{path}: an output's name ends in {', '.join(CONTAINERS)} (a clip), {', '.join(ANIMATIONS)} (an "
        "animated picture), or is of numbered pictures, frame.####.png, .tif or .exr"
    )


def is_deep(path: str | Path, settings: OutputSettings) -> bool:
    """Tell whether an output keeps more than 8 bits, so that deep frames are worth while."""
    kind = output_kind(path)
    if kind == "clip":
        return find_codec(settings.codec).deep
    return kind == "pictures" and check_depth(path, settings.depth) > 8


def keeps_alpha(path: str | Path, settings: OutputSettings) -> bool:
    """Tell whether an output keeps an alpha."""
    if output_kind(path) == "clip":
        return bool(find_codec(settings.codec).alpha_format)
    return Path(path).suffix.lower() != ".gif"


def keeps_sound(path: str | Path) -> bool:
    """Tell whether an output can be heard."""
    return output_kind(path) == "clip"


def check_output_settings(
    path: str | Path,
    rate: Fraction | int,
    settings: OutputSettings,
    size: tuple[int, int] | None = None,
    alpha: bool = False,
) -> Kind:
    """Raise MediaError for what an output of this name doesn't take, before anything is made; tell its kind.

    `size` is the (width, height) in pixels of its frames, `alpha` whether they have one.
    """
    kind = output_kind(path)
    if kind == "clip":
        check_video_settings(path, rate, settings.crf, settings.preset, settings.codec)
        if size is not None:
            check_clip_size(path, settings.codec, *size)
            if max(size) > MAX_SIZE:
                raise MediaError(f"{path}: a video is up to {MAX_SIZE} pixels wide and high, not {max(size)}")
    elif kind == "animation":
        check_animation(path, rate, 256, settings.max_bytes)
    else:
        check_depth(path, settings.depth)
    if alpha and not keeps_alpha(path, settings):
        what = settings.codec if kind == "clip" else Path(path).suffix[1:]
        better = ", ".join(name for name, codec in CODECS.items() if codec.alpha_format)
        raise MediaError(f"{path}: {what} keeps no alpha; choose {better}, .webp, .apng or pictures")
    if settings.sound is not None and kind == "clip":
        probe_sound(settings.sound.file)
    return kind


def output_files(path: str | Path, numbers: Sequence[int]) -> list[Path]:
    """The files that an output of so many numbered frames is made of."""
    if output_kind(path) == "pictures":
        return [sequence_path(path, number) for number in numbers]
    return [Path(path)]


@contextmanager
def open_output(
    path: str | Path,
    rate: Fraction | int,
    numbers: Sequence[int],
    settings: OutputSettings | None = None,
    force: bool = False,
) -> Iterator[Write]:
    """Yield a function that takes the frames of an output of any kind; it is in place when the block ends.

        with open_output("smile.####.exr", take.rate, list(take.range)) as write:
            for frame in decode(take, generator, deep=True):
                write(frame)

    `numbers` are the frames', the first of which is a .mov's or .mkv's timecode. Raises what the writer of
    that kind raises.
    """
    settings = settings or OutputSettings()
    kind, rate = check_output_settings(path, rate, settings), Fraction(rate)
    if kind == "pictures":
        with sequence_writer(path, numbers, None, force, settings.depth, rate) as write:
            yield write
    elif kind == "animation":
        check_output(path, force)
        with animation_writer(
            path, rate, None, force, loop=settings.loop, max_bytes=settings.max_bytes
        ) as write:
            yield write
    else:
        first = timecode(numbers[0], rate, drop=drops_frames(rate)) if numbers and numbers[0] >= 0 else ""
        with video_writer(
            path, rate, None, settings.crf, settings.preset, force, settings.codec, settings.sound, first
        ) as write:
            yield write
