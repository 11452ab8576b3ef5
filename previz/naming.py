"""Names of outputs by a template, and versions of them that never replace each other."""

from __future__ import annotations

import difflib
import os
import re
import socket
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from previz.errors import OutputError, PrevizError

__all__ = [
    "NAME_FIELDS",
    "check_name",
    "claim_version",
    "earlier_versions",
    "fill_name",
    "has_version",
    "next_version",
]

NAME_FIELDS = ("show", "seq", "shot", "version", "character")
"""What a template may hold in braces."""

_SPEC = re.compile(r"0?\d?d?")  # how a version may be written: 03, 4, 03d
_FORBIDDEN = '/\\:*?"<>|'


def check_name(template: str) -> str:
    """Return `template` if it is one, such as "{show}_{shot}_v{version:03}"; raise PrevizError otherwise."""
    example = 'write it as "{show}_{seq}_{shot}_v{version:03}"'
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        raise PrevizError(f"{template!r} is not a name: its braces don't match; {example}") from None
    for literal, field, spec, conversion in parts:
        wrong = next((character for character in literal if character in _FORBIDDEN), None)
        if wrong is not None:
            raise PrevizError(f"a name has no {wrong!r} in it; folders belong to the path of the clip")
        if field is None:
            continue
        if field not in NAME_FIELDS:
            near = difflib.get_close_matches(field, NAME_FIELDS, n=1)
            hint = f"did you mean {{{near[0]}}}?" if near else f"known are {', '.join(NAME_FIELDS)}"
            raise PrevizError(f"{{{field}}} is not a field of a name; {hint}")
        if conversion or (spec and (field != "version" or not _SPEC.fullmatch(spec))):
            raise PrevizError(f"{{{field}:{spec}}} can't be filled in; {example}")
    if not parts or template.startswith("."):
        raise PrevizError(f"{template!r} is not a name; {example}")
    return template


def has_version(template: str) -> bool:
    """Tell whether a template has a place for the version."""
    return any(field == "version" for _, field, _, _ in string.Formatter().parse(template))


def fill_name(template: str, fields: Mapping[str, str | None], version: int | None = None) -> str:
    """Return the name that a template gives, without a suffix.

        fill_name("{shot}_v{version:03}", {"shot": "sh020"}, 3)  # sh020_v003

    Raises PrevizError for a template that isn't one, and for a field that it needs and that has no value.
    """
    check_name(template)
    return "".join(
        literal + _filled(field, spec, fields, version) for literal, field, spec in _parts(template)
    )


def next_version(folder: Path, template: str, fields: Mapping[str, str | None]) -> int:
    """Return the version after the highest for which there is anything in `folder`; 1 where there is none.

    Files and folders count by their names up to the first dot after the version, whatever their kind, and so
    do claims of renders that run now; what an interrupted solve has kept (.partial) does not.
    """
    return max(_versions(folder, template, fields, claims=True), default=0) + 1


@contextmanager
def claim_version(
    folder: Path, template: str, fields: Mapping[str, str | None], version: int | None = None
) -> Iterator[int]:
    """Hold a version while its outputs are made, so that no other render takes it, and yield it.

    `version` None is the next free one. The claim is a hidden file beside the outputs, created in one step,
    and removed when the block ends. Raises OutputError where a given version is claimed, or where the folder
    can't be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claim, number = _claim(folder, template, fields, version)
    except OSError as error:
        raise OutputError(f"{folder}: can't be written to: {error.strerror or error}") from error
    try:
        yield number
    finally:
        claim.unlink(missing_ok=True)


def earlier_versions(folder: Path, template: str, fields: Mapping[str, str | None]) -> list[int]:
    """The versions of which there is anything in `folder`, the latest first."""
    return sorted(_versions(folder, template, fields, claims=False), reverse=True)


def _claim(
    folder: Path, template: str, fields: Mapping[str, str | None], version: int | None
) -> tuple[Path, int]:
    number = version or next_version(folder, template, fields)
    while True:
        name = fill_name(template, fields, number)
        claim = folder / f".{name}.claim"
        try:
            with claim.open("x", encoding="utf-8") as file:
                file.write(f"{socket.gethostname()} {os.getpid()}\n")
        except FileExistsError:
            if version is not None:
                raise OutputError(
                    f"{folder / name} is being rendered already; if it isn't, remove {claim}"
                ) from None
            number += 1
            continue
        # Another render may have finished, and given its claim up, since the folder was looked at.
        if version is None and number in _versions(folder, template, fields, claims=False):
            claim.unlink()
            number += 1
            continue
        return claim, number


def _parts(template: str) -> Iterator[tuple[str, str | None, str]]:
    for literal, field, spec, _ in string.Formatter().parse(template):
        yield literal, field, spec or ""


def _filled(field: str | None, spec: str, fields: Mapping[str, str | None], version: int | None) -> str:
    if field is None:
        return ""
    if field == "version":
        if version is None:
            raise PrevizError("the name has a {version}, and none was given")
        return format(version, spec)
    value = fields.get(field)
    if not value:
        raise PrevizError(f"the name needs a {field}, and there is none; give one, `{field}: ...`")
    return value


def _versions(folder: Path, template: str, fields: Mapping[str, str | None], claims: bool) -> set[int]:
    """The versions of which there is anything in a folder; claims are hidden files of the same names."""
    name = "".join(
        re.escape(literal)
        + (r"(\d+)" if field == "version" else re.escape(_filled(field, spec, fields, None)))
        for literal, field, spec in _parts(template)
    )
    found = re.compile((r"\.?" if claims else "") + name + r"(?:\..*)?")
    entries = folder.iterdir() if folder.is_dir() else ()
    names = (entry.name for entry in entries if not entry.name.endswith(".partial"))
    return {int(match[1]) for name in names if (match := found.fullmatch(name))}
