"""Outputs are written beside their place and renamed into it; nothing is overwritten unasked."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from previz.errors import OutputError

__all__ = ["check_output", "output_file", "writing"]


def check_output(path: str | Path, force: bool = False) -> Path:
    """Return `path` if it may be written, making its folder where that is missing.

    Raises OutputError for a folder, for a path that exists already (unless `force`), and for a place that
    can't be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file in it")
    if path.exists() and not force:
        raise OutputError(f"{path} exists already; pass --force (force=True from Python) to replace it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: can't make its folder: {_reason(error)}") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: its folder can't be written to; choose another place")
    return path


@contextmanager
def output_file(path: str | Path, force: bool = False) -> Iterator[Path]:
    """Yield the name of a temporary file beside `path`, and rename it into place when the block succeeds.

    It is flushed to the disk first, and removed when the block raises, whatever it raises. It has the
    permissions of any file made here, also where the block puts another in its place. Raises what
    `check_output` does.
    """
    path = check_output(path, force)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    with writing(path):
        permissions = _create(temporary)
    try:
        yield temporary
        with writing(path):
            temporary.chmod(permissions)
            _flush(temporary)
            temporary.replace(path)
            if sys.platform != "win32":  # where a folder can't be opened
                _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an operating system error (disk full, no permission) into an OutputError that names `path`."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {_reason(error)}") from error


def _create(path: Path) -> int:
    """Make an empty file and return its permissions; the umask can't be asked for without changing it."""
    path.touch()
    return stat.S_IMODE(path.stat().st_mode)


def _flush(path: Path) -> None:
    """Have a file, or the names in a folder, put on the disk: a rename alone survives no power cut."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
