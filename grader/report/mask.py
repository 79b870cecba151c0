"""Anonymous review: nothing on the page tells whose work it is."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import permutations

from grader.batch.gradebook import Entry

_ID = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}[\W_]{0,3}[0-9]{5}(?![0-9])")
_PART = re.compile(r"[^\W_]+")
_LEAD = re.compile(r"[\W_]+")
_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]|[^\x00-\x7f]")
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
        self._names = Names(words)

    def text(self, text: str, entry: Entry | None = None) -> str:
        """Without ids, names and files' names; without the parts of this student's own name."""
        if not self.hides:
            return text
        text = self._names.hide(text)
        own = _any_of(_own(entry.name)) if entry is not None else None
        return _ID.sub(HIDDEN, own.sub(HIDDEN, text) if own is not None else text)


class Names:
    """Finds names in a text, in a time that does not grow with their number: Latin ones as whole
    words, others wherever they stand, for Hangul ends with what is said of it."""

    def __init__(self, words: Iterable[str]) -> None:
        bare = {word[match.end() :] if (match := _LEAD.match(word)) else word for word in words}
        self._words = {word.lower() for word in bare if len(word) > (2 if word.isascii() else 1)}
        lengths: dict[str, set[int]] = {}
        for word in self._words:
            lengths.setdefault(word[:2], set()).add(len(word))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}

    def hide(self, text: str) -> str:
        kept, end = [], 0
        for start in _START.finditer(text):
            length = self._length_at(text, start.start()) if start.start() >= end else 0
            if length:
                kept += [text[end : start.start()], HIDDEN]
                end = start.start() + length
        return "".join([*kept, text[end:]])

    def _length_at(self, text: str, at: int) -> int:
        """Of the longest name that begins here; 0 if none does."""
        for length in self._lengths.get(text[at : at + 2].lower(), ()):
            edge = text[at + length - 1 : at + length + 1]
            whole = not (len(edge) == 2 and edge.isascii() and edge.isalnum())
            if whole and text[at : at + length].lower() in self._words:
                return length
        return 0


def _own(name: str) -> frozenset[str]:
    """The parts of a name, alone and joined, as in ``minsukim``, and a Korean given name."""
    parts = _PART.findall(name)
    joined = map("".join, permutations(parts)) if len(parts) <= 3 else ()
    given = [part[1:] for part in parts if len(part) == 3 and not part.isascii()]
    return frozenset([*parts, *joined, *given])


@lru_cache(64)
def _any_of(words: frozenset[str]) -> re.Pattern[str] | None:
    """Matches each of them; short Latin ones as whole words."""
    parts = [
        rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"
        if word.isascii() and len(word) < LONG
        else re.escape(word)
        for word in sorted(words, key=lambda word: (-len(word), word))
        if len(word) > (2 if word.isascii() else 1)
    ]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None
