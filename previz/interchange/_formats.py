"""The formats by name, which of them a file is, and files read and written in any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from previz.errors import CurvesError
from previz.files import output_file, writing
from previz.interchange._after_effects import (
    MAGIC,
    read_after_effects,
    write_after_effects,
    write_after_effects_position,
)
from previz.interchange._blender import write_blender, write_blender_back
from previz.interchange._curves import PointCurves
from previz.interchange._json import read_json, write_json
from previz.interchange._livelink import FaceMapping, read_livelink
from previz.interchange._nuke import read_nuke, write_nuke
from previz.interchange._table import read_csv, table_header, write_csv, write_csv_long
from previz.interchange._trackers import (
    read_ascii,
    read_equalizer,
    read_pftrack,
    read_syntheyes,
    write_ascii,
    write_equalizer,
    write_pftrack,
    write_syntheyes,
)
from previz.interchange._tracks import Facts, Imported, Origin

MAX_BYTES = 200_000_000

Reader = Callable[[str, Facts, str], Imported]
Writer = Callable[[PointCurves], str]
OriginWriter = Callable[[PointCurves, Origin], str]


@dataclass(frozen=True)
class Format:
    """A kind of file: what it is, the ends of its name, and how it is read and written, where it can be.

    `places` writes a format whose origin may be chosen; `origin` is the one it has otherwise.
    """

    about: str
    endings: tuple[str, ...]
    read: Reader | None = None
    write: Writer | None = None
    places: OriginWriter | None = None
    origin: Origin = "top-left"


FORMATS: Mapping[str, Format] = {
    "nuke": Format(
        "Nuke script with a Tracker4 node; animated positions of any script or copied curves",
        (".nk",),
        read_nuke,
        write_nuke,
        origin="bottom-left",
    ),
    "ae": Format(
        "After Effects keyframe data (the clipboard's text), one Point Control a point",
        (".txt",),
        read_after_effects,
        write_after_effects,
    ),
    "ae-position": Format(
        "After Effects keyframe data, the position of one layer",
        (".txt",),
        read_after_effects,
        write_after_effects_position,
    ),
    "blender": Format("Blender script that makes animated empties", (".py",), None, write_blender),
    "blender-csv": Format("Blender script that writes empties as CSV", (".py",), None, write_blender_back),
    "csv": Format("a row a frame, or a row a point and frame", (".csv", ".tsv"), read_csv, None, write_csv),
    "csv-long": Format("a row a point and frame", (".csv", ".tsv"), read_csv, None, write_csv_long),
    "json": Format("all facts and positions, for a program", (".json",), read_json, None, write_json),
    "ascii": Format(
        "lines of name, frame, x and y", (".txt",), read_ascii, None, write_ascii, origin="bottom-left"
    ),
    "3de": Format(
        "3DEqualizer 4 2D tracks", (".txt",), read_equalizer, write_equalizer, origin="bottom-left"
    ),
    "pftrack": Format("PFTrack tracks", (".2dt",), read_pftrack, write_pftrack, origin="bottom-left"),
    "syntheyes": Format("SynthEyes 2-D tracker paths", (".txt",), read_syntheyes, write_syntheyes),
    "livelink": Format("Live Link Face recording, with a mapping file", (".csv",)),
}
"""Every format by the name that `--format` takes; an ending means the first that has it."""

_AMBIGUOUS = (".txt",)


def find_format(path: str | Path, name: str | None = None) -> str:
    """The name of the format to write a file in: the one named, else the one its ending means.

    Raises CurvesError for a format that isn't known or can't be written, and for an ending that means none,
    or several.
    """
    path = Path(path)
    if name is None:
        ending = path.suffix.lower()
        fitting = [format_name for format_name, found in FORMATS.items() if ending in found.endings]
        if not fitting:
            raise CurvesError(f"{path}: {_ending(path)} is no format's; choose one with --format: {_known()}")
        if ending in _AMBIGUOUS:
            raise CurvesError(f"{path}: {ending} may be {_or(fitting)}; say which with --format")
        name = fitting[0]
    return _known_format(name)


def write_curves(
    curves: PointCurves,
    path: str | Path,
    format: str | None = None,  # noqa: A002  the option's name
    origin: Origin | None = None,
    force: bool = False,
) -> Path:
    """Write curves to a file, in the format named or the one that its ending means, and return the path.

    Raises CurvesError for a format that isn't known or has another origin, OutputError for a file that exists
    (unless `force`).

    Example: `write_curves(curves_from_take(take), "smile.nk")`.
    """
    path = Path(path)
    name = find_format(path, format)
    found = FORMATS[name]
    if found.places is not None:
        text = found.places(curves, origin or found.origin)
    elif found.write is None:
        raise CurvesError(f"{path}: {name} is only read, not written")
    elif origin not in (None, found.origin):
        raise CurvesError(f"{path}: --origin {origin}: the origin of {name} is always {found.origin}")
    else:
        text = found.write(curves)
    with output_file(path, force) as temporary, writing(path):
        temporary.write_text(text, encoding="utf-8", newline="")
    return path


def read_curves(
    path: str | Path,
    format: str | None = None,  # noqa: A002  the option's name
    facts: Facts | None = None,
    mapping: FaceMapping | None = None,
    rest: Mapping[str, tuple[float, float]] | None = None,
) -> Imported:
    """Read curves from a file; the format is the one named, else what its ending and content tell.

    `facts` are what is known of the file from elsewhere, and count before what it states; `mapping` and
    `rest` are for a Live Link Face recording. Raises CurvesError for what can't be read, or isn't known.

    Example: `read_curves("tracks.nk", facts=Facts(size=(1920, 1080), rate=Fraction(24))).curves`.
    """
    path, facts = Path(path), facts or Facts()
    text = _read_text(path)
    name = guess_format(path, text) if format is None else _known_format(format)
    found = _parse(path, text, name, facts, mapping, rest)
    if found.curves.title != "curves":
        return found
    return replace(found, curves=replace(found.curves, title=path.stem))


def _parse(
    path: Path,
    text: str,
    name: str,
    facts: Facts,
    mapping: FaceMapping | None,
    rest: Mapping[str, tuple[float, float]] | None,
) -> Imported:
    if name == "livelink":
        if mapping is None:
            raise CurvesError(
                f"{path}: a Live Link Face recording needs a mapping file; name it with --mapping"
            )
        return read_livelink(text, mapping, facts, str(path), rest)
    reader = FORMATS[name].read
    if reader is None:
        raise CurvesError(f"{path}: a Blender script is only written; run it in Blender, and import its CSV")
    return reader(text, facts, str(path))


def guess_format(path: str | Path, text: str) -> str:
    """The format of a file by what is in it, else by the ending of its name. Raises CurvesError."""
    path = Path(path)
    if text.lstrip().startswith(MAGIC):
        return "ae"
    if path.suffix.lower() in (".csv", ".tsv"):
        return "livelink" if table_header(text)[:1] == ["timecode"] else "csv"
    if "# previz curves" in text[:200] and path.suffix.lower() == ".txt":
        return "ascii"
    return find_format(path)


def _read_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise CurvesError(f"{path}: is a folder, not a file of curves")
        if path.stat().st_size > MAX_BYTES:
            raise CurvesError(
                f"{path}: is larger than {MAX_BYTES // 1_000_000} MB; that is no file of curves"
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise CurvesError(f"{path}: there is no such file") from None
    except OSError as error:
        raise CurvesError(f"{path}: can't be read: {error.strerror}") from None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise CurvesError(f"{path}: is not UTF-8 text") from None


def _known_format(name: str) -> str:
    if name not in FORMATS:
        raise CurvesError(f"there is no format {name!r}; there are {_known()}")
    return name


def _known() -> str:
    return ", ".join(FORMATS)


def _or(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _ending(path: Path) -> str:
    return path.suffix or "no ending"
