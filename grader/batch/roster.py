"""The class list: who is in the class, and when they handed in if it says so."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.errors import UsageError
from grader.lateness import parse_moment

_ID = re.compile(r"\s*([0-9]{4}-[0-9]{5})\s*")
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

    Raises ``UsageError`` where no id is found, an id stands twice or a time is none.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(csv.reader(text.splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"The roster {path} cannot be read as CSV in UTF-8: {error}") from None
    width = max((len(row) for row in rows), default=0)
    counts = [sum(bool(_ID.fullmatch(_at(row, n))) for row in rows) for n in range(width)]
    if not any(counts):
        raise UsageError(f"The roster {path} holds no student id like 2023-12345.")
    ids = counts.index(max(counts))
    name, submitted = _column(rows[0], _NAMES), _column(rows[0], _TIMES)
    students: dict[str, Student] = {}
    for row in rows:
        found = _ID.fullmatch(_at(row, ids))
        if not found:
            continue
        student_id = found.group(1)
        if student_id in students:
            raise UsageError(f"The roster {path} holds {student_id} twice.")
        when = _at(row, submitted).strip()
        students[student_id] = Student(
            student_id, _at(row, name).strip(), parse_moment(when) if when else None
        )
    return students


def _column(header: list[str], names: tuple[str, ...]) -> int:
    titles = [title.strip().lower() for title in header]
    return next((titles.index(name) for name in names if name in titles), -1)


def _at(row: list[str], column: int) -> str:
    return row[column] if 0 <= column < len(row) else ""
