"""Gradebooks made by hand."""

from typing import Any

from grader.batch.evidence import Evidence, scored
from grader.batch.gradebook import Entry, Gradebook, graded_items
from grader.batch.journal import Correction, label_key
from tests.batch.fake import RUBRIC, evidence

ITEMS = [
    {"id": item.id, "max_points": item.points, "visibility": item.visibility}
    for item in RUBRIC.items
]


def entry(
    label: str,
    found: Evidence | None = None,
    corrections: dict[str, Correction] | None = None,
    **row: Any,
) -> Entry:
    """A student of that folder; ``row`` overrides what the batch would have noted."""
    result = scored(found, RUBRIC) if found else None
    given = {(label_key(label), item): made for item, made in (corrections or {}).items()}
    items = graded_items(label, [label_key(label)], result, given)
    told = {
        "label": label,
        "student_id": label,
        "name": "",
        "user": None,
        "file": f"{label}.tar.gz",
        "others": [],
        "late": False,
        "late_hours": None,
        "late_percent": 0.0,
        "notes": [],
        "state": "graded" if result else "missing",
        "result": result,
    }
    return Entry(label, {**told, **row}, items, None)


def corrected(item: str, points: float, comment: str = "") -> dict[str, Correction]:
    return {item: Correction("any", item, points, comment, "a TA", "2026-01-01T00:00:00+09:00")}


def book(*entries: Entry, pairs: tuple[dict[str, Any], ...] = ()) -> Gradebook:
    return Gradebook(RUBRIC.title, ITEMS, entries, ["notes.txt is no .tar.gz."], pairs)


def whole(*entries: Entry) -> Gradebook:
    """With one student at least."""
    return book(*entries, entry("2023-12345", evidence()))
