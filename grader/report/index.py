"""The index of the class: what is to be settled first, how the points fell, and every student."""

import hashlib
import re
import shlex
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from grader.assignment import SETTING
from grader.batch.gradebook import Entry, Gradebook, Reason
from grader.report.circles import circles
from grader.report.statistics import mean, quartiles
from grader.report.templating import templates

_ROW = re.compile(r'(<tr data-print="([0-9a-f]{32})".*?</tr>)', re.DOTALL)
FIRST = 12  # reasons that are shown; more are folded
BINS = 10  # bars of a distribution, beside the one for full points
UNSCORED = ("rejected", "unreadable", "missing", "waiting")
"""States of who is in no mean."""


@dataclass
class ToSettle:
    """A reason why a person must look, and the students whom it concerns, with their items."""

    text: str
    students: list[tuple[Entry, Sequence[str]]] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return anchor_of(self.text)

    def commands(self, grades: Path) -> list[str]:
        """One for each student and item that can be decided on so."""
        return [
            shlex.join(["ddpm-grader", "correct", str(grades), entry.label, *rest])
            for entry, items in self.students
            for rest in _decisions(entry, items)
        ]


@dataclass(frozen=True)
class Summary:
    """The points of those who have any. ``out`` are those without, by state."""

    name: str
    points: Sequence[float]
    provisional: int
    out: Mapping[str, Sequence[Entry]]

    @property
    def mean(self) -> float | None:
        return mean(self.points)

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        return quartiles(self.points)


def index_page(
    gradebook: Gradebook,
    *,
    grades: Path = Path("GRADES"),
    going_on: bool = False,
    before: str = "",
) -> str:
    """The class: what is to be settled and by which command, distributions, everybody. While
    grading is ``going_on`` it says how far it has come. ``before`` is the page as it was: rows that
    show the same are taken from there."""
    known = {print_: row for row, print_ in _ROW.findall(before)}
    rows, flags, whys = [], Counter[str](), list[Sequence[Reason]]()
    for entry in gradebook.entries:
        own, why = flags_of(entry), entry.why
        flags.update(own)
        whys.append(why)
        rows.append(_row(gradebook, entry, own, why, known))
    ids = [item["id"] for item in gradebook.items]
    states = _counts([entry.status for entry in gradebook.entries])
    return (
        templates()
        .get_template("index.html")
        .render(
            title=gradebook.title,
            gradebook=gradebook,
            rows=rows,
            columns=["student", "state", "points", *ids, "flags", "to settle"],
            settings=[item for item in ids if item.startswith(SETTING)],
            first=FIRST,
            settle=to_settle(gradebook.entries, whys),
            grades=grades,
            review=shlex.join(["ddpm-grader", "review", str(grades)]),
            summary=summarize("everybody", gradebook.entries),
            sections=sections(gradebook.entries),
            distributions=distributions(gradebook),
            states=states,
            flags=dict(sorted(flags.items())),
            circles=circles(gradebook.pairs),
            looks=sum(map(bool, whys)),
            going_on=going_on,
            known=sum(entry.status not in ("waiting", "missing") for entry in gradebook.entries),
            to_come=sum(entry.status == "waiting" for entry in gradebook.entries),
            now=time.strftime("%H:%M:%S"),
        )
    )


def to_settle(entries: Sequence[Entry], whys: Sequence[Sequence[Reason]]) -> list[ToSettle]:
    """Each reason once, what concerns the most students first."""
    found: dict[str, ToSettle] = {}
    for entry, why in zip(entries, whys, strict=True):
        for reason in why:
            reasons = found.setdefault(reason.text, ToSettle(reason.text))
            reasons.students.append((entry, reason.items))
    return sorted(found.values(), key=lambda reason: -len(reason.students))


def _decisions(entry: Entry, items: Sequence[str]) -> list[list[str]]:
    """What stands behind the student in a command that settles these items."""
    if entry.unread:
        return [["ITEM", "POINTS", "--comment", "why"]]
    doubtful = {item.id for item in entry.items if item.status == "needs_review"}
    return [[item, "--accept"] for item in items if item in doubtful]


def anchor_of(text: str) -> str:
    """The place of a reason on the page."""
    return f"why-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def summarize(name: str, entries: Sequence[Entry]) -> Summary:
    """Who could not be read, or handed in nothing, has no points: neither none nor a zero."""
    out: dict[str, list[Entry]] = {}
    points, provisional = [], 0
    for entry in entries:
        status = entry.status
        if status in UNSCORED or entry.points is None:
            out.setdefault(status, []).append(entry)
        else:
            points.append(entry.points)
            provisional += status != "graded"
    return Summary(name, points, provisional, out)


def sections(entries: Sequence[Entry]) -> list[Summary]:
    """Of each section that the roster names; none where there are not two."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(section_of(entry), []).append(entry)
    named = sorted(name for name in found if name)
    if len(named) < 2:
        return []
    last = ["without one"] if "" in found else []
    return [
        *(summarize(name, found[name]) for name in named),
        *(summarize(name, found[""]) for name in last),
    ]


def section_of(entry: Entry) -> str:
    return str(entry.row.get("section") or "")


def _row(
    gradebook: Gradebook,
    entry: Entry,
    flags: Sequence[str],
    why: Sequence[Reason],
    known: Mapping[str, str],
) -> str:
    """One student's row of the index, marked by a print of all that it shows."""
    items = [(i.points, i.max_points, i.status, bool(i.by_person), i.open) for i in entry.items]
    state = (entry.label, entry.name, entry.status, entry.points, entry.unread, bool(entry.result))
    columns = [item["id"] for item in gradebook.items]
    shown = repr((state, section_of(entry), items, columns, flags, why))
    print_ = hashlib.sha256((_row_template() + shown).encode("utf-8", "replace")).hexdigest()[:32]
    if print_ in known:
        return known[print_]
    row = templates().get_template("row.html")
    whys = [(anchor_of(reason.text), reason) for reason in why]
    return row.render(
        print=print_,
        entry=entry,
        section=section_of(entry),
        rubric=gradebook.items,
        flags=flags,
        whys=whys,
    ).strip()


@cache
def _row_template() -> str:
    loader = templates().loader
    assert loader is not None
    return loader.get_source(templates(), "row.html")[0]


def distributions(gradebook: Gradebook) -> list[dict[str, Any]]:
    """For the total and each item: mean, and how many students earned which part of the points."""
    known = [e for e in gradebook.entries if e.points is not None and e.status not in UNSCORED]
    most = sum(item["max_points"] for item in gradebook.items)
    columns = [("total", most, [float(entry.points or 0) for entry in known])]
    for number, item in enumerate(gradebook.items):
        earned = [entry.items[number].points for entry in known]
        columns.append((item["id"], item["max_points"], earned))
    return [_distribution(name, most, earned) for name, most, earned in columns]


def _distribution(name: str, most: float, earned: Sequence[float]) -> dict[str, Any]:
    bars = [0] * (BINS + 1)
    for points in earned:
        bars[min(int(BINS * points / most), BINS) if most else 0] += 1
    average = sum(earned) / len(earned) if earned else 0.0
    tallest = max(bars) or 1
    labels = [f"{most * n / BINS:g} or more" for n in range(BINS)] + [f"{most:g}"]
    shown = [
        {"count": count, "height": round(100 * count / tallest), "label": label}
        for count, label in zip(bars, labels, strict=True)
    ]
    return {"name": name, "max_points": most, "mean": average, "bars": shown}


def flags_of(entry: Entry) -> list[str]:
    """The flags' ids, each once, without what was merely left out."""
    flags = entry.result.flags if entry.result else []
    found = [flag.id for flag in flags if flag.id != "left_out"]
    return list(dict.fromkeys([*found, *(["late"] if entry.row["late"] else [])]))


def _counts(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}
