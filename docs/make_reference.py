"""Write docs/reference.md, every field of a timeline, from its schema: `python docs/make_reference.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import previz

PAGE = Path(__file__).resolve().parent / "reference.md"
HEAD = """\
# Every field of a timeline

Made from the schema by `python docs/make_reference.py`; `previz schema` prints the same as JSON Schema, for
editors that complete as you type. [timeline.md](timeline.md) explains how the parts go together.

Coordinates are `[x, y]` in pixels of the canvas, x right and y down, from the top-left corner. A field with a
default may be left out; *none* means that previz chooses, or leaves the thing away.

"""
_PLAIN = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
_MOST = 12  # names of a choice that are written out


def reference(schema: dict[str, Any]) -> str:
    """The page, in Markdown: a section and a table for the timeline and for each part, as they are met."""
    parts = {"Timeline": schema} | _reached(schema)
    return HEAD + "\n".join(_section(name, part) for name, part in parts.items())


def _reached(schema: dict[str, Any]) -> dict[str, Any]:
    """The definitions, in the order in which a reader of the page meets their names."""
    definitions, found = schema.get("$defs", {}), {}

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key == "$defs":
                    continue
                name = str(item).rsplit("/", 1)[-1] if key == "$ref" else None
                if name is None:
                    walk(item)
                elif name not in found:
                    found[name] = definitions[name]
                    walk(definitions[name])

    walk(schema)
    return found


def _section(name: str, part: dict[str, Any]) -> str:
    lines = [f"## {_title(name)}", "", _text(part.get("description", "")), ""]
    required = set(part.get("required", ()))
    rows = part.get("properties", {})
    if rows:
        lines += ["| field | value | default | |", "|---|---|---|---|"]
    for field, value in rows.items():
        default = "**required**" if field in required else _default(value.get("default"))
        cells = (f"`{field}`", _kind(value), default, _text(value.get("description", "")))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _title(name: str) -> str:
    """HandleSpec as "handle", NumberKeySpec as "number key"."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name.removesuffix("Spec"))
    return words.strip()


def _text(text: str) -> str:
    return " ".join(text.split())


def _default(value: object) -> str:
    if value is None:
        return "*none*"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "" if isinstance(value, (dict, list)) else f"`{value}`"


def _kind(value: dict[str, Any]) -> str:
    """What a field takes, in words."""
    if "$ref" in value:
        name = _title(str(value["$ref"]).rsplit("/", 1)[-1])
        return f"[{name}](#{name.replace(' ', '-')})"
    for key in ("anyOf", "oneOf"):
        if key in value:
            kinds = [_kind(each) for each in value[key] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kind for kind in kinds if kind))
    if "allOf" in value:
        return _kind(value["allOf"][0])
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        names = [f"`{each}`" for each in value["enum"] if each is not None]
        return ", ".join(names) if len(names) <= _MOST else ", ".join(names[:_MOST]) + " …"
    if value.get("type") == "array":
        return _list(value)
    if value.get("type") == "object":
        inner = value.get("additionalProperties") or next(
            iter(value.get("patternProperties", {}).values()), None
        )
        return f"mapping of {_kind(inner)}" if isinstance(inner, dict) and inner else "mapping"
    return _PLAIN.get(str(value.get("type")), "") + _limits(value)


def _list(value: dict[str, Any]) -> str:
    items = value.get("items") or {}
    low, high = value.get("minItems"), value.get("maxItems")
    if low == high == 2 and items.get("type") in {"number", "integer"}:
        return "`[x, y]`"
    return f"list of {_kind(items)}" if items else "list"


def _limits(value: dict[str, Any]) -> str:
    """The limits of a number, where they say more than that it isn't absurd."""
    low, high = value.get("minimum"), value.get("maximum")
    over, under = value.get("exclusiveMinimum"), value.get("exclusiveMaximum")
    words = []
    if over is not None:
        words.append(f"over {over:g}")
    elif low is not None and abs(low) < 1e5:
        words.append(f"from {low:g}")
    if under is not None:
        words.append(f"under {under:g}")
    elif high is not None and abs(high) < 1e5:
        words.append(f"to {high:g}")
    return f" ({' '.join(words)})" if words else ""


if __name__ == "__main__":
    PAGE.write_text(reference(previz.timeline_schema()), encoding="utf-8")
