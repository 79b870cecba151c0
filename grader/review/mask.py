"""Anonymous review: nothing on the page tells whose work it is."""

import re
from collections.abc import Iterable
from functools import lru_cache

from grader.batch.gradebook import Entry

_ID = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}[\W_]{0,3}[0-9]{5}(?![0-9])")
_PART = re.compile(r"\w+")
HIDDEN = "▮▮▮"


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
        own = frozenset(_PART.findall(entry.name)) if entry is not None else frozenset()
        for names in (self._names, _any_of(own)):
            text = names.sub(HIDDEN, text) if names is not None else text
        return _ID.sub(HIDDEN, text)


@lru_cache(64)
def _any_of(words: frozenset[str]) -> re.Pattern[str] | None:
    """Matches each of them; Latin ones as whole words, for Hangul ends with what is said of it."""
    parts = [
        rf"(?<!\w){re.escape(word)}(?!\w)" if word.isascii() else re.escape(word)
        for word in sorted(words, key=lambda word: (-len(word), word))
        if len(word) > (2 if word.isascii() else 1)
    ]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
