"""Points that a person gave: they win, survive what comes after, and ask when in doubt."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from grader.batch.database import FILE
from grader.batch.decisions import Decision
from grader.batch.journal import Journal
from grader.batch.roster import Student
from grader.commands.correct import correct
from grader.errors import UsageError
from grader.results import Flag
from tests.batch.fake import RUBRIC, TASK, Grade, hand_in, rejected
from tests.report.books import corrected
from tests.report.books import entry as made_entry


def as_before(db: sqlite3.Connection) -> None:
    """Makes today's journal one of the first version."""
    db.execute(
        "CREATE TABLE corrections (number INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT NOT NULL, "
        "item TEXT NOT NULL, points REAL, comment TEXT NOT NULL, who TEXT NOT NULL, "
        "made TEXT NOT NULL)"
    )
    columns = "label, {}, points, comment, who, made"
    db.execute(
        f"INSERT INTO corrections ({columns.format('item')}) "
        f"SELECT {columns.format('target')} FROM decisions"
    )
    for table in ("decisions", "unwritten", "requests"):
        db.execute(f"DROP TABLE {table}")
    db.execute("PRAGMA user_version=1")


def test_corrections_win_and_survive_everything(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"0")
    grade()
    with Journal(tmp_path / "grades") as journal:
        journal.decide([Decision("2023-00001", "loss", 8.0, "by hand", "ta", "now")])
    hand_in(tmp_path, "2023-00001-1.tar.gz", b"0.5")
    (entry,) = grade(rerun="all").entries
    (loss,) = [item for item in entry.items if item.id == "loss"]
    assert (loss.points, loss.automatic) == (8.0, 5.0)
    assert entry.result is not None
    assert [i.points for i in entry.result.items if i.id == "loss"] == [5.0]


def test_a_correction_above_what_the_item_is_worth_by_now_asks_a_person(
    tmp_path: Path, grade: Grade
) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    grade()
    with Journal(tmp_path / "grades") as journal:
        journal.decide([Decision("2023-00001", "loss", 8.0, "by hand", "ta", "now")])
    loss = RUBRIC.items[2]
    halved = replace(loss, points=5.0, checks=dict.fromkeys(loss.checks, 2.5))
    rubric = replace(RUBRIC, items=(*RUBRIC.items[:2], halved, *RUBRIC.items[3:]))
    (entry,) = grade(task=replace(TASK, rubric=rubric)).entries
    assert entry.status == "needs_review"
    assert "loss: corrected to 8 points, but worth 5 by now." in entry.reasons


def test_a_correction_stays_with_its_student_whoever_takes_the_id(
    tmp_path: Path, grade: Grade
) -> None:
    hand_in(tmp_path, "kim_7_70_2023-00001.tar.gz", b"0.5")
    grade()
    correct(tmp_path / "grades", "2023-00001", "loss", 8.0, "by hand", "ta")
    before = grade().entry("2023-00001")
    hand_in(tmp_path, "a_5_50_2023-00001.tar.gz", b"1")
    hand_in(tmp_path, "lee_8_80_2023-00001.tar.gz", b"1")
    book = grade()
    assert [e.label for e in book.entries] == [
        "2023-00001",
        "2023-00001_user_5",
        "2023-00001_user_8",
    ]
    after = book.entry("2023-00001")
    assert (after.row["user"], after.points, after.status) == ("7", before.points, "graded")
    assert [item.decision for item in after.items] == [i.decision for i in before.items]
    assert not any(item.decision for e in book.entries[1:] for item in e.items)
    # by Canvas's gradebook it is another's folder, and the correction goes along
    roster = {
        "2023-00001": Student("2023-00001", "Lee", user="8"),
        "2023-00009": Student("2023-00009", "Kim", user="7"),
    }
    book = grade(roster=roster)
    assert book.entry("2023-00009").points == before.points
    assert not any(item.decision for item in book.entry("2023-00001").items)


def test_a_correction_that_fits_nobody_is_named_until_it_is_withdrawn(
    tmp_path: Path, grade: Grade
) -> None:
    hand_in(tmp_path, "2023-00002.tar.gz", b"1")
    gone = hand_in(tmp_path, "kim_7_70_2023-00001.tar.gz", b"1")
    grade()
    correct(tmp_path / "grades", "2023-00001", "loss", 8.0, "by hand", "ta")
    gone.unlink()
    hand_in(tmp_path, "lee_8_80_2023-00001.tar.gz", b"1")
    line = "The correction of 2023-00001, loss to 8 points, fits no student here."
    book = grade()
    assert line in book.lines
    assert not any(item.decision for entry in book.entries for item in entry.items)
    assert "as graded" in correct(tmp_path / "grades", "2023-00001", "loss", None, "", "ta")
    assert line not in grade().lines
    with pytest.raises(UsageError, match="no student '2023-00003'"):
        correct(tmp_path / "grades", "2023-00003", "loss", None, "", "ta")


def test_a_decision_on_an_earlier_file_is_proposed_again_and_not_applied(
    tmp_path: Path, grade: Grade
) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"0.5")
    grade()
    grades = tmp_path / "grades"
    correct(grades, "2023-00001", "loss", 8.0, "right but for a typing error", "ta")
    assert grade(rerun="all").entry("2023-00001").status == "graded"
    hand_in(tmp_path, "2023-00001-1.tar.gz", b"1")
    entry = grade().entry("2023-00001")
    (loss,) = [item for item in entry.items if item.id == "loss"]
    assert (loss.points, loss.open, entry.status) == (10.0, True, "needs_review")
    assert any("loss: corrected to 8 points when another file" in r for r in entry.reasons)
    correct(grades, "2023-00001", "loss", 9.0, "seen", "ta")
    entry = grade().entry("2023-00001")
    assert (entry.status, [i.points for i in entry.items if i.id == "loss"]) == ("graded", [9.0])


def test_a_correction_of_another_file_may_be_withdrawn(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"0.5")
    grade()
    correct(tmp_path / "grades", "2023-00001", "loss", 8.0, "", "ta")
    hand_in(tmp_path, "2023-00001-1.tar.gz", b"1")
    grade()
    correct(tmp_path / "grades", "2023-00001", "loss", None, "", "ta")
    entry = grade().entry("2023-00001")
    assert entry.status == "graded"
    assert all(item.points == item.automatic for item in entry.items)


def test_corrections_in_a_journal_of_before_are_kept_and_ask_nobody(
    tmp_path: Path, grade: Grade
) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"0.5")
    grade()
    correct(tmp_path / "grades", "2023-00001", "loss", 8.0, "", "ta")
    with sqlite3.connect(tmp_path / "grades" / FILE) as older:
        as_before(older)
    hand_in(tmp_path, "2023-00001-1.tar.gz", b"0.25")
    entry = grade().entry("2023-00001")
    assert [item.points for item in entry.items if item.id == "loss"] == [8.0]
    assert entry.status == "graded"
    correct(tmp_path / "grades", "2023-00001", "sampling", 1.0, "", "ta")


def test_where_the_new_file_cannot_be_read_both_reasons_are_named() -> None:
    flag = Flag("rejected", "The archive is damaged.")
    given = {"loss": replace(corrected("loss", 8.0)["loss"], sha256="f" * 64)}
    entry = made_entry("2023-00001", rejected(flag), given)
    assert entry.status == "rejected"
    assert entry.reasons[0] == "The archive is damaged."
    assert "another file" in entry.reasons[1]
