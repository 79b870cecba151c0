"""The class list: who is in the class, and when they handed in if it says so."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.batch.tablefile import read_table
from grader.errors import UsageError
from grader.intake.paths import printable
from grader.lateness import parse_moment

_ID = re.compile(r"\s*([0-9]{4}-[0-9]{5})\s*")
_DIGITS = 9  # a field of as many is meant to be an id, whatever stands between them
_NAMES = ("name", "student", "student name", "이름", "성명")
_TIMES = ("submitted", "submitted at", "submitted_at", "제출 시각")


@dataclass(frozen=True)
class Student:
    """``submitted`` is the time on the list, the best that is known."""

    id: str
    name: str = ""
    submitted: datetime | None = None


def read_roster(path: Path) -> Mapping[str, Student]:
    """By student id. The column of ids is the one with the most of them, whatever it is called;
    columns called name or student, and submitted, are read, too; Canvas's gradebook will do.

    Raises ``UsageError`` where no id is found, one stands twice or is mistyped, or a time is none.
    """
    rows = read_table(path, "roster").rows
    width = max((len(row) for row in rows), default=0)
    counts = [sum(bool(_ID.fullmatch(_at(row, n))) for row in rows) for n in range(width)]
    if not any(counts):
        raise UsageError(f"The roster {path} holds no student id like 2023-12345.")
    ids = counts.index(max(counts))
    header = _header(rows, ids)
    name, submitted = _column(header, _NAMES), _column(header, _TIMES)
    students: dict[str, Student] = {}
    for row in rows:
        found = _ID.fullmatch(_at(row, ids))
        if not found:
            if sum(map(str.isdigit, _at(row, ids))) == _DIGITS:  # passed over, nobody missed them
                raise UsageError(f"The roster {path}: {_at(row, ids)!r} is not like 2023-12345.")
            continue
        student_id = found.group(1)
        if student_id in students:
            raise UsageError(f"The roster {path} holds {student_id} twice.")
        try:
            when = _at(row, submitted).strip()
            moment = parse_moment(when) if when else None
        except UsageError as error:
            raise UsageError(f"The roster {path}, {student_id}: {error}") from None
        shown = printable(" ".join(_at(row, name).split()))
        students[student_id] = Student(student_id, shown, moment)
    return students


def _header(rows: Sequence[list[str]], ids: int) -> list[str]:
    """The row above the students that names a column; a heading may stand before it."""
    for row in rows:
        if _ID.fullmatch(_at(row, ids)):
            break
        if _column(row, _NAMES + _TIMES) >= 0:
            return row
    return []


def _column(header: list[str], names: tuple[str, ...]) -> int:
    titles = [title.strip().lower() for title in header]
    return next((titles.index(name) for name in names if name in titles), -1)


def _at(row: list[str], column: int) -> str:
    return row[column] if 0 <= column < len(row) else ""
