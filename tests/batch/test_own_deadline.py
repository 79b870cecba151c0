"""A student's own deadline stands on the roster, and counts in place of the class's."""

from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from grader.batch.roster import Roster, read_roster, roster_from, roster_json
from grader.batch.work import Task
from grader.errors import UsageError
from grader.lateness import parse_deadline, parse_moment
from grader.paths import DEFAULT_RUBRIC
from grader.rubric import parse_rubric
from tests.batch.fake import Grade, hand_in

CLASS = "2026-05-01T23:59"
RULE = "\n[late]\npercent_per_day = 10\ngrace_minutes = 15\n\n[[items]]"
HEADER = "id,submitted,{}\n"
ROWS = (
    "2023-00001,2026-05-03 12:00,2026-05-03 23:59\n"  # in time by the own deadline
    "2023-00002,2026-05-03 12:00,\n"  # late by the class's
    "2023-00003,2026-05-04 00:14,2026-05-03T14:59Z\n"  # in the grace of the own one
    "2023-00004,2026-05-04 00:15,2026-05-03T23:59+09:00\n"  # after it
)


def read(folder: Path, text: str) -> Roster:
    path = folder / "roster.csv"
    path.write_text(text, "utf-8")
    return read_roster(path)


@pytest.mark.parametrize("title", ["deadline", "Due at", "연장", "마감 시각"])
def test_it_counts_with_its_zone_and_the_grace(grade: Grade, tmp_path: Path, title: str) -> None:
    text = DEFAULT_RUBRIC.read_text("utf-8").replace("\n[[items]]", RULE, 1)
    for number in range(1, 5):
        hand_in(tmp_path, f"2023-0000{number}.tar.gz", b"1")
    found = grade(
        task=Task(parse_rubric(text.encode(), Path("r.toml")), sandbox="none"),
        roster=read(tmp_path, HEADER.format(title) + ROWS),
        deadline=parse_deadline(CLASS),
    )
    assert [entry.row["late_percent"] for entry in found.entries] == [0, 20, 0, 10]
    assert [entry.row["late"] for entry in found.entries] == [False, True, True, True]
    assert not any(entry.row["notes"] for entry in found.entries)


def test_one_that_takes_time_away_is_named(grade: Grade, tmp_path: Path) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    roster = read(tmp_path, "id,deadline\n2023-00001,2025-05-03 23:59\n")
    (entry,) = grade(roster=roster, deadline=parse_deadline(CLASS)).entries
    assert "The roster's deadline of 2023-00001 is before the class's." in entry.reasons


def test_a_workbooks_seconds_take_no_minute_away(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["학번", "연장"])
    book.active.append(["2023-00001", parse_moment("2026-05-03T23:59").replace(tzinfo=None)])
    book.save(tmp_path / "roster.xlsx")
    found = read_roster(tmp_path / "roster.xlsx")["2023-00001"].deadline
    assert found == parse_moment("2026-05-04T00:00") - timedelta(microseconds=1)


def test_it_is_remembered_and_a_roster_of_before_has_none(tmp_path: Path) -> None:
    roster = read(tmp_path, HEADER.format("deadline") + ROWS)
    content = roster_json(roster)
    assert roster_from(content) == roster
    for student in content:
        del student["deadline"]
    assert all(student.deadline is None for student in roster_from(content).values())


@pytest.mark.parametrize("text", ["2026-05-03", "2일", "soon"])
def test_what_is_no_time_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"2023-00001: .* is no date and time"):
        read(tmp_path, f"id,deadline\n2023-00001,{text}\n")
