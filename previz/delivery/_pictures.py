"""A take's pictures as they go into its outputs: decoded, resized, and drawn on where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from previz.animate import Take, decode
from previz.generator import Generator
from previz.media import (
    Frame,
    draw_burn_in,
    draw_onion,
    draw_over,
    draw_overlay,
    draw_slate,
    draw_trails,
    letterbox,
    letterbox_size,
    resize,
    to_float,
    to_uint8,
    with_alpha,
)
from previz.timebase import FrameRange, drops_frames, timecode
from previz.timeline import OutputSpec, Samples


@dataclass(frozen=True)
class Look:
    """What becomes of a take's pictures; nothing is drawn unless it is asked for.

    Attributes:
        size: width and height of a picture, before bars are put around it.
        overlay: draw handles, targets and mask.
        trails: frames of the handles' ways, before and after.
        onion: keys on either side, as ghosts.
        bars: the ratio and the fit of a letterbox.
        burn_in: what is written: shot, frame, timecode, error, version, date.
        slate: frames of it.
        alpha: "mask" makes the mask the alpha.
        deep: pictures of floats, rather than of 8 bits.
        version: of the take.
        show: for the slate.
        seq: for the slate.
        date: what "date" writes.
    """

    size: tuple[int, int]
    overlay: bool = False
    trails: int = 0
    onion: int = 0
    bars: tuple[float, str] | None = None
    burn_in: tuple[str, ...] = ()
    slate: int = 0
    alpha: str = "none"
    deep: bool = False
    version: int | None = None
    show: str | None = None
    seq: str | None = None
    date: str = ""

    @property
    def full_size(self) -> tuple[int, int]:
        """Width and height with the bars."""
        return self.size if self.bars is None else letterbox_size(*self.size, *self.bars)


def look_of(
    output: OutputSpec, size: tuple[int, int], deep: bool, version: int | None, date: str = ""
) -> Look:
    """The look that a timeline's output asks for."""
    bars = None if output.letterbox is None else (output.letterbox.ratio, output.letterbox.fit)
    return Look(
        size=size,
        overlay=output.overlay,
        trails=output.trails,
        onion=output.onion,
        bars=bars,
        burn_in=tuple(output.burn_in),
        slate=output.slate,
        alpha=output.alpha,
        deep=deep,
        version=version,
        show=output.show,
        seq=output.seq,
        date=date,
    )


@dataclass
class Finisher:
    """Draws on the pictures of one take. The pictures of keys are kept, as neighbours show them as ghosts."""

    take: Take
    generator: Generator
    look: Look
    samples: Samples | None = None
    keys: dict[int, NDArray[np.uint8]] = field(default_factory=dict)

    def clean(self, frame: int, picture: Frame) -> Frame:
        """Return the decoded picture of `frame` at the look's size, with its alpha."""
        clean: Frame = resize(picture, self.look.size)
        if self.look.alpha != "mask":
            return clean
        mask = self._mask(frame)
        opaque = np.ones((self.take.height, self.take.width), np.float32) if mask is None else mask
        scaled = resize(opaque[..., None].repeat(3, axis=2), self.look.size)[..., 0]
        return with_alpha(clean, scaled.clip(0, 1))

    def finish(self, frame: int, picture: Frame) -> Frame:
        """Return a clean picture of `frame` with all that is drawn on it, and bars around it."""
        look = self.look
        for draw in self._drawings(frame):
            picture = draw_over(picture, draw)
        if look.bars is not None:
            picture = letterbox(picture, *look.bars)
        if look.burn_in:
            picture = draw_over(picture, lambda drawn: self._burnt_in(drawn, frame))
        return picture

    def slate(self, frames: FrameRange, picture: Frame) -> Frame:
        """Return the slate of a clip, of the type of its frames; `picture` is the first of them."""
        drawn = draw_slate(
            self.look.full_size, self.take.shot, self._facts(frames), to_uint8(picture)[..., :3]
        )
        opaque = np.ones(drawn.shape[:2], np.float32)
        slate: Frame = to_float(drawn) if picture.dtype == np.float32 else drawn
        return with_alpha(slate, opaque) if picture.shape[2] == 4 else slate

    def _drawings(self, frame: int) -> Iterator[Callable[[NDArray[np.uint8]], NDArray[np.uint8]]]:
        """What is drawn over the picture of a frame, the lowest first."""
        take, look, index = self.take, self.look, self.take.index(frame)
        scale = look.size[0] / take.width, look.size[1] / take.height
        if look.onion:
            before, after = self._ghosts(frame)
            yield lambda drawn: draw_onion(drawn, before, after)
        if look.trails:
            keyed = [take.index(key) for key in self._keyed()]
            yield lambda drawn: draw_trails(drawn, take.handles, index, look.trails, scale, keyed)
        if look.overlay:
            mask = self._mask(frame)
            yield lambda drawn: draw_overlay(
                drawn, take.handles[index], take.targets[index], mask, scale=scale, lost=take.lost[index]
            )

    def _ghosts(self, frame: int) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
        """The pictures of the keys before and after a frame, the nearest first."""
        keyed = self._keyed()
        before = sorted((key for key in keyed if key < frame), reverse=True)[: self.look.onion]
        after = sorted(key for key in keyed if key > frame)[: self.look.onion]
        return [self._key(key) for key in before], [self._key(key) for key in after]

    def _key(self, key: int) -> NDArray[np.uint8]:
        if key not in self.keys:
            (picture,) = decode(self.take, self.generator, FrameRange(key, key))
            self.keys[key] = resize(picture, self.look.size)
        return self.keys[key]

    def _keyed(self) -> list[int]:
        """The keys that the take holds."""
        return sorted(key for key in (self.samples.keyed if self.samples else ()) if key in self.take.range)

    def _mask(self, frame: int) -> NDArray[np.float32] | None:
        if self.samples is None or self.samples.masks is None:
            return None
        return np.asarray(self.samples.masks[self.samples.frames.index(frame)], np.float32)

    def _burnt_in(self, picture: NDArray[np.uint8], frame: int) -> NDArray[np.uint8]:
        take, wanted, index = self.take, self.look.burn_in, self.take.index(frame)
        version = "" if self.look.version is None else f"v{self.look.version:03}"
        head = [take.shot if "shot" in wanted else "", version if "version" in wanted else ""]
        return draw_burn_in(
            picture,
            top_left=" ".join(filter(None, head)),
            top=self.look.date if "date" in wanted else "",
            top_right=str(frame) if "frame" in wanted else "",
            bottom_left=code_of(frame, take) if "timecode" in wanted else "",
            bottom_right=_error(take, index) if "error" in wanted else "",
        )

    def _facts(self, frames: FrameRange) -> dict[str, str]:
        take, look = self.take, self.look
        error = take.error[take.index(frames.first) : take.index(frames.last) + 1]
        character = take.settings["timeline"].get("character", {})
        seed = character.get("seed")
        name = str(take.settings["generator"]["name"])
        width, height = look.full_size
        told = {
            "show": look.show or "",
            "sequence": look.seq or "",
            "version": "" if look.version is None else f"v{look.version:03}",
            "frames": f"{frames} ({len(frames)})",
            "rate": f"{float(take.rate):.6g} fps",
            "timecode": code_of(frames.first, take),
            "size": f"{width} x {height}",
            "character": name if seed is None else f"{name}, seed {seed}",
            "error": f"max {error.max(initial=0.0):.2f} px",
        }
        if "date" in look.burn_in:
            told["date"] = look.date
        return {label: value for label, value in told.items() if value}


def clean_pictures(
    take: Take, generator: Generator, frames: FrameRange, look: Look, samples: Samples | None = None
) -> Iterator[tuple[int, Frame]]:
    """Yield the number and the picture of each frame, of the look's size and depth, with its alpha."""
    finisher = Finisher(take, generator, look, samples)
    for frame, picture in zip(frames, decode(take, generator, frames, deep=look.deep), strict=True):
        yield frame, finisher.clean(frame, picture)


def code_of(frame: int, take: Take) -> str:
    """A frame's timecode, with drop frames where its rate has them."""
    return timecode(frame, take.rate, drop=drops_frames(take.rate))


def _error(take: Take, index: int) -> str:
    lost = [name for name, gone in zip(take.names, take.lost[index], strict=True) if gone]
    error = f"{take.error[index].max(initial=0.0):.2f} px"
    return f"{error}, lost {', '.join(lost)}" if lost else error
