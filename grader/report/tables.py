"""The gradebook as CSV: a plain one, and one that Canvas takes."""

import contextlib
import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.batch.gradebook import Entry, Gradebook
from grader.batch.tablefile import defused, read_table
from grader.errors import UsageError
from grader.intake.identify import student_id_in

_ASSIGNMENT = re.compile(r".+ \((\d+)\)\s*")
_POINTS_POSSIBLE = "points possible"
_WITHOUT = {
    "missing": "nothing was handed in",
    "unreadable": "the file could not be read",
    "waiting": "they are not graded yet",
}
_FAILED = "the grader failed"
_UNREADABLE = "nothing in them can be read"
_UNREAD = "nothing could be judged"
_CANVAS_IDS = ("ID", "SIS User ID", "SIS Login ID")
_NAMED_BY = ("Student", "LastName", "Last Name", "FirstName", "First Name")  # the first column


def number(value: float | None) -> str:
    """Two decimals, as Canvas keeps them; blank for no score."""
    return "" if value is None else f"{value:.2f}"


def plain_csv(gradebook: Gradebook) -> str:
    """One row a student: final points, every item, what was corrected and why."""
    ids = [item["id"] for item in gradebook.items]
    header = ["student_id", "name", "folder", "file", "status", "late", "late_hours"]
    header += ["points", "max_points", "deducted_for_lateness", *ids, "corrected", "comments"]
    rows = [_plain_row(entry, ids) for entry in gradebook.entries]
    return _csv([header, *rows])


def _plain_row(entry: Entry, ids: Sequence[str]) -> list[str]:
    items = {item.id: item for item in entry.items}
    hours = entry.row["late_hours"]
    decided = [made for item in entry.items for made in item.by_person]
    known = entry.result is not None
    judged = known and not entry.unread
    texts = [entry.student_id or "", entry.name, entry.label, entry.row["file"], entry.status]
    return [
        *map(defused, texts),
        "yes" if entry.row["late"] else "no",
        number(hours),
        number(entry.points),
        number(entry.max_points) if known else "",
        number(entry.deduction) if judged else "",
        *(
            _item_points(items[item].points, items[item].open, items[item].status)
            if judged and item in items
            else ""
            for item in ids
        ),
        " ".join(dict.fromkeys(made.target.partition(" ")[0] for made in decided)),
        defused("; ".join(f"{d.target}: {d.comment}" for d in decided if d.comment)),
    ]


def _item_points(points: float, is_open: bool, status: str) -> str:
    return "" if is_open and status == "infra_error" else number(points)


@dataclass(frozen=True)
class CanvasTable:
    """The CSV for Canvas, and lines about who is not in it and why."""

    text: str
    lines: Sequence[str]


def canvas_csv(
    gradebook: Gradebook, exported: Path | None = None, assignment: str | None = None
) -> CanvasTable:
    """The instructor's exported gradebook with this assignment's column filled in; without one a
    legal gradebook of our own. Students without a score keep what stands there.

    ``assignment`` is the column's title or number; by default the only column, or the one that is
    called as the rubric is. Raises ``UsageError`` if the export is none or the column is not clear.
    """
    if exported is None:
        return _own_canvas(gradebook, assignment or gradebook.title)
    table = read_table(exported, "gradebook")
    rows = table.rows
    if not rows or "ID" not in rows[0] or rows[0][0].strip() not in _NAMED_BY:
        raise UsageError(
            f"{exported} is no gradebook exported from Canvas: no columns Student, ID."
        )
    column = _column(rows[0], assignment, exported, gradebook.title)
    lines = [f"The column {rows[0][column].strip()} of {exported.name} is filled in."]
    lines += _other_worth(rows, column, gradebook)
    find = _finder(rows, gradebook)
    filled: set[str] = set()
    names = 1 if rows[0][0].strip() == "Student" else 2
    for row in rows[1:]:
        row[:names] = map(defused, row[:names])
        entry = find(row)
        if entry is not None:
            filled.add(entry.label)
            lines += _other_id(rows[0], row, entry, exported.name)
            row.extend([""] * (column + 1 - len(row)))
            if row[column].strip().upper() == "EX":
                lines.append(f"{entry.label} is excused in {exported.name} and stays so.")
            elif entry.points is not None:
                row[column] = number(entry.points)
    strangers = [e for e in gradebook.entries if e.label not in filled and e.result is not None]
    listed = {_at(row, rows[0].index(name)) for row in rows[1:] for name in _sis(rows[0])}
    lines += [
        _by_hand(e) if e.student_id in listed else f"{e.label} is not in {exported.name}."
        for e in strangers
    ]
    return CanvasTable(_csv(rows, table.delimiter), lines + unsettled(gradebook))


def _other_worth(rows: Sequence[Sequence[str]], column: int, gradebook: Gradebook) -> list[str]:
    """A line if Canvas gives the assignment other points than the rubric: nothing is scaled."""
    most = sum(item["max_points"] for item in gradebook.items)
    for row in rows[1:]:
        if _is_worth(row) and column < len(row):
            with contextlib.suppress(ValueError):  # such as "(read only)"
                worth = float(row[column].strip().replace(",", "."))
                if worth != most:
                    title = rows[0][column].strip()
                    return [f"{title} is worth {worth:g} points in Canvas, {most:g} here."]
    return []


def _other_id(header: Sequence[str], row: Sequence[str], entry: Entry, exported: str) -> list[str]:
    """A line if Canvas's number led to somebody with another student id: one of them is wrong."""
    there = (
        student_id_in(_at(row, header.index("SIS User ID"))) if "SIS User ID" in header else None
    )
    if not there or not entry.student_id or there == entry.student_id:
        return []
    return [
        f"{entry.label} was handed in by who is {there} in {exported}: the points stand there, but "
        f"the pages and other exports call the work {entry.student_id}'s."
    ]


def _sis(header: Sequence[str]) -> list[str]:
    return [name for name in _CANVAS_IDS[1:] if name in header]


def _is_worth(row: Sequence[str]) -> bool:
    return bool(row) and row[0].strip().lower() == _POINTS_POSSIBLE


def _by_hand(entry: Entry) -> str:
    return f"{entry.label} is left out, for {entry.student_id} stands on another submission, too."


def _own_canvas(gradebook: Gradebook, title: str) -> CanvasTable:
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    most = sum(item["max_points"] for item in gradebook.items)
    rows = [header, ["    Points Possible", "", "", "", "", number(most)]]
    lines = []
    for entry in gradebook.entries:
        user = entry.row["user"] or ""
        canvas_id = user if user.isdigit() else ""
        if entry.result is None or not (canvas_id or entry.student_id):
            if entry.result is not None:
                lines.append(f"{entry.label} has neither a Canvas number nor a student id.")
            continue
        if not canvas_id and not entry.stands:
            lines.append(_by_hand(entry))
            continue
        student_id = entry.student_id or ""
        name = defused(entry.name or student_id or canvas_id)
        rows.append([name, canvas_id, student_id, student_id, "", number(entry.points)])
    return CanvasTable(_csv(rows), lines + unsettled(gradebook))


def _column(header: Sequence[str], wanted: str | None, exported: Path, title: str) -> int:
    """The place of the assignment's column. Raises ``UsageError`` if it is not clear."""
    columns = {n: found for n, text in enumerate(header) if (found := _ASSIGNMENT.fullmatch(text))}
    titles = {n: same_title(header[n].rsplit(" (", 1)[0]) for n in columns}
    fitting = list(columns)
    if wanted is not None:
        fitting = [
            n
            for n, found in columns.items()
            if same_title(wanted) in (titles[n], same_title(header[n]), found.group(1))
        ]
    elif len(columns) > 1:
        fitting = [n for n in columns if titles[n] == same_title(title)]
    if len(fitting) == 1:
        return fitting[0]
    there = "; ".join(header[n].strip() for n in columns) or "none"
    if wanted is not None and not fitting:
        raise UsageError(f"{exported} has no assignment {wanted!r}. There are: {there}.")
    raise UsageError(f"Which column of {exported} is meant? Give --assignment, one of: {there}")


def same_title(text: str) -> str:
    """Equal for titles that differ only in capitals and blanks."""
    return " ".join(text.split()).casefold()


def _finder(
    rows: Sequence[Sequence[str]], gradebook: Gradebook
) -> Callable[[Sequence[str]], Entry | None]:
    """Canvas's own order: by ID, then by the SIS ids. Names are not trusted: two may share one.

    Whom Canvas's number tells is known by it alone: a file's name may carry another's student id.
    """
    header = rows[0]
    places = {name: header.index(name) for name in _CANVAS_IDS if name in header}
    numbers = {_at(row, places["ID"]) for row in rows[1:]} - {""}
    by_number = {u: e for e in gradebook.entries if (u := e.row["user"] or "") in numbers}
    by_student: dict[str, list[Entry]] = {}
    others = [e for e in gradebook.entries if (e.row["user"] or "") not in by_number]
    for entry in others:
        # of all that Canvas's name for the file can mean
        possible = numbers.intersection(entry.row["users"]) - set(by_number)
        if len(possible) == 1 and not entry.row["user"]:
            by_number[possible.pop()] = entry
        elif entry.student_id and entry.stands:
            by_student.setdefault(entry.student_id, []).append(entry)

    def find(row: Sequence[str]) -> Entry | None:
        if _is_worth(row):
            return None
        if found := by_number.get(_at(row, places["ID"])):
            return found
        for place in places.values():
            entries = by_student.get(_at(row, place), [])
            if len(entries) == 1:
                return entries[0]
        return None

    return find


def _at(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _why_blank(entry: Entry) -> str | None:
    """Why there is no score; None if there is one."""
    if entry.points is not None:
        return None
    if entry.result is None:
        return _WITHOUT.get(entry.status)
    if entry.failed:
        return _FAILED
    return _UNREADABLE if entry.status == "rejected" else _UNREAD


def unsettled(gradebook: Gradebook) -> list[str]:
    """What a person should settle before these points are given out."""
    lines = []
    whys = [(entry.label, _why_blank(entry)) for entry in gradebook.entries]
    for why in (_UNREADABLE, _UNREAD, _FAILED, *_WITHOUT.values()):
        if labels := [label for label, found in whys if found == why]:
            text = f"Without a score, because {why}: {', '.join(labels)}."
            lines.append(f"{text} A TA must look." if why in (_UNREADABLE, _UNREAD) else text)
    provisional = [
        e.label
        for e in gradebook.entries
        if e.status in ("needs_review", "rejected") and e.points is not None
    ]
    if provisional:
        scores = "1 score is" if len(provisional) == 1 else f"{len(provisional)} scores are"
        lines.append(f"{scores} provisional: a person must look first.")
    return lines


def _csv(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
