"""The codecs by name: which encoder, pixel format, container and tags each one stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from previz.errors import MediaError

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
MAX_CRF = 51

# SVT-AV1 counts its presets down from 13, the fastest; these take about the time of x264's of the same name.
_AV1_PRESETS = dict(zip(PRESETS, (12, 11, 10, 9, 8, 7, 5, 4, 3), strict=True))


@dataclass(frozen=True)
class Codec:
    """What a codec's name stands for.

    Attributes:
        about: one line for a person.
        encoder: FFmpeg's name of it.
        suffixes: the files it goes in; the first is the usual one.
        pixel_format: of frames of 8 bits.
        deep_format: of frames of more bits, where it is another.
        alpha_format: of frames with an alpha, "" where they are refused.
        deep_alpha_format: of deep frames with an alpha, where it is another.
        deep: whether it keeps more than 8 bits, so that it is worth giving it more.
        quality: whether it listens to `crf` and `preset`; the others have a fixed, high quality.
        options: of the encoder.
        alpha_options: those that change where there is an alpha.
        tags: the code of the format in a file's header, by suffix, where it isn't FFmpeg's own choice.
        least: the smallest width and height, pixels.
        delay: frames by which decoding times run ahead, where the encoder's own can't be relied on.
    """

    about: str
    encoder: str
    suffixes: tuple[str, ...]
    pixel_format: str
    deep_format: str = ""
    alpha_format: str = ""
    deep_alpha_format: str = ""
    deep: bool = False
    quality: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    alpha_options: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    least: tuple[int, int] = (16, 16)
    delay: int | None = None

    def format_for(self, deep: bool, alpha: bool) -> str:
        """FFmpeg's pixel format for frames of these kinds."""
        if alpha:
            return (self.deep_alpha_format if deep else "") or self.alpha_format
        return (self.deep_format if deep else "") or self.pixel_format


_HEVC_TAGS = dict.fromkeys((".mp4", ".m4v", ".mov"), "hvc1")  # without it Apple's players show nothing
# Fixed counts of threads, and no list of options in the file: the same bytes on every machine.
_X265 = {"x265-params": "log-level=error:pools=4:frame-threads=2:info=0"}

CODECS: dict[str, Codec] = {
    "h264": Codec(
        "H.264 High, 8 bits 4:2:0: plays everywhere",
        "libx264",
        (".mp4", ".m4v", ".mov", ".mkv"),
        "yuv420p",
        quality=True,
    ),
    "h265": Codec(
        "H.265 Main 10, 10 bits 4:2:0: smaller, smoother gradients",
        "libx265",
        (".mp4", ".m4v", ".mov", ".mkv"),
        "yuv420p10le",
        deep=True,
        quality=True,
        options=_X265,
        tags=_HEVC_TAGS,
        least=(64, 64),  # x265 writes past its buffers where a 10-bit picture is narrower
        delay=2,  # that of x265, which reads it from memory that it hasn't set where there are 1 or 2 frames
    ),
    "av1": Codec(
        "AV1 Main, 10 bits 4:2:0: smallest, for browsers",
        "libsvtav1",
        (".mp4", ".mkv"),
        "yuv420p10le",
        deep=True,
        quality=True,
        options={"svtav1-params": "lp=4"},
    ),
    "prores": Codec(
        "ProRes 422 HQ, 10 bits, for editing; 4444 where there is an alpha",
        "prores_ks",
        (".mov", ".mkv"),
        "yuv422p10le",
        alpha_format="yuva444p10le",
        deep=True,
        options={"profile": "3", "vendor": "apl0"},
        alpha_options={"profile": "4"},
    ),
    "prores4444": Codec(
        "ProRes 4444, full colour resolution, with or without an alpha",
        "prores_ks",
        (".mov", ".mkv"),
        "yuv444p10le",
        alpha_format="yuva444p10le",
        deep=True,
        options={"profile": "4", "vendor": "apl0"},
    ),
    "dnxhr": Codec(
        "DNxHR HQX, 10 bits 4:2:2, for editing",
        "dnxhd",
        (".mov",),
        "yuv422p10le",
        deep=True,
        options={"profile": "dnxhr_hqx"},
        least=(256, 120),
    ),
    "ffv1": Codec(
        "FFV1 in RGB: lossless, for archives; 16 bits of deep frames; keeps an alpha",
        "ffv1",
        (".mkv",),
        "bgr0",
        deep_format="gbrp16le",
        alpha_format="bgra",
        deep_alpha_format="gbrap16le",
        deep=True,
        options={"level": "3", "slicecrc": "1"},
    ),
}


def find_codec(name: str) -> Codec:
    """Return the codec of a name; MediaError for another, with the list of those that are known."""
    if name not in CODECS:
        raise MediaError(f"codec is one of {', '.join(CODECS)}, not {name!r}")
    return CODECS[name]


def check_video_settings(
    path: str | Path, rate: Fraction | int, crf: int = 16, preset: str = "medium", codec: str = "h264"
) -> None:
    """Raise MediaError for a file type, rate, crf, preset or codec that `write_video` doesn't take."""
    check_container(path, codec)
    if rate <= 0:
        raise MediaError(f"a frame rate is above 0, not {rate}")
    if not 0 <= crf <= MAX_CRF:
        raise MediaError(f"crf goes from 0 (lossless) to {MAX_CRF} (smallest), not {crf}")
    if preset not in PRESETS:
        raise MediaError(f"preset is one of {', '.join(PRESETS)}, not {preset!r}")


def check_container(path: str | Path, codec: str) -> None:
    """Raise MediaError where a clip's name and its codec don't go together; the line says what would."""
    path, chosen = Path(path), find_codec(codec)
    suffix = path.suffix.lower()
    if suffix not in CONTAINERS:
        raise MediaError(f"{path}: a clip's name ends in {', '.join(CONTAINERS)}")
    if suffix not in chosen.suffixes:
        others = [name for name, other in CODECS.items() if suffix in other.suffixes]
        better = path.with_suffix(chosen.suffixes[0]).name
        raise MediaError(
            f"{path}: {codec} doesn't go in {suffix}; name it {better}, or choose {', '.join(others)}"
        )


def check_clip_size(path: str | Path, codec: str, width: int, height: int) -> None:
    """Raise MediaError for a picture that is smaller than the codec's least."""
    least = find_codec(codec).least
    if width < least[0] or height < least[1]:
        raise MediaError(
            f"{path}: {codec} needs at least {least[0]} x {least[1]} pixels, not {width} x {height}; "
            "choose a larger size"
        )


def encoder_options(codec: Codec, alpha: bool, crf: int, preset: str) -> dict[str, str]:
    """The encoder's options; `crf` is on H.264's scale of 0 to 51, whatever the encoder's own is."""
    options = {**codec.options, **(codec.alpha_options if alpha else {})}
    if codec.encoder == "libsvtav1":
        return {**options, "crf": str(round(crf * 63 / MAX_CRF)), "preset": str(_AV1_PRESETS[preset])}
    return {**options, "crf": str(crf), "preset": preset} if codec.quality else options
