"""What all parts of a timeline's schema share."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """A part of a timeline: frozen, no unknown fields, field docstrings as descriptions."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        serialize_by_alias=True,
        protected_namespaces=(),
    )


def short_form(field: str, *types: type) -> Callable[[object], object]:
    """Take a value of a short form for the mapping that has it as its only field."""

    def expand(value: object) -> object:
        return {field: value} if isinstance(value, types) and not isinstance(value, bool) else value

    return expand
