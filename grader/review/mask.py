"""Anonymous review: nothing on the page tells whose work it is."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import permutations

from grader.batch.gradebook import Entry

_ID = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}[\W_]{0,3}[0-9]{5}(?![0-9])")
_PART = re.compile(r"[^\W_]+")
HIDDEN = "▮▮▮"
LONG = 5  # letters of a part of the own name that is hidden inside of words, too


class Mask:
    """``text`` shows a text of a student's; a mask that does not hide gives it back."""

    def __init__(self, entries: Iterable[Entry] = (), *, hides: bool = False) -> None:
        self.hides = hides
        words: set[str] = set()
        for entry in entries if hides else ():
            words |= {entry.label, entry.name, str(entry.row["file"]), str(entry.row["user"] or "")}
            words |= set(map(str, entry.row["others"]))
        self._names = _any_of(frozenset(words))

    def text(self, text: str, entry: Entry | None = None) -> str:
        """Without ids, names and files' names; without the parts of this student's own name."""
        if not self.hides:
            return text
        own = _own(entry.name) if entry is not None else frozenset()
        for names in (self._names, _any_of(own, LONG)):
            text = names.sub(HIDDEN, text) if names is not None else text
        return _ID.sub(HIDDEN, text)


def _own(name: str) -> frozenset[str]:
    """The parts of a name, alone and joined, as in ``minsukim``, and a Korean given name."""
    parts = _PART.findall(name)
    joined = map("".join, permutations(parts)) if len(parts) <= 3 else ()
    given = [part[1:] for part in parts if len(part) == 3 and not part.isascii()]
    return frozenset([*parts, *joined, *given])


@lru_cache(64)
def _any_of(words: frozenset[str], inside: int | None = None) -> re.Pattern[str] | None:
    """Matches each of them; Latin ones as whole words, or from ``inside`` letters on anywhere; for
    Hangul ends with what is said of it."""
    parts = [
        rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"
        if word.isascii() and (inside is None or len(word) < inside)
        else re.escape(word)
        for word in sorted(words, key=lambda word: (-len(word), word))
        if len(word) > (2 if word.isascii() else 1)
    ]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
