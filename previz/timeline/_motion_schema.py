"""The JSON Schema of a motion: that of its fields, with `${…}` wherever a value may stand."""

from __future__ import annotations

from typing import Any

from previz.timeline._motion_fields import MotionSpec

EXPRESSION = {"type": "string", "pattern": r"\$\{[^{}]*\}"}
"""Text with an expression in it."""

_LITERAL = ("MotionSpec", "ParameterSpec")
"""The models whose own fields hold no expressions."""


def motion_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a motion, for editors and validators."""
    schema = MotionSpec.model_json_schema(mode="validation")
    for name, model in schema["$defs"].items():
        if name not in _LITERAL:
            model["properties"] = {field: _open(found) for field, found in model["properties"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "previz motion",
    }


def _open(schema: Any) -> Any:
    """The schema of a value, or of what is within it, with an expression as another choice."""
    if not isinstance(schema, dict):
        return schema
    about = {key: schema[key] for key in ("title", "description", "default") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in about}
    if rest.get("type") == "object" or "additionalProperties" in rest:
        return {**schema, "additionalProperties": _open(rest.get("additionalProperties", True))}
    if "items" in rest:
        rest["items"] = _open(rest["items"])
    for choice in ("anyOf", "oneOf"):
        if choice in rest:
            rest = {**rest, "anyOf": [*map(_open, rest[choice])]}
            rest = {key: value for key, value in rest.items() if key not in ("oneOf", "discriminator")}
    return {**about, "anyOf": [rest, EXPRESSION]}
