"""The class's grades as they stand: automatic results, decisions over them, lateness last."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from grader.batch.decisions import NOTHING, TILES, Decision, Decisions, item_of, label_key
from grader.batch.journal import Journal, Rows
from grader.batch.row import Row
from grader.batch.telling import common
from grader.digits.readings import clear_share
from grader.errors import UsageError
from grader.messages.message import Message, Said, say, sentence, together
from grader.results import CheckResult, ItemResult, Result
from grader.states import State

LANGUAGE = "language"  # the fact that says in which students are told
OPEN = ("needs_review", "infra_error")
EMPTY = say("handed_in.nothing")
SHORTEST = 3  # digits of the end of an id that tell who is meant


@dataclass(frozen=True)
class GradedItem:
    """An item of one student. ``points`` are a person's where one decided; ``label`` is the
    student's.

    ``decision`` is on the item as a whole, ``decided`` on its checks, by id, and ``tiles`` on
    tiles, by number. ``outlived`` were made for another file than the one that counts by now: they
    are proposed again, and give nothing.
    """

    label: str
    id: str
    status: State
    points: float
    automatic: float
    max_points: float
    checks: Sequence[CheckResult]
    decision: Decision | None = None
    decided: Mapping[str, Decision] = field(default_factory=dict)
    tiles: Mapping[int, Decision] = field(default_factory=dict)
    outlived: Sequence[Decision] = ()

    @property
    def exceeds(self) -> bool:
        """Whether the rubric has been changed to less than a person gave."""
        return self.decision is not None and self.points > self.max_points

    @cached_property
    def doubts(self) -> list[Message]:
        """Why a decision must be looked at again."""
        found = []
        if self.exceeds:
            worth = {"points": f"{self.points:g}", "most": f"{self.max_points:g}"}
            found.append(say("decision.exceeds", **worth))
        return found + [self._outlived(old) for old in self.outlived]

    def _outlived(self, old: Decision) -> Message:
        when = "decision.nothing_yet" if old.sha256 == NOTHING else "decision.other_file"
        withdraw = f"{self.label} {old.target.partition(' ')[0]} --withdraw"
        known = {
            "when": say(when),
            "points": f"{self.automatic:g}",
            "command": f"ddpm-grader correct GRADES {withdraw}",
        }
        if old.target.startswith(f"{TILES} "):
            return say("decision.tile", number=old.target.rpartition(" ")[2], **known)
        if old.target != self.id:
            known["check"] = old.target.partition(".")[2]
        if old.points is None:
            looked = "decision.check_looked" if "check" in known else "decision.looked"
            return say(looked, **known)
        given = "decision.check_corrected" if "check" in known else "decision.corrected"
        return say(given, given=f"{old.points:g}", **known)

    @cached_property
    def left(self) -> list[CheckResult]:
        """The checks that a person must still look at."""
        if self.decision is not None:
            return []
        return [c for c in self.checks if c.status in OPEN and c.id not in self.decided]

    @cached_property
    def open(self) -> bool:
        """Whether a person must still look."""
        return bool(self.doubts or self.left)

    @property
    def by_person(self) -> Sequence[Decision]:
        """The decisions that count, in no order of time."""
        return [self.decision] if self.decision else [*self.decided.values(), *self.tiles.values()]

    @property
    def settled(self) -> bool:
        """Whether a person decided on all of it."""
        whole = bool(self.checks) and all(check.id in self.decided for check in self.checks)
        return self.decision is not None or whole

    def points_of(self, check: CheckResult) -> float:
        """What one of its checks earns, as far as that is known by itself."""
        made = self.decided.get(check.id)
        return made.worth(check.max_points) if made else check.points


@dataclass(frozen=True)
class Reason:
    """Why a person must look at a student, and the items that it is about, if any."""

    said: Said
    items: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The sentence in English."""
        return sentence(self.said)


@dataclass(frozen=True)
class Entry:
    """One student. ``row`` is as the batch wrote it."""

    label: str
    row: Row
    items: Sequence[GradedItem]
    key: str | None

    @property
    def student_id(self) -> str | None:
        return self.row["student_id"]

    @property
    def name(self) -> str:
        return self.row["name"]

    @property
    def result(self) -> Result | None:
        return self.row["result"]

    @property
    def status(self) -> str:
        """``graded``, ``needs_review``, ``rejected``, or why there is no result."""
        if self.result is None:
            return self.row["state"]
        if self.result.status == "rejected" and not all(i.settled for i in self.items):
            return "rejected"
        return "needs_review" if any(item.open for item in self.items) else "graded"

    @cached_property
    def failed(self) -> bool:
        """Whether a fault of the grader's keeps an item from being judged."""
        return any(item.open and item.status == "infra_error" for item in self.items)

    @cached_property
    def unread(self) -> bool:
        """Whether there was nothing to judge it by, and no person has judged anything either."""
        if self.result is None or self.failed or any(item.by_person for item in self.items):
            return False
        return self.result.status == "rejected" or all(
            item.open and not item.points for item in self.items
        )

    @property
    def stands(self) -> bool:
        """Whether the student id alone may stand for this work; if not, somebody else has as much
        right to it."""
        return self.row["stands"]

    @property
    def before_lateness(self) -> float:
        return round(sum(item.points for item in self.items), 2)

    @property
    def deduction(self) -> float:
        """What being late costs."""
        return round(self.before_lateness * self.row["late_percent"] / 100, 2)

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
    def only_reason(self) -> Said:
        """The one message of all items of what could not be read; empty if there is none such."""
        if not self.unread and self.status != "rejected":
            return ""
        left = [item for item in self.items if not item.by_person]
        messages = {check.said for item in left for check in item.checks}
        return messages.pop() if len(left) > 1 and len(messages) == 1 else ""

    @property
    def why(self) -> list[Reason]:
        """Why a person must look; what several items share stands once."""
        doubtful = [
            (item.id, check.said) for item in self.items if not item.outlived for check in item.left
        ]
        shared: dict[Said, dict[str, None]] = {}
        texts = common([message for _, message in doubtful])
        for item_id, message in doubtful:
            shared.setdefault(texts[message], {})[item_id] = None
        found = [Reason(said, tuple(names)) for said, names in shared.items()]
        if self.result is not None and self.status == "rejected":
            found = [Reason(flag.said) for flag in self.result.flags[:1]]  # others are settled
        found += [Reason(doubt, (item.id,)) for item in self.items for doubt in item.doubts]
        return list(dict.fromkeys([*found, *map(Reason, self.row["notes"])]))

    @property
    def reasons(self) -> list[str]:
        """The same, a sentence each."""
        found = [f"{_listed(reason.items, self.items)}{reason.text}" for reason in self.why]
        return list(dict.fromkeys(found))


def _listed(names: Sequence[str], items: Sequence[GradedItem]) -> str:
    """Names of items in front of what they share; none where all do."""
    whole = len(names) == len(items) > 1
    return "" if whole or not names else f"{', '.join(names)}: "


@dataclass(frozen=True)
class Gradebook:
    """The class: ``items`` of the rubric, ``lines`` of the last run, ``pairs`` that are alike; the
    ``language`` in which students are told: ``en``, ``ko`` or ``both``."""

    title: str
    items: Sequence[Mapping[str, Any]]
    entries: Sequence[Entry]
    lines: Sequence[str]
    pairs: Sequence[Mapping[str, Any]]
    language: str = "en"

    def find(self, text: str) -> Entry:
        """By label, by a name or by the end of an id that only one has. Raises ``UsageError``."""
        asked = text.strip().casefold()
        digits = asked.replace("-", "")
        named = [e for e in self.entries if asked and e.name.casefold() == asked]
        ends = [
            e
            for e in self.entries
            if len(digits) >= SHORTEST
            and digits.isdecimal()
            and (e.student_id or "").replace("-", "").endswith(digits)
        ]
        for found in ([e for e in self.entries if e.label == text], named, ends):
            if len(found) == 1:
                return found[0]
            if found:
                labels = ", ".join(entry.label for entry in found)
                raise UsageError(f"{text!r} may be any of these: {labels}.")
        return self.entry(text)

    def entry(self, label: str) -> Entry:
        """By label. Raises ``UsageError``."""
        for entry in self.entries:
            if entry.label == label:
                return entry
        labels = [entry.label for entry in self.entries]
        close = difflib.get_close_matches(label, labels, 3)
        which = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UsageError(f"The gradebook has no student {label!r}.{which}")


def read_gradebook(journal: Journal, rows: Rows | None = None) -> Gradebook:
    """The last run's gradebook with the decisions of today; ``rows`` as ``journal.rows`` gave them,
    where they are at hand."""
    decisions = Decisions(journal.decisions())
    items = journal.fact("items", [])
    found = journal.gradebook() if rows is None else rows.found
    entries = [entry_of(*row, decisions, items) for row in found]
    return Gradebook(
        journal.fact("title", ""),
        items,
        entries,
        journal.fact("lines", []),
        journal.fact("pairs", []),
        journal.fact(LANGUAGE, "en"),
    )


def entry_of(
    label: str,
    row: Row,
    key: str | None,
    decisions: Decisions,
    items: Sequence[Mapping[str, Any]],
) -> Entry:
    """One student with the decisions that stand; ``items`` are the rubric's."""
    made = decisions.of(keys_of(label, row))
    given = {item["id"] for item in items}.intersection(made)
    if row["result"] is None and row["state"] == "missing" and given:
        row = {**row, "result": empty_result(row["student_id"], items)}
    return Entry(label, row, graded_items(label, row["result"], made), key)


def with_nothing(entry: Entry, items: Sequence[Mapping[str, Any]]) -> Entry:
    """The same, so that it can be decided on where nothing was handed in."""
    if entry.result is not None or entry.row["state"] != "missing":
        return entry
    row: Row = {**entry.row, "result": empty_result(entry.student_id, items)}
    return Entry(entry.label, row, graded_items(entry.label, row["result"], {}), entry.key)


def empty_result(student_id: str | None, items: Sequence[Mapping[str, Any]]) -> Result:
    """Of who handed in nothing, and was given points by a person all the same."""
    worth = sum(item["max_points"] for item in items)
    return Result(student_id, "", NOTHING, "graded", worth, [empty_item(item) for item in items])


def empty_item(item: Mapping[str, Any]) -> ItemResult:
    scored = State.MISSING, 0.0, item["max_points"]
    check = CheckResult(f"{item['id']}.submission", *scored, EMPTY)
    return ItemResult(item["id"], *scored, [check])


def keys_of(label: str, row: Row) -> list[str]:
    """By which decisions of this student are found."""
    both = f"{row['student_id']}_user_{row['user']}"  # as the folder was called where ids collided
    before = f"missing {row['student_id']}"  # until something was handed in
    return [*row["owners"], before, label_key(label), label_key(both)]


def graded_items(
    label: str, result: Result | None, made: Mapping[str, Decision]
) -> list[GradedItem]:
    """The items of a result, with the decisions on this student."""
    if result is None:
        return []
    mine: dict[str, list[Decision]] = {}
    for target, decision in made.items():
        mine.setdefault(item_of(target), []).append(decision)
    return [graded_item(label, item, result, mine.get(item.id, ())) for item in result.items]


def graded_item(
    label: str, item: ItemResult, result: Result, made: Sequence[Decision]
) -> GradedItem:
    """One of them, with the decisions on it and on its parts."""
    automatic = GradedItem(
        label, item.id, item.status, item.points, item.points, item.max_points, item.checks
    )
    if not made:
        return automatic
    outlived = [one for one in made if one.sha256 not in (None, result.sha256)]
    standing = {one.target: one for one in made if one not in outlived}
    whole = standing.pop(item.id, None)
    if whole is not None:
        points = whole.worth(item.max_points)
        return replace(automatic, points=points, decision=whole, outlived=outlived)
    tiles = {int(t.rpartition(" ")[2]): one for t, one in standing.items() if " " in t}
    checks = [recounted(c, tiles, result) if c.id == TILES else c for c in item.checks]
    ids = {check.id for check in checks}
    decided = {target: one for target, one in standing.items() if target in ids}
    found = replace(automatic, checks=checks, decided=decided, tiles=tiles, outlived=outlived)
    return replace(found, points=round(sum(map(found.points_of, checks)), 2))


def recounted(check: CheckResult, tiles: Mapping[int, Decision], result: Result) -> CheckResult:
    """The check of the samples with a person's word on some tiles."""
    readings = result.digits.tiles
    if not tiles or not readings:
        return check
    clear = [reading.clear for reading in readings]
    for number, decision in tiles.items():
        if number < len(clear):
            clear[number] = bool(decision.points)
    before, total = result.digits.clear, len(readings)
    points = round(check.max_points * clear_share(sum(clear), total), 2)
    note = say("gradebook.tiles", clear=sum(clear), total=total, before=before)
    return replace(check, points=points, said=together(note, check.said))
