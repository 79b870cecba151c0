"""The class's grades as they stand: automatic results, corrections over them, lateness last."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.batch.journal import Correction, Journal, label_key
from grader.batch.telling import common
from grader.errors import UsageError

OPEN = ("needs_review", "infra_error")
NO_RESULT = ("missing", "unreadable", "waiting")


@dataclass(frozen=True)
class GradedItem:
    """An item of one student. ``points`` are the correction's where there is one; ``outlived`` says
    that it was made for another file than the one that counts by now; ``label`` is the student's.
    """

    label: str
    id: str
    status: str
    points: float
    automatic: float
    max_points: float
    checks: Sequence[Mapping[str, Any]]
    correction: Correction | None
    outlived: bool = False

    @property
    def exceeds(self) -> bool:
        """Whether the rubric has been changed to less than a person gave."""
        return self.correction is not None and self.points > self.max_points

    @property
    def doubts(self) -> list[str]:
        """Why the correction must be looked at again, a sentence each."""
        found = []
        if self.exceeds:
            found.append(
                f"corrected to {self.points:g} points, but worth {self.max_points:g} by now."
            )
        if self.outlived:
            found.append(
                f"corrected to {self.points:g} points when another file of this student's counted; "
                f"this one has {self.automatic:g} by itself. Correct it again (ddpm-grader correct "
                f"GRADES {self.label} {self.id} POINTS), or withdraw it (--withdraw)."
            )
        return found

    @property
    def open(self) -> bool:
        """Whether a person must still look."""
        return bool(self.doubts) or (self.correction is None and self.status in OPEN)


@dataclass(frozen=True)
class Entry:
    """One student. ``row`` is as the batch wrote it, see ``grader.batch.run``."""

    label: str
    row: Mapping[str, Any]
    items: Sequence[GradedItem]
    key: str | None

    @property
    def student_id(self) -> str | None:
        student_id: str | None = self.row["student_id"]
        return student_id

    @property
    def name(self) -> str:
        return str(self.row["name"])

    @property
    def result(self) -> Mapping[str, Any] | None:
        result: Mapping[str, Any] | None = self.row["result"]
        return result

    @property
    def status(self) -> str:
        """``graded``, ``needs_review``, ``rejected``, or why there is no result."""
        if self.result is None:
            return str(self.row["state"])
        if self.result["status"] == "rejected" and not all(i.correction for i in self.items):
            return "rejected"
        return "needs_review" if any(item.open for item in self.items) else "graded"

    @property
    def failed(self) -> bool:
        """Whether a fault of the grader's keeps an item from being judged."""
        return any(item.open and item.status == "infra_error" for item in self.items)

    @property
    def unread(self) -> bool:
        """Whether there was nothing to judge it by, and no person has judged anything either."""
        if self.result is None or self.failed or any(item.correction for item in self.items):
            return False
        return self.result["status"] == "rejected" or all(
            item.open and not item.points for item in self.items
        )

    @property
    def stands(self) -> bool:
        """Whether the student id alone may stand for this work; if not, somebody else has as much
        right to it."""
        return bool(self.row.get("stands", True))

    @property
    def before_lateness(self) -> float:
        return round(sum(item.points for item in self.items), 2)

    @property
    def deduction(self) -> float:
        """What being late costs."""
        return round(self.before_lateness * float(self.row["late_percent"]) / 100, 2)

    @property
    def points(self) -> float | None:
        """None where there is no result, where nothing could be judged, or where a fault of the
        grader's left an item unjudged."""
        if self.result is None or self.failed or self.unread:
            return None
        return round(self.before_lateness - self.deduction, 2)

    @property
    def max_points(self) -> float:
        return sum(item.max_points for item in self.items)

    @property
    def only_reason(self) -> str:
        """The one message of all items of what could not be read; empty if there is none such."""
        if not self.unread and self.status != "rejected":
            return ""
        left = [item for item in self.items if not item.correction]
        messages = {str(check["message"]) for item in left for check in item.checks}
        return messages.pop() if len(left) > 1 and len(messages) == 1 else ""

    @property
    def reasons(self) -> list[str]:
        """Why a person must look, a sentence each; one that several items share stands once."""
        doubtful = [
            (item.id, str(check["message"]))
            for item in self.items
            if item.open and not item.outlived
            for check in item.checks
            if check["status"] in OPEN
        ]
        shared: dict[str, dict[str, None]] = {}
        texts = common([message for _, message in doubtful])
        for item_id, message in doubtful:
            shared.setdefault(texts[message], {})[item_id] = None
        found = [f"{_listed(list(names), self.items)}{text}" for text, names in shared.items()]
        if self.result is not None and self.status == "rejected":
            found = [flag["message"] for flag in self.result["flags"]]
        found += [f"{item.id}: {doubt}" for item in self.items for doubt in item.doubts]
        return [*dict.fromkeys(found), *self.row["notes"]]


def _listed(names: Sequence[str], items: Sequence[GradedItem]) -> str:
    """Names of items in front of what they share; none where all do."""
    return "" if len(names) == len(items) > 1 else f"{', '.join(names)}: "


@dataclass(frozen=True)
class Gradebook:
    """The class: ``items`` of the rubric, ``lines`` of the last run, ``pairs`` that are alike."""

    title: str
    items: Sequence[Mapping[str, Any]]
    entries: Sequence[Entry]
    lines: Sequence[str]
    pairs: Sequence[Mapping[str, Any]]

    def entry(self, label: str) -> Entry:
        """By label. Raises ``UsageError``."""
        for entry in self.entries:
            if entry.label == label:
                return entry
        labels = [entry.label for entry in self.entries]
        close = difflib.get_close_matches(label, labels, 3)
        which = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UsageError(f"The gradebook has no student {label!r}.{which}")


def read_gradebook(journal: Journal) -> Gradebook:
    """The last run's gradebook with the corrections of today."""
    corrections = journal.corrections()
    entries = [
        Entry(label, row, graded_items(label, keys_of(label, row), row["result"], corrections), key)
        for label, row, key in journal.gradebook()
    ]
    return Gradebook(
        journal.fact("title", ""),
        journal.fact("items", []),
        entries,
        journal.fact("lines", []),
        journal.fact("pairs", []),
    )


def keys_of(label: str, row: Mapping[str, Any]) -> list[str]:
    """By which corrections of this student are found."""
    both = f"{row['student_id']}_user_{row['user']}"  # as the folder was called where ids collided
    return [*row.get("owners", ()), label_key(label), label_key(both)]


def graded_items(
    label: str,
    keys: Sequence[str],
    result: Mapping[str, Any] | None,
    corrections: Mapping[tuple[str, str], Correction],
) -> list[GradedItem]:
    """The items of a result as ``result.json`` has it, with the corrections of this student."""
    found = []
    sha256 = result["submission"]["sha256"] if result else None
    for item in result["items"] if result else ():
        correction = standing_correction(keys, item["id"], corrections)
        corrected = correction.points if correction else None
        seen = correction.sha256 if correction else None
        outlived = seen not in (None, sha256)
        found.append(
            GradedItem(
                label,
                item["id"],
                item["status"],
                item["points"] if corrected is None else corrected,
                item["points"],
                item["max_points"],
                item["checks"],
                correction,
                outlived,
            )
        )
    return found


def standing_correction(
    keys: Sequence[str], item: str, corrections: Mapping[tuple[str, str], Correction]
) -> Correction | None:
    """The last one that was made under any of the keys, unless it was withdrawn."""
    made = [corrections[key, item] for key in keys if (key, item) in corrections]
    if len(made) > 1:
        order = list(corrections.values())
        made.sort(key=order.index)
    return made[-1] if made and made[-1].points is not None else None
