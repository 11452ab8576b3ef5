"""Reading pickles without running them.

A pickle is a program: it may name any function of any module and have it called. Here it is read by a small
machine instead, in which nothing that a file names is looked up, imported or called. Names on the allow-list
of `_rebuild` stand for functions of our own that build tensors, arrays and plain containers; classes of
networks become inert `Instance` values; any other name is refused, as is any opcode that is not needed.
"""

from __future__ import annotations

import mmap
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from previz.errors import CheckpointError
from previz.generator._text import one_line

MAX_OPERATIONS = 5_000_000
# What calls may be given in all, in bytes and items for each byte of the file, and besides: what is stored
# once and copied a thousand times could fill any memory.
BUDGET_PER_BYTE, BUDGET = 4, 1_000_000
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_NUMBERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
_STRINGS = ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE")
_UNICODE = ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8")
_LITERALS = frozenset((*_NUMBERS, *_BYTES, *_STRINGS, *_UNICODE))
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_SIZED = (str, bytes, bytearray, tuple, list, dict, set, frozenset)
_IGNORED = frozenset(("PROTO", "FRAME"))


@dataclass(frozen=True)
class Name:
    """A `module.name` that the file mentions: words, never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        """`module.name`, shortened where a file makes it absurd."""
        return one_line(f"{self.module}.{self.name}")


@dataclass(eq=False)
class Instance:
    """What the file says of an object of a class that we don't have: its class's name and its state."""

    name: Name
    state: Any = None
    arguments: tuple[Any, ...] = field(default=(), repr=False)


class RefusedError(Exception):
    """The pickle asks for something that no generator needs."""


Rebuild = Callable[..., Any]
_T = TypeVar("_T")


def read_pickle(path: Path, rebuild: Callable[[Name], Rebuild | None]) -> Any:
    """Read the pickle at `path` as plain values, `Instance`s and what `rebuild` makes.

    `rebuild` maps an allowed name to a function of ours, or to None for an inert instance; it raises
    `RefusedError` for any other. Raises CheckpointError, one line, for whatever is wrong with the file.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Machine(rebuild, BUDGET_PER_BYTE * len(data) + BUDGET).run(data)
    except RefusedError as error:
        raise CheckpointError(f"{path}: refused: {error}") from None
    except MemoryError:
        raise CheckpointError(f"{path}: asks for more memory than there is") from None
    except Exception as error:  # a damaged file can break any step of the machine
        raise CheckpointError(f"{path}: the pickle is damaged or cut short ({one_line(error)})") from None


class _Machine:
    """The pickle machine's stack, marks and memo."""

    def __init__(self, rebuild: Callable[[Name], Rebuild | None], budget: int) -> None:
        self.rebuild = rebuild
        self.budget = budget
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: Any) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count > MAX_OPERATIONS:
                raise RefusedError(f"it has more than {MAX_OPERATIONS} operations")
            if opcode.name == "STOP":
                return self.stack.pop()
            self.step(opcode.name, argument)
        raise ValueError("no end")

    def step(self, code: str, argument: Any) -> None:
        if code in _LITERALS:
            self.stack.append(argument)
        elif code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code])
        elif code in _TUPLES:
            self.stack.append(tuple(self.take(_TUPLES[code])))
        elif code not in _IGNORED:
            handler = getattr(self, "do_" + code.lower(), None)
            if handler is None:
                raise RefusedError(f"it uses the opcode {code}")
            handler() if argument is None else handler(argument)

    def take(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise IndexError("stack underflow")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def pop_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def do_mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def do_pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def do_pop_mark(self) -> None:
        self.pop_mark()

    def do_dup(self) -> None:
        self.stack.append(self.stack[-1])

    def do_memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def do_put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    do_binput = do_long_binput = do_put

    def do_get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    do_binget = do_long_binget = do_get

    def do_empty_list(self) -> None:
        self.stack.append([])

    def do_empty_dict(self) -> None:
        self.stack.append({})

    def do_empty_set(self) -> None:
        self.stack.append(set())

    def do_list(self) -> None:
        items = self.pop_mark()  # before the stack is looked at: this changes it
        self.stack.append(items)

    def do_tuple(self) -> None:
        items = self.pop_mark()
        self.stack.append(tuple(items))

    def do_dict(self) -> None:
        result: dict[Any, Any] = {}
        _set_items(result, self.pop_mark())
        self.stack.append(result)

    def do_frozenset(self) -> None:
        items = self.pop_mark()
        self.stack.append(frozenset(_key(item) for item in items))

    def do_append(self) -> None:
        item = self.stack.pop()
        _expect(self.stack[-1], list).append(item)

    def do_appends(self) -> None:
        items = self.pop_mark()
        _expect(self.stack[-1], list).extend(items)

    def do_additems(self) -> None:
        items = self.pop_mark()
        _expect(self.stack[-1], set).update(_key(item) for item in items)

    def do_setitem(self) -> None:
        items = self.take(2)
        _set_items(self.stack[-1], items)

    def do_setitems(self) -> None:
        items = self.pop_mark()
        _set_items(self.stack[-1], items)

    def do_global(self, argument: str) -> None:
        module, name = argument.split(" ", 1)
        self.push_name(module, name)

    def do_stack_global(self) -> None:
        module, name = self.take(2)
        self.push_name(_expect(module, str), _expect(name, str))

    def push_name(self, module: str, name: str) -> None:
        self.rebuild(Name(module, name))  # refuses here, before anything is built
        self.stack.append(Name(module, name))

    def do_reduce(self) -> None:
        name, arguments = self.take(2)
        self.stack.append(self.make(name, arguments))

    def do_newobj(self) -> None:
        self.do_reduce()

    def do_newobj_ex(self) -> None:
        name, arguments, keywords = self.take(3)
        if keywords:
            raise RefusedError("it passes keywords to a class")
        self.stack.append(self.make(name, arguments))

    def make(self, name: Any, arguments: Any) -> Any:
        if not isinstance(name, Name):
            raise RefusedError(f"it calls a {type(name).__name__}")
        function = self.rebuild(name)
        arguments = _expect(arguments, tuple)
        self.budget -= sum(len(value) for value in arguments if isinstance(value, _SIZED))
        if self.budget < 0:
            raise RefusedError("it builds far more than it holds")
        return Instance(name, arguments=arguments) if function is None else function(*arguments)

    def do_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Instance):
            target.state = state
        elif hasattr(target, "set_state"):
            target.set_state(state)
        elif not isinstance(target, dict):  # a dict subclass's attributes hold nothing that we read
            raise RefusedError(f"it sets the state of a {type(target).__name__}")


def _set_items(target: Any, items: list[Any]) -> None:
    values = _expect(target, dict)
    if len(items) % 2:
        raise ValueError("a key without a value")
    for key, value in zip(items[::2], items[1::2], strict=True):
        values[_key(key)] = value


def _key(value: Any) -> Any:
    """Only scalars are keys: hashing nested tuples can take for ever, as do many numbers of the same hash."""
    if value is not None and not isinstance(value, str | int | float | bytes):
        raise RefusedError(f"it uses a {type(value).__name__} as a key")
    if isinstance(value, int) and abs(value) >= 1 << 60:
        raise RefusedError("it uses a number above 2^60 as a key")
    return value


def _expect(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} where a {kind.__name__} is needed")
    return value
