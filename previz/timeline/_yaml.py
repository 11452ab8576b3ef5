"""Reading YAML with the line and column of every value, listing what is wrong instead of stopping at it.

Scalars are read by YAML 1.2's core rules, so that `on`, `no`, `12:30` and `010` mean what they look like.
Nothing is ever constructed but mappings, lists, text, numbers, booleans and null.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from previz.errors import Problem

Loc = tuple[str, ...]
"""Where a value stands in a document: the keys that lead to it, and list indices written as "[0]"."""

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
MAX_NODES = 400_000  # counted with aliases expanded, against a "billion laughs"
_DECIMAL = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Mark:
    """The line and column (from 1) of a value and of the key that names it, and the marks within it."""

    value: tuple[int, int]
    key: tuple[int, int]
    children: dict[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A document as plain data, with its marks (None where it can't be read) and the problems on the way."""

    data: object
    marks: Mark | None
    problems: tuple[Problem, ...]
    unreadable: frozenset[Loc] = frozenset()  # values that stand as None, with a problem of their own


class _Loader(yaml.SafeLoader):
    """A SafeLoader that resolves plain scalars as YAML 1.2 does (ints may keep their `_`)."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  PyYAML's own way to drop the YAML 1.1 rules


for _kind, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9][0-9_]*", "-+0123456789"),
    ("float", rf"{_DECIMAL}|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(rf"^(?:{_pattern})$"), list(_first))


def read_yaml(text: str, name: str) -> Document:
    """Read one YAML document; `name` is the file's name in the problems. Raises nothing."""
    if len(text) > MAX_BYTES:
        return _broken(name, None, f"is larger than {MAX_BYTES // 1_000_000} MB; that is no timeline")
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        unended = error.problem == "could not find expected ':'"  # noticed on a later line
        mark = error.context_mark if unended else error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else None
        return _broken(name, place, _syntax_message(error, text))
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = before.count("\n") + 1, error.position - before.rfind("\n")
        return _broken(name, place, f"the character {chr(error.character)!r} can't stand in YAML")
    except RecursionError:
        return _broken(name, None, f"is nested too deeply; the limit is {MAX_DEPTH} levels")
    finally:
        if loader is not None:
            loader.dispose()
    if root is None:
        return _broken(
            name,
            (1, 1),
            "the file is empty; it needs at least `previz: 1`, `frames`, `character` and `handles`",
        )
    reader = _Reader(name)
    data, marks = reader.build(root, (), _place(root))
    return Document(data, marks, tuple(reader.problems), frozenset(reader.unreadable))


def _broken(name: str, place: tuple[int, int] | None, message: str) -> Document:
    return Document(None, None, (Problem(where(name, place), "", message),))


def where(name: str, place: tuple[int, int] | None) -> str:
    """Write a place as file:line:column, or as the file alone where the place isn't known."""
    return f"{name}:{place[0]}:{place[1]}" if place else name


def field_name(loc: Loc) -> str:
    """Write a place in the document as an artist reads it: `handles.jaw.path[1]`."""
    parts = (part if part.isprintable() else repr(part)[1:-1] for part in loc)
    return "".join(part if part.startswith("[") else f".{part}" for part in parts).removeprefix(".")


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _syntax_message(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or "can't be read"
    mark = error.problem_mark
    if mark is not None and text[: mark.index].endswith("$") and text[mark.index :].startswith("{"):
        return 'within [ ] or { }, an expression stands in quotes: "${…}"'
    if "'\\t'" in problem:
        return "a tab can't indent YAML; use spaces"
    if problem == "could not find expected ':'":
        return "a key without a `: ` after it; is the space after the colon missing?"
    if "mapping values are not allowed" in problem:
        return "a `:` where none can stand; is the line above closed, and text with a colon in quotes?"
    if "expected a single document" in (error.context or ""):
        return "a second document starts here; a timeline is one document"
    return f"not valid YAML: {error.context + ', ' if error.context else ''}{problem}"


class _Reader:
    """Turns nodes to plain data and marks, collecting problems; a value with a problem is left out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.unreadable: set[Loc] = set()
        self.nodes = 0
        self.open: set[int] = set()  # the nodes being built, against an anchor within itself

    def report(self, node: yaml.Node, loc: Loc, message: str) -> None:
        """Add a problem at a node."""
        self.problems.append(Problem(where(self.name, _place(node)), field_name(loc), message))

    def skip(self, node: yaml.Node, loc: Loc, message: str) -> None:
        """Report a value that can't be read, and stands as None."""
        self.unreadable.add(loc)
        self.report(node, loc, message)

    def build(self, node: yaml.Node, loc: Loc, key: tuple[int, int]) -> tuple[object, Mark]:
        """Return the data of a node and its mark."""
        self.nodes += 1
        mark = Mark(_place(node), key)
        if self.nodes > MAX_NODES or len(loc) > MAX_DEPTH or id(node) in self.open:
            if self.nodes <= MAX_NODES + 1:  # once, not for each of the millions that follow
                self.skip(node, loc, self._too_much(node))
            return None, mark
        self.open.add(id(node))
        data: object
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            data = self._mapping(node, loc, mark)
        elif isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            data = self._sequence(node, loc, mark)
        elif isinstance(node, yaml.ScalarNode):
            data = self._scalar(node, loc)
        else:
            data = None
            self.skip(node, loc, f"the tag {node.tag.replace(_TAG, '!!')} is not allowed")
        self.open.discard(id(node))
        return data, mark

    def _too_much(self, node: yaml.Node) -> str:
        if id(node) in self.open:
            return "an anchor that contains itself"
        if self.nodes > MAX_NODES:
            return f"more than {MAX_NODES} values once its aliases are expanded"
        return f"is nested too deeply; the limit is {MAX_DEPTH} levels"

    def _sequence(self, node: yaml.SequenceNode, loc: Loc, mark: Mark) -> list[object]:
        items = []
        for index, item in enumerate(node.value):
            part = f"[{index}]"
            data, mark.children[part] = self.build(item, (*loc, part), _place(item))
            items.append(data)
        return items

    def _mapping(self, node: yaml.MappingNode, loc: Loc, mark: Mark) -> dict[str | int, object]:
        data: dict[str | int, object] = {}
        own: dict[str, tuple[int, int]] = {}  # 1012 and "1012" are the same frame
        for key_node, value_node, merged in self._pairs(node, loc):
            key = self._key(key_node, value_node, loc)
            if key is None:
                continue
            if str(key) in own:  # a key of its own wins over a merged one
                if not merged:
                    self.report(
                        key_node, (*loc, str(key)), f"written twice; first on line {own[str(key)][0]}"
                    )
                continue
            own[str(key)] = _place(key_node)
            data[key], mark.children[str(key)] = self.build(value_node, (*loc, str(key)), _place(key_node))
        return data

    def _pairs(self, node: yaml.MappingNode, loc: Loc) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        merges: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                merges += value.value if isinstance(value, yaml.SequenceNode) else [value]
            else:
                yield key, value, False
        for merge in merges:
            if isinstance(merge, yaml.MappingNode) and id(merge) not in self.open:
                for key, value in merge.value:
                    if key.tag != _TAG + "merge":
                        yield key, value, True
            else:
                self.report(merge, (*loc, "<<"), "only a mapping can be merged")

    def _key(self, node: yaml.Node, value: yaml.Node, loc: Loc) -> str | int | None:
        if not isinstance(node, yaml.ScalarNode):
            self.report(node, loc, "a key must be a name or a frame number")
            return None
        unspaced = re.fullmatch(r"(\w+):(\S+)", node.value)
        if unspaced and isinstance(value, yaml.ScalarNode) and value.value == "" and not node.style:
            self.report(node, loc, f"a space is missing after the colon: `{unspaced[1]}: {unspaced[2]}`")
            return None
        if node.tag != _TAG + "int":
            return str(node.value)
        number = self._scalar(node, loc)
        return number if isinstance(number, int) else None

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> object:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind in {"str", "merge"}:
            return text
        if kind == "null":
            return None
        try:
            if kind == "bool":
                return {"true": True, "false": False}[text.lower()]
            if kind == "int":
                return _whole(text)
            if kind == "float":
                return _decimal(text)
        except (ValueError, KeyError):
            self.skip(node, loc, f"{text[:40]} is not a number that can be used")
            return None
        self.skip(node, loc, f"the tag {node.tag.replace(_TAG, '!!')} is not allowed")
        return None


def _whole(text: str) -> int:
    if len(text) > 30:
        raise ValueError(text)
    return int(text.replace("_", ""))


def _decimal(text: str) -> float:
    number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError(text)
    return number
