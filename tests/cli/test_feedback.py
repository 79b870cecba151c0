"""``export --to feedback``: each student's page as a comment on what they handed in to Canvas."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader.batch import run as run_module
from grader.batch.canvas import Downloaded, recipient, shortened
from grader.batch.journal import Journal
from grader.batch.roster import read_roster
from grader.batch.run import Watch
from grader.batch.work import Job
from grader.cli import cli
from grader.errors import JournalError
from grader.report.feedback import as_kind
from grader.report.publish import publish
from grader.results import State
from tests.batch.fake import Threads, batch, evidence, fake_grade, unreadable

Class = Callable[..., Path]
KIM = "kimminsu_1001_51_2023-20001.tar.gz"
LEE = "leejiwoo_LATE_1002_52_2023-20002-1.tar.gz"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert len(set(archive.namelist())) == len(archive.namelist())
        return {name: archive.read(name) for name in archive.namelist()}


def page_in(tarball: bytes) -> str:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        (member,) = archive.getmembers()
        assert (member.name, member.isreg()) == ("report.html", True)
        found = archive.extractfile(member)
        assert found is not None
        return found.read().decode()


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    """Grades files of these names as Canvas's zip; ``0.5`` of the points, of ``doubtful`` ones in
    doubt."""

    def grade(job: Job) -> object:
        content = b"".join(job.place.chunks())
        if content == b"damaged":
            return unreadable(job.file, job.sha256())
        if content == b"doubtful":
            return evidence(job.file, job.sha256(), State.NEEDS_REVIEW, 0.5)
        if job.file.endswith(".ipynb"):  # which is read out of a tar
            return evidence(job.file, job.sha256())
        return fake_grade(job)

    monkeypatch.setattr(run_module, "grade_job", grade)

    def made(names: Sequence[str], content: bytes = b"0.5", roster: str = "") -> Path:
        source, grades = tmp_path / "submissions.zip", tmp_path / "grades"
        with zipfile.ZipFile(source, "w") as archive:
            for name in names:
                archive.writestr(name, b"doubtful" if "doubtful" in name else content)
        table = tmp_path / "roster.csv"
        table.write_text(roster, "utf-8")
        with batch(grades, source, roster=read_roster(table) if roster else None) as started:
            started.run(Threads(), Watch())
            if not roster:  # the export needs no pages
                publish(started.journal)
        return grades

    return made


def test_each_page_goes_back_under_the_name_that_canvas_gave(graded: Class) -> None:
    grades = graded([KIM, LEE])
    done = run("export", grades, "--to", "feedback")
    assert done.exit_code == 0, done.output
    files = files_of(grades / "export" / "feedback-1.zip")
    assert set(files) == {KIM, LEE}
    assert "2023-20001" in page_in(files[KIM])
    assert "2023-20002" in page_in(files[LEE])
    assert page_in(files[KIM]) == (grades / "2023-20001" / "report.html").read_text("utf-8")


def test_who_is_left_out_of_a_zip_was_told_nothing(graded: Class) -> None:
    doubtful = "doubtful_40003_90003_2023-20003.tar.gz"
    grades = graded([KIM, LEE, doubtful])
    run("export", grades, "--to", "feedback")
    for student in ("2023-20002", "2023-20003"):
        run("correct", grades, student, "loss", "9")
    first = run("export", grades, "--to", "feedback").stderr
    assert "2 students changed: 2023-20002, 2023-20003 (correction)" in first
    assert "1 student changed: 2023-20003" in run("export", grades, "--to", "feedback").stderr


def test_a_second_export_after_one_correction_holds_one_file(graded: Class) -> None:
    grades = graded([KIM, LEE])
    run("export", grades, "--to", "feedback")
    again = run("export", grades, "--to", "feedback")
    assert "no zip was written" in again.stderr
    assert not (grades / "export" / "feedback-2.zip").exists()
    assert run("correct", grades, "2023-20002", "loss", "9", "--comment", "by mail").exit_code == 0
    done = run("export", grades, "--to", "feedback")
    assert "1 of the pages say nothing new" in done.stderr
    files = files_of(grades / "export" / "feedback-2.zip")
    assert set(files) == {LEE}
    assert "by mail" in page_in(files[LEE])
    assert set(files_of(grades / "export" / "feedback-1.zip")) == {KIM, LEE}
    run("export", grades, "--to", "feedback", "--all")
    assert set(files_of(grades / "export" / "feedback-3.zip")) == {KIM, LEE}


def test_a_new_attempt_is_answered_under_its_own_name(graded: Class) -> None:
    grades = graded([KIM, LEE])
    run("export", grades, "--to", "feedback")
    newer = "kimminsu_1001_77_2023-20001-1.tar.gz"
    graded([newer, LEE])
    assert "no zip" in run("export", grades, "--to", "feedback").stderr  # the same bytes
    graded([newer], b"0.6")
    run("export", grades, "--to", "feedback")
    assert set(files_of(grades / "export" / "feedback-2.zip")) == {newer}


def test_a_provisional_score_goes_back_only_on_request(graded: Class) -> None:
    doubtful = "parkdoubtful_1003_53_2023-20003.tar.gz"
    grades = graded([KIM, doubtful])
    done = run("export", grades, "--to", "feedback")
    assert "provisional (--provisional does so): 2023-20003" in done.stderr
    assert set(files_of(grades / "export" / "feedback-1.zip")) == {KIM}
    run("export", grades, "--to", "feedback", "--provisional")
    assert set(files_of(grades / "export" / "feedback-2.zip")) == {doubtful}


def test_what_the_grader_could_not_judge_goes_back_in_no_case(graded: Class) -> None:
    grades = graded([KIM], b"infra")
    done = run("export", grades, "--to", "feedback", "--provisional", "--all")
    assert "without a score: 2023-20001" in done.stderr
    assert not (grades / "export").exists()


def test_who_handed_in_what_cannot_be_read_is_told_what_to_do(graded: Class) -> None:
    grades = graded([KIM], b"damaged")
    done = run("export", grades, "--to", "feedback")
    assert "wrote" in done.stderr, done.stderr
    page = page_in(files_of(grades / "export" / "feedback-1.zip")[KIM])
    assert "The archive is damaged or cut off." in page
    assert "pack your work again with CollectSubmission.sh" in page
    assert "regrade" not in page
    assert "no zip was written" in run("export", grades, "--to", "feedback").stderr
    graded([KIM], b"0.6")  # what came in its place
    run("export", grades, "--to", "feedback")
    assert "60" in page_in(files_of(grades / "export" / "feedback-2.zip")[KIM])


def test_who_was_not_read_and_is_half_decided_has_a_provisional_score(graded: Class) -> None:
    grades = graded([KIM], b"damaged")
    assert run("correct", grades, "2023-20001", "loss", "5").exit_code == 0
    done = run("export", grades, "--to", "feedback")
    assert "provisional (--provisional does so): 2023-20001" in done.stderr


def test_work_that_did_not_come_by_canvas_is_named(graded: Class) -> None:
    typed = "choi_1004_text.html"
    grades = graded([KIM, "2023-20009.tar.gz", typed])
    done = run("export", grades, "--to", "feedback", "--provisional")
    assert "by hand" in done.stderr
    assert "2023-20009" in done.stderr.split("by hand")[1]
    assert set(files_of(grades / "export" / "feedback-1.zip")) == {KIM}


@pytest.mark.parametrize("name", ["../kim_1001_51_2023-20001.tar.gz", "._kim_1001_51_a.tar.gz"])
def test_no_path_and_no_hidden_name_goes_into_the_zip(graded: Class, name: str) -> None:
    grades = graded([name, LEE])
    run("export", grades, "--to", "feedback")
    for given in files_of(grades / "export" / "feedback-1.zip"):
        assert "/" not in given
        assert not given.startswith(".")


def test_a_page_is_of_the_kind_that_its_name_tells(graded: Class) -> None:
    names = [
        f"kim_{1001 + n}_{51 + n}_2023-2000{n}.{end}" for n, end in enumerate(["zip", "ipynb"])
    ]
    grades = graded(names)
    run("export", grades, "--to", "feedback")
    files = files_of(grades / "export" / "feedback-1.zip")
    with zipfile.ZipFile(io.BytesIO(files[names[0]])) as archive:
        assert archive.namelist() == ["report.html"]
    (cell,) = json.loads(files[names[1]])["cells"]
    assert "2023-20001" in cell["outputs"][0]["data"]["text/html"]


def test_nothing_that_is_not_uploaded_yet_is_written_over(graded: Class, tmp_path: Path) -> None:
    grades, target = graded([KIM]), tmp_path / "mine.zip"
    assert run("export", grades, "--to", "feedback", "--output", target).exit_code == 0
    done = CliRunner().invoke(
        cli, ["export", str(grades), "--to", "feedback", "--all", "--output", str(target)]
    )
    assert "is there already" in str(done.exception)


PEOPLE = [
    *("Kim, Min-su", "김, 민수", "O'Neill, Seán", "van_der_Berg, J", "Lee_7, A", "LATE, anon"),
    *("이, 서연_2", "Park, 123_Ho", "Müller, Jörg", "anon, Choi", "7_Up, Yu", "_Jung_, 5"),
]
FILES = ["2023-{0:05}.tar.gz", "2023-{0:05}-1.tar.gz", "my_work_1_2_2023-{0:05}.tar.gz"]
FILES += ["2023-{0:05}.zip", "과제_2023-{0:05}.tar.gz", "LATE_2023-{0:05}-2.tar.gz"]


def handed_in(number: int) -> Downloaded:
    """One of a class in which names, files, lateness and anonymity come in every combination."""
    file = FILES[number % len(FILES)].format(number)
    if number % 7 == 3:
        return Downloaded("", f"aB{number}", 9000 + number, file, number % 2 == 0, anonymous=True)
    name = shortened(PEOPLE[number % len(PEOPLE)])
    return Downloaded(name, str(1000 + number), 9000 + number, file, number % 5 == 0)


def test_all_of_250_names_of_a_class_come_to_whom_they_belong(graded: Class) -> None:
    made = [handed_in(number) for number in range(250)]
    roster = "Student,ID,SIS User ID,SIS Login ID,Section\n" + "".join(
        f'"{PEOPLE[n % len(PEOPLE)]}",{1000 + n},2023-{n:05},2023-{n:05},\n' for n in range(250)
    )
    grades = graded([one.build() for one in made], roster=roster)
    with Journal(grades) as journal:
        rows = [row for _, row, _ in journal.gradebook() if row["result"]]
    assert {row["downloaded"] for row in rows} == {one.build() for one in made}
    done = run("export", grades, "--to", "feedback")
    assert "by hand" not in done.stderr
    files = files_of(grades / "export" / "feedback-1.zip")
    meant = {(f"anon_{m.user}" if m.anonymous else m.user, m.attachment) for m in made}
    assert {recipient(name) for name in files} == meant
    as_it_was = {m.build() for m in made if not any(p.isdigit() for p in m.name.split("_"))}
    assert {name for name in files if name in {m.build() for m in made}} == as_it_was
    assert len(as_it_was) == 198  # of the others Canvas would take the person's number for its own


def test_grades_of_an_earlier_version_say_what_to_do(graded: Class) -> None:
    grades = graded([KIM])
    with Journal(grades) as journal:
        found = journal.row("2023-20001")
        assert found is not None
        row, key = found
        del row["downloaded"]
        journal.write_row("2023-20001", "2023-20001", row, key)
    done = run("export", grades, "--to", "feedback")
    assert "Run the same batch command again" in done.stderr
    assert not (grades / "export").exists()


def test_what_cannot_be_noted_is_not_given_back(
    graded: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    grades = graded([KIM])

    def refused(journal: Journal, facts: object) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(Journal, "note", refused)
    done = CliRunner().invoke(cli, ["export", str(grades), "--to", "feedback"])
    assert isinstance(done.exception, JournalError)
    assert not list((grades / "export").iterdir())


@pytest.mark.parametrize(
    ("name", "back"),
    [
        ("kim_1001_51_2023-20001.tar (1).gz", True),
        ("kim_1001_51_2023-20001.tar.xz", True),
        ("kim_1001_51_2023-20001.pdf", False),
        ("kim_1001_51_2023-20001.tar.zst", False),
    ],
)
def test_only_a_kind_that_opens_is_given_back(name: str, back: bool) -> None:
    content = as_kind(name, b"page")
    assert (content is not None) == back
    if content is not None:
        assert page_in(content) == "page"
