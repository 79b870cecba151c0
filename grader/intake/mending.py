"""Damaged JSON, mended where there is one way to do it: what is meant must not be guessed.

Commas too many or missing between values, text behind the end, and an end that is missing are
mended; of a file with marks of a merge the first side is taken.
"""

import re
from dataclasses import dataclass, field
from itertools import islice

from grader.messages.message import Message, say

# a quote behind an odd number of backslashes goes on; to look for nothing but quotes is the fastest
_ESCAPED = "|".join(rf'(?<=[^\\]\\{{{count}}}")' for count in range(1, 64, 2))
STRING = rf'"[^"]*+"(?:(?<=\\")(?:{_ESCAPED})[^"]*+")*+(?!(?<=\\")(?:{_ESCAPED}))'
TOKEN = STRING + r'|[\[\]{},:]|[^\s"\[\]{},:]++|"'
TOKENS = re.compile(TOKEN, re.DOTALL)
_LITERAL = re.compile(r"-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity")
_MOST_TOKENS, _MOST_EDITS = 3_000_000, 200
_PAIRS = {"]": "[", "}": "{"}
_LINE = re.compile(r"[^\n]*\n?")


@dataclass
class Mended:
    """The text, what was done, and whether the end of the cells is lost."""

    text: str
    notes: list[Message] = field(default_factory=list)
    lost: bool = False


class Unclear(Exception):
    """There is no one way to mend it."""


def first_side(text: str) -> str | None:
    """The text with only the first side of each conflict of a merge; None if there is none.

    Raises ``Unclear`` if the marks do not belong together.
    """
    if "<<<<<<<" not in text or not re.search(r"^<{7}(?: |\r?$)", text, re.MULTILINE):
        return None
    kept, side = [], ""
    for match in _LINE.finditer(text):
        line = match[0]
        mark = line.rstrip()
        if mark[:8].rstrip() == "<<<<<<<" and not side:
            side = "first"
        elif mark[:8].rstrip() == "|||||||" and side == "first":
            side = "base"
        elif mark == "=======" and side in ("first", "base"):
            side = "second"
        elif mark[:8].rstrip() == ">>>>>>>" and side == "second":
            side = ""
        elif side in ("", "first"):
            kept.append(line)
    if side:
        raise Unclear
    return "".join(kept)


def mended(text: str) -> Mended:
    """Text that may be read as JSON. Raises ``Unclear`` if that cannot be made without guessing."""
    return _Mending(text).done()


class _Mending:
    """Reads the tokens from front to back and notes what to change."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.edits: list[tuple[int, int, str]] = []  # from, to, what stands there instead
        self.notes: dict[Message, None] = {}
        self.open: list[str] = []
        self.before = "start"  # start, open, comma, colon, value
        self.comma = self.end = 0  # where the last comma stood, and the last token ended
        self.key = self.string = ""  # of the outermost object, and the last one read
        self.cells_end: int | None = None  # where the last whole cell ended
        self.all_cells = False

    def done(self) -> Mended:
        tokens = TOKENS.finditer(self.text)
        for match in islice(tokens, _MOST_TOKENS):
            token = match[0]
            if token == '"':
                break  # a text that does not end
            if token in _PAIRS:
                self.close(token)
            elif token == ",":
                self.take_comma(match.start())
            elif token == ":":
                self.colon()
            else:
                self.value(token)
            self.end = match.end()
            if not self.open:
                return self.whole()
            if token in _PAIRS and self.key == '"cells"':
                self.note_cells_end()
        else:
            if next(tokens, None) is not None:
                raise Unclear
        return self.cut_off()

    def edit(self, start: int, end: int, instead: str, note: Message) -> None:
        self.edits.append((start, end, instead))
        self.notes[note] = None
        if len(self.edits) > _MOST_EDITS:
            raise Unclear

    def close(self, token: str) -> None:
        if not self.open or self.open.pop() != _PAIRS[token] or self.before == "colon":
            raise Unclear
        if self.before == "comma":
            self.edit(self.comma, self.comma + 1, "", say("notebook.comma_too_many"))
        self.before = "value"

    def note_cells_end(self) -> None:
        if self.open in (["{"], ["{", "["]):
            self.cells_end, self.all_cells = self.end, self.open == ["{"]

    def take_comma(self, place: int) -> None:
        if self.before in ("open", "comma"):
            self.edit(place, place + 1, "", say("notebook.comma_too_many"))
        elif self.before == "value":
            self.before, self.comma = "comma", place
        else:
            raise Unclear

    def colon(self) -> None:
        if self.before != "value":
            raise Unclear
        self.before = "colon"
        if len(self.open) == 1:
            self.key = self.string

    def value(self, token: str) -> None:
        if token[0] not in '"[{' and not _LITERAL.fullmatch(token):
            raise Unclear
        if self.before == "value":
            self.edit(self.end, self.end, ",", say("notebook.comma_missing"))
        if token in ("[", "{"):
            self.open.append(token)
            self.before = "open"
        else:
            self.before, self.string = "value", token[:20]

    def whole(self) -> Mended:
        if not self.text[: self.end].lstrip().startswith("{"):
            raise Unclear
        if self.text[self.end :].strip():
            self.notes[say("notebook.text_behind")] = None
        return Mended(self.changed(self.end), [*self.notes])

    def cut_off(self) -> Mended:
        """With the cells that are whole."""
        if self.cells_end is None:
            raise Unclear
        self.notes[say("notebook.its_end_missing")] = None
        text = self.changed(self.cells_end) + ("}" if self.all_cells else "]}")
        return Mended(text, [*self.notes], lost=not self.all_cells)

    def changed(self, end: int) -> str:
        """The text up to ``end`` with all edits."""
        pieces, place = [], 0
        for start, stop, instead in sorted(self.edits):
            if start < end:
                pieces += [self.text[place:start], instead]
                place = stop
        return "".join([*pieces, self.text[place:end]])
