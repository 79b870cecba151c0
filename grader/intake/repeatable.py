"""Statements that may run twice without a difference: imports, constants, plain definitions."""

import ast
from types import UnionType

_PLAIN = ast.Constant | ast.Tuple | ast.UnaryOp | ast.unaryop | ast.expr_context
_NAMED = _PLAIN | ast.Name | ast.Attribute


def repeatable(node: ast.stmt) -> bool:
    """Whether a statement may run together with its neighbours of this kind, and once more."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr(ast.Constant()):
            return True
        case ast.Assign(targets, value):
            return all(isinstance(t, ast.Name) for t in targets) and _made_of(_PLAIN, value)
        case ast.FunctionDef(name, args, decorator_list=[], returns=returns):
            plain = _made_of(_NAMED | ast.arguments | ast.arg, args, returns)
            return plain and not _named(name, args)
        case ast.ClassDef(name, bases, keywords=[], body=body, decorator_list=[]):
            plain = _made_of(_NAMED, *bases) and all(map(repeatable, body))
            return plain and not _named(name, *bases)
    return False


def _made_of(kinds: UnionType, *nodes: ast.AST | None) -> bool:
    """Whether there is nothing else in these trees: no call above all."""
    return all(isinstance(part, kinds) for node in nodes if node for part in ast.walk(node))


def _named(name: str, *nodes: ast.AST) -> bool:
    """Whether these trees read it: what builds on what it replaces would do so twice."""
    return any(isinstance(p, ast.Name) and p.id == name for node in nodes for p in ast.walk(node))
