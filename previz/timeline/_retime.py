"""Retiming: a timeline brought to another rate, length, range or speed without losing a key."""

from __future__ import annotations

from collections.abc import MutableMapping
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

from previz.errors import TimelineError
from previz.timebase import FrameRange, parse_rate
from previz.timeline._loading import parse_timeline
from previz.timeline._problems import Origin
from previz.timeline._reading import read_text
from previz.timeline._retime_map import TimeMap, plan
from previz.timeline._retime_walk import Retiming, expand_short_forms, own_items, retime_data
from previz.timeline._schema import Timeline
from previz.timeline._yaml import read_yaml


def retime(
    timeline: Timeline,
    *,
    rate: str | float | Fraction | None = None,
    length: int | None = None,
    frames: FrameRange | None = None,
    speed: float | None = None,
    nudge: bool = False,
) -> Timeline:
    """Return a timeline at another frame rate, or with another length, range of frames, or speed.

    With a `rate` alone keys keep their time, and go to the frame nearest to it: 23.976, 24, 25, 29.97 and 30
    into one another, exactly. `speed` 2 is twice as fast. With a `length` in frames, or a range of `frames`,
    the first and last frame stay the first and last. All that is time goes along: tangents, delays, blends,
    cycles, masks.

    Raises TimelineError where two keys come to stand on one frame, unless `nudge`, which moves one of them to
    the next free frame; PrevizError for nothing or too much to do.

    Example: `retime(load_timeline("timelines/smile.yaml"), rate=25)`
    """
    data = timeline.to_dict()
    new_rate = None if rate is None else parse_rate(rate)
    target, rates, time = plan(timeline.frames, timeline.rate, new_rate, length, frames, speed)
    _retime_in_place(data, Origin(timeline._name, data, None), target, rates, time, nudge)
    return parse_timeline(data, timeline._name).placed(timeline.source)


def retime_yaml(
    text: str,
    name: str,
    *,
    rate: Fraction | None = None,
    length: int | None = None,
    frames: FrameRange | None = None,
    speed: float | None = None,
    nudge: bool = False,
    source: Path | None = None,
) -> str:
    """Return the YAML text of a timeline retimed as by `retime`, with its comments, order and aliases.

    `name` stands for the file in problems, `source` is the file beside which others are looked for. Raises
    TimelineError for a timeline that isn't sound, and what `retime` does.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.util import load_yaml_guess_indent

    before = parse_timeline(text, name, source)
    target, rates, time = plan(before.frames, before.rate, rate, length, frames, speed)
    _, indent, offset = load_yaml_guess_indent(text)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100_000  # lines stay as long as they are
    if indent is not None:
        yaml.indent(mapping=2, sequence=indent, offset=offset or 0)
    data = yaml.load(text)
    document = read_yaml(text, name)
    _retime_in_place(data, Origin(name, document.data, document.marks), target, rates, time, nudge)
    written = StringIO()
    yaml.dump(data, written)
    parse_timeline(written.getvalue(), f"{name}, retimed", source)
    return written.getvalue()


def retime_file(
    path: str | Path,
    *,
    rate: Fraction | None = None,
    length: int | None = None,
    frames: FrameRange | None = None,
    speed: float | None = None,
    nudge: bool = False,
) -> str:
    """Return the text of a timeline's file retimed as by `retime`, with its comments, order and aliases.

    Names of files in it stay as they are. Raises what `load_timeline` and `retime` do.

    Example: `Path("smile_25.yaml").write_text(retime_file("smile.yaml", rate=Fraction(25)))`
    """
    text, name = read_text(Path(path), str(path)), str(path)
    return retime_yaml(
        text, name, rate=rate, length=length, frames=frames, speed=speed, nudge=nudge, source=Path(path)
    )


def _retime_in_place(
    data: MutableMapping[Any, Any],
    origin: Origin,
    target: FrameRange,
    rate: Fraction,
    time: TimeMap,
    nudge: bool,
) -> None:
    """Retime a timeline's data; raises TimelineError with all that can't be done, at its place."""
    expand_short_forms(data, time)
    walk = Retiming(time, nudge)
    retime_data(data, Timeline, walk)
    if walk.findings:
        raise TimelineError(dict.fromkeys(map(origin.problem, walk.findings)))
    data["frames"] = str(target)
    if "fps" in data:
        data["fps"] = written_rate(rate)
    elif rate != Timeline.model_fields["fps"].default:
        _insert_before(data, "frames", "fps", written_rate(rate))


def _insert_before(data: MutableMapping[Any, Any], before: str, name: str, value: Any) -> None:
    place = [key for key, _ in own_items(data)].index(before)
    if hasattr(data, "insert"):
        data.insert(place, name, value)
    else:
        data[name] = value


def written_rate(rate: Fraction) -> int | float | str:
    """A frame rate as one writes it: 25, 23.976, or 50/3 where no decimal means it."""
    if rate.denominator == 1:
        return int(rate)
    decimal = round(float(rate), 3)
    return decimal if parse_rate(decimal) == rate else str(rate)
