"""Removing what a list has left: kept frames of finished shots, logs, outputs, and the state itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from previz.animate import discard_partial, partial_folder
from previz.batch._database import transaction
from previz.batch._edit import edit_path
from previz.batch._report import REPORT
from previz.batch._results import INDEX
from previz.batch._rows import Row
from previz.batch._state import State
from previz.batch._sync import stored_plan
from previz.batch._types import BatchError
from previz.files import writing
from previz.media import is_sequence


def removable(state: State, everything: bool = False) -> tuple[Path, ...]:
    """What `clean` would remove, files and folders that are there.

    That is what interrupted solves have kept of shots that are done by now, and with `everything` all else
    that the list has written: outputs, logs, the report and the state.
    """
    rows = state.rows()
    found = list[Path]()
    for row in rows:
        partial = partial_folder(row.planned.outputs.take)
        if everything or row.status == "done":
            found += [partial]
        if everything:
            found += _files(row)
    if everything:
        place = state.path.parent
        found += [place / "logs", place / REPORT, place / INDEX, edit_path(stored_plan(state)), state.path]
    return tuple(path for path in dict.fromkeys(found) if path.exists())


def clean(state: State, everything: bool = False) -> tuple[Path, ...]:
    """Remove them, and return what was removed. Raises BatchError while a shot is being rendered."""
    with transaction(state.connection, state.path) as db:
        state.put_back(db)
    running = [row for row in state.rows() if row.status == "running"]
    if running:
        raise BatchError(
            f"{running[0].id} is being rendered by {running[0].host}:{running[0].pid}; stop it, or wait"
        )
    paths, folders = removable(state, everything), _folders(state.rows())
    for path in paths:
        with writing(path):
            if path.suffix == ".partial":
                discard_partial(path.with_suffix(".safetensors"))
            elif path.is_dir():
                shutil.rmtree(path)
            elif path != state.path:
                path.unlink()
    if everything:
        state.close()
        for path in (state.path, *(state.path.with_name(state.path.name + end) for end in ("-wal", "-shm"))):
            with writing(path):
                path.unlink(missing_ok=True)
        _remove_empty([*folders, state.path.parent])
    return paths


def _files(row: Row) -> Iterator[Path]:
    outputs = row.planned.outputs
    yield from (outputs.take, outputs.report, outputs.sheet, outputs.otio, outputs.last)
    if is_sequence(outputs.clip):
        yield from sorted(outputs.clip.parent.glob(outputs.clip.name.replace("####", "*")))
    else:
        yield outputs.clip


def _folders(rows: Iterable[Row]) -> list[Path]:
    return list(dict.fromkeys(folder for row in rows for folder in (row.planned.outputs.clip.parent,)))


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
