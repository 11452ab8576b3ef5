"""What a list leaves besides its shots: report.json, the sequence's .otio, and index.html."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from previz.batch._edit import write_sequence_edit
from previz.batch._hook_rows import hook_rows
from previz.batch._page import page
from previz.batch._report import list_report, write_report
from previz.batch._rows import Row
from previz.batch._state import State
from previz.batch._sync import stored_plan
from previz.batch._types import ShotPlan
from previz.errors import PrevizError
from previz.files import output_file, writing
from previz.media import is_sequence, read_still, sequence_numbers, sequence_path

INDEX = "index.html"
_SIDE = 384  # pixels of a thumbnail's longer side
_QUALITY = 82  # of its JPEG


@dataclass(frozen=True)
class Results:
    """The files that tell of a whole list."""

    index: Path
    report: Path
    otio: Path


def write_results(state: State) -> Results:
    """Write a list's report.json, .otio and index.html as it stands now, replacing the last ones.

    Raises OutputError where its folder can't be written, BatchError for a state without a list.
    """
    plan, rows, hooks = stored_plan(state), state.rows(), hook_rows(state)
    report = write_report(plan, rows, hooks)
    otio = write_sequence_edit(plan, rows)
    index = plan.folder / INDEX
    stills = {row.id: still for row in rows if (still := _still(row)) is not None}
    links = {row.id: _links(row, plan) for row in rows}
    text = page(list_report(plan, rows, hooks), stills, links, otio.name)
    with output_file(index, force=True) as temporary, writing(index):
        temporary.write_text(text, encoding="utf-8")
    return Results(index, report, otio)


def _still(row: Row) -> str | None:
    """A picture of a finished shot as a data: URI, None where its clip can't be read."""
    if row.status != "done":
        return None
    try:
        picture = Image.fromarray(read_still(row.planned.outputs.clip))
    except PrevizError:
        return None
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"


def _links(row: Row, plan: ShotPlan) -> dict[str, str]:
    """The shot's files that are there, as URLs from the list's folder; numbered pictures by their first."""
    found = {}
    for name, path in vars(row.planned.outputs).items():
        there = _first(path)
        if there is not None:
            place = there.relative_to(plan.folder) if there.is_relative_to(plan.folder) else None
            found[name] = there.as_uri() if place is None else quote(place.as_posix())
    return found


def _first(path: Path) -> Path | None:
    if not is_sequence(path):
        return path if path.is_file() else None
    try:
        return sequence_path(path, sequence_numbers(path)[0])
    except PrevizError:
        return None
