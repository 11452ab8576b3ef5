"""Which shots wait for which: names resolved to takes, circles found, starts taken over."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from previz.batch._takes import ListedTake
from previz.batch._types import PlannedShot
from previz.errors import Problem

Pair = tuple[ListedTake, PlannedShot]


def resolve_waits(planned: list[Pair]) -> tuple[list[Pair], list[Problem]]:
    """The shots with the ids of those that they wait for and start from, and what is wrong with these.

    `after` may name a shot with a matrix, and means all of its takes; `start_from` then means the take of the
    same labels.
    """
    problems: list[Problem] = []
    by_id = {shot.id: shot for _, shot in planned}
    takes: dict[str, list[str]] = {}
    for _, shot in planned:
        takes.setdefault(shot.shot, []).append(shot.id)
    resolved = []
    for take, shot in planned:
        start = None
        if shot.start_from is not None:
            start = _start(take, shot, by_id, takes, problems)
        after = []
        for name in shot.after:
            if name not in by_id and name not in takes:
                message = f"there is no shot {name}; {near_names(name, (*takes, *by_id))}"
                problems.append(take.problem(message, "after"))
            after += takes.get(name, [name])
        waits = tuple(dict.fromkeys((*after, *([start] if start else []))))
        changed = replace(shot, after=waits, start_from=start)
        resolved.append((take, _starting(changed, by_id[start]) if start else changed))
    return resolved, problems or _circles(resolved)


def _start(
    take: ListedTake,
    shot: PlannedShot,
    by_id: Mapping[str, PlannedShot],
    takes: Mapping[str, list[str]],
    problems: list[Problem],
) -> str | None:
    """The id of the take that a shot starts from."""
    name = str(shot.start_from)
    of_same = name + shot.id.removeprefix(shot.shot)
    found = next((one for one in (name, of_same) if one in by_id), None)
    if found is None:
        message = f"there is no shot {name}; {near_names(name, (*takes, *by_id))}"
        if name in takes:
            message = f"{name} has {len(takes[name])} takes; name one: {', '.join(takes[name][:8])}"
        problems.append(take.problem(message, "start_from"))
        return None
    given = [change for change in take.changes if change.path == ("character", "seed")]
    if given:
        message = f"the shot starts from {found}'s last latent and from a seed; take one away"
        problems.append(given[-1].problem(message))
        return None
    other = by_id[found]
    if other.digest != shot.digest:
        message = f"{found} is of another character, {other.timeline['character']['checkpoint']}"
        problems.append(take.problem(message, "start_from"))
        return None
    return found


def _starting(shot: PlannedShot, other: PlannedShot) -> PlannedShot:
    """The shot with the latent that another one ends with in place of its own."""
    character = {key: value for key, value in shot.timeline["character"].items() if key != "seed"}
    character["latent"] = str(other.outputs.last)
    return replace(shot, timeline={**shot.timeline, "character": character})


def _circles(planned: Iterable[Pair]) -> list[Problem]:
    pairs = {shot.id: (take, shot) for take, shot in planned}
    try:
        TopologicalSorter({name: shot.after for name, (_, shot) in pairs.items()}).prepare()
    except CycleError as error:
        way = list(reversed(error.args[1]))
        take = pairs[way[0]][0]
        return [take.problem(f"waits in a circle: {' after '.join(way)}; take one of them out")]
    return []


def near_names(name: str, known: Iterable[str]) -> str:
    """What to say of a name that there isn't: the nearest one, or the first few."""
    names = list(dict.fromkeys(known))
    found = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else f"there are {', '.join(names[:8])}"
