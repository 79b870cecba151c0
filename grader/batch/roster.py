"""The class list: who is in the class, and when they handed in if it says so."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.batch.ids import id_of_field, ids_in
from grader.batch.spreadsheet import is_workbook, read_sheets
from grader.batch.tablefile import read_table
from grader.errors import UsageError
from grader.intake.paths import printable
from grader.lateness import parse_moment, whole_minute

_DIGITS = 9  # a field of as many is meant to be an id, whatever stands between them
_NAMES = ("name", "student", "student name", "full name", "이름", "성명", "학생명", "학생 이름")
_LAST, _FIRST = ("lastname", "last name", "성"), ("firstname", "first name")
_TIMES = ("submitted", "submitted at", "submitted_at", "제출 시각", "제출시각", "제출일시")
_DEADLINES = (
    *("deadline", "due", "due at", "due_at", "extension", "extended to"),
    *("연장", "연장 기한", "마감", "마감 시각", "마감시각", "마감일시", "기한"),
)
_SECTIONS = ("section", "class", "group", "lab", "분반", "반", "조")
_CANVAS_ID, _CANVAS_SIS = "id", ("sis user id", "sis login id")

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Student:
    """``submitted`` is the time on the list, the best that is known; ``user`` Canvas's number, if
    the list is Canvas's gradebook; ``deadline`` the student's own, in place of the class's;
    ``section`` the part of the class."""

    id: str
    name: str = ""
    submitted: datetime | None = None
    user: str | None = None
    deadline: datetime | None = None
    section: str = ""


Roster = Mapping[str, Student]


def read_roster(path: Path) -> Roster:
    """By student id, from CSV, an Excel workbook, or the gradebook that Canvas exports.

    The column of ids is the one with the most of them, whatever it is called; columns called name
    or student, submitted, deadline and section are read, too. Raises ``UsageError`` where no id is
    found, one stands twice or is mistyped, or a time is none.
    """
    rows, ids = max(_sheets(path), key=lambda sheet: sheet[2])[:2]
    if ids < 0:
        raise UsageError(f"The roster {path} holds no student id like 2023-12345.")
    header = _header(rows, ids)
    submitted, canvas = _column(header, _TIMES), _canvas_column(header)
    deadline, section = _column(header, _DEADLINES), _column(header, _SECTIONS)
    students: dict[str, Student] = {}
    for row in rows:
        field = _at(row, ids)
        student_id = id_of_field(field)
        if student_id is None:
            if sum(map(str.isdigit, field)) == _DIGITS:  # passed over, nobody missed them
                raise UsageError(f"The roster {path}: {field!r} is not like 2023-12345.")
            continue
        if student_id in students:
            raise UsageError(f"The roster {path} holds {student_id} twice.")
        try:
            when = _at(row, submitted).strip()
            moment = parse_moment(when) if when else None
            own = _at(row, deadline).strip()
            until = whole_minute(parse_moment(own)) if own else None
        except UsageError as error:
            raise UsageError(f"The roster {path}, {student_id}: {error}") from None
        user = _at(row, canvas).strip()
        number = user if user.isdecimal() else None
        name, part = _name(header, row), printable(" ".join(_at(row, section).split()))
        students[student_id] = Student(student_id, name, moment, number, until, part)
    users = [student.user for student in students.values() if student.user]
    for user in users:
        if users.count(user) > 1:
            raise UsageError(f"The roster {path} holds Canvas's number {user} twice.")
    return students


def _sheets(path: Path) -> list[tuple[Rows, int, int]]:
    """The file's tables, each with its column of ids, -1 for none, and how many there are."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise UsageError(f"The roster {path} cannot be read: {error.strerror}.") from None
    sheets: list[Any] = (
        read_sheets(path, "roster")
        if is_workbook(head) or path.suffix.lower() in (".xlsx", ".xlsm", ".xls")
        else [read_table(path, "roster").rows]
    )
    return [(rows, *_ids(rows)) for rows in sheets] or [([], -1, 0)]


def _ids(rows: Rows) -> tuple[int, int]:
    """Written as they should be they count before numbers that could be any."""
    width = max((len(row) for row in rows), default=0)
    numbers = {_canvas_column(row) for row in rows[:10]}  # Canvas's own may look like ids
    best, most = -1, (0, 0)
    for column in sorted(set(range(width)) - numbers):
        fields = [_at(row, column).strip() for row in rows]
        found = sum(id_of_field(field) is not None for field in fields)
        plain = sum(ids_in(field) == (field,) for field in fields)
        if (plain, found) > most:
            best, most = column, (plain, found)
    return best, most[1]


def _header(rows: Rows, ids: int) -> Sequence[str]:
    """The row above the students that names a column; a heading may stand before it."""
    for row in rows:
        if id_of_field(_at(row, ids)):
            break
        if _column(row, _NAMES + _TIMES + _DEADLINES + _LAST + _FIRST) >= 0:
            return row
    return []


def _name(header: Sequence[str], row: Sequence[str]) -> str:
    whole = _at(row, _column(header, _NAMES))
    if not whole:
        parts = [_at(row, _column(header, names)) for names in (_LAST, _FIRST)]
        whole = ", ".join(filter(None, (part.strip() for part in parts)))
    return printable(" ".join(whole.split()))


def _canvas_column(header: Sequence[str]) -> int:
    """The column of Canvas's numbers in its gradebook; -1 in any other list."""
    titles = _titles(header)
    is_canvas = any(title in titles for title in _CANVAS_SIS)
    return titles.index(_CANVAS_ID) if is_canvas and _CANVAS_ID in titles else -1


def _column(header: Sequence[str], names: Sequence[str]) -> int:
    titles = _titles(header)
    return next((titles.index(name) for name in names if name in titles), -1)


def _titles(row: Sequence[str]) -> list[str]:
    return [" ".join(title.split()).lower() for title in row]


def _at(row: Sequence[str], column: int) -> str:
    return row[column] if 0 <= column < len(row) else ""


def roster_json(roster: Roster) -> list[dict[str, Any]]:
    """As it is remembered."""
    return [
        {
            **asdict(student),
            "submitted": student.submitted and student.submitted.isoformat(),
            "deadline": student.deadline and student.deadline.isoformat(),
        }
        for student in roster.values()
    ]


def roster_from(content: Sequence[Mapping[str, Any]]) -> Roster:
    """The roster that was remembered."""
    return {
        found["id"]: Student(
            found["id"],
            found["name"],
            parse_moment(found["submitted"]) if found["submitted"] else None,
            found["user"],
            parse_moment(found["deadline"]) if found.get("deadline") else None,
            found.get("section", ""),
        )
        for found in content
    }
