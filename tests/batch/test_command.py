"""What a batch tells the person who runs it."""

import io
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from grader.batch import run as module
from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal
from grader.batch.roster import Student
from grader.batch.run import Batch, Watch
from grader.commands.correct import correct
from grader.commands.run_batch import run_batch, summary
from grader.report import pages
from grader.results import State
from tests.batch.fake import ASKED, Threads, batch, evidence, fake_grade
from tests.report.books import book, entry


def told(*entries: object) -> str:
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    summary(book(*entries), console, "ddpm-grader batch in --out grades")  # type: ignore[arg-type]
    return shown.getvalue()


def test_everything_that_a_person_should_know_is_a_line() -> None:
    failed = entry("2023-00002", evidence(state=State.INFRA_ERROR, fraction=0.0))
    again = entry(
        "2023-00003", evidence(), others=["2023-00003.tar.gz"], notes=["Not on the roster."]
    )
    text = told(entry("2023-00001"), failed, again)
    assert "3 students: 1 graded, 1 missing, 1 needs_review" in text
    again = "ddpm-grader batch in --out grades"
    assert f"The grader failed for 2023-00002. Grade them again: {again}" in text
    assert "2023-00003: Not on the roster." in text
    assert "2023-00003: earlier attempts, not graded: 2023-00003.tar.gz" in text
    assert "Nothing was handed in by: 2023-00001" in text
    assert "notes.txt is no .tar.gz." in text


def test_nobody_is_called_missing_for_sure_while_files_without_a_name_wait() -> None:
    waiting = entry("user_7", student_id=None, state="waiting")
    text = told(entry("2023-00001"), waiting)
    assert "Nothing was handed in by: 2023-00001 (not every file was opened yet)" in text


@pytest.fixture
def grades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The grades of one student."""
    monkeypatch.setattr(module, "grade_job", fake_grade)
    (tmp_path / "2023-00001.tar.gz").write_bytes(b"0.5")
    folder = tmp_path / "grades"
    with batch(folder, tmp_path / "2023-00001.tar.gz") as started:
        started.run(Threads(), Watch())
    return folder


def test_a_correction_may_be_of_any_bytes_and_by_a_user_without_a_name(
    grades: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert "loss 7" in correct(grades, "2023-00001", "loss", 7.0, "caf\udce9", None)
    with Journal(grades) as journal:
        (made,) = journal.decisions()
    assert made.comment == "caf\\udce9"
    assert made.who == f"user {os.getuid()}"
    assert "caf\\udce9" in (grades / "2023-00001" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("rerun", "said"), [(None, "the same command goes on"), ("all", "without --rerun goes on")]
)
def test_what_is_stopped_tells_how_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rerun: str | None, said: str
) -> None:
    def stopped(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Batch, "run", stopped)
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    assert not run_batch((), tmp_path, ASKED, 1, None, rerun, console)
    assert said in shown.getvalue()


def test_names_are_no_markup() -> None:
    odd = entry("2023-00001", evidence(), notes=["[red]file[/red] [link=x]"])
    assert "[red]file[/red] [link=x]" in told(odd)


def test_what_is_stopped_while_pages_are_written_is_told_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Batch, "run", lambda *arguments: None)
    monkeypatch.setattr("grader.report.pages.write_pages", stopped)
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    assert not run_batch((), tmp_path, ASKED, 1, None, None, console)
    assert "the same command goes on" in shown.getvalue()


def test_a_second_request_to_end_does_not_keep_the_gradebook_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*arguments: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    def twice(batch: Batch, *, at_the_end: bool, before: Any = Batch.write_gradebook) -> None:
        if at_the_end:
            signal.raise_signal(signal.SIGTERM)
        before(batch, at_the_end=at_the_end)

    monkeypatch.setattr("grader.batch.run.dispatch", stopped)
    monkeypatch.setattr(Batch, "write_gradebook", twice)
    (tmp_path / "2023-00001.tar.gz").write_bytes(b"0.5")
    shown, paths = io.StringIO(), (tmp_path / "2023-00001.tar.gz",)
    console = Console(file=shown, width=200)
    assert not run_batch(paths, tmp_path / "g", ASKED, 1, None, None, console)
    assert "1 student: 1 waiting" in shown.getvalue()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_two_who_correct_at_once_both_stand_on_the_pages(
    grades: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second corrects after the first has read the grades, and before it writes them."""
    write_students, others = pages.write_students, []

    def slow(*arguments: Any) -> None:
        monkeypatch.setattr(pages, "write_students", write_students)
        second = ("2023-00001", "sampling", 7.0, "the second", "b")
        others.append(threading.Thread(target=correct, args=(grades, *second)))
        others[0].start()
        others[0].join(0.5)
        write_students(*arguments)

    monkeypatch.setattr(pages, "write_students", slow)
    correct(grades, "2023-00001", "loss", 8.0, "the first", "a")
    others[0].join()
    page = (grades / "2023-00001" / "report.html").read_text("utf-8")
    assert "the first" in page
    assert "the second" in page


def test_who_handed_in_nothing_is_given_points_and_asked_for_again_when_something_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "grade_job", fake_grade)
    grades, handed_in = tmp_path / "grades", tmp_path / "in"
    handed_in.mkdir()
    roster = {"2023-00001": Student("2023-00001")}
    with batch(grades, handed_in, roster=roster) as started:
        started.run(Threads(), Watch())
    assert "total 8" in correct(grades, "2023-00001", "loss", 8.0, "on paper", "ta")
    assert "on paper" in (grades / "2023-00001" / "report.html").read_text("utf-8")
    with Journal(grades) as journal:
        (entry,) = read_gradebook(journal).entries
        assert (entry.status, entry.points, entry.max_points) == ("graded", 8.0, 100.0)
    (handed_in / "2023-00001.tar.gz").write_bytes(b"1")
    with batch(grades, handed_in, roster=roster) as started:
        started.run(Threads(), Watch())
        (entry,) = read_gradebook(started.journal).entries
    assert (entry.status, entry.points) == ("needs_review", 100.0)
    assert "loss: corrected to 8 points before anything was handed in" in entry.reasons[0]
    assert "as graded" in correct(grades, "2023-00001", "loss", None, "", "ta")
    with Journal(grades) as journal:
        assert read_gradebook(journal).entries[0].status == "graded"
