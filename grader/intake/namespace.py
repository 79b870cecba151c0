"""Names that a statement binds without assigning to them: through ``globals()`` and the like."""

import ast
from collections.abc import Iterable, Iterator

_NAMESPACES = {"globals", "vars", "locals"}


def called(node: ast.AST) -> str:
    """``f`` of ``f(...)``; empty for all else."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def last_called(call: ast.Call) -> str:
    """``f`` of ``f(...)`` and of ``a.b.f(...)``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else called(call)


def constants(nodes: Iterable[ast.AST | None]) -> Iterator[str]:
    """The strings among these nodes."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def put_into_namespace(node: ast.AST) -> Iterator[str]:
    """Names that ``globals()['f'] = f``, ``globals().update(f=f)``, ``sys.modules[...].f = f``,
    ``setattr(sys.modules[...], 'f', f)`` and IPython's ``push`` bind."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        if _is_namespace(node.value):
            yield from constants([node.slice])
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        if _is_main(node.value):
            yield node.attr
    elif isinstance(node, ast.Call):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        last = node.func.attr if isinstance(node.func, ast.Attribute) else called(node)
        if last == "setattr" and node.args and _is_main(node.args[0]):
            yield from constants(node.args[1:2])
        elif owner and (
            last == "push" or (last in ("update", "setdefault") and _is_namespace(owner))
        ):
            yield from (k.arg for k in node.keywords if k.arg)
            yield from constants([k for a in node.args if isinstance(a, ast.Dict) for k in a.keys])
            yield from constants(node.args[:1])


def may_bind_any(node: ast.AST) -> bool:
    """The same with names that do not stand there, or code in a string that is put together."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return _is_namespace(node.value) and not isinstance(node.slice, ast.Constant)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        known = node.keywords or any(isinstance(a, ast.Dict) for a in node.args)
        return node.func.attr == "update" and _is_namespace(node.func.value) and not known
    if called(node) == "setattr" and node.args and _is_main(node.args[0]):
        return not list(constants(node.args[1:2]))
    return called(node) == "exec"


def _is_namespace(node: ast.AST) -> bool:
    """``globals()``, ``vars()``, ``locals()``, ``get_ipython().user_ns``, ``__main__.__dict__``."""
    if isinstance(node, ast.Attribute):
        return node.attr == "user_ns" or (node.attr == "__dict__" and _is_main(node.value))
    return called(node) in _NAMESPACES and isinstance(node, ast.Call) and not node.args


def _is_main(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "modules"
    return isinstance(node, ast.Name) and node.id in ("__main__", "builtins")
