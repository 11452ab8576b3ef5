"""What the command line says of an output in place of the timeline."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from previz import PrevizError
from previz.timeline import OutputSpec


def overridden(output: OutputSpec, changes: dict[str, Any]) -> OutputSpec:
    """A timeline's output with what the command line says in its place; None says nothing."""
    given = {field: value for field, value in changes.items() if value is not None}
    try:
        return OutputSpec.model_validate({**output.model_dump(mode="json", exclude_none=True), **given})
    except ValidationError as error:
        detail = error.errors()[0]
        field, context = str(detail["loc"][0]).replace("_", "-"), detail.get("ctx", {})
        said = detail["msg"]
        if detail["type"] == "value_error":
            said = str(context["error"])
        elif detail["type"] == "literal_error":
            said = f"must be {str(context['expected']).replace(chr(39), '')}, not {detail['input']}"
        raise PrevizError(f"--{field}: {said}") from None
