"""Animated pictures for a chat: GIF, WebP and animated PNG, as small as is asked for."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from previz.errors import MediaError
from previz.files import check_output, output_file, writing
from previz.media._encode import Write
from previz.media._frames import Frame, check_any_frame, has_alpha, to_uint8
from previz.media._resize import MIN_SIZE, Size, resize, resolve_size

ANIMATIONS = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"}
MAX_PIXELS = 250_000_000  # of all frames together, as they are held in memory
_TICKS = {".gif": 100, ".webp": 1000, ".apng": 1000}  # a second
_SHORTEST_GIF_TICKS = 2  # what is shown for less, browsers show for 10
_PALETTE_FRAMES = 24
_PALETTE_SIDE = 128


def check_animation(path: str | Path, rate: Fraction | int, colours: int, max_bytes: int | None) -> None:
    """Raise MediaError for a name or settings that `write_animation` doesn't take."""
    if Path(path).suffix.lower() not in ANIMATIONS:
        raise MediaError(f"{path}: an animated picture's name ends in {', '.join(ANIMATIONS)}")
    if rate <= 0:
        raise MediaError(f"a frame rate is above 0, not {rate}")
    if not 2 <= colours <= 256:
        raise MediaError(f"a gif has 2 to 256 colours, not {colours}")
    if max_bytes is not None and max_bytes < 1:
        raise MediaError(f"the most bytes of {path} are above 0, not {max_bytes}")


def write_animation(
    frames: Iterable[Frame],  # [H, W, 3 or 4] each
    path: str | Path,
    rate: Fraction | int,
    size: Size | None = None,
    force: bool = False,
    loop: int = 0,
    colours: int = 256,
    dither: bool = True,
    quality: int = 85,
    max_bytes: int | None = None,
) -> Path:
    """Write frames as a .gif, .webp or .apng, by the path's suffix, and return the path.

        write_animation(decode(take, generator), "smile.gif", take.rate, size=320, max_bytes=8_000_000)

    Times are rounded to the format's unit (GIF 1/100 s, the others 1/1000 s) without adding up, so that the
    whole has the right length; a GIF of more than 50 frames a second shows every second one (or third …).
    All frames of a GIF share one palette, and are dithered by a fixed pattern, so that neither flickers.

    Args:
        frames: [H, W, 3], or [H, W, 4] with a straight alpha for .webp and .apng.
        path: where to.
        rate: frames a second.
        size: described at `resolve_size`.
        force: replace a file that exists.
        loop: how often it runs; 0 is for ever.
        colours: of a GIF, 2 to 256.
        dither: of a GIF, whether colours between those are made of dots.
        quality: of a WebP, 0 to 100.
        max_bytes: make the pictures smaller until the file is no larger than this.

    Raises MediaError for frames or settings that can't be written, among them a `max_bytes` that can't be
    kept, and OutputError for a path that exists (unless `force`) or can't be written.
    """
    with animation_writer(path, rate, size, force, loop, colours, dither, quality, max_bytes) as write:
        for frame in frames:
            write(frame)
    return Path(path)


@contextmanager
def animation_writer(
    path: str | Path,
    rate: Fraction | int,
    size: Size | None = None,
    force: bool = False,
    loop: int = 0,
    colours: int = 256,
    dither: bool = True,
    quality: int = 85,
    max_bytes: int | None = None,
) -> Iterator[Write]:
    """Yield a function that takes the frames one by one; see `write_animation`."""
    path = Path(path)
    check_animation(path, rate, colours, max_bytes)
    check_output(path, force)
    suffix, held = path.suffix.lower(), list[NDArray[np.uint8]]()

    def write(frame: Frame) -> None:
        picture = resize(to_uint8(check_any_frame(frame)), size)
        if suffix == ".gif" and has_alpha(picture):
            raise MediaError(f"{path}: a gif keeps no alpha; choose .webp or .apng")
        if held and picture.shape != held[0].shape:
            raise MediaError(f"{path}: frame {len(held)} has another size than the first")
        held.append(picture)
        height, width = picture.shape[:2]
        if len(held) * height * width > MAX_PIXELS:
            raise MediaError(
                f"{path}: more than {len(held) - 1} frames of {width} x {height} are too many for a "
                f"{suffix[1:]}; choose fewer frames, a smaller size, or a clip (.mp4)"
            )

    yield write
    if not held:
        raise MediaError(f"{path}: there are no frames to encode")
    step = _step(suffix, Fraction(rate))
    shown, durations = held[::step], _durations(len(held), step, Fraction(rate), _TICKS[suffix])
    options = {"durations": durations, "loop": loop, "colours": colours, "dither": dither, "quality": quality}
    content = _fitted(shown, path, options, max_bytes)
    with output_file(path, force) as temporary, writing(path):
        temporary.write_bytes(content)


def _step(suffix: str, rate: Fraction) -> int:
    """Show every which frame: a GIF can't show them for less than 1/50 s."""
    return math.ceil(rate * _SHORTEST_GIF_TICKS / _TICKS[suffix]) if suffix == ".gif" else 1


def _durations(count: int, step: int, rate: Fraction, ticks: int) -> list[int]:
    """How long each shown frame stays, milliseconds, by rounding the times at which they begin."""
    edges = [round(index / rate * ticks) for index in range(0, count, step)] + [round(count / rate * ticks)]
    return [max(1, end - start) * (1000 // ticks) for start, end in itertools.pairwise(edges)]


def _fitted(
    frames: Sequence[NDArray[np.uint8]], path: Path, options: dict[str, Any], max_bytes: int | None
) -> bytes:
    """The file's bytes, at a smaller size where `max_bytes` asks for it."""
    height, width = frames[0].shape[:2]
    side, content = max(height, width), _encoded(frames, path, options)
    while True:
        if max_bytes is None or len(content) <= max_bytes:
            return content
        share = min(0.9, 0.95 * math.sqrt(max_bytes / len(content)))
        side = 2 * round(side * share / 2)
        if side < MIN_SIZE or min(resolve_size(max(side, MIN_SIZE), height, width)) < MIN_SIZE:
            break
        content = _encoded([resize(frame, side) for frame in frames], path, options)
    raise MediaError(
        f"{path}: can't be made as small as {(max_bytes or 0) / 1e6:g} MB; "
        "choose fewer frames, or a clip (.mp4)"
    )


def _encoded(frames: Sequence[NDArray[np.uint8]], path: Path, options: dict[str, Any]) -> bytes:
    suffix = path.suffix.lower()
    pictures = [Image.fromarray(frame) for frame in frames]
    saved: dict[str, Any] = {"save_all": True, "duration": options["durations"], "loop": options["loop"]}
    if suffix == ".gif":
        pictures = _paletted(pictures, options["colours"], options["dither"])
        saved["optimize"] = False
        if options["loop"] == 1:  # a GIF counts how often it is run again
            del saved["loop"]
        elif options["loop"]:
            saved["loop"] = options["loop"] - 1
    elif suffix == ".webp":
        saved |= {"quality": options["quality"], "method": 4}
    else:
        told = PngImagePlugin.PngInfo()
        told.add(b"sRGB", b"\0")
        saved |= {"pnginfo": told, "default_image": False}
    if len(pictures) == 1:
        saved["duration"] = options["durations"][0]
    content = io.BytesIO()
    pictures[0].save(content, format=ANIMATIONS[suffix], append_images=pictures[1:], **saved)
    return content.getvalue()


def _paletted(pictures: list[Image.Image], colours: int, dither: bool) -> list[Image.Image]:
    """The pictures with the palette that fits all of them best."""
    chosen = pictures[:: -(-len(pictures) // _PALETTE_FRAMES)]
    height, width = chosen[0].height, chosen[0].width
    share = min(1.0, _PALETTE_SIDE / max(height, width))
    small = (max(1, round(width * share)), max(1, round(height * share)))
    montage = Image.new("RGB", (small[0], small[1] * len(chosen)))
    for index, picture in enumerate(chosen):
        montage.paste(picture.resize(small, Image.Resampling.NEAREST), (0, index * small[1]))
    palette = montage.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=4)
    if dither:
        pattern = _pattern(height, width, 96 / colours ** (2 / 3))
        pictures = [
            Image.fromarray(np.rint(np.asarray(picture) + pattern).clip(0, 255).astype(np.uint8))
            for picture in pictures
        ]
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]


def _pattern(height: int, width: int, strength: float) -> NDArray[np.float64]:
    """Bayer's 8 x 8 pattern over a picture, [height, width, 1], in levels around 0."""
    bayer = np.zeros((1, 1))
    for _ in range(3):
        bayer = np.block([[4 * bayer, 4 * bayer + 2], [4 * bayer + 3, 4 * bayer + 1]])
    rows, columns = np.arange(height) % 8, np.arange(width) % 8
    return np.asarray(((bayer + 0.5) / 64 - 0.5)[np.ix_(rows, columns)][..., None] * strength)
