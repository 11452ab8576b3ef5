"""Headers of facts, numbers and names, as previz writes them into text files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from previz.errors import CurvesError, PrevizError
from previz.geometry import Size
from previz.interchange._curves import PointCurves
from previz.interchange._tracks import ORIGINS, Origin
from previz.timebase import parse_rate

_FACT = re.compile(r"^#\s*(title|rate|size|origin)\s*:\s*(.*?)\s*$")
_SIZE = re.compile(r"^(\d{1,6})\s*[xX]\s*(\d{1,6})$")


@dataclass(frozen=True)
class Stated:
    """What a file says of itself; None where it says nothing."""

    size: Size | None = None
    rate: Fraction | None = None
    origin: Origin | None = None
    title: str = "curves"


def header(curves: PointCurves, origin: Origin) -> list[str]:
    """Comment lines that state all that the numbers below them need."""
    return [
        "# previz curves 1",
        f"# title: {curves.title}",
        f"# rate: {curves.rate}",
        f"# size: {curves.size[0]}x{curves.size[1]}",
        f"# origin: {origin}",
    ]


def read_header(lines: Iterable[str], name: str) -> Stated:
    """What the comment lines state. Raises CurvesError for a fact that makes no sense."""
    found = {match[1]: match[2] for line in lines if (match := _FACT.match(line))}
    return Stated(
        size=stated_size(found["size"], name) if "size" in found else None,
        rate=stated_rate(found["rate"], name) if "rate" in found else None,
        origin=stated_origin(found["origin"], name) if "origin" in found else None,
        title=found.get("title") or "curves",
    )


def stated_size(text: str, name: str) -> Size:
    """A size written as 1920x1080. Raises CurvesError."""
    match = _SIZE.match(text)
    if not match or not int(match[1]) or not int(match[2]):
        raise CurvesError(f"{name}: its size, {text!r}, is not a size such as 1920x1080")
    return int(match[1]), int(match[2])


def stated_rate(text: str, name: str) -> Fraction:
    """A frame rate. Raises CurvesError."""
    try:
        return parse_rate(text)
    except PrevizError as error:
        raise CurvesError(f"{name}: its rate: {error}") from None


def stated_origin(text: str, name: str) -> Origin:
    """An origin. Raises CurvesError."""
    for origin in ORIGINS:
        if text == origin:
            return origin
    raise CurvesError(f"{name}: its origin, {text!r}, is not {' or '.join(ORIGINS)}")


def decimal(value: float) -> str:
    """A coordinate with four decimals: a hundredth of what shows, and no negative zero."""
    return f"{round(value, 4) + 0.0:.4f}"


def plain_rate(rate: Fraction) -> str:
    """A rate as programs write it that know no fractions: 24, 23.976."""
    return f"{float(rate):.6g}"
