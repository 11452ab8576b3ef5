"""The schema as a tree: which models, and which marks, stand at a place of a timeline."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

Branch = tuple[Any, tuple[Any, ...]]
"""A type without its Annotated and Union, and what it was annotated with."""


def branches(annotation: Any, marks: tuple[Any, ...] = ()) -> Iterator[Branch]:
    """The types that a field may have, each with the marks of the Annotated around it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from branches(inner, (*marks, *more))
    elif origin in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from branches(one, marks)
    elif annotation is not types.NoneType:
        yield annotation, marks


def is_model(kind: Any) -> bool:
    """Whether a type is one of the schema's models."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def fields(model: type[BaseModel]) -> Iterator[tuple[str, list[Branch]]]:
    """The fields of a model, by the names that a timeline writes, with the types that they may have."""
    for name, field in model.model_fields.items():
        yield field.alias or name, list(branches(field.annotation, tuple(field.metadata)))


def inside(branch: Branch, part: str | int) -> list[Branch]:
    """The types that may stand under `part` of a value: a field, a frame, a name or an index."""
    kind, _ = branch
    if is_model(kind):
        return dict(fields(kind)).get(str(part), [])
    origin: Any = get_origin(kind)
    if origin is dict:
        return list(branches(get_args(kind)[1]))
    return list(branches(get_args(kind)[0])) if origin in (tuple, list) else []


def models_at(root: type[BaseModel], loc: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """The models that a place of a document may hold. Parts in <> tell a branch, and no place."""
    here: list[Branch] = [(root, ())]
    for part in loc:
        if not (isinstance(part, str) and part.startswith("<")):
            here = [found for branch in here for found in inside(branch, part)]
    return [kind for kind, _ in here if is_model(kind)]
