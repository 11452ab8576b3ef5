"""Solved frames on disk: one small file each while solving, so that a stop or a crash keeps them.

A frame's file is named after its input hash, so finding it by name is knowing that nothing it depends on
has changed; undoing an edit finds the older frames again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from previz.animate._record import ARRAYS, SCALARS, FrameRecord
from previz.animate._take import Take
from previz.errors import OutputError, PrevizError
from previz.files import output_file, writing

TAKE_SUFFIX = ".safetensors"
_LOCK = "lock"
_METADATA = "previz.frame"


def partial_folder(path: str | Path) -> Path:
    """The folder that keeps a take's frames while it is being solved.

    Example: `partial_folder("smile.take.safetensors")` is `smile.take.partial`.
    """
    return Path(path).with_suffix(".partial")


@dataclass(frozen=True)
class FrameStore:
    """Where solved frames are looked for and kept. Without a folder, nothing is kept."""

    folder: Path | None = None
    earlier: Mapping[str, FrameRecord] = field(default_factory=dict)

    def find(self, key: str) -> FrameRecord | None:
        """The frame with this input hash, or None. A damaged file counts as none."""
        kept = read_frame(self.folder / f"{key}.safetensors") if self.folder else None
        if kept is not None and kept.key == key:
            return kept
        return self.earlier.get(key)

    def keep(self, record: FrameRecord, frame: int) -> None:
        """Put a frame on the disk; when this returns, a crash no longer loses it."""
        if self.folder is not None:
            write_frame(self.folder / f"{record.key}.safetensors", record, frame)


@contextmanager
def open_store(resume: str | Path | None) -> Iterator[FrameStore]:
    """Open the store behind the `resume` of `solve`, for one process at a time.

    `resume` is a take's file, `x.take.safetensors`, which need not exist: its frames are reused, and frames
    are kept in `x.take.partial` beside it. Or it is a folder to keep them in. Raises OutputError where
    another process is using the folder, or where it can't be made.
    """
    if resume is None:
        yield FrameStore()
        return
    resume = Path(resume)
    if resume.suffix == TAKE_SUFFIX:
        folder, earlier = partial_folder(resume), _frames_of_take(resume)
    else:
        folder, earlier = resume, {}
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file, and frames are kept in a folder")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        yield FrameStore(folder, earlier)


def discard_partial(path: str | Path) -> None:
    """Remove what a solve kept beside the take at `path`, once the take itself has been saved.

    Files that a solve did not write stay, and the folder with them. Raises OutputError while a solve uses it.
    """
    folder = partial_folder(path)
    if not folder.is_dir():
        return
    with _locked(folder), writing(folder):
        for file in folder.glob("*.safetensors"):
            file.unlink()
    (folder / _LOCK).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # The system drops the lock when its process dies, however it dies: there are no stale locks to clear.
    lock = FileLock(folder / _LOCK, timeout=0)
    with writing(folder):
        try:
            lock.acquire()
        except Timeout:
            raise OutputError(
                f"{folder} is in use by another previz that is solving; wait for it, or choose another output"
            ) from None
    try:
        yield
    finally:
        lock.release()


def _frames_of_take(path: Path) -> dict[str, FrameRecord]:
    if not path.is_file():
        return {}
    try:
        take = Take.load(path)
    except PrevizError:  # nothing to reuse; that it is in the way is for the one who saves to say
        return {}
    before = () if take.unsmoothed is None else take.unsmoothed.records()
    return {record.key: record for record in (*take.records(), *before)}


def write_frame(path: Path, record: FrameRecord, frame: int) -> None:
    """Write a solved frame; the frame number is for a reader only. Raises OutputError."""
    arrays = {name: getattr(record, name) for name in ARRAYS}
    values = {name: getattr(record, name) for name in SCALARS}
    values |= {"frame": frame, "checksum": _checksum(record)}
    content = save(arrays, metadata={_METADATA: json.dumps(values)})
    with output_file(path, force=True) as temporary, writing(path):
        temporary.write_bytes(content)


def read_frame(path: Path) -> FrameRecord | None:
    """Read a solved frame, or return None where it is missing or damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
            values = json.loads(file.metadata()[_METADATA])
        record = FrameRecord(**arrays, **{name: values[name] for name in SCALARS})
        return record if values["checksum"] == _checksum(record) else None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def _checksum(record: FrameRecord) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(getattr(record, name).tobytes())
    return digest.hexdigest()
