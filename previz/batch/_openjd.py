"""A plan as an Open Job Description template (2023-09), which farms' managers take: three steps a shot.

The format is at https://github.com/OpenJobDescription/openjd-specifications.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from previz.batch._types import PlannedShot, Resources, ShotPlan
from previz.timebase import FrameRange

_MOST_CHUNKS = 1024  # values of a task parameter
_MOST_NAME = 64  # characters of a step's
_MOST_TITLE = 128  # characters of a job's


def openjd_template(
    plan: ShotPlan, plan_file: Path, chunk: int = 1, only: frozenset[str] | None = None
) -> dict[str, Any]:
    """The job template of a plan that is in `plan_file`, beside the template; JSON-able.

    A shot is solved in one task, decoded in a task for each `chunk` frames, and encoded in one. A shot that
    starts from another waits for that one's solve, one that comes after others for all of them. What shots
    take of a machine are the steps' host requirements. `only` are ids of the shots to export, with all that
    they wait for; None is all.
    """
    shots = [shot for shot in plan.shots if only is None or shot.id in only]
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": f"previz {plan.name}".replace("{{", "{ {")[:_MOST_TITLE],
        "description": f"{len(shots)} shots of {plan.source.name}, to {plan.folder}",
        "parameterDefinitions": _parameters(plan_file),
        "steps": [step for shot in shots for step in _steps(shot, chunk)],
    }


def chunks(frames: FrameRange, size: int) -> list[str]:
    """Frames in ranges of `size`, the last one shorter; larger ones where there would be too many.

    Example: `chunks(FrameRange(1001, 1005), 2)` is `["1001-1002", "1003-1004", "1005"]`.
    """
    size = max(size, math.ceil(len(frames) / _MOST_CHUNKS))
    firsts = range(frames.first, frames.last + 1, size)
    return [str(FrameRange(first, min(first + size - 1, frames.last))) for first in firsts]


def _parameters(plan_file: Path) -> list[dict[str, Any]]:
    return [
        {
            "name": "Plan",
            "type": "PATH",
            "objectType": "FILE",
            "dataFlow": "IN",
            "default": plan_file.name,
            "description": "What is rendered: the plan that was exported with this template.",
        },
        {"name": "Previz", "type": "STRING", "default": "previz", "description": "The command on a worker."},
        {
            "name": "Device",
            "type": "STRING",
            "default": "auto",
            "description": "What shots are solved and decoded on: auto, cpu, cuda.",
        },
        {
            "name": "Threads",
            "type": "INT",
            "default": 1,
            "minValue": 1,
            "description": "That a CPU solves with; another number changes the last bits.",
        },
    ]


def _steps(shot: PlannedShot, chunk: int) -> list[dict[str, Any]]:
    solve, decode, encode = (_name(shot.id, what) for what in ("solve", "decode", "encode"))
    device = "cpu" if shot.resources.gpus == 0 else "{{Param.Device}}"
    waits = [_name(other, "solve" if other == shot.start_from else "encode") for other in shot.after]
    frames = {"name": "Frames", "type": "STRING", "range": chunks(shot.frames, chunk)}
    return [
        {
            "name": solve,
            **_after(waits),
            **_action("solve", shot.id, device, "--threads", "{{Param.Threads}}"),
            **_requirements(shot.resources),
        },
        {
            "name": decode,
            **_after([solve]),
            "parameterSpace": {"taskParameterDefinitions": [frames]},
            **_action("decode", shot.id, device, "--frames={{Task.Param.Frames}}"),
            **_requirements(shot.resources),
        },
        {"name": encode, **_after([decode]), **_action("encode", shot.id, "cpu")},
    ]


def _after(steps: Iterable[str]) -> dict[str, Any]:
    waits = [{"dependsOn": step} for step in steps]
    return {"dependencies": waits} if waits else {}


def _action(what: str, shot: str, device: str, *more: str) -> dict[str, Any]:
    arguments = ["batch", what, "{{Param.Plan}}", shot, "--device", device, *more]
    return {"script": {"actions": {"onRun": {"command": "{{Param.Previz}}", "args": arguments}}}}


def _requirements(resources: Resources) -> dict[str, Any]:
    """What a host must have; gigabytes are told in the specification's MiB."""
    amounts = [{"name": "amount.worker.vcpu", "min": resources.cpus}]
    if resources.gpus:
        amounts.append({"name": "amount.worker.gpu", "min": math.ceil(resources.gpus)})
    if resources.memory_gb:
        amounts.append({"name": "amount.worker.memory", "min": math.ceil(resources.memory_gb * 1e9 / 2**20)})
    return {"hostRequirements": {"amounts": amounts}}


def _name(shot: str, what: str) -> str:
    """A step's name; a long one of a shot is cut, and ends in digits of its own."""
    room = _MOST_NAME - len(what) - 1
    if len(shot) > room:
        shot = f"{shot[: room - 9]}-{hashlib.sha256(shot.encode()).hexdigest()[:8]}"
    return f"{shot}-{what}"
