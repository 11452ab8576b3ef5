"""A plan as a file, for machines that render a list as it was when the plan was made."""

from __future__ import annotations

import json
from pathlib import Path

import previz
from previz.batch._types import BatchError, PlannedShot, ShotPlan
from previz.files import output_file, writing

_FORMAT = 1
_FIELDS = ("name", "source", "show", "sequence", "folder", "stale_after", "shared")


def write_plan(plan: ShotPlan, path: str | Path, force: bool = False) -> Path:
    """Write a plan as JSON. Raises OutputError."""
    path = Path(path)
    told = {name: getattr(plan, name) for name in _FIELDS}
    shots = [shot.to_dict() for shot in plan.shots]
    data = {"previz": previz.__version__, "plan": _FORMAT, **told, "shots": shots}
    with output_file(path, force) as temporary, writing(path):
        temporary.write_text(json.dumps(data, indent=1, default=str) + "\n", encoding="utf-8")
    return path


def read_plan(path: str | Path) -> ShotPlan:
    """Read a plan that `write_plan` wrote. Raises BatchError for anything else."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BatchError(f"{path}: can't be read: {error.strerror or error}") from None
    except ValueError:
        raise BatchError(f"{path}: is no plan; `previz batch export` writes one") from None
    if not isinstance(data, dict) or "plan" not in data:
        raise BatchError(f"{path}: is no plan; `previz batch export` writes one")
    if data["plan"] != _FORMAT:
        raise BatchError(f"{path}: is the plan of another previz, {data.get('previz')}; export it again")
    try:
        fields = {name: data[name] for name in _FIELDS}
        fields |= {"source": Path(data["source"]), "folder": Path(data["folder"])}
        return ShotPlan(**fields, shots=tuple(map(PlannedShot.from_dict, data["shots"])))
    except (KeyError, TypeError, ValueError) as error:
        raise BatchError(f"{path}: is no plan that can be used: {error}; export it again") from None
