"""The left side: which groups and students there are, filtered, and how far it has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlencode

from grader.batch.gradebook import Entry
from grader.messages.message import LANGUAGES, sentence
from grader.review.classroom import Classroom
from grader.review.groups import Group, families
from grader.review.shares import reviewer_of

BY = "by "  # in front of a reviewer's name
MOST_STUDENTS = 200  # that a list shows at once


@dataclass(frozen=True)
class Filters:
    """What the reviewer asked to see; ``state``: open, settled or all; ``share``: mine, all,
    or who decided."""

    NAMES: ClassVar[Sequence[str]] = ("item", "flag", "words", "share", "state")
    item: str = ""
    flag: str = ""
    words: str = ""
    share: str = "all"
    state: str = "open"

    @property
    def query(self) -> str:
        """For an address."""
        values = {name: getattr(self, name) for name in self.NAMES}
        return urlencode({name: value for name, value in values.items() if value})


class Queue:
    """What of the class the filters leave; ``text_of`` is what of a student can be searched."""

    def __init__(
        self,
        room: Classroom,
        filters: Filters,
        who: str,
        reviewers: Sequence[str],
        text_of: Callable[[Entry], str],
    ) -> None:
        self.room, self.filters, self.who, self.reviewers = room, filters, who, reviewers
        self.text_of = text_of

    @cached_property
    def share(self) -> list[Group]:
        """The groups that this reviewer is to settle."""
        if self.filters.share != "mine":
            return self.room.groups
        return [g for g in self.room.groups if reviewer_of(g.id, self.reviewers) == self.who]

    @cached_property
    def shown(self) -> list[Group]:
        """The groups that fit the filters."""
        return [group for group in self.share if self._fits(group)]

    def _fits(self, group: Group) -> bool:
        filters = self.filters
        state = {"open": bool(group.open), "settled": not group.open}.get(filters.state, True)
        item = not filters.item or filters.item in group.items
        by = filters.share.removeprefix(BY) if filters.share.startswith(BY) else ""
        if by and not any(d.last and d.last.who == by for d in group.done):
            return False
        flag = not filters.flag or any(filters.flag in flags_of(d.entry) for d in group.doubts)
        if not (state and item and flag):
            return False
        kinds = [sentence(group.kind, language) for language in LANGUAGES]
        return not filters.words or any(
            self._said(text) for text in (*kinds, *(self.text_of(d.entry) for d in group.doubts))
        )

    def _said(self, text: str) -> bool:
        found = text.casefold()
        return all(word in found for word in self.filters.words.casefold().split())

    @property
    def first(self) -> Group | None:
        """The one to begin with."""
        return next((group for group in self.shown if group.open), None) or next(
            iter(self.shown), None
        )

    def after(self, group: Group) -> Group | None:
        """The next one that is open, from the top where it was the last."""
        ids = [other.id for other in self.shown]
        here = ids.index(group.id) if group.id in ids else -1
        in_turn = [*self.shown[here + 1 :], *self.shown[: max(here, 0)]]
        return next((other for other in in_turn if other.open), None)

    @property
    def settled(self) -> int:
        return sum(not group.open for group in self.share)

    @property
    def left(self) -> int:
        """How many students' doubts are open."""
        return sum(len(group.open) for group in self.share)

    @property
    def percent(self) -> int:
        return round(100 * self.settled / len(self.share)) if self.share else 100

    @cached_property
    def items(self) -> list[str]:
        """All that there is to filter by."""
        return sorted({item for group in self.room.groups for item in group.items})

    @cached_property
    def deciders(self) -> list[str]:
        return sorted({made.who for made in self.room.history})

    @cached_property
    def flags(self) -> list[str]:
        return sorted({flag for e in self.room.entries.values() for flag in flags_of(e)})

    def students(self) -> list[Entry]:
        """Those whose text holds all of the words, and who fit item and flag."""
        filters = self.filters
        return [
            entry
            for entry in self.room.gradebook.entries
            if self._said(self.text_of(entry))
            and (not filters.flag or filters.flag in flags_of(entry))
            and (not filters.item or self._has_open(entry))
        ]

    def _has_open(self, entry: Entry) -> bool:
        names = [item.id for item in entry.items if item.open]
        return self.filters.item in families(names)


def flags_of(entry: Entry) -> set[str]:
    return {flag.id for flag in entry.result.flags} if entry.result else set()


def known_by(entry: Entry) -> str:
    """Id, name and file."""
    return f"{entry.label} {entry.student_id or ''} {entry.name} {entry.row['file']}"
