"""The part of a block that may run: without the statements in it that train, sample or download."""

import ast
import copy
from collections.abc import Callable, Iterator

from grader.intake.source import FAILURES, Piece, parse

MAX_DEPTH = 20  # blocks in blocks
_BLOCKS = ast.If | ast.With | ast.Try | ast.For | ast.While
_DEFINES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def pruned(piece: Piece, unwanted: Callable[[Piece], bool]) -> Piece | None:
    """The block with ``pass`` in place of what is ``unwanted``, every other line where it was.

    None if nothing of it is to be left out, or that cannot be done line by line. A loop is kept
    only for the definitions in it.
    """
    node = piece.node
    loop = isinstance(node, ast.For | ast.While)
    if not isinstance(node, _BLOCKS) or (
        loop and not any(isinstance(n, _DEFINES) for n in piece.nodes)
    ):
        return None
    lines = [line.encode() for line in piece.source.split("\n")]
    spans = list(_unwanted(piece, node, unwanted, MAX_DEPTH))
    for first, last, start, end in reversed(spans):
        before, after = lines[first][:start], lines[last][end:].lstrip()
        if before.strip() or (after and not after.startswith(b"#")):
            return None  # it shares its line with another one
        lines[first : last + 1] = [before + b"pass", *[b""] * (last - first)]
    if not spans:
        return None
    source = b"\n".join(lines).decode()
    try:
        return Piece(piece.cell, piece.line, source, parse(source).body[0])
    except FAILURES:
        return None


Span = tuple[int, int, int, int]
"""First and last line, counted from 0; in them, the first byte and the one after the last."""


def _unwanted(
    piece: Piece, block: ast.stmt, unwanted: Callable[[Piece], bool], depth: int
) -> Iterator[Span]:
    for node in _inside(block):
        line = node.lineno - piece.node.lineno
        decorators = getattr(node, "decorator_list", [])
        inner = Piece(piece.cell, piece.line + line, ast.unparse(node), node)
        if not unwanted(inner):
            continue
        if isinstance(node, _BLOCKS) and depth and not unwanted(_head(inner)):
            yield from _unwanted(piece, node, unwanted, depth - 1)
            continue
        first = min([node.lineno, *(d.lineno for d in decorators)]) - piece.node.lineno
        last = (node.end_lineno or node.lineno) - piece.node.lineno
        yield first, last, node.col_offset, node.end_col_offset or 0


def _head(piece: Piece) -> Piece:
    """A block without what stands in it."""
    node = copy.copy(piece.node)
    for name in ("body", "handlers", "orelse", "finalbody"):
        if getattr(node, name, None):
            setattr(node, name, [ast.Pass()] if name == "body" else [])
    if isinstance(node, ast.Try):
        node.finalbody = [ast.Pass()]
    return Piece(piece.cell, piece.line, ast.unparse(node), node)


def _inside(block: ast.stmt) -> Iterator[ast.stmt]:
    """The statements of a block's parts, in order."""
    for name in ("body", "handlers", "orelse", "finalbody"):
        for node in getattr(block, name, ()):
            if isinstance(node, ast.ExceptHandler):
                yield from node.body
            else:
                yield node
