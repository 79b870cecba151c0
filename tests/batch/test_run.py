"""A batch with a stand-in for grading: what is graded, kept, recomputed and noted."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.batch import run as module
from grader.batch.evidence import Evidence
from grader.batch.gradebook import read_gradebook
from grader.batch.journal import Journal
from grader.batch.likeness import Pair
from grader.batch.places import Place
from grader.batch.roster import Student
from grader.batch.run import Watch
from grader.batch.work import Job, Unreadable
from grader.lateness import LateRule, parse_moment
from grader.report.pages import write_pages
from grader.report.tables import plain_csv
from grader.results import State
from tests.batch.fake import (
    RUBRIC,
    TASK,
    Grade,
    Threads,
    batch,
    evidence,
    fake_grade,
    hand_in,
    stored,
)
from tests.report.books import book as made_book
from tests.report.books import entry as made_entry


def test_points_for_everyone(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    hand_in(tmp_path, "2023-00002.tar.gz", b"0.5")
    book = grade()
    judged = sum(item.points for item in RUBRIC.items if item.by_hand is None)
    assert [entry.before_lateness for entry in book.entries] == [judged, judged / 2]


def test_the_same_again_grades_nothing(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    first = plain_csv(grade())
    assert plain_csv(grade()) == first
    assert grade.graded == []  # type: ignore[attr-defined]


def test_only_what_changed_is_graded(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    grade()
    hand_in(tmp_path, "2023-00002.tar.gz", b"1")
    hand_in(tmp_path, "2023-00001-1.tar.gz", b"0.25")
    book = grade()
    assert sorted(grade.graded) == ["2023-00001-1.tar.gz", "2023-00002.tar.gz"]  # type: ignore[attr-defined]
    assert book.entries[0].row["others"] == ["2023-00001.tar.gz"]


def test_other_points_are_recomputed_without_grading(tmp_path: Path, grade: Grade) -> None:
    for number in range(250):
        hand_in(tmp_path, f"2023-{number:05}.tar.gz", b"0.5")
    before = grade()
    items = [replace(item, points=2 * item.points) for item in RUBRIC.items]
    items = [
        replace(item, checks={name: 2 * points for name, points in item.checks.items()})
        for item in items
    ]
    after = grade(task=replace(TASK, rubric=replace(RUBRIC, items=items, sha256="1" * 64)))
    assert grade.graded == []  # type: ignore[attr-defined]
    for old, new in zip(before.entries, after.entries, strict=True):
        assert new.before_lateness == 2 * old.before_lateness
        assert new.result is not None
        assert new.result.environment["rubric_sha256"] == "1" * 64


def test_likeness_is_compared_anew_only_when_somebodys_work_has_changed(
    tmp_path: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[set[str]] = []
    alike = module.alike

    def counted(prints: dict[str, dict[str, Any]]) -> list[Pair]:
        compared.append(set(prints))
        return alike(prints)

    def printed(*given: Any) -> Evidence:
        works = {"lines": [], "tensors": [], "samples": given[1][0] * 32}
        return evidence(*given, prints=works)  # alike where the bytes' hashes begin the same

    monkeypatch.setattr(module, "alike", counted)
    monkeypatch.setattr("tests.batch.fake.evidence", printed)
    for number in range(20):
        hand_in(tmp_path, f"2023-{number:05}.tar.gz", b"0.%d" % number)
    first = grade()
    assert first.pairs
    again = grade(task=replace(TASK, rubric=replace(RUBRIC, sha256="1" * 64)))
    assert again.pairs == first.pairs
    assert len(compared) == 1
    hand_in(tmp_path, "2023-00000.tar.gz", b"0.99 of it")
    grade()
    assert len(compared) == 2


def test_recomputed_evidence_is_the_result_itself(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"0.37")
    (entry,) = grade().entries
    with Journal(tmp_path / "grades") as journal:
        assert entry.key is not None
        evidence = journal.find(entry.key)
    assert evidence is not None
    assert entry.result is not None
    assert entry.result.to_json() == evidence.result.to_json()


def test_other_limits_or_another_seed_grade_again(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    grade()
    limits = replace(RUBRIC.limits, cell_seconds=1)
    for task in (replace(TASK, seed=1), replace(TASK, rubric=replace(RUBRIC, limits=limits))):
        grade(task=task)
        assert grade.graded == ["2023-00001.tar.gz"]  # type: ignore[attr-defined]


def test_reruns(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    hand_in(tmp_path, "2023-00002.tar.gz", b"infra")
    book = grade()
    assert [entry.points is None for entry in book.entries] == [False, True]
    for which, count in (("failed", 1), ("2023-00001", 2), ("all", 2)):
        grade(rerun=which)
        assert len(grade.graded) == count  # type: ignore[attr-defined]
    assert "no result was found" in grade(rerun="2023-77777").lines[0]


def test_a_fault_of_the_graders_is_tried_again_once_by_each_run_until_it_has_passed(
    tmp_path: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        hand_in(tmp_path, f"2023-{number:05}.tar.gz", b"infra" if number == 3 else b"0.5")
    first = plain_csv(grade())
    for _ in range(2):
        assert plain_csv(grade()) == first
        assert grade.graded == ["2023-00003.tar.gz"]  # type: ignore[attr-defined]
    monkeypatch.setattr(
        "tests.batch.fake.evidence", lambda *given: evidence(*given[:2], State.PASSED)
    )
    assert grade().entry("2023-00003").points is not None
    grade()
    assert grade.graded == []  # type: ignore[attr-defined]


def test_who_was_graded_before_and_is_not_given_now_is_named(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    other = hand_in(tmp_path, "2023-00002.tar.gz", b"1")
    grade()
    other.unlink()
    (line,) = grade().lines
    assert "not among what was given now: 2023-00002." in line
    assert list(grade().lines) == []  # said once
    hand_in(tmp_path, "2023-00002.tar.gz", b"1")
    assert list(grade().lines) == []


def test_the_roster_names_who_is_missing_and_who_is_a_stranger(
    tmp_path: Path, grade: Grade
) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    hand_in(tmp_path, "2023-00009.tar.gz", b"1")
    roster = {i: Student(i, f"name of {i}") for i in ("2023-00001", "2023-00002")}
    book = grade(roster=roster)
    assert [(e.label, e.status) for e in book.entries if e.result is None] == [
        ("2023-00002", "missing")
    ]
    assert [*map(str, book.entry("2023-00009").row["notes"])] == ["Not on the roster."]
    assert book.entry("2023-00001").name == "name of 2023-00001"


def test_who_is_named_by_nothing_must_be_looked_for(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "final.tar.gz", b"1")
    (found,) = grade().entries
    assert found.reasons == ["Nothing in it names a student: whose it is must be found out."]


def test_late_work_loses_what_the_rubric_says(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    hand_in(tmp_path, "kim_LATE_1_2_2023-00002.tar.gz", b"1")
    deadline = parse_moment("2026-05-01T00:00")
    roster = {"2023-00001": Student("2023-00001", "", parse_moment("2026-05-02T12:00"))}
    roster["2023-00002"] = Student("2023-00002")
    rubric = replace(RUBRIC, late=LateRule(percent_per_day=10))
    (tmp_path / "in" / "kim_LATE_1_2_2023-00002.tar.gz").touch()
    book = grade(roster=roster, deadline=deadline, task=replace(TASK, rubric=rubric))
    entry = book.entry("2023-00001")
    assert entry.row["late_hours"] == 36
    assert entry.deduction == round(0.2 * entry.before_lateness, 2)
    assert entry.points == round(0.8 * entry.before_lateness, 2)
    assert entry.result is not None
    assert entry.result.late


def test_a_tarball_that_vanishes_is_one_line_and_is_graded_when_it_is_back(
    tmp_path: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    gone = hand_in(tmp_path, "2023-00002.tar.gz", b"1")

    def vanishing(job: Job) -> object:
        gone.unlink(missing_ok=True)
        return fake_grade(job)

    with batch(tmp_path / "grades", tmp_path / "in") as started:
        monkeypatch.setattr(module, "grade_job", vanishing)
        ended: list[str] = []
        started.run(Threads(), Watch(ended=lambda label, answer, name: ended.append(label)))
        assert sorted(ended) == ["2023-00001", "2023-00002"]  # the bar comes to its end
        book = read_gradebook(started.journal)
    assert [entry.status for entry in book.entries][1] == "unreadable"
    assert "cannot be read" in str(book.entries[1].row["notes"][0])
    hand_in(tmp_path, "2023-00002.tar.gz", b"1")
    assert [entry.row["state"] for entry in grade().entries] == ["graded", "graded"]


def test_only_those_who_grade_read_a_submission(
    tmp_path: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        hand_in(tmp_path, f"2023-{number:05}.tar.gz", b"1")

    def read(place: Place) -> str:
        pytest.fail(f"{place} was read by the batch itself")

    monkeypatch.setattr(Place, "sha256", read)
    first = grade()
    assert [entry.row["state"] for entry in first.entries] == ["graded"] * 5
    assert plain_csv(grade()) == plain_csv(first)
    assert grade.graded == []  # type: ignore[attr-defined]


def test_a_file_that_changes_while_it_is_graded_counts_for_nothing(
    tmp_path: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hand_in(tmp_path, "2023-00001.tar.gz", b"1")

    def changed(job: Job) -> Evidence | Unreadable:
        answer = fake_grade(job)
        path.write_bytes(b"0.5 and more")
        return answer

    with batch(tmp_path / "grades", tmp_path / "in") as started:
        monkeypatch.setattr(module, "grade_job", changed)
        started.run(Threads(), Watch())
        assert started.journal.count() == 0
        (entry,) = read_gradebook(started.journal).entries
        assert str(entry.row["notes"][0]).endswith("changed while the batch ran.")
    (entry,) = grade().entries
    assert entry.row["state"] == "graded"


def test_the_same_files_in_another_folder_are_not_graded_again(
    tmp_path: Path, grade: Grade
) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"0.5")
    first = plain_csv(grade())
    (tmp_path / "in").rename(tmp_path / "moved")
    with batch(tmp_path / "grades", tmp_path / "moved") as started:
        told: list[str] = []
        watch = Watch(
            given=lambda label: told.append(f"graded {label}"),
            ended=lambda label, answer, name: told.append(f"known {name}"),
        )
        started.run(Threads(), watch)
        assert told == ["known 2023-00001"]
        assert plain_csv(read_gradebook(started.journal)) == first


def test_half_characters_in_a_students_texts_do_no_harm(tmp_path: Path, grade: Grade) -> None:
    half = "\ud800\x1b[31m"
    found = evidence(message=half, prints={"lines": [half], "tensors": [], "samples": ""})
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    with batch(tmp_path / "grades", tmp_path / "in") as started:
        started.journal.store("key", "{}", found)
        kept = started.journal.find("key")
        assert kept is not None
        assert kept.result.to_json() == found.result.to_json()
    book = made_book(made_entry("2023-00001", found, name=half))
    with Journal(tmp_path / "grades") as journal:
        write_pages(journal, book)
    assert "\\ud800" in (tmp_path / "grades" / "index.html").read_text("utf-8")


def test_unreadable_files_do_not_end_the_batch(tmp_path: Path, grade: Grade) -> None:
    hand_in(tmp_path, "2023-00001.tar.gz", b"1")
    (tmp_path / "in" / "2023-00002.tar.gz").symlink_to(tmp_path / "nowhere")
    book = grade()
    assert [entry.row["state"] for entry in book.entries] == ["graded", "unreadable"]


def test_stopping_keeps_what_was_graded(
    tmp_path: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        hand_in(tmp_path, f"2023-{number:05}.tar.gz", b"1")

    def stop(label: str, answer: object, name: str) -> None:
        raise KeyboardInterrupt

    with batch(tmp_path / "grades", tmp_path / "in") as started:
        monkeypatch.setattr(module, "grade_job", fake_grade)
        with pytest.raises(KeyboardInterrupt):
            started.run(Threads(), Watch(ended=stop))
        states = [entry.row["state"] for entry in read_gradebook(started.journal).entries]
    assert states.count("graded") == 1
    assert states.count("waiting") == 19
    assert len(grade().entries) == 20
    assert len(grade.graded) == 19  # type: ignore[attr-defined]


SCRIPT = """
import sys, time
from pathlib import Path
from grader.batch import run
from tests.batch.fake import Threads, batch, fake_grade
def slow(job):
    time.sleep(0.02)
    return fake_grade(job)
run.grade_job = slow
with batch(Path(sys.argv[2]), Path(sys.argv[1])) as started:
    started.run(Threads(), run.Watch())
"""


@pytest.mark.parametrize("kills", [7, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_many_moments_and_resumed_the_gradebook_is_the_same(
    kills: int, tmp_path: Path, grade: Grade
) -> None:
    for number in range(200):
        hand_in(tmp_path, f"2023-{number:05}.tar.gz", str(number % 7 / 6).encode())
    expected = plain_csv(grade())
    with Journal(tmp_path / "grades") as journal:
        expected_results = stored(journal)
    grades = tmp_path / "killed"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "in"), str(grades)]
    root = Path(__file__).resolve().parents[2]
    moments, known, interrupted = random.Random(20), 0, 0
    for _ in range(kills):
        process = subprocess.Popen(command, cwd=root, start_new_session=True)
        wanted = known + moments.randrange(10)  # none: while it starts
        deadline = time.monotonic() + 60
        while process.poll() is None and count(grades) < wanted and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.05))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        interrupted += process.wait() == -signal.SIGKILL
        assert count(grades) >= known
        known = count(grades)
    assert interrupted >= kills * 3 / 4
    subprocess.run(command, cwd=root, check=True)
    with Journal(grades) as journal:
        assert stored(journal) == expected_results
        assert plain_csv(read_gradebook(journal)) == expected


def count(grades: Path) -> int:
    """Results in a journal that another process writes; 0 if there is none yet."""
    if not (grades / "journal.sqlite").is_file():
        return 0
    try:
        with Journal(grades) as journal:
            return journal.count()
    except Exception:  # its tables are being made
        return 0
