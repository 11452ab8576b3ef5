"""The hash of all that a shot's outputs depend on, by which a finished one is known."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from previz.animate import SOLVER_VERSION
from previz.generator import directions_file, find_checkpoint
from previz.timeline import find_beside

RENDER_VERSION = 1
"""Goes up when the same inputs no longer give the same pictures."""

_FILES = ("latent", "png", "file")  # fields of a timeline that name a file
_PATTERN = re.compile(r"#+|%0?\d*d|@+")


def hash_inputs(timeline: Mapping[str, Any], source: Path, digest: str, *others: object) -> str:
    """32 hexadecimal digits that change when the timeline, a file that it names, or any of the rest does.

    `digest` is the checkpoint's, `others` what else the outputs depend on, JSON-able.
    """
    files = {str(path): _digest_of(path) for path in _named_files(timeline, source)}
    output = {**timeline.get("output", {})}
    for name in ("video", "images"):  # where they lie changes nothing in them
        output[name] = Path(output[name]).name if output.get(name) else None
    values = {
        "timeline": {**timeline, "output": output},
        "files": sorted(files.values()),
        "checkpoint": digest,
        "versions": [SOLVER_VERSION, RENDER_VERSION],
        "others": others,
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:32]


def absolute_files(value: Any, source: Path) -> Any:
    """A timeline's plain data with the files that it names as absolute paths, where they are there."""
    if isinstance(value, Mapping):
        return {
            key: _absolute(item, source)
            if key in _FILES and isinstance(item, str)
            else absolute_files(item, source)
            for key, item in value.items()
        }
    return [absolute_files(item, source) for item in value] if isinstance(value, (list, tuple)) else value


def checkpoint_digest(checkpoint: str) -> tuple[str, str]:
    """A checkpoint's place, its absolute path, and the digest of its file and its directions.

    Raises CheckpointError.
    """
    path = find_checkpoint(checkpoint).absolute()
    named = directions_file(path)
    directions = _digest_of(named) if named.is_file() else ""
    return str(path), hashlib.sha256((_digest_of(path) + directions).encode()).hexdigest()[:32]


def _absolute(file: str, source: Path) -> str:
    found = find_beside(source, file)
    return str(found.absolute()) if found.is_file() else file


def _named_files(value: Any, source: Path, key: str = "") -> Iterator[Path]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _named_files(item, source, str(name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _named_files(item, source, key)
    elif isinstance(value, str) and key in _FILES:
        found = find_beside(source, value)
        if found.is_file():
            yield found
    elif isinstance(value, str) and key == "files" and _PATTERN.search(value):  # numbered pictures
        for folder in (source.parent, Path()):
            yield from sorted((folder / value).parent.glob(_PATTERN.sub("*", Path(value).name)))


def _digest_of(path: Path) -> str:
    facts = path.stat()
    return _digest(str(path), facts.st_size, facts.st_mtime_ns)


@functools.lru_cache(maxsize=4096)  # a file that has changed has another size or time
def _digest(path: str, size: int, changed: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
