"""Statements that stand for others: files that are run, code in strings, methods that are attached.

What a notebook's own cells have written to a file or into a string is read here as if it stood in
the cell that runs it, so that of it, too, only what is needed runs.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grader.intake.source import FAILURES, CellText, Piece, parse, read_cell, split

MAX_DEPTH = 5  # files that run files
MAX_INLINED = 2**18  # characters, all together
MAX_STATEMENTS = 2_000  # likewise
_PYLAB = "from pylab import *\nfrom numpy import *"
_OPENS = {"open", "Path", "PosixPath"}


@dataclass(frozen=True)
class Text:
    """What a cell wrote into a file, and where: the cell and the line before the text's first."""

    cell: int
    offset: int
    source: str


@dataclass
class Expander:
    """Goes through the cells in order, as files are known only once they are written."""

    files: dict[str, Text] = field(default_factory=dict)
    left: int = MAX_INLINED
    statements: int = MAX_STATEMENTS

    def pieces_of(self, number: int, text: CellText) -> list[Piece]:
        """The cell's statements, with others in the place of those that stand for them."""
        if text.writes:
            head, _, body = text.text.partition("\n")
            before = (
                self.files.get(base(text.writes)) if re.search(r"\s-(a|-append)\s", head) else None
            )
            new = Text(number, text.offset + 1, body)
            joined = before and Text(before.cell, before.offset, f"{before.source}\n{body}")
            self._write(text.writes, joined or new)
        pieces = [p for piece in text.pieces for p in self._expanded(piece, 0)]
        if text.adds_to:
            pieces = [p for piece in pieces for p in (piece, *_attached(piece, text.adds_to))]
        return pieces

    def _write(self, path: str, text: Text) -> None:
        self.files[base(path)] = text

    def _expanded(self, piece: Piece, depth: int) -> Iterator[Piece]:
        for path, content in written(piece.node).items():
            self._write(path, Text(piece.cell, piece.line - 1, content))
        inner = self._inlined(piece)
        if inner is None or depth == MAX_DEPTH or len(inner.source) > self.left:
            yield from _as_python(piece)
            return
        self.left -= len(inner.source)
        parts = read_cell(inner.cell, inner.source).pieces
        self.statements -= len(parts)
        for part in parts if self.statements >= 0 else ():
            moved = Piece(inner.cell, part.line + inner.offset, part.source, part.node)
            yield from self._expanded(moved, depth + 1)

    def _inlined(self, piece: Piece) -> Text | None:
        """The text that a statement runs in its place; None if it runs none that is known."""
        name, argument = line_magic(piece.node)
        if name == "run":
            words = [word for word in argument.split() if not word.startswith("-")]
            return self.files.get(base(words[0])) if words else None
        call = piece.node.value if isinstance(piece.node, ast.Expr) else None
        if not isinstance(call, ast.Call) or not call.args:
            return None
        if _last(call.func) not in ("exec", "run_cell") or not all(map(_is_here, call.args[1:])):
            return None
        source = call.args[0]
        if isinstance(source, ast.Call) and _last(source.func) == "compile" and source.args:
            source = source.args[0]
        if isinstance(source, ast.Constant) and isinstance(source.value, str):
            line = piece.line + source.lineno - piece.node.lineno
            return Text(piece.cell, line - 1, source.value)
        if isinstance(source, ast.Call) and _last(source.func) in ("read", "read_text"):
            path = _opened(source)
            return self.files.get(base(path)) if path else None
        return None


def base(path: str) -> str:
    """The file's own name: cells write it by one path, and read it by another."""
    return re.split(r"[/\\]", path.strip("\"'"))[-1]


def line_magic(node: ast.stmt) -> tuple[str, str]:
    """('run', 'x.py') of ``%run x.py``, ('!', 'ls') of ``!ls`` and ``a = !ls``; else empty."""
    value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return "", ""
    owner = value.func.value
    words = [a.value for a in value.args if isinstance(a, ast.Constant)]
    texts = [word for word in words if isinstance(word, str)]
    if not isinstance(owner, ast.Call) or _last(owner.func) != "get_ipython" or not texts:
        return "", ""
    if value.func.attr in ("system", "getoutput"):
        return "!", texts[0]
    if value.func.attr in ("run_line_magic", "magic"):
        name, _, rest = " ".join(texts).partition(" ")
        return name.lstrip("%"), rest
    return "", ""


def _last(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_here(namespace: ast.expr) -> bool:
    """Whether ``exec`` is given the notebook's own names."""
    return isinstance(namespace, ast.Call) and _last(namespace.func) in ("globals", "locals")


def _opened(call: ast.Call) -> str:
    """The path of ``open('x.py').read()``, ``Path('a', 'x.py').read_text()`` and the like."""
    for node in ast.walk(call):
        if isinstance(node, ast.Call) and _last(node.func) in _OPENS:
            names = [a.value for a in node.args if isinstance(a, ast.Constant)]
            paths = [name for name in names if isinstance(name, str) and "." in name]
            if paths:
                return paths[0]
    return ""


def written(node: ast.stmt) -> Mapping[str, str]:
    """The file that a statement writes, by its path, where both stand in it as they are."""
    if isinstance(node, ast.With):
        opener: ast.expr | None = node.items[0].context_expr
        calls = [part.value for part in node.body if isinstance(part, ast.Expr)]
    else:
        opener = None
        calls = [node.value] if isinstance(node, ast.Expr) else []
    for call in calls:
        if not isinstance(call, ast.Call) or _last(call.func) not in ("write", "write_text"):
            continue
        content = call.args[0] if call.args else None
        where = opener or call
        path = _opened(where) if isinstance(where, ast.Call) else ""
        if path and isinstance(content, ast.Constant) and isinstance(content.value, str):
            return {path: content.value}
    return {}


def _as_python(piece: Piece) -> tuple[Piece, ...]:
    """The statement, rewritten if it needs IPython or a library that is missing here."""
    name, _ = line_magic(piece.node)
    if name == "pylab":
        return _pieces(piece, _PYLAB)
    node = piece.node
    if isinstance(node, ast.FunctionDef) and len(node.decorator_list) == 1:
        owner = _patched(node)
        if owner:
            bare = _without_decorator(piece)
            return (bare, *_attached(bare, owner)) if bare else (piece,)
    method = _bound_method(node)
    return _pieces(piece, method) if method else (piece,)


def _patched(node: ast.FunctionDef) -> str:
    """The class that ``@patch``, ``@patch_to(DDPM)`` or ``@add_to_class(DDPM)`` of a library that
    is not here adds this function to."""
    decorator, first = node.decorator_list[0], node.args.args[:1]
    if isinstance(decorator, ast.Name) and decorator.id == "patch" and first:
        return ast.unparse(first[0].annotation) if first[0].annotation else ""
    if not isinstance(decorator, ast.Call) or not decorator.args:
        return ""
    if _last(decorator.func) in ("patch_to", "add_to_class"):
        plain = len(decorator.args) == 1 and not decorator.keywords
        return ast.unparse(decorator.args[0]) if plain else ""
    return ""


def _without_decorator(piece: Piece) -> Piece | None:
    lines = piece.source.split("\n")
    start = next((i for i, line in enumerate(lines) if re.match(r"(async )?def\b", line)), None)
    if start is None:
        return None
    source = "\n".join(lines[start:])
    return _parsed(piece.cell, piece.line + start, source)


def _attached(piece: Piece, owner: str) -> tuple[Piece, ...]:
    """``DDPM.sample = sample`` after the definition of ``sample``."""
    name = getattr(piece.node, "name", "")
    if not isinstance(piece.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ()
    made = _parsed(piece.cell, piece.line, f"{owner}.{name} = {name}")
    return (made,) if made else ()


def _bound_method(node: ast.stmt) -> str:
    """``DDPM.sample = sample`` for what sets it on the notebook's own ``ddpm`` alone, in whose
    place the grader makes one."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return ""
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Attribute) or not _is_model(target.value):
        return ""
    function: ast.expr | None = None
    if isinstance(value, ast.Lambda):
        return f"DDPM.{target.attr} = staticmethod({ast.unparse(value)})"
    if isinstance(value, ast.Call):
        if _last(value.func) == "MethodType" and len(value.args) == 2 and _is_model(value.args[1]):
            function = value.args[0]
        elif isinstance(value.func, ast.Attribute) and value.func.attr == "__get__":
            function = value.func.value
    return f"DDPM.{target.attr} = {ast.unparse(function)}" if function else ""


def _is_model(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "ddpm"


def _pieces(piece: Piece, source: str) -> tuple[Piece, ...]:
    made = split(piece.cell, source, piece.line - 1, parse(source))
    return tuple(Piece(piece.cell, piece.line, part.source, part.node) for part in made)


def _parsed(cell: int, line: int, source: str) -> Piece | None:
    try:
        node = parse(source).body[0]
    except (*FAILURES, IndexError):
        return None
    return Piece(cell, line, source, node)
