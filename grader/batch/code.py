"""The student's statements that ran, and which of them each item was judged by."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grader.bounded import TooMuch, bounded
from grader.checks.items import code_items
from grader.intake import Statement
from grader.sandbox.text import clean

Judged = Mapping[str, tuple[str, str]]
"""By item: what of the notebook it judges, and which method of that, if it is a class."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MOST_CODE = 120_000  # characters that are kept of one student


def judged() -> Judged:
    return {item.id: (item.target, item.method) for item in code_items()}


def kept_code(statements: Sequence[Statement]) -> dict[str, Any]:
    """What ``judged_code`` gives, which reads in a child with limits; of what is too much for
    that, nothing is kept."""
    try:
        return bounded(judged_code, tuple(statements), judged())
    except TooMuch:
        return {"statements": [], "of": {}, "looked_at": {}, "whole": False}


def judged_code(statements: Sequence[Statement], judged: Judged) -> dict[str, Any]:
    """``statements``: cell, line and text of each that ran; ``of``: for each item the places among
    them of those that it needs, imports left out; ``looked_at``: of these the place of each that
    defines what it judges, and which of its lines that is, from the first to before the last, from
    0; both 0 for all of them.

    Where there is more code than a person would read, only what comes first is kept; ``whole`` is
    False then.
    """
    kept, size = [], 0
    for statement in statements:
        size += len(statement.source)
        if size > MOST_CODE:
            break
        kept.append(statement)
    trees = [_parsed(statement.source) for statement in kept]
    reads = [_reads(tree) for tree in trees]
    of = {item: _needed([target], kept, reads) for item, (target, _) in judged.items()}
    looked_at = {
        item: [
            [place, *_lines_of(judged[item][1], trees[place])]
            for place in places
            if judged[item][0] in kept[place].binds
        ]
        for item, places in of.items()
    }
    return {
        "statements": [[s.cell, s.line, clean(s.source)] for s in kept],
        "of": of,
        "looked_at": looked_at,
        "whole": len(kept) == len(statements),
    }


def _needed(
    names: Iterable[str], statements: Sequence[Statement], reads: Sequence[frozenset[str] | None]
) -> list[int]:
    """The places of what binds these names, and of all that it needs in turn."""
    binding: dict[str, list[int]] = {}
    for place, statement in enumerate(statements):
        for name in statement.binds:
            binding.setdefault(name, []).append(place)
    open_names, seen, found = list(names), set(names), set[int]()
    while open_names:
        for place in binding.get(open_names.pop(), ()):
            read = reads[place]
            if read is not None and place not in found:
                found.add(place)
                open_names += read - seen
                seen |= read
    return sorted(found)


def _parsed(source: str) -> ast.Module | None:
    """None of what is no plain Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _reads(tree: ast.Module | None) -> frozenset[str] | None:
    """The names that a statement reads; None of an import, nothing of what is no plain Python."""
    if tree is None:
        return frozenset()
    if all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
        return None
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _lines_of(method: str, tree: ast.Module | None) -> tuple[int, int]:
    """Where the method is that an item looks at, of a class; 0 and 0 where that is all of it."""
    for node in tree.body if tree is not None else ():
        for part in getattr(node, "body", ()):
            if isinstance(part, _FUNCTIONS) and part.name == method:
                first = min(line.lineno for line in (part, *part.decorator_list))
                return first - 1, part.end_lineno or part.lineno
    return 0, 0
