"""What single nodes of notebook 2-2's code say, as far as that can be seen without running it."""

import ast
from typing import Any

from grader.text_to_image.values import MOST_ENTRIES, UNKNOWN, Names, value_of

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_MAKES = frozenset({"from_pretrained", "from_single_file", "from_pipe"})


def makes_pipeline(node: ast.AST) -> bool:
    """``….from_pretrained(…)``, perhaps with ``.to(…)`` behind, of a class called …Pipeline."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and inner.attr in _MAKES:
            return "Pipeline" in dotted(inner.value).rpartition(".")[2]
    return False


def dotted(node: ast.expr) -> str:
    """``name`` or ``owner.name``; empty for what is neither."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
    return ""


def called(node: ast.expr) -> str:
    """The name of the function or method that is called; empty for what is no such call."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def changed(whole: Any, call: ast.Call, names: Names) -> Any:
    """What a list is after ``append``, say; UNKNOWN after most other changes."""
    match whole, call:
        case list(), ast.Call(func=ast.Attribute(attr="append"), args=[one]):
            return [*whole, value_of(one, names)][:MOST_ENTRIES]
        case list(), ast.Call(func=ast.Attribute(attr="extend"), args=[more]):
            added = value_of(more, names)
            return (whole + added)[:MOST_ENTRIES] if isinstance(added, list) else UNKNOWN
    return UNKNOWN


def keywords_of(call: ast.Call, names: Names) -> tuple[dict[str, Any], bool]:
    """The keywords of a call, those of ``**dictionaries`` too; and whether all are known."""
    given: dict[str, Any] = {}
    known = True
    for keyword in call.keywords:
        value = value_of(keyword.value, names)
        if keyword.arg:
            given[keyword.arg] = value
        elif isinstance(value, dict):
            given |= {str(name): its for name, its in value.items()}
        else:
            known = False
    return given, known


def arguments(function: Function, call: ast.Call | None, names: Names) -> dict[str, Any]:
    """The function's parameters as this call sets them; without one, only those it must have."""
    takes = function.args
    parameters = [a.arg for a in (*takes.posonlyargs, *takes.args)]
    keyword_only = [a.arg for a in takes.kwonlyargs]
    rest = [a.arg for a in (takes.vararg, takes.kwarg) if a is not None]
    values: dict[str, Any] = dict.fromkeys([*parameters, *keyword_only, *rest], UNKNOWN)
    if call is None:
        return values
    late = parameters[len(parameters) - len(takes.defaults) :]
    values |= {n: value_of(d, names) for n, d in zip(late, takes.defaults, strict=True)}
    for name, default in zip(keyword_only, takes.kw_defaults, strict=True):
        values[name] = value_of(default, names)
    if isinstance(call.func, ast.Attribute) and parameters[:1] == ["self"]:
        parameters = parameters[1:]
    values |= {n: value_of(v, names) for n, v in zip(parameters, call.args, strict=False)}
    given, known = keywords_of(call, names)
    if takes.vararg is not None and not any(isinstance(a, ast.Starred) for a in call.args):
        further = call.args[len(parameters) :]
        values[takes.vararg.arg] = [value_of(v, names) for v in further]
    if takes.kwarg is not None and known:
        values[takes.kwarg.arg] = {n: v for n, v in given.items() if n not in values}
    return values | given


def size(*nodes: ast.AST) -> int:
    """How many nodes these hold."""
    return sum(1 for node in nodes for _ in ast.walk(node))


def own_expressions(node: ast.stmt) -> list[ast.AST]:
    """What a compound statement evaluates itself."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            return [test]
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return [item.context_expr for item in items]
    return []


def inner_statements(node: ast.stmt) -> list[tuple[str, ast.stmt]]:
    """The statements inside a compound one, all branches, each with the name of its branch."""
    found: list[tuple[str, ast.stmt]] = []
    for name in ("body", "handlers", "orelse", "finalbody"):
        for part in getattr(node, name, []):
            inner = part.body if isinstance(part, ast.ExceptHandler) else [part]
            found += [(name, statement) for statement in inner]
    return found


def truth(test: ast.expr, names: Names) -> bool | None:
    """Whether a condition always holds, or never; None where that is not seen."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            holds = truth(inner, names)
            return None if holds is None else not holds
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]):
            if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
                return (left.value == right.value) is isinstance(op, ast.Eq)
            return None
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name():
            value = value_of(test, names)
            return bool(value) if value is None or isinstance(value, bool | int | float) else None
    return None
