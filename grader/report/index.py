"""The index of the class: what is to be settled, how the points fell, and every student."""

import hashlib
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from grader.batch.gradebook import Entry, Gradebook
from grader.report.circles import circles
from grader.report.templating import templates

_ROW = re.compile(r'(<tr data-print="([0-9a-f]{32})".*?</tr>)', re.DOTALL)
BINS = 10  # bars of a distribution, beside the one for full points


def index_page(gradebook: Gradebook, *, going_on: bool = False, before: str = "") -> str:
    """The class: distributions, who needs review and why, everything sortable. While grading is
    ``going_on`` it says how far it has come. ``before`` is the page as it was: rows that show the
    same are taken from there."""
    known = {print_: row for row, print_ in _ROW.findall(before)}
    rows, flags, looks = [], Counter[str](), 0
    for entry in gradebook.entries:
        own, reasons = flags_of(entry), entry.reasons
        flags.update(own)
        looks += bool(reasons)
        rows.append(_row(gradebook, entry, own, reasons, known))
    return (
        templates()
        .get_template("index.html")
        .render(
            title=gradebook.title,
            gradebook=gradebook,
            rows=rows,
            distributions=distributions(gradebook),
            states=_counts([entry.status for entry in gradebook.entries]),
            flags=dict(sorted(flags.items())),
            circles=circles(gradebook.pairs),
            looks=looks,
            going_on=going_on,
            known=sum(entry.status not in ("waiting", "missing") for entry in gradebook.entries),
            to_come=sum(entry.status == "waiting" for entry in gradebook.entries),
            now=time.strftime("%H:%M:%S"),
        )
    )


def _row(
    gradebook: Gradebook,
    entry: Entry,
    flags: Sequence[str],
    reasons: Sequence[str],
    known: Mapping[str, str],
) -> str:
    """One student's row of the index, marked by a print of all that it shows."""
    items = [(i.points, i.max_points, i.status, bool(i.by_person), i.open) for i in entry.items]
    state = (entry.label, entry.name, entry.status, entry.points, entry.unread, bool(entry.result))
    columns = [item["id"] for item in gradebook.items]
    shown = repr((state, items, columns, flags, reasons))
    print_ = hashlib.sha256((_row_template() + shown).encode("utf-8", "replace")).hexdigest()[:32]
    if print_ in known:
        return known[print_]
    row = templates().get_template("row.html")
    return row.render(
        print=print_, entry=entry, rubric=gradebook.items, flags=flags, reasons=reasons
    ).strip()


@cache
def _row_template() -> str:
    loader = templates().loader
    assert loader is not None
    return loader.get_source(templates(), "row.html")[0]


def distributions(gradebook: Gradebook) -> list[dict[str, Any]]:
    """For the total and each item: mean, and how many students earned which part of the points."""
    known = [entry for entry in gradebook.entries if entry.points is not None]
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
    mean = sum(earned) / len(earned) if earned else 0.0
    tallest = max(bars) or 1
    labels = [f"{most * n / BINS:g} or more" for n in range(BINS)] + [f"{most:g}"]
    shown = [
        {"count": count, "height": round(100 * count / tallest), "label": label}
        for count, label in zip(bars, labels, strict=True)
    ]
    return {"name": name, "max_points": most, "mean": mean, "bars": shown}


def flags_of(entry: Entry) -> list[str]:
    """The flags' ids, each once, without what was merely left out."""
    flags = entry.result["flags"] if entry.result else []
    found = [flag["id"] for flag in flags if flag["id"] != "left_out"]
    return list(dict.fromkeys([*found, *(["late"] if entry.row["late"] else [])]))


def _counts(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}
