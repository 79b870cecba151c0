"""What the class got wrong: figures of each item and check, and the commonest messages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.batch.gradebook import OPEN, Entry, Gradebook, GradedItem
from grader.messages.message import Message, Said, gaps, sentence, templates
from grader.report.statistics import alpha, mean, quartiles, rest_correlation
from grader.results import CheckResult

FULL = 1 - 1e-9  # part of the points, beside rounding
BY_PERSON = "A person gave less than the full points."


@dataclass
class Mistake:
    """A message that lost points in an item: ``key`` is its id, or its sentence if it has none.
    ``checks`` and ``students`` hold each once; ``messages`` has what each sentence says."""

    key: str
    item: str
    checks: dict[str, None] = field(default_factory=dict)
    sentences: Counter[str] = field(default_factory=Counter)
    messages: dict[str, Said] = field(default_factory=dict)
    by_label: dict[str, Entry] = field(default_factory=dict)
    lost: list[float] = field(default_factory=list)

    def add(self, check: str, said: Said, entry: Entry, lost: float) -> None:
        """Another student, or another check of the same, who lost that part of its points."""
        text = sentence(said)
        self.messages[text] = said
        self.checks[check] = None
        self.lost.append(lost)
        if entry.label not in self.by_label:
            self.sentences[text] += 1
        self.by_label[entry.label] = entry

    @property
    def students(self) -> list[Entry]:
        return list(self.by_label.values())

    @property
    def cost(self) -> float:
        """The mean part of a check's points that is lost."""
        return sum(self.lost) / len(self.lost)

    @property
    def sentence(self) -> str:
        """The commonest of its sentences, which may differ in numbers."""
        return self.sentences.most_common(1)[0][0]

    @property
    def said(self) -> Said:
        """What that one says, in every language."""
        return self.messages[self.sentence]

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


@dataclass(frozen=True)
class ItemFigures:
    """An item, its checks, and the mistakes in them, the commonest first."""

    whole: Figures
    checks: Sequence[Figures]
    mistakes: Sequence[Mistake]

    @property
    def lost(self) -> float:
        """The mean part of the points that is lost."""
        return 0.0 if self.whole.share is None else 1 - self.whole.share


@dataclass(frozen=True)
class ClassFigures:
    """The whole class. ``totals`` are the final points before lateness; ``out`` names why others
    have none and who they are."""

    totals: Sequence[float]
    max_points: float
    out: Mapping[str, Sequence[Entry]]
    alpha: float | None
    items: Sequence[ItemFigures]

    @property
    def mean(self) -> float | None:
        return mean(self.totals)

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        return quartiles(self.totals)

    @property
    def mistakes(self) -> list[Mistake]:
        """Those of all items, the commonest first."""
        found = [mistake for item in self.items for mistake in item.mistakes]
        return sorted(found, key=lambda mistake: -len(mistake.by_label))


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
        [_item(place, item["id"], read, final) for place, item in enumerate(gradebook.items)],
    )


def _status(entry: Entry) -> str:
    """The entry's, but of who handed in nothing, also if a person gave points for that."""
    return "missing" if entry.row["state"] == "missing" else entry.status


class _Count:
    """What is counted of an item or check, one student after the other."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.points: list[float] = []  # of those whose total is final
        self.totals: list[float] = []
        self.left = 0

    def add(self, points: float, most: float, total: float | None) -> None:
        self.shares.append(points / most)
        if total is not None:
            self.points.append(points)
            self.totals.append(total)

    def figures(self, target: str) -> Figures:
        full = sum(share >= FULL for share in self.shares)
        correlation = rest_correlation(self.points, self.totals)
        return Figures(target, len(self.shares), full, self.left, mean(self.shares), correlation)


def _item(
    place: int, item_id: str, read: Sequence[Entry], final: Mapping[str, float]
) -> ItemFigures:
    whole, checks = _Count(), dict[str, _Count]()
    mistakes: dict[str, Mistake] = {}
    for entry in read:
        item, total = entry.items[place], final.get(entry.label)
        if item.open:
            whole.left += 1
        elif item.max_points:
            whole.add(item.points, item.max_points, total)
        if item.decision is not None:
            continue  # a person's word on the whole item says nothing of its checks
        for check in item.checks:
            worth = check.max_points
            counted = checks.setdefault(check.id, _Count())
            if not _settled(item, check):
                counted.left += 1
            elif worth:
                points = item.points_of(check)
                counted.add(points, worth, total)
                for key, said in _told(item, check) if points < FULL * worth else ():
                    mistake = mistakes.setdefault(key, Mistake(key, item_id))
                    mistake.add(check.id, said, entry, 1 - points / worth)
    ordered = sorted(mistakes.values(), key=lambda mistake: -len(mistake.by_label))
    found = [count.figures(check_id) for check_id, count in checks.items()]
    return ItemFigures(whole.figures(item_id), found, ordered)


def _settled(item: GradedItem, check: CheckResult) -> bool:
    if item.doubts:
        return False
    return check.id in item.decided or check.status not in (*OPEN, "skipped")


def _told(item: GradedItem, check: CheckResult) -> Iterator[tuple[str, Said]]:
    """Key and message of each mistake of a check; of one that a person decided, that it was so."""
    if check.id in item.decided:
        yield BY_PERSON, BY_PERSON
        return
    yield from {key_of(said): said for said in _pieces(check.said)}.items()


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
