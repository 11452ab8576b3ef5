"""`${…}` in a motion: arithmetic with its parameters, read from Python's syntax tree and never executed."""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Callable, Mapping

Value = float | tuple[float, ...]
"""What a parameter holds: a number, or a list of numbers."""

MAX_CHARACTERS = 200
"""The longest expression."""

PLACE = re.compile(r"\$\{([^{}]*)\}")
"""An expression in a text."""

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs, "round": round}


def substitute(text: str, values: Mapping[str, Value]) -> str | int | float | list[float]:
    """Return a text with its expressions worked out: one that is nothing else becomes its number or list.

    Raises ValueError, with a message for the user, for what is no expression of these values.
    """
    whole = PLACE.fullmatch(text.strip())
    if whole is not None:
        found = evaluate(whole[1], values)
        return [plain(item) for item in found] if isinstance(found, tuple) else plain(found)
    if "${" in PLACE.sub("", text):
        raise ValueError(f"`{text[:40]}` opens a ${{ that it doesn't close")
    return PLACE.sub(lambda match: _written(evaluate(match[1], values), match[1]), text)


def evaluate(expression: str, values: Mapping[str, Value]) -> Value:
    """Work out numbers, names, + - * /, parentheses, `at[0]`, and min, max, abs and round of such.

    Raises ValueError, with a message for the user, for anything else.
    """
    if len(expression) > MAX_CHARACTERS:
        raise ValueError(f"an expression has {MAX_CHARACTERS} characters at most, not {len(expression)}")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"`{expression}` is no expression; write it as ${{2 * amount + 1}}") from None
    try:
        found = _value(tree.body, values)
    except ZeroDivisionError:
        raise ValueError(f"`{expression}` divides by 0") from None
    except (OverflowError, RecursionError):
        found = math.inf
    numbers = found if isinstance(found, tuple) else (found,)
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"`{expression}` is too large")
    return found


def _value(node: ast.expr, values: Mapping[str, Value]) -> Value:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in values:
            raise ValueError(_unknown(node.id, values))
        return values[node.id]
    if isinstance(node, ast.Subscript):
        return _item(node, values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        number = _number(node.operand, values)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_number(node.left, values), _number(node.right, values))
    if isinstance(node, ast.Call):
        return _call(node, values)
    raise ValueError(
        f"`{ast.unparse(node)}` can't be worked out; an expression has numbers, parameters, + - * /, "
        f"parentheses, and {', '.join(_FUNCTIONS)}"
    )


def _item(node: ast.Subscript, values: Mapping[str, Value]) -> float:
    items = _value(node.value, values)
    index = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if not isinstance(items, tuple):
        raise ValueError(f"`{ast.unparse(node.value)}` is a number, which has no [{ast.unparse(node.slice)}]")
    if type(index) is not int or index >= len(items):
        last = len(items) - 1
        raise ValueError(f"`{ast.unparse(node)}`: it has the numbers [0] to [{last}]")
    return items[index]


def _call(node: ast.Call, values: Mapping[str, Value]) -> float:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    single = name in ("abs", "round")
    if name not in _FUNCTIONS or node.keywords or not node.args or (single and len(node.args) != 1):
        raise ValueError(
            f"`{ast.unparse(node)}` can't be worked out; there are min(a, b), max(a, b), abs(a), round(a)"
        )
    numbers = [_number(argument, values) for argument in node.args]
    return float(_FUNCTIONS[name](*numbers) if len(numbers) > 1 or single else numbers[0])


def _number(node: ast.expr, values: Mapping[str, Value]) -> float:
    found = _value(node, values)
    if isinstance(found, tuple):
        name = ast.unparse(node)
        raise ValueError(f"`{name}` is a list of {len(found)} numbers; write {name}[0] for the first")
    return found


def _unknown(name: str, values: Mapping[str, Value]) -> str:
    near = difflib.get_close_matches(name, values, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(values)}"
    return f"there is no parameter {name}; {hint}" if values else f"there is no parameter {name}"


def plain(number: float) -> int | float:
    """A number as a timeline holds it: whole where it is, else with six decimals at most."""
    rounded = round(number, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _written(value: Value, expression: str) -> str:
    if isinstance(value, tuple):
        raise ValueError(f"`{expression}` is a list of numbers, which can't stand within a text")
    return str(plain(value))
