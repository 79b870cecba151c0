"""What a top-level statement binds, reads, fills and does, seen without running it."""

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

from grader.intake.source import Piece, alone_and_quiet

_DYNAMIC = {"globals", "eval", "exec", "vars", "locals", "getattr"}
_NOT_STUDENT = {"random", "torch", "np", "numpy"}


@dataclass(frozen=True)
class Effects:
    """Names of one statement. ``fills``: changed in place; ``global_writes``: when it is called."""

    binds: frozenset[str]
    reads: frozenset[str]
    fills: frozenset[str]
    global_writes: frozenset[str]
    calls: frozenset[str]
    strings: frozenset[str]
    trains: bool
    trains_when_called: bool
    fills_arguments: bool


def effects(piece: Piece) -> Effects:
    """Analyse one statement. Raises what hostile source makes the parser raise."""
    node = piece.node
    binds, reads, writes = _symbols(piece.source)
    here, everything = piece.outer_nodes, piece.nodes
    fills = {name for n in here for name in _filled(n)}
    inner = {name for n in everything for name in _filled(n)}
    parameters = {a.arg for n in everything if isinstance(n, ast.arguments) for a in n.args}
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    dynamic = any(isinstance(n, ast.Name) and n.id in _DYNAMIC for n in everything)
    strings = {
        n.value for n in everything if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    for n in here:
        if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store):
            key = n.slice
            if _called(n.value) == "globals" and isinstance(key, ast.Constant):
                binds = binds | {str(key.value)}
    return Effects(
        binds=frozenset(binds),
        reads=frozenset(reads),
        fills=frozenset(fills),
        global_writes=frozenset(writes | (inner & reads if is_function else set())),
        calls=frozenset(name for n in here if (name := _called(n))) | _decorators(node),
        strings=frozenset(strings) if dynamic else frozenset(),
        trains=any(_trains(n) for n in here),
        trains_when_called=is_function and any(_trains(n) for n in everything),
        fills_arguments=is_function and bool(inner & parameters),
    )


def _symbols(source: str) -> tuple[set[str], set[str], set[str]]:
    """(bound at module level, globals read anywhere inside, globals written inside functions)."""
    with alone_and_quiet():
        top = symtable.symtable(source, "<cell>", "exec")
    binds = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    reads = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    writes: set[str] = set()
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                reads.add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                writes.add(symbol.get_name())
    return binds, reads, writes


def root_name(node: ast.AST) -> str:
    """``a`` of ``a.b[c].d``; empty if the expression does not start with a name."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _decorators(node: ast.stmt) -> set[str]:
    return {d.id for d in getattr(node, "decorator_list", []) if isinstance(d, ast.Name)}


def _called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def _filled(node: ast.AST) -> Iterator[str]:
    """Names whose object ``node`` may change in place."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        yield root_name(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Attribute):
            yield root_name(call.func)
        elif _called(call) == "setattr" and call.args:
            yield root_name(call.args[0])
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        for decorator in node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(target, ast.Attribute):
                yield root_name(target)


def _trains(node: ast.AST) -> bool:
    """Is this a call that trains or samples?"""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        student = root_name(node.func) not in _NOT_STUDENT
        return node.func.attr in ("backward", "step") or (node.func.attr == "sample" and student)
    return _called(node) == "ddpm"


def imported_modules(piece: Piece) -> set[str]:
    """Top-level names of the modules that are imported anywhere in a statement."""
    found: set[str] = set()
    for n in piece.nodes:
        if isinstance(n, ast.Import):
            found.update(alias.name.split(".")[0] for alias in n.names)
        elif isinstance(n, ast.ImportFrom) and n.module and not n.level:
            found.add(n.module.split(".")[0])
        elif isinstance(n, ast.Call) and n.args and isinstance(n.args[0], ast.Constant):
            name = n.func.attr if isinstance(n.func, ast.Attribute) else _called(n)
            if name in ("__import__", "import_module") and re.match(r"\w", str(n.args[0].value)):
                found.add(str(n.args[0].value).split(".")[0])
    return found
