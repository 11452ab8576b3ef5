"""The text of a new timeline, with comments, for an artist to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from previz.timebase import FrameRange

__all__ = ["starter_text"]

# What moves, how far down in heights of the picture, and what holds still: the first that a picture has.
# Pictures of faces alone have no hands.
_FACE, _FIGURE = ("nose_tip", "eye_out_L", "eye_out_R"), ("navel", "ankle_L", "ankle_R")
_MOVED = {
    "hand_R": (-0.065, _FIGURE),
    "hand_L": (-0.065, _FIGURE),
    "chin": (0.05, _FACE + _FIGURE),
    "nose_tip": (0.05, _FACE + _FIGURE),
}
_PIN_LIMIT = 3


def starter_text(
    *,
    shot: str,
    checkpoint: str,
    seed: int,
    truncation: float,
    rate: Fraction,
    frames: FrameRange,
    canvas: tuple[int, int],  # width, height
    points: Mapping[str, tuple[float, float]],  # landmarks in view, canvas px
) -> str:
    """A valid YAML timeline with handles on landmarks of the picture; without any, one handle in the middle.

    Landmarks that it doesn't use follow as comments, ready to be moved up.
    """
    width, height = canvas
    moved = next((name for name in _MOVED if name in points), None)
    share, pins = _MOVED[moved] if moved else (0.05, ())
    pinned = [name for name in pins if name in points and name != moved][:_PIN_LIMIT]
    size = str(width) if width == height else f"[{width}, {height}]"
    lines = [
        f"# {shot}: a new timeline. See it with `previz render FILE`; every field: `previz schema`.",
        "previz: 1",
        f"shot: {shot}",
        f"fps: {_rate(rate)}",
        f"frames: {frames}",
        f"canvas: {size}                       # coordinates are pixels of a {width} x {height} picture",
        "character:",
        f"  checkpoint: {_quoted(checkpoint)}",
        f"  seed: {seed}                           # another seed is another picture to start from",
        f"  truncation: {truncation:g}                   # 0 is the average, 1 the whole variety",
        "handles:",
    ]
    down = round(share * height) or 1
    lines += _moving(moved or "point", points.get(moved or "", (width / 2, height / 2)), frames, down)
    if pinned:
        lines.append("  # pins hold what shall stay; take one away to let it follow")
    lines += [f"  {name}: {{at: {_place(points[name])}, pin: true}}" for name in pinned]
    rest = [name for name in points if name != moved and name not in pinned]
    if rest:
        lines.append("  # more landmarks of this picture, to be made handles:")
        lines += [f"  # {name}: {{at: {_place(points[name])}}}" for name in rest]
    if not points:
        lines.append(
            "  # previz knows no landmarks of this character: see where points are with `previz pick`"
        )
    lines += [
        "# to let only a part of the picture change:",
        f"# mask: {{ellipse: {{center: [{width / 2:g}, {height * 0.7:g}], "
        f"radius: [{width / 4:g}, {height / 5:g}]}}}}",
        "output: {size: 512}               # the clip goes to renders/; -o names another place",
    ]
    return "\n".join(lines) + "\n"


def _moving(name: str, at: tuple[float, float], frames: FrameRange, down: int) -> list[str]:
    """A handle that goes `down` so many px, holds, and comes back, on frames that the range has."""
    first, length = frames.first, len(frames) - 1
    stops = [first + round(length * share) for share in (0.0, 0.25, 0.6, 1.0)]
    moves = (
        (0, "where it starts"),
        (down, f"{abs(down)} px {'down' if down > 0 else 'up'}, fast at first"),
        (down, "the same place twice is a pause"),
        (0, "and back"),
    )
    eases = ("", ", ease: out-cubic", "", ", ease: in-out-sine")
    keys: dict[int, str] = {}
    for stop, (by, why), ease in zip(stops, moves, eases, strict=True):
        text = f"{{by: [0, {by}]{ease}}}"
        keys.setdefault(stop, f"      {stop}: {text:<34} # {why}")
    return [
        f"  {name}:",
        f"    at: {_place(at):<28} # where it is on the first frame",
        "    keys:                            # frame: how far from `at`, right and down",
        *keys.values(),
    ]


def _place(point: tuple[float, float]) -> str:
    return f"[{point[0]:.1f}, {point[1]:.1f}]"


def _rate(rate: Fraction) -> str:
    return str(rate.numerator) if rate.denominator == 1 else f"{rate.numerator}/{rate.denominator}"


def _quoted(text: str) -> str:
    """YAML's double quotes, where plain text might be read as something else."""
    plain = text.replace("_", "a").replace("-", "a").replace(".", "a").replace("/", "a")
    if plain.isalnum() and text[0].isalpha():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
