"""What an expression of the notebook is, as far as it can be seen without running anything."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

LONGEST = 4000  # characters of a text, entries of a list


class Unknown:
    """A value that only running the notebook would tell."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Seeded:
    """A random generator with its seed."""

    seed: Any


_CHANGED = frozenset({"strip", "lower", "upper", "title"})


def value_of(node: ast.expr | None, names: Mapping[str, Any]) -> Any:
    """A text, number, None, list of such, ``Seeded``, or ``UNKNOWN``. ``names``: what is known."""
    match node:
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [value_of(part, names) for part in parts[:LONGEST]]
        case ast.JoinedStr(values=parts):
            texts = [value_of(part, names) for part in parts]
            return UNKNOWN if UNKNOWN in texts else cut("".join(map(str, texts)))
        case ast.FormattedValue(value=inner):
            return value_of(inner, names)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            number = value_of(inner, names)
            return -number if is_number(number) else UNKNOWN
        case ast.BinOp():
            return combined(node, names)
        case ast.Subscript(value=whole, slice=index):
            return element(value_of(whole, names), value_of(index, names))
        case ast.Call():
            return returned(node, names)
    return UNKNOWN


def combined(node: ast.BinOp, names: Mapping[str, Any]) -> Any:
    left, right = value_of(node.left, names), value_of(node.right, names)
    if isinstance(node.op, ast.Add):
        if isinstance(left, str) and isinstance(right, str):
            return cut(left + right)
        if isinstance(left, list) and isinstance(right, list):
            return (left + right)[:LONGEST]
    if is_number(left) and is_number(right):
        return arithmetic(node.op, left, right)
    if isinstance(node.op, ast.Mult) and isinstance(right, int) and isinstance(left, list):
        return (left * min(right, 16))[:LONGEST]
    return UNKNOWN


def arithmetic(op: ast.operator, left: float, right: float) -> Any:
    if max(abs(left), abs(right)) > 1e12:
        return UNKNOWN
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div() if right:
            return left / right
        case ast.FloorDiv() if right:
            return left // right
    return UNKNOWN


def element(whole: Any, index: Any) -> Any:
    if (
        isinstance(whole, list | str)
        and isinstance(index, int)
        and -len(whole) <= index < len(whole)
    ):
        return whole[index]
    return UNKNOWN


def returned(node: ast.Call, names: Mapping[str, Any]) -> Any:
    """Of the few calls that prompts and seeds are made with."""
    arguments = [value_of(argument, names) for argument in node.args]
    match node.func:
        case ast.Attribute(attr="manual_seed"):
            return Seeded(arguments[0] if arguments else UNKNOWN)
        case ast.Attribute(attr="to", value=inner):
            return value_of(inner, names)
        case ast.Attribute(attr=name, value=inner) if name in _CHANGED and not node.args:
            text = value_of(inner, names)
            return getattr(text, name)() if isinstance(text, str) else UNKNOWN
        case ast.Attribute(attr="join", value=inner) if len(arguments) == 1:
            between, parts = value_of(inner, names), arguments[0]
            if isinstance(between, str) and isinstance(parts, list):
                return joined(between, parts)
        case ast.Name(id="int" | "float" | "str" as kind) if len(arguments) == 1:
            return converted(kind, arguments[0])
    return UNKNOWN


def joined(between: str, parts: list[Any]) -> Any:
    if all(isinstance(part, str) for part in parts):
        return cut(between.join(parts))
    return UNKNOWN


def converted(kind: str, value: Any) -> Any:
    if kind == "str":
        return str(value) if is_number(value) or isinstance(value, str) else UNKNOWN
    try:
        return int(value) if kind == "int" else float(value)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def cut(text: str) -> str:
    return text[:LONGEST]
