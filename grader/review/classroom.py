"""The class as the server keeps it: what the queue and the lists need, and no more.

Details, pictures and code are read from the journal when somebody looks at them.
"""

import hashlib
import secrets
from bisect import bisect_right
from dataclasses import replace
from functools import cached_property

from grader.batch.decisions import Decision, Decisions
from grader.batch.gradebook import Entry, Gradebook, entry_of, keys_of, with_nothing
from grader.batch.journal import Journal
from grader.batch.row import Row
from grader.review.groups import Doubts, Group, doubts_of, grouped

MOST_COMMENTS = 30


class Classroom:
    """Reads the journal when it has changed; ``refresh`` before each use."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._secret = secrets.token_bytes(16)
        self.edition = -1
        self._rows: dict[str, tuple[int, Row, str | None]] = {}
        self._ids: dict[str, str] = {}
        self.history: list[Decision] = []
        self.decisions = Decisions()
        self.entries: dict[str, Entry] = {}
        self._doubts: dict[str, tuple[Entry, Doubts]] = {}
        self.refresh()

    @property
    def seen(self) -> int:
        """The number of the last decision that is known."""
        return self.history[-1].number if self.history else 0

    def decided_since(self, seen: int) -> list[Decision]:
        """The decisions with a higher number."""
        first = bisect_right(self.history, seen, key=lambda made: made.number)
        return self.history[first:]

    def refresh(self) -> None:
        """Takes in what a batch, a shell or another reviewer has stored since."""
        edition = self.journal.edition
        new = self.journal.decisions(self.seen)
        if edition != self.edition:
            self._read_rows()
            self.edition = edition
        elif not new:
            return
        self.history += new
        self.decisions.add(new)
        touched = {made.key for made in new}
        for label, (_, row, key) in self._rows.items():
            old = self.entries.get(label)
            if old is None or not touched.isdisjoint(keys_of(label, row)):
                self.entries[label] = entry_of(label, row, key, self.decisions, self.items)
        for name in ("groups", "gradebook"):
            self.__dict__.pop(name, None)

    def _read_rows(self) -> None:
        """Rows whose text is the same stay as they are."""
        self.title = self.journal.fact("title", "")
        self.items = self.journal.fact("items", [])
        self.lines = self.journal.fact("lines", [])
        self.pairs = self.journal.fact("pairs", [])
        rows: dict[str, tuple[int, Row, str | None]] = {}
        for label, text, key in self.journal.gradebook_texts():
            mark = hash(text)
            known = self._rows.get(label)
            if known is not None and known[0] == mark and known[2] == key:
                rows[label] = known
            else:
                rows[label] = (mark, slim(self.journal.parsed(text)), key)
                self.entries.pop(label, None)
        self._rows = rows
        self.entries = {label: self.entries[label] for label in rows if label in self.entries}
        self._ids = {self.sid(label): label for label in rows}

    # ---- one student

    def sid(self, label: str) -> str:
        """What stands for a student in addresses and forms; it tells nobody who that is."""
        return hashlib.blake2b(
            label.encode("utf-8", "replace"), key=self._secret, digest_size=6
        ).hexdigest()

    def entry(self, sid: str) -> Entry | None:
        label = self._ids.get(sid)
        return self.entries.get(label) if label is not None else None

    def keys(self, made: Decision) -> list[str]:
        """By which all decisions on the same student are found."""
        entry = self.entries.get(made.label)
        return keys_of(entry.label, entry.row) if entry is not None else [made.key]

    def whole(self, entry: Entry) -> Entry:
        """The same with all details; can be decided on also where nothing was handed in."""
        found = self.journal.row(entry.label)
        if found is None:
            return entry
        whole = entry_of(entry.label, *found, self.decisions, self.items)
        return with_nothing(whole, self.items)

    # ---- all of them

    @cached_property
    def groups(self) -> list[Group]:
        return grouped(map(self._doubts_of, self.entries.values()))

    def _doubts_of(self, entry: Entry) -> Doubts:
        """Those of a student whom nothing changed are as they were."""
        known = self._doubts.get(entry.label)
        if known is None or known[0] is not entry:
            known = self._doubts[entry.label] = entry, doubts_of(entry)
        return known[1]

    def group(self, group_id: str) -> Group | None:
        return next((group for group in self.groups if group.id == group_id), None)

    @cached_property
    def gradebook(self) -> Gradebook:
        entries = [self.entries[label] for label in self._rows]
        return Gradebook(self.title, self.items, entries, self.lines, self.pairs)

    def comments(self) -> list[str]:
        """Those that were given before, the most frequent first."""
        counts: dict[str, int] = {}
        for made in self.history:
            if made.comment:
                counts[made.comment] = counts.get(made.comment, 0) + 1
        return sorted(counts, key=lambda text: (-counts[text], text))[:MOST_COMMENTS]


def slim(row: Row) -> Row:
    """A row without what only a look at the student needs."""
    result = row["result"]
    if result is None:
        return row
    items = [
        replace(item, checks=[replace(check, details={}) for check in item.checks])
        for item in result.items
    ]
    flags = [flag for flag in result.flags if flag.id != "left_out"]
    return {**row, "result": replace(result, items=items, flags=flags)}
