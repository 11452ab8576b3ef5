"""Words that came out of a file, made fit for one line on a terminal."""

from __future__ import annotations


def one_line(value: object, limit: int = 100) -> str:
    """`str(value)` (of an exception without words, its type) on one line, printable and not too long.

    Of containers and objects of a file only the type: a nest of lists may take for ever to write out.
    """
    if not isinstance(value, str | int | float | bytes | BaseException | None):
        value = f"a {type(value).__name__}"
    text = " ".join(str(value).split()) or type(value).__name__
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
    return text if len(text) <= limit else text[: limit - 1] + "…"
