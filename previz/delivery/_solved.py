"""What a take tells of the timeline that it was solved from."""

from __future__ import annotations

from previz.animate import Take
from previz.errors import PrevizError
from previz.timeline import Samples, Timeline, parse_timeline, sample_timeline


def take_version(take: Take) -> int | None:
    """The version that a take was rendered as, if its name had one."""
    version = take.settings.get("version")
    return version if isinstance(version, int) else None


def timeline_of(take: Take) -> tuple[Timeline, Samples, PrevizError | None]:
    """The timeline that a take was solved from, and its samples, for its keys and its mask.

    A mask whose picture is gone is left out, for the error that is returned.
    """
    timeline = dict(take.settings["timeline"])
    source = take.settings["source"]  # from where a picture's place is told
    without = None
    try:
        parsed = parse_timeline(timeline).placed(source)
        return parsed, sample_timeline(parsed, take.width, take.height), None
    except PrevizError as error:  # a picture of the mask that is gone
        without = error
    timeline.pop("mask", None)
    parsed = parse_timeline(timeline).placed(source)
    return parsed, sample_timeline(parsed, take.width, take.height), without
