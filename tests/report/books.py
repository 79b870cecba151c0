"""Gradebooks made by hand."""

from typing import Any

from grader.batch.decisions import Decision
from grader.batch.evidence import Evidence, scored
from grader.batch.gradebook import Entry, Gradebook, graded_items
from grader.batch.row import row_of
from tests.batch.fake import RUBRIC, evidence

ITEMS = [
    {"id": item.id, "max_points": item.points, "visibility": item.visibility}
    for item in RUBRIC.items
]


def entry(
    label: str,
    found: Evidence | None = None,
    corrections: dict[str, Decision] | None = None,
    **row: Any,
) -> Entry:
    """A student of that folder; ``row`` overrides what the batch would have noted."""
    result = scored(found, RUBRIC) if found else None
    items = graded_items(label, result, corrections or {})
    state = "graded" if result else "missing"
    about = {"student_id": label, "file": f"{label}.tar.gz", "state": state, "result": result}
    return Entry(label, row_of({"label": label, **about, **row}), items, None)


def corrected(item: str, points: float, comment: str = "") -> dict[str, Decision]:
    return {item: Decision("any", item, points, comment, "a TA", "2026-01-01T00:00:00+09:00")}


def book(*entries: Entry, pairs: tuple[dict[str, Any], ...] = ()) -> Gradebook:
    return Gradebook(RUBRIC.title, ITEMS, entries, ["notes.txt is no .tar.gz."], pairs)


def whole(*entries: Entry) -> Gradebook:
    """With one student at least."""
    return book(*entries, entry("2023-12345", evidence()))
