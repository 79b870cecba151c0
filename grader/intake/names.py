"""What a top-level statement binds, reads, fills and does, seen without running it."""

import ast
import contextlib
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

from grader.intake.expand import base, line_magic
from grader.intake.files import (
    ENVIRONMENT,
    environment_set,
    file_names,
    files_read,
    in_placeholders,
    is_environment,
    only_makes_folders,
    writes_file,
)
from grader.intake.namespace import called, constants, may_bind_any, put_into_namespace
from grader.intake.source import FAILURES, Piece, alone_and_quiet

_DYNAMIC = {"globals", "eval", "exec", "vars", "locals", "getattr"}
_NOT_STUDENT = {"random", "torch", "np", "numpy"}


@dataclass(frozen=True)
class Effects:
    """Names of one statement. ``fills``: changed in place; ``global_writes``: when it is called.

    Files count as names, too, by the last part of their path, and so does the environment.
    ``wild``: it may bind any name; ``only_folders``: it does nothing but make folders.
    """

    binds: frozenset[str]
    reads: frozenset[str]
    fills: frozenset[str]
    global_writes: frozenset[str]
    calls: frozenset[str]
    strings: frozenset[str]
    trains: bool
    trains_when_called: bool
    fills_arguments: bool
    wild: bool = False
    only_folders: bool = False


def effects(piece: Piece) -> Effects:
    """Analyse one statement. Raises what hostile source makes the parser raise."""
    node = piece.node
    binds, reads, writes = _symbols(piece.source)
    here, everything = piece.outer_nodes, piece.nodes
    fills = {name for n in here for name in _filled(n)}
    inner = {name for n in everything for name in _filled(n)}
    parameters = {a.arg for n in everything if isinstance(n, ast.arguments) for a in n.args}
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    is_definition = is_function or isinstance(node, ast.ClassDef)
    dynamic = any(isinstance(n, ast.Name) and n.id in _DYNAMIC for n in everything)
    strings = {
        n.value for n in everything if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    binds |= {name for n in here for name in put_into_namespace(n)}
    reads |= files_read(everything) | {ENVIRONMENT for n in everything if is_environment(n)}
    fills |= environment_set(here) | _decorated_owners(node)
    for bound, read in _code_in_strings(everything):
        binds.update(bound)
        reads.update(read)
    name, argument = line_magic(node)
    if name in ("env", "set_env"):
        fills.add(ENVIRONMENT)
    only_folders = only_makes_folders(node, here, argument)
    if only_folders:
        fills |= (reads | in_placeholders(argument)) - {"os", "get_ipython", "print", "Path"}
    if any(writes_file(n) for n in here):
        binds |= file_names(everything)
    return Effects(
        binds=frozenset(binds),
        reads=frozenset(reads),
        fills=frozenset(fills),
        global_writes=frozenset(writes | (inner & reads if is_definition else set())),
        calls=frozenset(name for n in here if (name := called(n))) | _run_by(node),
        strings=frozenset(strings) if dynamic else frozenset(),
        trains=any(_trains(n) for n in here),
        trains_when_called=is_function and any(_trains(n) for n in everything),
        fills_arguments=is_function and bool(inner & parameters),
        wild=any(may_bind_any(n) for n in here),
        only_folders=only_folders,
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


def _decorated_owners(node: ast.stmt) -> set[str]:
    """Classes that a decorated function may be added to: named by its first argument's type, or
    given to the decorator."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    owners = {root_name(a) for d in node.decorator_list if isinstance(d, ast.Call) for a in d.args}
    first = [a.annotation for a in node.args.args[:1] if a.annotation]
    return {*owners, *(map(root_name, first) if node.decorator_list else ())} - {""}


def written_by_magic(path: str, body: str) -> Effects:
    """Of a cell that writes a file: it needs what its path names, and the modules that its text
    imports."""
    reads = in_placeholders(path)
    try:
        with alone_and_quiet():
            tree = ast.parse(body)
        reads |= files_read(ast.walk(tree))
    except FAILURES:  # it may be a file of any kind
        pass
    nothing: frozenset[str] = frozenset()
    return Effects(
        binds=frozenset({base(path)}),
        reads=frozenset(reads),
        fills=nothing,
        global_writes=nothing,
        calls=nothing,
        strings=nothing,
        trains=False,
        trains_when_called=False,
        fills_arguments=False,
    )


def _code_in_strings(nodes: tuple[ast.AST, ...]) -> Iterator[tuple[set[str], set[str]]]:
    """What the literals that are given to ``exec`` and ``eval`` bind and read."""
    for n in nodes:
        if called(n) in ("exec", "eval"):
            for text in constants(getattr(n, "args", [])[:1]):
                with contextlib.suppress(*FAILURES):
                    yield _symbols(text.strip())[:2]


def root_name(node: ast.AST) -> str:
    """``a`` of ``a.b[c].d``; empty if the expression does not start with a name."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _run_by(node: ast.stmt) -> set[str]:
    """Whose code a definition runs: its decorators', its bases' and its metaclass's."""
    runs = [*getattr(node, "decorator_list", [])]
    if isinstance(node, ast.ClassDef):
        runs += [*node.bases, *(keyword.value for keyword in node.keywords)]
    return {part.id for part in runs if isinstance(part, ast.Name)}


def _filled(node: ast.AST) -> Iterator[str]:
    """Names whose object ``node`` may change in place."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        yield root_name(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Attribute):
            yield root_name(call.func)
        elif called(call) in ("setattr", "exec", "delattr"):
            yield from map(root_name, call.args)
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
        if node.func.attr != "sample":
            return node.func.attr in ("backward", "step")
        root, given = root_name(node.func), len(node.args) + len(node.keywords)
        return root == "ddpm" or (root not in _NOT_STUDENT and given > 1)  # as distributions sample
    return called(node) == "ddpm"


def imported_modules(piece: Piece) -> set[str]:
    """Top-level names of the modules that are imported anywhere in a statement."""
    found: set[str] = set()
    for n in piece.nodes:
        if isinstance(n, ast.Import):
            found.update(alias.name.split(".")[0] for alias in n.names)
        elif isinstance(n, ast.ImportFrom) and n.module and not n.level:
            found.add(n.module.split(".")[0])
        elif isinstance(n, ast.Call) and n.args and isinstance(n.args[0], ast.Constant):
            name = n.func.attr if isinstance(n.func, ast.Attribute) else called(n)
            if name in ("__import__", "import_module") and re.match(r"\w", str(n.args[0].value)):
                found.add(str(n.args[0].value).split(".")[0])
    return found
