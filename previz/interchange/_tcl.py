"""As much of a Nuke script's syntax as its curves take: words, quotes and braces, a level at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from previz.errors import CurvesError


@dataclass(frozen=True)
class Element:
    """A word, or what stands in quotes or braces, without them; `line` is where it starts in the file."""

    text: str
    braced: bool
    line: int


def elements(text: str, name: str, line: int = 1) -> Iterator[Element]:
    """Yield the elements of a list. Raises CurvesError for a brace or quote that is never closed."""
    position, length = 0, len(text)
    while position < length:
        character = text[position]
        if character.isspace() or character == ";":
            line += character == "\n"
            position += 1
            continue
        if character == "{":
            end = _closing_brace(text, position, name, line)
            yield Element(text[position + 1 : end], True, line)
        elif character == '"':
            end = _closing_quote(text, position, name, line)
            yield Element(text[position + 1 : end].replace('\\"', '"'), False, line)
        else:
            end = position
            while end + 1 < length and not text[end + 1].isspace() and text[end + 1] not in "{}":
                end += 1
            yield Element(text[position : end + 1], False, line)
        line += text.count("\n", position, end + 1)
        position = end + 1


def _closing_brace(text: str, start: int, name: str, line: int) -> int:
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    raise CurvesError(f"{name}:{line}: the brace that opens here is never closed; was the file cut short?")


def _closing_quote(text: str, start: int, name: str, line: int) -> int:
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == '"':
            return position
        position += 1
    raise CurvesError(f"{name}:{line}: the quote that opens here is never closed; was the file cut short?")
