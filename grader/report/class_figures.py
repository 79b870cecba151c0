"""What the class got wrong: figures of each item and check, and the commonest messages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.batch.gradebook import OPEN, Entry, Gradebook, GradedItem
from grader.messages.message import Message, Said, gaps, sentence, templates
from grader.report.statistics import alpha, mean, quartiles, rest_correlation

FULL = 1 - 1e-9  # part of the points, beside rounding
BY_PERSON = "A person gave less than the full points."


@dataclass
class Mistake:
    """A message that lost points: ``key`` is its id, or its sentence if it has none."""

    key: str
    check: str
    sentences: Counter[str] = field(default_factory=Counter)
    students: list[Entry] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The commonest of its sentences, which may differ in numbers."""
        return self.sentences.most_common(1)[0][0]

    @property
    def shared(self) -> int:
        """How many students were told exactly that."""
        return self.sentences.most_common(1)[0][1]


@dataclass(frozen=True)
class Figures:
    """Of an item or check: ``settled`` students, of whom ``full`` have all points, and ``left``,
    whom a person must look at. ``share`` is the mean part of the points; ``correlation`` that with
    the rest of the points."""

    id: str
    settled: int
    full: int
    left: int
    share: float | None
    correlation: float | None
    mistakes: Sequence[Mistake] = ()

    @property
    def lost(self) -> float:
        """The mean part of the points that is lost."""
        return 0.0 if self.share is None else 1 - self.share


@dataclass(frozen=True)
class ClassFigures:
    """The whole class. ``totals`` are the final points before lateness; ``out`` names why others
    have none and who they are."""

    totals: Sequence[float]
    max_points: float
    out: Mapping[str, Sequence[Entry]]
    alpha: float | None
    items: Sequence[Figures]
    checks: Sequence[Figures]

    @property
    def mean(self) -> float | None:
        return mean(self.totals)

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        return quartiles(self.totals)

    @property
    def mistakes(self) -> list[Mistake]:
        """Those of all checks, the commonest first."""
        found = [mistake for check in self.checks for mistake in check.mistakes]
        return sorted(found, key=lambda mistake: -len(mistake.students))


def class_figures(gradebook: Gradebook) -> ClassFigures:
    """Only what is settled counts: provisional points are nobody's mistake yet, and what could not
    be read says nothing of what its student knows."""
    out: dict[str, list[Entry]] = {}
    read: list[Entry] = []
    final: dict[str, float] = {}
    for entry in gradebook.entries:
        status = _status(entry)
        if status == "graded":
            final[entry.label] = sum(item.points for item in entry.items)
        else:
            out.setdefault(status, []).append(entry)
        if status in ("graded", "needs_review"):
            read.append(entry)
    rows = [[item.points for item in e.items] for e in read if e.label in final]
    return ClassFigures(
        list(final.values()),
        sum(item["max_points"] for item in gradebook.items),
        out,
        alpha(np.array(rows, float)) if rows else None,
        [_of_item(n, item["id"], read, final) for n, item in enumerate(gradebook.items)],
        [_of_check(check, read, final) for check in _checks(read)],
    )


def _status(entry: Entry) -> str:
    """The entry's, but of who handed in nothing, also if a person gave points for that."""
    return "missing" if entry.row["state"] == "missing" else entry.status


def _of_item(
    place: int, item_id: str, read: Sequence[Entry], final: Mapping[str, float]
) -> Figures:
    items = [(entry.label, entry.items[place]) for entry in read]
    settled = [(label, item) for label, item in items if not item.open and item.max_points]
    shares = [item.points / item.max_points for _, item in settled]
    ranked = [(item.points, final[label]) for label, item in settled if label in final]
    return _figures(item_id, shares, len(items) - len(settled), ranked, ())


def _of_check(
    target: tuple[int, str], read: Sequence[Entry], final: Mapping[str, float]
) -> Figures:
    place, check_id = target
    shares, ranked, left = [], [], 0
    mistakes: dict[str, Mistake] = {}
    for entry in read:
        item = entry.items[place]
        check = next((c for c in item.checks if c["id"] == check_id), None)
        if check is None or item.decision is not None or not check["max_points"]:
            continue  # a person's word on the whole item says nothing of its checks
        share = _share(item, check)
        if share is None:
            left += 1
            continue
        shares.append(share)
        if entry.label in final:
            ranked.append((item.points_of(check), final[entry.label]))
        if share < FULL:
            for key, text in _told(item, check):
                mistake = mistakes.setdefault(key, Mistake(key, check_id))
                mistake.sentences[text] += 1
                mistake.students.append(entry)
    ordered = sorted(mistakes.values(), key=lambda mistake: -len(mistake.students))
    return _figures(check_id, shares, left, ranked, ordered)


def _figures(
    target: str,
    shares: Sequence[float],
    left: int,
    ranked: Sequence[tuple[float, float]],
    mistakes: Sequence[Mistake],
) -> Figures:
    correlation = rest_correlation([p for p, _ in ranked], [t for _, t in ranked])
    full = sum(share >= FULL for share in shares)
    return Figures(target, len(shares), full, left, mean(shares), correlation, mistakes)


def _checks(read: Sequence[Entry]) -> list[tuple[int, str]]:
    """Every check that somebody has, and the place of its item, in the rubric's order."""
    found = {
        (place, check["id"]): None
        for entry in read
        for place, item in enumerate(entry.items)
        for check in item.checks
    }
    return sorted(found, key=lambda target: target[0])


def _share(item: GradedItem, check: Mapping[str, Any]) -> float | None:
    """The part of a check's points that is earned; None where that is not settled."""
    if check["id"] not in item.decided and check["status"] in (*OPEN, "skipped"):
        return None
    return None if item.doubts else item.points_of(check) / float(check["max_points"])


def _told(item: GradedItem, check: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and sentence of each mistake of a check; of one that a person decided, that it was so."""
    if check["id"] in item.decided:
        yield BY_PERSON, BY_PERSON
        return
    yield from {key_of(said): sentence(said) for said in _pieces(said_of(check))}.items()


def said_of(check: Mapping[str, Any]) -> Said:
    """What a check of ``result.json`` says: its message, or its sentence where that has no id."""
    if check.get("message_id") not in templates("en"):
        return str(check["message"])
    return Message.from_json({"id": check["message_id"], "values": check["values"]})


def key_of(said: Said) -> str:
    """Equal for what is told apart by numbers alone: the id with those of what fills its gaps."""
    if isinstance(said, str):
        return said
    inner = [key_of(value) for value in said.values.values() if isinstance(value, Message)]
    return " + ".join([said.id, *inner])


def _pieces(said: Said) -> Iterator[Said]:
    """What a message that only strings others together is made of; any other is itself."""
    parts = [] if isinstance(said, str) else _strung(said)
    for part in parts:
        yield from _pieces(part)
    if not parts:
        yield said


def _strung(message: Message) -> list[Said]:
    bare = template = templates("en").get(message.id, message.id)
    for name in gaps(template):
        bare = bare.replace(f"{{{name}}}", "")
    parts = [message.values.get(name) for name in sorted(gaps(template))]
    texts = [part for part in parts if isinstance(part, Said)]
    return [] if bare.strip() or len(texts) < len(parts) else texts
