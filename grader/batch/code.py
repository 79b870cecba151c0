"""The student's statements that ran, as they are kept: which of them each item was judged by."""

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from grader.bounded import TooMuch, bounded
from grader.intake import Statement
from grader.sandbox.text import clean

JUDGED = {
    "beta_schedule": ("beta_schedule",),
    "schedule_parameters": ("ddpm_schedules",),
    "loss": ("DDPM",),
    "sampling": ("DDPM",),
}
"""What of the notebook an item judges."""
MOST_CODE = 120_000  # characters that are kept of one student


def kept_code(statements: Sequence[Statement]) -> dict[str, Any]:
    """What ``judged_code`` gives, which reads in a child with limits; of what is too much for
    that, nothing is kept."""
    try:
        return bounded(judged_code, tuple(statements))
    except TooMuch:
        return {"statements": [], "of": {}, "whole": False}


def judged_code(statements: Sequence[Statement]) -> dict[str, Any]:
    """``statements``: cell, line and text of each that ran; ``of``: for each item the places among
    them of those that it needs, imports left out.

    Where there is more code than a person would read, only what comes first is kept; ``whole`` is
    False then.
    """
    kept, size = [], 0
    for statement in statements:
        size += len(statement.source)
        if size > MOST_CODE:
            break
        kept.append(statement)
    reads = [_reads(statement.source) for statement in kept]
    of = {item: _needed(names, kept, reads) for item, names in JUDGED.items()}
    texts = [[s.cell, s.line, clean(s.source)] for s in kept]
    return {"statements": texts, "of": of, "whole": len(kept) == len(statements)}


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


def _reads(source: str) -> frozenset[str] | None:
    """The names that a statement reads; None of an import, nothing of what is no plain Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    if all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
        return None
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
