"""Decisions: what they do to points, and from the shell to the table and back."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from grader.batch.deciding import decided, undone
from grader.batch.decision_table import decisions_csv
from grader.batch.decisions import Decision, Overtaken, touches
from grader.batch.gradebook import Entry, Gradebook, keys_of, read_gradebook
from grader.batch.journal import Journal
from grader.batch.kept_decisions import Answered
from grader.batch.requests import requests_csv, take_in
from grader.batch.roster import Student as Listed
from grader.commands.correct import correct, correct_from
from grader.errors import UsageError
from tests.batch.fake import RUBRIC, TASK
from tests.report.books import entry as book_entry
from tests.review.room import Student, entries, grade, some_class


@pytest.fixture
def grades(tmp_path: Path) -> Path:
    roster = {f"2023-{10000 + n}": Listed(f"2023-{10000 + n}", f"Kim {n}") for n in range(5)}
    grade(tmp_path / "grades", tmp_path / "in", some_class(4), roster=roster)
    return tmp_path / "grades"


def item(entry: Entry, name: str):  # type: ignore[no-untyped-def]
    return next(item for item in entry.items if item.id == name)


def test_a_check_is_decided_and_the_item_follows(grades: Path) -> None:
    assert "total" in correct(grades, "2023-10000", "loss.epsilon", 2.0, "almost", "ta")
    loss = item(entries(grades)["2023-10000"], "loss")
    assert (loss.points, loss.automatic, loss.open) == (7.0, 10.0, True)
    correct(grades, "2023-10000", "loss", None, "", "ta", accept=True)
    loss = item(entries(grades)["2023-10000"], "loss")
    assert (loss.points, loss.open, set(loss.decided)) == (
        7.0,
        False,
        {"loss.epsilon", "loss.sample"},
    )
    page = (grades / "2023-10000" / "report.html").read_text("utf-8")
    assert "almost" in page
    index = (grades / "index.html").read_text("utf-8")
    assert "7*" in index


def test_while_an_item_is_decided_its_checks_wait(grades: Path) -> None:
    correct(grades, "2023-10000", "loss.epsilon", 2.0, "", "ta")
    correct(grades, "2023-10000", "loss", 9.0, "", "ta")
    assert item(entries(grades)["2023-10000"], "loss").points == 9.0
    with pytest.raises(UsageError, match="decided as a whole"):
        correct(grades, "2023-10000", "loss.sample", 1.0, "", "ta")
    correct(grades, "2023-10000", "loss", None, "", "ta")
    assert item(entries(grades)["2023-10000"], "loss").points == 7.0


def test_points_follow_what_a_check_is_worth_by_now(grades: Path, tmp_path: Path) -> None:
    correct(grades, "2023-10000", "loss.epsilon", 2.5, "half", "ta")
    loss = RUBRIC.items[2]
    doubled = replace(loss, points=20.0, checks=dict.fromkeys(loss.checks, 10.0))
    rubric = replace(RUBRIC, items=(*RUBRIC.items[:2], doubled, *RUBRIC.items[3:]))
    task = replace(TASK, rubric=rubric, seed=7)  # and another seed
    grade(grades, tmp_path / "in", some_class(4), task=task)
    assert item(entries(grades)["2023-10000"], "loss").points == 15.0


def test_a_tile_that_is_overruled_moves_n_and_the_points(grades: Path) -> None:
    entry = entries(grades)["2023-10000"]
    tile = "image_quality.clear_digits 2"
    with Journal(grades) as journal:
        journal.decide([decided(entry, tile, 1.0, "", "ta", worth=1.0)])
    quality = item(entries(grades)["2023-10000"], "image_quality")
    assert quality.points == 9.7
    assert "97 of 100 are clear, not 96" in quality.checks[0].message
    with pytest.raises(UsageError, match="no check"):
        decided(entry, "image_quality.clear_digits 100", 1.0, "", "ta")


def test_undo_brings_back_what_stood_before_and_is_a_row_too(grades: Path) -> None:
    correct(grades, "2023-10000", "loss.epsilon", 2.0, "first", "ta")
    entry = entries(grades)["2023-10000"]
    with Journal(grades) as journal:
        (second,) = journal.decide([decided(entry, "loss.epsilon", 4.0, "second", "ta")])
        assert (second.before, second.out_of) == (2.0, 5.0)
        journal.decide(undone([second], journal.decisions(), "ta", "undo"))
        assert len(journal.decisions()) == 3
    made = item(entries(grades)["2023-10000"], "loss").decided["loss.epsilon"]
    assert (made.points, made.comment) == (2.0, "first")


def test_what_undo_brings_back_from_another_file_is_proposed_and_not_given(
    grades: Path, tmp_path: Path
) -> None:
    correct(grades, "2023-10000", "loss.epsilon", 2.0, "for the old file", "ta")
    grade(grades, tmp_path / "in", some_class(4), salt="other bytes")
    entry = entries(grades)["2023-10000"]
    with Journal(grades) as journal:
        made = journal.decide([decided(entry, "loss.epsilon", 4.0, "for the new one", "ta")])
        journal.decide(undone(made, journal.decisions(), "ta", "undo"))
    loss = item(entries(grades)["2023-10000"], "loss")
    assert (loss.points, loss.decided) == (10.0, {})
    assert [old.comment for old in loss.outlived] == ["for the old file"]


def test_undo_brings_back_what_was_given_before_anything_was_handed_in(
    grades: Path, tmp_path: Path
) -> None:
    late = replace(some_class(4)[3], id="2023-19999")
    roster = {"2023-19999": Listed("2023-19999", "Late Lee")}
    grade(grades, tmp_path / "in", some_class(4), roster=roster)
    correct(grades, "2023-19999", "loss", 6.0, "on paper", "ta")
    grade(grades, tmp_path / "in", [*some_class(4), late], roster=roster)
    entry = entries(grades)["2023-19999"]
    with Journal(grades) as journal:
        made = journal.decide([decided(entry, "loss", 4.0, "by the file", "ta")])
        keys = keys_of(entry.label, entry.row)
        journal.decide(undone(made, journal.decisions(), "ta", "undo", lambda _: keys))
    loss = item(entries(grades)["2023-19999"], "loss")
    assert loss.decision is None
    assert [old.comment for old in loss.outlived] == ["on paper"]


def test_nobody_s_decision_is_lost_where_two_decide_at_once(grades: Path) -> None:
    entry = entries(grades)["2023-10000"]
    with Journal(grades) as one, Journal(grades) as other:
        seen = 0
        one.decide([decided(entry, "loss", 4.0, "mine", "kim")], seen)
        late = [
            decided(entry, "sampling", 1.0, "", "lee"),
            decided(entry, "loss.sample", 1.0, "", "lee"),
        ]
        with pytest.raises(Overtaken, match=r"kim decided loss .*4 points"):
            other.decide(late, seen)
        assert [made.who for made in other.decisions()] == ["kim"]
        other.decide(late[:1], seen)  # of that nobody else decided


@pytest.mark.parametrize(
    ("one", "other", "does"),
    [
        ("loss", "loss", True),
        ("loss", "loss.sample", True),
        ("loss.sample", "loss.epsilon", False),
        ("image_quality.clear_digits", "image_quality.clear_digits 3", True),
        ("image_quality.clear_digits 3", "image_quality.clear_digits 30", False),
        ("second loss", "loss", False),
    ],
)
def test_which_decisions_concern_each_other(one: str, other: str, does: bool) -> None:
    assert touches(one, other) is does
    assert touches(other, one) is does


def test_the_table_and_back_is_the_identity(grades: Path, tmp_path: Path) -> None:
    correct(
        grades,
        "2023-10000",
        "loss.epsilon",
        2.0,
        "=cmd|\"x\" 'quoted', with\nlines;;;;;;;;;;;;",
        "ta",
    )
    correct(grades, "2023-10000", "loss", 9.0, "'tis", "ta")
    correct(grades, "2023-10001", "sampling", None, "", "ta", accept=True)
    correct(grades, "2023-10004", "loss", 3.0, "on paper", "ta")  # handed in nothing
    correct(grades, "2023-10002", "loss", 3.0, "", "ta")
    correct(grades, "2023-10002", "loss", None, "", "ta")
    entry = entries(grades)["2023-10001"]
    with Journal(grades) as journal:
        tile = decided(entry, "image_quality.clear_digits 2", 1.0, "", "ta", worth=1.0)
        same = Decision(
            "2023-10000",
            "alike code x",
            None,
            "",
            "ta",
            "now",
            "s",
            entry.row["owner"],
            word="fine",
        )
        journal.decide([tile, replace(same, owner=entries(grades)["2023-10000"].row["owner"])])
        text = decisions_csv(journal, read_gradebook(journal))
    table = tmp_path / "decisions.csv"
    table.write_text("\ufeff" + text, "utf-8")
    assert correct_from(grades, table, None) == ["0 decisions taken over, 6 stood already."]
    empty = tmp_path / "empty"
    roster = {f"2023-{10000 + n}": Listed(f"2023-{10000 + n}", f"Kim {n}") for n in range(5)}
    grade(empty, tmp_path / "in", some_class(4), roster=roster)
    assert correct_from(empty, table, None) == ["6 decisions taken over, 0 stood already."]
    with Journal(empty) as journal:
        assert decisions_csv(journal, read_gradebook(journal)) == text
    before, after = entries(grades), entries(empty)
    assert {n: e.points for n, e in before.items()} == {n: e.points for n, e in after.items()}


def test_of_a_table_with_a_wrong_row_nothing_is_taken(grades: Path, tmp_path: Path) -> None:
    table = tmp_path / "decisions.csv"
    table.write_text("student,target,points\n2023-10000,loss,3\n2023-10001,loss,11\n")
    with pytest.raises(UsageError, match=r"row 3: loss is worth 0 to 10 points"):
        correct_from(grades, table, "ta")
    with Journal(grades) as journal:
        assert not journal.decisions()
    for points in ("nan", "inf", "-1", "x", ""):
        table.write_text(f"student,target,points\n2023-10000,loss,{points}\n")
        with pytest.raises(UsageError, match="row 2"):
            correct_from(grades, table, "ta")


def test_a_student_is_found_by_name_or_the_end_of_an_id(grades: Path) -> None:
    assert correct(grades, "kim 1", "loss", 3.0, "", "ta").startswith("2023-10001")
    assert correct(grades, "0002", "loss", 3.0, "", "ta").startswith("2023-10002")
    with pytest.raises(UsageError, match="no student '00'"):
        correct(grades, "00", "loss", 3.0, "", "ta")


def test_several_who_may_be_meant_are_named(tmp_path: Path) -> None:
    students = [Student("2023-10001", {}), Student("2022-10001", {})]
    grade(tmp_path / "grades", tmp_path / "in", students)
    with pytest.raises(UsageError, match=r"2022-10001, 2023-10001"):
        correct(tmp_path / "grades", "10001", "loss", 1.0, "", "ta")


def test_requests_are_taken_in_once_and_given_out_with_their_answers(
    grades: Path, tmp_path: Path
) -> None:
    form = tmp_path / "form.csv"
    form.write_text(
        "Timestamp,학번,문항,사유\nx,202310000,Loss,=why\nx,2023-10001,7,other\n", "utf-8"
    )
    with Journal(grades) as journal:
        assert take_in(journal, form) == 2
        assert take_in(journal, form) == 0
        journal.decide([], answered=Answered(1, "You are right.", "ta"))
        with pytest.raises(UsageError, match="meanwhile"):
            journal.decide([], answered=Answered(1, "No.", "another"))
        rows = list(csv.DictReader(io.StringIO(requests_csv(journal, read_gradebook(journal)))))
    assert [(row["id"], row["answer"], row["points"]) for row in rows] == [
        ("2023-10000", "You are right.", "10.00"),
        ("2023-10001", "", ""),
    ]
    assert rows[0]["text"] == "'=why"
    form.write_text("a,b\n1,2\n")
    with Journal(grades) as journal, pytest.raises(UsageError, match="no column id, item, text"):
        take_in(journal, form)


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ("2023-10001", "2023-10001"),
        ("202310001", "2023-10001"),
        ("23-10001", "2023-10001"),
        ("0001", "2023-10001"),
        (" kim minsu ", "2023-10002"),
        ("이지우", "2023-10003"),
        ("000", "may be any of these: 2024-20000, 2023-31000"),
        ("Kim Jiwoo", "may be any of these: 2023-10004, 2023-10005"),
        ("01", "no student '01'"),
        ("", "no student ''"),
        ("-", "no student '-'"),
    ],
)
def test_a_student_is_found_by_label_name_or_the_end_of_an_id(asked: str, label: str) -> None:
    names = ("", "Kim Minsu", "이지우", "Kim Jiwoo", "Kim Jiwoo")
    known = [book_entry(f"2023-1000{n}", name=name) for n, name in enumerate(names, 1)]
    known += [book_entry("2023-90001x"), book_entry("2024-20000"), book_entry("2023-31000")]
    book = Gradebook("", [], known, [], [])
    if label.startswith("20"):
        assert book.find(asked).label == label
    else:
        with pytest.raises(UsageError, match=label):
            book.find(asked)
