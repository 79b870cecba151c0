"""Anonymous pieces of code: what made a mistake, without who made it."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, String, is_token_subtype

from grader.batch.gradebook import Entry
from grader.batch.journal import Journal
from grader.report.mask import Mask

MOST_READ, MOST_SHOWN, WIDEST = 150, 30, 160  # lines, lines, letters
TRIED = 3  # students of whom one has code


class Snippets:
    """Reads code from the journal, and hides the names of everybody in the class."""

    def __init__(self, journal: Journal, entries: Sequence[Entry]) -> None:
        self._journal = journal
        self._mask = Mask(entries, hides=True)

    def of(self, item: str, students: Sequence[Entry]) -> str:
        """What an item judges of one of these students, without comments; empty if none of the few
        that are tried has code. Whose it is follows from the work alone, not from the order."""
        for entry in sorted(students, key=_order)[:TRIED]:
            code = self._journal.code(entry.key) if entry.key else None
            if text := looked_at(item, code or {}):
                return self.hide(text, entry)
        return ""

    def hide(self, text: str, entry: Entry | None = None) -> str:
        """A text without the names and ids of students."""
        return self._mask.text(text, entry)


def _order(entry: Entry) -> str:
    return hashlib.sha256((entry.key or entry.label).encode()).hexdigest()


def looked_at(item: str, code: Mapping[str, Any]) -> str:
    """The lines that define what the item judges, ``code`` being as evidence keeps it."""
    places = code.get("looked_at", {}).get(item)
    if not places:
        return ""
    place, first, end = places[0]
    lines = code["statements"][place][2].split("\n")
    return without_comments("\n".join(lines[first:end] if end else lines))


def without_comments(source: str) -> str:
    """The first lines of code that do something, moved to the left. Only so much is read that it
    takes no time, whatever stands in it."""
    lines = [line[:WIDEST] for line in source.split("\n")[:MOST_READ]]
    tokens = PythonLexer(stripnl=False).get_tokens("\n".join(lines))
    silent = (Comment, String.Doc)
    kept = "".join(t for kind, t in tokens if not any(is_token_subtype(kind, s) for s in silent))
    found = [line.rstrip() for line in kept.split("\n") if line.strip()]
    indent = min((len(line) - len(line.lstrip()) for line in found), default=0)
    more = ["…"] if len(found) > MOST_SHOWN else []
    return "\n".join([*(line[indent:] for line in found[:MOST_SHOWN]), *more])
