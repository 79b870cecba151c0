"""The pages while a batch runs."""

import time
from pathlib import Path
from typing import Any

import pytest

from grader.batch import run as run_module
from grader.batch.deciding import undone
from grader.batch.decisions import Decision
from grader.batch.journal import Journal
from grader.batch.run import Watch
from grader.batch.work import Job
from grader.report import pages
from grader.report import publish as module
from grader.report.publish import Publisher, publish, take_written
from tests.batch.fake import Threads, batch, fake_grade


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        (folder / f"2023-{number:05}.tar.gz").write_bytes(b"0.5")
    return folder


def test_from_the_first_result_on_there_is_an_index(
    tmp_path: Path, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grades, seen = tmp_path / "grades", []
    index = grades / "index.html"

    def waits_for_the_page(job: Job) -> Any:
        if job.label != "2023-00000":
            deadline = time.monotonic() + 20
            while not index.is_file() and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(index.read_text("utf-8"))
        return fake_grade(job)

    monkeypatch.setattr(run_module, "grade_job", waits_for_the_page)
    with batch(grades, handed_in) as started, Publisher(grades, {}) as publisher:
        watch = Watch(ended=lambda label, answer, name: publisher.changed())
        started.run(Threads(), watch)
        publisher.__exit__(None, None, None)
        publish(started.journal, publisher.written)
    assert "Grading goes on" in seen[0]
    assert 'href="2023-00000/report_ta.html"' in seen[0]
    assert "Submissions are compared when all of them are graded." in seen[0]
    assert "5 waiting" in seen[0]
    final = index.read_text("utf-8")
    assert "Grading goes on" not in final
    assert len(list(grades.glob("*/report.html"))) == 6


def test_each_students_pages_are_written_once_and_again_when_they_change(
    tmp_path: Path, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = pages._write_student

    def counted(journal: Any, gradebook: Any, entry: Any, around: Any) -> None:
        written.append(entry.label)
        write(journal, gradebook, entry, around)

    monkeypatch.setattr(pages, "_write_student", counted)
    monkeypatch.setattr(run_module, "grade_job", fake_grade)
    known: dict[str, str] = {}
    with batch(tmp_path / "grades", handed_in) as started:
        started.run(Threads(), Watch())
        publish(started.journal, known)
        publish(started.journal, known)
        assert len(written) == 6
        (handed_in / "2023-00003-1.tar.gz").write_bytes(b"1")
        started.run(Threads(), Watch())
        publish(started.journal, known)
    assert written[6:] == ["2023-00003"]


def test_the_next_batch_writes_only_pages_that_are_gone_or_changed(
    tmp_path: Path, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grades, written = tmp_path / "grades", []
    write = pages._write_student

    def counted(journal: Any, gradebook: Any, entry: Any, around: Any) -> None:
        written.append(entry.label)
        write(journal, gradebook, entry, around)

    def labels_written_by_a_batch(**facts: Any) -> list[str]:
        written.clear()
        with batch(grades, handed_in) as started:
            started.run(Threads(), Watch())
            started.journal.note(facts)
            publish(started.journal, take_written(started.journal))
        return list(written)

    monkeypatch.setattr(pages, "_write_student", counted)
    monkeypatch.setattr(run_module, "grade_job", fake_grade)
    everybody = [f"2023-{number:05}" for number in range(6)]
    assert labels_written_by_a_batch() == everybody
    assert labels_written_by_a_batch() == []
    (grades / "2023-00002" / "report.html").unlink()
    assert labels_written_by_a_batch() == ["2023-00002"]
    with Journal(grades) as journal:
        made = journal.decide([Decision("2023-00004", "loss", 8.0, "by hand", "ta", "now")])
        journal.decide(undone(made, journal.decisions(), "ta", "undo"))
    assert labels_written_by_a_batch() == ["2023-00004"]
    with Journal(grades) as journal:
        take_written(journal)  # of a batch that was ended before its last pages
    assert labels_written_by_a_batch() == everybody
    monkeypatch.setattr(module, "grader_code", lambda: "another grader")
    assert labels_written_by_a_batch() == everybody


def test_the_time_that_pages_take_is_a_small_part_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the class is and however often somebody ends."""
    taken: list[float] = []
    publisher = Publisher(Path("nowhere"), {})

    def slow() -> None:
        taken.append(time.monotonic())
        time.sleep(0.05)

    monkeypatch.setattr(module, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(publisher, "_publish", slow)
    with publisher:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            publisher.changed()
            time.sleep(0.001)
    assert 2 <= len(taken) <= 4


def test_a_folder_that_cannot_be_written_ends_no_batch(
    tmp_path: Path, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pages, "write", full)
    monkeypatch.setattr(run_module, "grade_job", fake_grade)
    with batch(tmp_path / "grades", handed_in) as started:
        with Publisher(tmp_path / "grades", {}) as publisher:
            watch = Watch(ended=lambda label, answer, name: publisher.changed())
            started.run(Threads(), watch)
        assert started.journal.count() == 6
