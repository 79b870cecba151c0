"""What goes wrong round a batch: each is one clear line, and no result is lost."""

import errno
import io
import os
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from grader.batch import kept_results
from grader.batch import run as module
from grader.batch.decisions import Decision
from grader.batch.evidence import Evidence
from grader.batch.gather import gather
from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.journal import Journal
from grader.batch.run import Watch
from grader.batch.screen import Screen
from grader.batch.work import Job, Unreadable, fetch, grade_job
from grader.bounded import in_this_process
from grader.cli import main
from grader.errors import JournalError
from grader.intake.identify import student_id_in
from grader.report.pages import write_pages
from grader.sandbox import bubblewrap
from tests.batch.fake import TASK, Threads, batch, fake_grade
from tests.habits.draft import packed_tar_gz

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "grade_job", fake_grade)


def hand_in(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"2023-{number:05}.tar.gz").write_bytes(b"0.5")
    return folder


def graded(grades: Path, handed_in: Path) -> Gradebook:
    with batch(grades, handed_in) as started:
        started.run(Threads(), Watch())
        return read_gradebook(started.journal)


FULL = """
import dataclasses, shutil, sys
from pathlib import Path
from grader.batch import run
from grader.errors import GraderError
from tests.batch.fake import Threads, batch, fake_grade
handed_in, grades, kept = map(Path, sys.argv[1:])
run.grade_job = lambda job: dataclasses.replace(fake_grade(job), overlay=bytes(20_000))
for _ in range(2):
    try:
        with batch(grades, handed_in) as started:
            started.run(Threads(), run.Watch(ended=lambda label, answer, name: print(label)))
    except GraderError as error:
        print(f"Error: {error}")
shutil.copytree(grades, kept)
"""


def test_a_full_disk_ends_the_batch_and_with_room_it_goes_on(tmp_path: Path) -> None:
    handed_in, grades, kept = hand_in(tmp_path / "in", 40), tmp_path / "full", tmp_path / "kept"
    grades.mkdir()
    wrap = str(bubblewrap.find().program)
    small = [wrap, "--dev-bind", "/", "/", "--size", "700000", "--tmpfs", str(grades), "--"]
    script = [sys.executable, "-c", FULL, *map(str, (handed_in, grades, kept))]
    done = subprocess.run([*small, *script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    errors = [line for line in said if line.startswith("Error: ")]
    assert len(errors) == 2
    assert all("cannot be written or read" in line and "is kept" in line for line in errors)
    first = Counter(line for line in said if line not in errors)
    assert 0 < first.total() < 40
    with Journal(kept) as journal:
        unsaid = journal.count() - first.total()
    assert unsaid in {0, 1}  # SQLite may say that the disk is full when the last bytes are padding
    again: list[str] = []
    with batch(kept, handed_in) as started:
        started.run(Threads(), Watch(ended=lambda label, answer, name: again.append(label)))
        assert started.journal.count() == 40
    assert sorted((first + Counter(again)).values()) == [1] * (40 - unsaid)


def test_a_disk_that_fills_while_pages_are_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = graded(tmp_path / "grades", hand_in(tmp_path / "in", 2))

    def full(*arguments: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Journal(tmp_path / "grades") as journal:
        monkeypatch.setattr("grader.report.templating.tempfile.mkstemp", full)
        with pytest.raises(JournalError, match=r"No space left.*results are kept"):
            write_pages(journal, book)
        monkeypatch.undo()
        write_pages(journal, book)
    assert (tmp_path / "grades" / "2023-00001" / "result.json").is_file()


def test_a_second_batch_is_one_line_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handed_in, grades = hand_in(tmp_path / "in", 2), tmp_path / "grades"
    with batch(grades, handed_in) as started:
        with pytest.raises(SystemExit) as ended:
            main(["batch", str(handed_in), "--out", str(grades)])
        assert ended.value.code == 1
        error = " ".join(capsys.readouterr().err.split())
        assert error == f"Error: Another batch is at work in {grades}; nothing was changed."
        started.run(Threads(), Watch())
        assert started.journal.count() == 2


def test_a_clock_that_is_set_back_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_in, grades = hand_in(tmp_path / "in", 3), tmp_path / "grades"
    monkeypatch.setattr(kept_results, "now", lambda: "2026-05-02T00:00:00+09:00")
    before = graded(grades, handed_in)
    monkeypatch.setattr(kept_results, "now", lambda: "2020-01-01T00:00:00+09:00")
    changed = handed_in / "2023-00001.tar.gz"
    changed.write_bytes(b"1.0")  # as long as it was
    os.utime(changed, (1_577_000_000, 1_577_000_000))
    with Journal(grades) as journal:
        for points, made in ((3.0, "2026-05-02"), (4.0, "2020-01-01")):
            journal.decide([Decision("2023-00002", "loss", points, "", "ta", made)])
    after = graded(grades, handed_in)
    for label in ("2023-00000", "2023-00002"):
        assert after.entry(label).result == before.entry(label).result
    assert after.entry("2023-00001").before_lateness == 2 * before.entries[0].before_lateness
    (loss,) = [item for item in after.entry("2023-00002").items if item.id == "loss"]
    assert loss.points == 4.0
    assert graded(grades, handed_in) == after


@pytest.mark.parametrize("name", ["과제" * 100 + "2023-00001.tar.gz", "x" * 300, "..", "."])
@pytest.mark.parametrize("by_value", [False, True])
def test_a_name_that_no_file_can_have_keeps_nobody_from_being_graded(
    tmp_path: Path, name: str, by_value: bool
) -> None:
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        archive.writestr(f"kim_1_2_{name}", b"content")
    (attempt,) = gather([tmp_path / "submissions.zip"]).attempts
    content = b"content" if by_value else None
    job = Job("label", attempt.file, attempt.place, TASK, content)
    fetched = fetch(job, tmp_path)
    assert fetched.read_bytes() == b"content"
    assert student_id_in(fetched.name) == attempt.student_id


def test_a_worker_that_finds_no_tarball_says_so(tmp_path: Path) -> None:
    handed_in = hand_in(tmp_path / "in", 1)
    with batch(tmp_path / "grades", handed_in) as started:
        started.run(Threads(), Watch())
        started.journal.rerun("all")
        (job,) = started.jobs(started.handed, Watch())
    job.place.path.unlink()
    answer = grade_job(Job(**vars(job)))
    assert isinstance(answer, Unreadable)
    said = f"{job.place} cannot be read: No such file or directory."
    assert str(answer.reason) == said


def test_a_full_scratch_disk_is_one_line_for_each_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    handed_in = hand_in(tmp_path / "in", 1)
    with batch(tmp_path / "grades", handed_in) as started:
        started.run(Threads(), Watch())
        started.journal.rerun("all")
        (job,) = started.jobs(started.handed, Watch())
    job.place.path.write_bytes(packed_tar_gz({"notebook.ipynb": b"{}"}))
    monkeypatch.setattr("grader.intake.target.Target.write_file", full)
    with in_this_process():
        answer = grade_job(Job(**vars(job)))
    assert isinstance(answer, Evidence)
    assert answer.faults[0].endswith("cannot be unpacked here: No space left on device.")
    assert not caplog.records
    console = Console(file=io.StringIO(), width=40)
    with Screen(console).shown() as screen:
        screen.watch().ended("2023-00000", answer, "2023-00000")
    said = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert f"2023-00000  {answer.faults[0]}" in said


def test_what_grade_left_in_the_folder_stays_and_pages_of_who_is_gone_go(tmp_path: Path) -> None:
    grades, handed_in = tmp_path / "grades", hand_in(tmp_path / "in", 2)
    by_hand = grades / "2023-99999" / "result.json"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_text("{}")
    book = graded(grades, handed_in)
    with Journal(grades) as journal:
        write_pages(journal, book)
        (handed_in / "2023-00001.tar.gz").unlink()
    book = graded(grades, handed_in)
    with Journal(grades) as journal:
        write_pages(journal, book)
    assert by_hand.is_file()
    assert sorted(f.name for f in grades.iterdir() if f.is_dir()) == ["2023-00000", "2023-99999"]
