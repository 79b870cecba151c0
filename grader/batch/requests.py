"""Regrade requests and their answers."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.batch.gradebook import Entry, Gradebook
from grader.batch.ids import id_of_field
from grader.batch.journal import Journal
from grader.batch.kept_decisions import Request
from grader.batch.tablefile import defused, read_table
from grader.errors import UsageError

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "student": ("id", "student", "student_id", "student id", "학번"),
    "item": ("item", "problem", "question", "check", "항목", "문항"),
    "text": ("text", "request", "reason", "why", "사유", "내용", "이의 내용"),
}
MOST_TEXT = 20_000  # characters of one request


def take_in(journal: Journal, table: Path) -> int:
    """Puts the requests of a form's export into the journal and returns how many are new.

    The columns are id, item and text, in English or Korean, in any order. Raises ``UsageError``.
    """
    known = [name for names in COLUMNS.values() for name in names]
    rows = read_table(table, "table of requests", known).rows
    header = [name.strip().casefold() for name in rows[0]] if rows else []
    places = {
        name: next((header.index(known) for known in names if known in header), None)
        for name, names in COLUMNS.items()
    }
    if lacking := [name for name, place in places.items() if place is None]:
        wanted = ", ".join(COLUMNS[name][0] for name in lacking)
        raise UsageError(f"The table of requests {table} has no column {wanted}.")
    found = []
    for row in rows[1:]:
        student, item, text = (
            row[place].strip() if place is not None and place < len(row) else ""
            for place in places.values()
        )
        if student:
            found.append((id_of_field(student) or student, item, text[:MOST_TEXT]))
    return journal.ask(found)


def entry_of_request(gradebook: Gradebook, request: Request) -> Entry | None:
    """Whose it is; None if nobody, or several, can be meant."""
    try:
        return gradebook.find(request.student)
    except UsageError:
        return None


def target_of(entry: Entry, request: Request) -> str | None:
    """The item or check that is meant, also where it is written with blanks or in capitals."""
    asked = request.item.strip().casefold().replace(" ", "_").replace("-", "_")
    names = [n for item in entry.items for n in (item.id, *(c.id for c in item.checks))]
    return next((name for name in names if name == asked), None)


def requests_csv(journal: Journal, gradebook: Gradebook) -> str:
    """Every request with the points by now and the answer, for those who asked."""
    rows: list[Sequence[str]] = [
        ("id", "item", "text", "answer", "points", "max_points", "answered")
    ]
    for request in journal.requests():
        entry = entry_of_request(gradebook, request)
        target = target_of(entry, request) if entry else None
        item = (
            next((i for i in entry.items if target and target.startswith(i.id)), None)
            if entry
            else None
        )
        points = [f"{item.points:.2f}", f"{item.max_points:.2f}"] if item else ["", ""]
        answered = request.made or ""
        texts = [request.student, request.item, request.text, request.answer or ""]
        rows.append([*map(defused, texts), *points, answered])
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
