"""Smoothing a take that was solved before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from previz.animate._asked import one_at_a_time
from previz.animate._decode import check_generator
from previz.animate._events import SolveCallback
from previz.animate._prepare import prepare
from previz.animate._smoothing import smooth_records, smoothing_of, with_smoothed
from previz.animate._store import open_store
from previz.animate._take import Take
from previz.animate._threads import cpu_threads
from previz.errors import SolveError
from previz.generator import Generator
from previz.timeline import Timeline, parse_timeline


def smooth_take(
    take: Take,
    generator: Generator,
    window: float | str = 7,
    passes: int = 2,
    callback: SolveCallback | None = None,
    resume: str | Path | None = None,
) -> Take:
    """Smooth the path of a take's latents, and bring its handles back to their targets after it.

    The result is the one that `solver: {smooth: …}` gives in a timeline. Handles end within the tolerance, or
    no farther off than they were. A take that was smoothed already is smoothed anew, from what was solved.

    Args:
        take: what `solve` returned.
        generator: the one that it was solved with.
        window: over how many frames, or seconds as text: "0.25s".
        passes: how often to smooth and bring back.
        callback: told what happens (`FramesSmoothed`).
        resume: where work is kept meanwhile, as in `solve`.

    Raises:
        SolveError: another generator than the take's, a window that smooths nothing, or no handles.
        TimelineError: what the take's timeline names is gone, or the window is none.

    Example: `smooth_take(take, generator, "0.3s").save("smile.smooth.take.safetensors")`.
    """
    check_generator(take, generator)
    solved = take if take.unsmoothed is None else take.unsmoothed
    settings = _with_smoothing(solved.settings, window, passes)
    timeline = _timeline(settings)
    smoothing = smoothing_of(timeline.solver.smooth, timeline.rate, len(take.names))
    if smoothing is None:
        reason = f"a window of {window} smooths nothing; give 2 frames or more"
        raise SolveError(
            reason if take.names else "the take has no handles, and what was not dragged is smooth"
        )
    threads = int(settings["threads"])
    with cpu_threads(threads), open_store(resume) as store:
        shot = prepare(timeline, generator, threads)
        emit = callback or (lambda event: None)
        records = one_at_a_time(smooth_records(shot, solved.records(), smoothing, store, emit))
    return with_smoothed(replace(solved, settings=settings), records[: len(take)], smoothing)


def _with_smoothing(settings: dict[str, Any], window: float | str, passes: int) -> dict[str, Any]:
    """The settings of a take that is smoothed like this: its timeline asks for it."""
    timeline = dict(settings["timeline"])
    smooth = {"window": window, "passes": passes}
    timeline["solver"] = {**timeline.get("solver", {}), "smooth": smooth}
    return {name: value for name, value in settings.items() if name != "smoothing"} | {"timeline": timeline}


def _timeline(settings: dict[str, Any]) -> Timeline:
    """The timeline of a take, which looks for its files where it did."""
    source = Path(settings["source"]) if settings["source"] else None
    return parse_timeline(settings["timeline"], "the take's timeline", source)
