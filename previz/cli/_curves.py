"""What `previz curves` does: read, bring to another rate or size, write, and tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from previz import FrameRange, Take, Timeline, load_generator, load_timeline, parse_rate
from previz.errors import CurvesError, PrevizError
from previz.files import check_output
from previz.interchange import (
    FORMATS,
    ORIGINS,
    FaceMapping,
    Facts,
    Imported,
    Origin,
    PointCurves,
    Shape,
    curves_from_take,
    curves_from_timeline,
    find_format,
    fit_to,
    handle_names,
    parse_mapping,
    read_curves,
    timeline_of_curves,
    timeline_with_curves,
    write_curves,
    write_timeline,
)

GivenSize = int | tuple[int, int] | None


@dataclass(frozen=True)
class ExportOptions:
    """The command line of an export; None leaves a choice to the source or the format."""

    what: str | None = None
    frames: FrameRange | None = None
    format: str | None = None
    fps: str | None = None
    size: GivenSize = None
    origin: str | None = None
    only: tuple[str, ...] = ()
    force: bool = False


@dataclass(frozen=True)
class ImportOptions:
    """The command line of an import; None leaves a choice to the file or the timeline."""

    onto: Path | None = None
    character: str | None = None
    seed: int | None = None
    names: tuple[str, ...] = ()
    mapping: Path | None = None
    first_frame: int | None = None
    relative: bool = False
    shape: Shape = "keys"
    tolerance: float = 0.0
    format: str | None = None
    fps: str | None = None
    size: GivenSize = None
    origin: str | None = None
    only: tuple[str, ...] = ()
    force: bool = False


def export_curves(source: Path, output: Path, options: ExportOptions) -> dict[str, Any]:
    """Write the file, and return what was done. Raises a PrevizError of any kind."""
    name = find_format(output, options.format)
    check_output(output, options.force)
    curves = _source(source, options.what)
    if options.frames is not None:
        curves = curves.part(options.frames)
    if options.only:
        curves = curves.only(options.only)
    if options.fps is not None:
        curves = curves.resampled(_rate(options.fps))
    if options.size is not None:
        curves = curves.resized(_scaled(curves.size, options.size))
    write_curves(curves, output, name, _origin(options.origin), options.force)
    hints = []
    if name == "ae":
        points = (f"Point Control {index} is {point}" for index, point in enumerate(curves.names, 1))
        hints.append("; ".join(points))
    return {"file": str(output), "format": name, **_told(curves, str(output)), "hints": hints}


def import_curves(file: Path, output: Path, options: ImportOptions) -> dict[str, Any]:
    """Write the timeline, and return what was done. Raises a PrevizError of any kind."""
    check_output(output, options.force)
    timeline = None if options.onto is None else load_timeline(options.onto)
    _check_choice(options, timeline)
    canvas = None if timeline is None else _canvas(timeline)
    found = _read(file, options, timeline)
    curves = found.curves.only(options.only) if options.only else found.curves
    curves = handle_names(curves, _names(options.names))
    notes = found.notes
    if timeline is None:
        data = timeline_of_curves(
            curves, options.character or "", options.seed or 0, options.shape, options.tolerance
        )
    else:
        curves, cut = fit_to(timeline, curves, canvas, options.relative)
        data = timeline_with_curves(timeline, curves, options.shape, options.tolerance)
        notes = (*notes, *cut)
    about = f"Handles {', '.join(curves.names)}: the tracks of {file.name}."
    written = write_timeline(data, output, about, options.force)
    keys = {name: _key_count(written, name) for name in curves.names}
    told = _told(curves, str(output))
    counted = ", ".join(f"{name} {'pinned' if count == 0 else count}" for name, count in keys.items())
    return {
        "timeline": str(output),
        **told,
        "keys": keys,
        "notes": list(notes),
        "summary": f"{told['summary']}; keys: {counted}",
    }


def list_formats() -> list[dict[str, Any]]:
    """Every format, as a row."""
    rows = []
    for name, found in FORMATS.items():
        reads = found.read is not None or name == "livelink"
        writes = found.write is not None or found.places is not None
        use = " and ".join(word for word, can in (("read", reads), ("write", writes)) if can)
        origin = "any" if found.places is not None else found.origin
        rows.append(
            {"name": name, "use": use, "endings": list(found.endings), "origin": origin, "about": found.about}
        )
    return rows


def _source(path: Path, what: str | None) -> PointCurves:
    if path.suffix == ".safetensors":
        return curves_from_take(Take.load(path), "targets" if what == "targets" else "tracked")
    timeline = load_timeline(path)
    if what == "tracked":
        raise CurvesError(f"{path}: a timeline has no tracked handles; render it, and name its take")
    return curves_from_timeline(timeline, _canvas(timeline))


def _canvas(timeline: Timeline) -> tuple[int, int]:
    """The timeline's canvas, else its character's picture, which takes a moment to load."""
    if timeline.canvas is not None:
        return timeline.canvas
    generator = load_generator(timeline.checkpoint)
    return generator.width, generator.height


def _check_choice(options: ImportOptions, timeline: Timeline | None) -> None:
    if timeline is None and options.character is None:
        raise CurvesError(
            "a new timeline needs a character: name one with --character, or a timeline with --onto"
        )
    if timeline is None and options.relative:
        raise CurvesError("--relative needs a timeline that says where the handles start: --onto TIMELINE")
    if timeline is not None and (options.character is not None or options.seed is not None):
        raise CurvesError("--character and --seed are for a new timeline; --onto has its own")


def _read(file: Path, options: ImportOptions, timeline: Timeline | None) -> Imported:
    """The file's curves; one without frame numbers of its own starts on the timeline's first frame."""
    first = options.first_frame
    facts = Facts(
        size=options.size if not isinstance(options.size, int) else (options.size, options.size),
        rate=None if options.fps is None else _rate(options.fps),
        origin=_origin(options.origin),
        first_frame=first,
    )
    mapping = None if options.mapping is None else _mapping(options.mapping)
    rest = {}
    if timeline is not None and mapping is not None:
        width, height = _canvas(timeline)
        scale = mapping.picture[0] / width, mapping.picture[1] / height
        rest = {name: (h.at[0] * scale[0], h.at[1] * scale[1]) for name, h in timeline.handles.items()}
    found = read_curves(file, options.format, facts, mapping, rest)
    if timeline is not None and first is None and found.frames_are_free:
        return Imported(found.curves.starting_at(timeline.frames.first), found.notes, True)
    return found


def _mapping(path: Path) -> FaceMapping:
    try:
        return parse_mapping(path.read_text(encoding="utf-8-sig"), str(path))
    except FileNotFoundError:
        raise CurvesError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CurvesError(f"{path}: can't be read: {error}") from None


def _names(mapped: tuple[str, ...]) -> dict[str, str]:
    pairs = [entry.rpartition("=") for entry in mapped]
    for entry, (track, _, handle) in zip(mapped, pairs, strict=True):
        if not track or not handle:
            raise CurvesError(f"--map {entry}: is written as TRACK=HANDLE")
    return {track.strip(): handle.strip() for track, _, handle in pairs}


def _rate(text: str) -> Any:
    try:
        return parse_rate(text)
    except PrevizError as error:
        raise CurvesError(f"--fps: {error}") from None


def _origin(text: str | None) -> Origin | None:
    return next((origin for origin in ORIGINS if origin == text), None)


def _scaled(size: tuple[int, int], wanted: int | tuple[int, int]) -> tuple[int, int]:
    """The size asked for; one number is the longer side."""
    if not isinstance(wanted, int):
        return wanted
    share = wanted / max(size)
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _key_count(timeline: Timeline, name: str) -> int:
    handle = timeline.handles[name]
    return len(handle.keys or handle.timing or ())


def _told(curves: PointCurves, path: str) -> dict[str, Any]:
    width, height = curves.size
    points = f"{len(curves.names)} point{'s' if len(curves.names) > 1 else ''}"
    time = f"{len(curves)} frames ({curves.range}) at {curves.rate} fps"
    return {
        "points": list(curves.names),
        "frames": str(curves.range),
        "frame_count": len(curves),
        "rate": str(curves.rate),
        "size": [width, height],
        "summary": f"{path}: {points} ({', '.join(curves.names)}), {time}, {width}x{height}",
    }
