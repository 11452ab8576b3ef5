"""A plan as a POSIX shell script: a command a shot, those first that others wait for."""

from __future__ import annotations

import shlex
from graphlib import TopologicalSorter
from pathlib import Path

from previz.batch._types import PlannedShot, ShotPlan

_SCRIPT = """\
#!/bin/sh
# {count} of the list {name}, one after the other. Written by `previz batch export`.
#
#   sh {file}                  all of them
#   sh {file} SHOT...          only these, in the script's order
#
# PREVIZ=/opt/previz/bin/previz names another previz, PREVIZ_OPTIONS='--device cuda:0' goes to each command.
#
# It may be started on several machines at once, and again: a shot is rendered once, and what is done is
# skipped. Each line below may be a job of its own, after those that it names.
#
# Exit codes: 0 all shots are done; 1 a shot failed, or waits for a failed one (the others were rendered);
# 2 the list or the folder is at fault, or there is no such SHOT; 126, 127 previz can't be started;
# 130 interrupted. From 2 on the script has stopped there.

PREVIZ=${{PREVIZ:-previz}}
LIST={source}
FOLDER={folder}
cd {place} || exit 2
chosen=" $* "
found=0
worst=0

shot() {{
    case $chosen in
    "  " | *" $1 "*) ;;
    *) return 0 ;;
    esac
    found=1
    # shellcheck disable=SC2086  # options are words
    "$PREVIZ" batch run "$LIST" -o "$FOLDER" --jobs 1 --shot "$1" ${{PREVIZ_OPTIONS-}}
    code=$?
    [ "$code" -le 1 ] || exit "$code"
    [ "$code" -eq 0 ] || worst=1
}}

{shots}

if [ "$found" -eq 0 ]; then
    echo "$0: there is no such shot:$chosen" >&2
    exit 2
fi
exit "$worst"
"""


def shell_script(plan: ShotPlan, file: Path, place: Path, only: frozenset[str] | None = None) -> str:
    """The script, which is to be in `file`, and runs previz in the folder `place`.

    `only` are ids of the shots to export, with all that they wait for; None is all.
    """
    shots = [shot for shot in in_order(plan) if only is None or shot.id in only]
    lines = [
        f"shot {shlex.quote(shot.id)}{f'  # after {chr(32).join(shot.after)}' if shot.after else ''}"
        for shot in shots
    ]
    return _SCRIPT.format(
        count=f"{len(shots)} shot{'s' if len(shots) != 1 else ''}",
        name=plan.name,
        file=file.name,
        source=shlex.quote(str(plan.source)),
        folder=shlex.quote(str(plan.folder)),
        place=shlex.quote(str(place.absolute())),
        shots="\n".join(lines),
    )


def in_order(plan: ShotPlan) -> list[PlannedShot]:
    """Shots after those that they wait for; of those that could be next, the one of the highest priority."""
    sorter = TopologicalSorter({shot.id: shot.after for shot in plan.shots})
    sorter.prepare()
    position = {shot.id: (-shot.priority, place) for place, shot in enumerate(plan.shots)}
    found, ready = list[PlannedShot](), list(sorter.get_ready())
    while ready:
        ready.sort(key=lambda shot: position[shot])
        first = ready.pop(0)
        found.append(plan[first])
        sorter.done(first)
        ready += sorter.get_ready()
    return found
