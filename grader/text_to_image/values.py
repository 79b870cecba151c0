"""What an expression of the notebook is, as far as it can be seen without running anything."""

import ast
import re
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

LONGEST = 2000  # characters of a text
MOST_ENTRIES = 200  # of a list or a dictionary
HUGE = 1e30  # no number of a setting
MOST_TURNS = 20  # of a loop


class Unknown:
    """A value that only running the notebook would tell."""

    def __repr__(self) -> str:
        return "unknown"

    def __reduce__(self) -> str:
        return "UNKNOWN"  # the one object of this name, also in another process


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Seeded:
    """A random generator with its seed."""

    seed: Any


_CHANGED = frozenset({"strip", "lower", "upper", "title", "capitalize"})
_FIELD = re.compile(r"\{(\w{0,40})\}")
_PERCENT = re.compile(r"%[sd]")
_SEQUENCES = frozenset({"list", "tuple", "array", "Series"})
_RECORDS = frozenset({"dict", "SimpleNamespace", "Namespace", "EasyDict", "edict", "DataFrame"})
Names: TypeAlias = MutableMapping[str, Any]
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp


def value_of(node: ast.expr | None, names: Names) -> Any:
    """A text, number, None, list or dict of such, ``Seeded``, or ``UNKNOWN``.

    ``names``: what is known, also of attributes, as ``config.prompt``.
    """
    match node:
        case ast.Constant(value=str() | int() | float() | None as value):
            return bounded(value)
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.Attribute():
            return attribute(node, names)
        case ast.NamedExpr(value=inner) | ast.FormattedValue(value=inner):
            return value_of(inner, names)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return [value_of(part, names) for part in parts[:MOST_ENTRIES]]
        case ast.Dict(keys=keys, values=values):
            return paired([value_of(key, names) if key else UNKNOWN for key in keys], values, names)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return comprehended(node, names)
        case ast.JoinedStr(values=parts):
            return in_a_row([value_of(part, names) for part in parts])
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


def paired(keys: list[Any], values: list[ast.expr], names: Names) -> Any:
    if len(keys) <= MOST_ENTRIES and all(isinstance(key, str | int) for key in keys):
        return {k: value_of(v, names) for k, v in zip(keys, values, strict=True)}
    return UNKNOWN


def comprehended(node: Comprehension, names: Names) -> Any:
    """Of one loop without conditions. Not of those in one another, which could take for ever."""
    inner = any(isinstance(part, Comprehension) for part in ast.walk(node.elt))
    if inner or len(node.generators) > 1 or node.generators[0].ifs:
        return UNKNOWN
    loop = node.generators[0]
    turns = turns_of(value_of(loop.iter, names))
    if turns is None:
        return UNKNOWN
    return [value_of(node.elt, below(names, dict(bound(loop.target, turn)))) for turn in turns]


def below(names: Names, own: dict[str, Any]) -> Names:
    """The names of a block inside another, whose own hide the outer ones; nothing is copied."""
    return ChainMap(own, *(names.maps if isinstance(names, ChainMap) else [names]))


def turns_of(values: Any) -> list[Any] | None:
    """What a loop over these values goes through, at first; None if that is not known."""
    return list(values)[:MOST_TURNS] if isinstance(values, list | dict) else None


def bound(target: ast.expr, value: Any) -> Iterator[tuple[str, Any]]:
    """The names that an assignment sets, with their values."""
    match target:
        case ast.Name(id=name):
            yield name, value
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            yield f"{owner}.{name}", value
        case ast.Starred(value=inner):
            yield from bound(inner, UNKNOWN)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            starred = any(isinstance(part, ast.Starred) for part in parts)
            fits = isinstance(value, list) and len(value) == len(parts) and not starred
            for part, its in zip(parts, value if fits else [UNKNOWN] * len(parts), strict=True):
                yield from bound(part, its)


def combined(node: ast.BinOp, names: Names) -> Any:
    left, right = value_of(node.left, names), value_of(node.right, names)
    if isinstance(node.op, ast.Add):
        if isinstance(left, str) and isinstance(right, str):
            return cut(left + right)
        if isinstance(left, list) and isinstance(right, list):
            return (left + right)[:MOST_ENTRIES]
    if is_number(left) and is_number(right):
        return arithmetic(node.op, left, right)
    if isinstance(node.op, ast.Mult) and isinstance(right, int) and isinstance(left, list):
        return (left * min(right, 16))[:MOST_ENTRIES]
    if isinstance(node.op, ast.Mod) and isinstance(left, str):
        return filled(left, _PERCENT, right if isinstance(right, list) else [right], {})
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
    if isinstance(whole, list | str) and isinstance(index, int):
        end_is_known = isinstance(whole, str) or len(whole) < MOST_ENTRIES
        if 0 <= index < len(whole) or (end_is_known and -len(whole) <= index < 0):
            return whole[index]
    if isinstance(whole, dict) and isinstance(index, str | int):
        return whole.get(index, UNKNOWN)
    return UNKNOWN


def returned(node: ast.Call, names: Names) -> Any:
    """Of the few calls that prompts and seeds are made with."""
    arguments = [value_of(argument, names) for argument in node.args[:MOST_ENTRIES]]
    match node.func:
        case ast.Attribute(attr="manual_seed"):
            return Seeded(arguments[0] if arguments else UNKNOWN)
        case ast.Attribute(attr="to", value=inner):
            return value_of(inner, names)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _RECORDS and not node.args:
            given = {k.arg: value_of(k.value, names) for k in node.keywords[:MOST_ENTRIES]}
            return UNKNOWN if None in given else given.get("data", given)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _RECORDS | _SEQUENCES:
            return gathered(name, arguments)
        case ast.Attribute(attr=name, value=inner):
            keywords = {k.arg: value_of(k.value, names) for k in node.keywords if k.arg}
            return of_method(name, value_of(inner, names), arguments, keywords)
        case ast.Name(id="int" | "float" | "str" as kind) if len(arguments) == 1:
            return converted(kind, arguments[0])
        case ast.Name(id="range") if not node.keywords and 1 <= len(arguments) <= 3:
            return numbers(arguments)
        case ast.Name(id=name):
            return of_function(name, arguments)
    return UNKNOWN


def gathered(name: str, arguments: list[Any]) -> Any:
    """Of what makes a list or a record from its first argument."""
    match arguments:
        case [dict() as whole, *_] if name in _RECORDS:
            return whole
        case [list() | dict() as whole, *_] if name in _SEQUENCES:
            return list(whole)
    return UNKNOWN


def attribute(node: ast.Attribute, names: Names) -> Any:
    """What was set by this name; else of a record its entry, of a column of a table its list."""
    match node.value:
        case ast.Name(id=owner) if f"{owner}.{node.attr}" in names:
            return names[f"{owner}.{node.attr}"]
    whole = value_of(node.value, names)
    if isinstance(whole, dict):
        return whole.get(node.attr, UNKNOWN)
    return whole if isinstance(whole, list) and node.attr == "values" else UNKNOWN


def of_method(name: str, owner: Any, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
    match owner, name, arguments:
        case str(), "join", [list() as parts]:
            return joined(owner, parts)
        case str(), "replace", [str() as old, str() as new] if len(owner) * len(new) < 10**6:
            return cut(owner.replace(old, new))
        case str(), "format", _:
            return filled(owner, _FIELD, arguments, keywords)
        case str(), _, [] if name in _CHANGED:
            return getattr(owner, name)()
        case list(), "tolist" | "to_list" | "copy", []:
            return owner
        case dict(), "get", [str() | int() as key, *_]:
            return owner.get(key, UNKNOWN)
        case dict(), "items", []:
            return [[key, value] for key, value in owner.items()]
        case dict(), "keys" | "values", []:
            return list(getattr(owner, name)())
    return UNKNOWN


def of_function(name: str, arguments: list[Any]) -> Any:
    match name, arguments:
        case "len", [list() | dict() | str() as whole] if len(whole) < MOST_ENTRIES:
            return len(whole)  # a longer one may have been cut
        case "enumerate", [list() | dict() as whole, *_]:
            return [[number, one] for number, one in enumerate(whole)]
        case "zip", [_, *_] if all(isinstance(each, list) for each in arguments):
            return [list(together) for together in zip(*arguments, strict=False)]
    return UNKNOWN


def numbers(ends: list[Any]) -> Any:
    if all(type(end) is int for end in ends) and (len(ends) < 3 or ends[2]):
        return list(range(*ends)[:MOST_ENTRIES])
    return UNKNOWN


def filled(text: str, field: re.Pattern[str], values: list[Any], by_name: Mapping[str, Any]) -> Any:
    """``text`` with its plain fields filled in, in turn, by number or by name."""
    parts, last, turn = [], 0, 0
    for found in field.finditer(text):
        name = found.group(1) if field.groups else ""
        if name and not name.isdecimal():
            value = by_name.get(name, UNKNOWN)
        else:
            place, turn = int(name or turn), turn + 1
            value = values[place] if place < len(values) else UNKNOWN
        if not (isinstance(value, str) or is_number(value)):
            return UNKNOWN
        parts += [text[last : found.start()], str(value)]
        last = found.end()
    return cut("".join([*parts, text[last:]]))


def in_a_row(parts: list[Any]) -> Any:
    """The parts of an f-string as one text; a list could be as long as it likes."""
    if all(isinstance(part, str) or is_number(part) for part in parts):
        return cut("".join(map(str, parts)))
    return UNKNOWN


def joined(between: str, parts: list[Any]) -> Any:
    if all(isinstance(part, str) for part in parts):
        return cut(between.join(parts))
    return UNKNOWN


def converted(kind: str, value: Any) -> Any:
    if kind == "str":
        return str(value) if is_number(value) or isinstance(value, str) else UNKNOWN
    try:
        return bounded(int(value) if kind == "int" else float(value))
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def bounded(value: Any) -> Any:
    """The same, but for numbers that are not finite or too long to be written down."""
    return UNKNOWN if is_number(value) and not abs(value) < HUGE else value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def cut(text: str) -> str:
    return text[:LONGEST]
