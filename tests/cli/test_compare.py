"""``compare``: whose grade changed between two gradebooks, and why."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grader.batch import run as run_module
from grader.batch.journal import Journal
from grader.batch.roster import read_roster
from grader.batch.run import Watch
from grader.batch.work import Job, Task
from grader.checks.verdict import Verdict
from grader.cli import cli, main
from grader.lateness import parse_deadline
from grader.paths import DEFAULT_RUBRIC
from grader.results import State
from grader.rubric import parse_rubric
from tests.batch.fake import Threads, batch, evidence, fake_grade

Class = Callable[..., Path]
WORK = {f"2023-0000{n}": part for n, part in enumerate([b"1", b"0.5", b"0", b"1 doubt", b"1 less"])}
SHARES = 'id = "loss"\npoints = {}\nvisibility = "visible"\nchecks = {{ epsilon = {}, sample = 5 }}'
SWAP = SHARES.format(10, 5), SHARES.format(11, 6)
SWAPPED = "loss.epsilon"
OTHERS = ("rubric", "file", "correction", "late")
LATE = "[late]\npercent_per_day = 10\n"
ROSTER = "id,submitted\n2023-00000,2026-05-02 12:00\n2023-00001,2026-05-01 12:00\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def task(before: str = "", after: str = "") -> Task:
    """Of the included rubric with one text in place of another."""
    text = DEFAULT_RUBRIC.read_text("utf-8")
    assert text.count(before) == 1 or not before
    return Task(parse_rubric(text.replace(before, after).encode(), Path("r.toml")), sandbox="none")


def failed(verdict: Verdict) -> Verdict:
    return replace(verdict, state=State.FAILED, fraction=0.0)


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    """Grades a class into a folder of that name; ``broken`` is a grader that gives less."""
    broken = False

    def grade(job: Job) -> object:
        content = b"".join(job.place.chunks())
        if content == b"1 doubt":
            return evidence(job.file, job.sha256(), State.NEEDS_REVIEW, 1.0, job.task.rubric)
        if content == b"1 less":  # all but the one check
            found = evidence(job.file, job.sha256(), rubric=job.task.rubric)
            verdicts = [v if v.check != SWAPPED else failed(v) for v in found.verdicts]
            return replace(found, verdicts=verdicts)
        if broken and content == b"1":
            return evidence(job.file, job.sha256(), State.FAILED, 0.0, job.task.rubric)
        return fake_grade(job)

    monkeypatch.setattr(run_module, "grade_job", grade)

    def made(name: str, work: dict[str, bytes] = WORK, worse: bool = False, **asked: Any) -> Path:
        nonlocal broken
        broken = worse
        source = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for student, content in work.items():
                archive.writestr(f"{student}.tar.gz", content)
        with batch(tmp_path / name, source, **asked) as started:
            started.run(Threads(), Watch())
        return tmp_path / name

    return made


def named(done: Result) -> set[str]:
    """The students whom the lines name."""
    return {line.partition(":")[0] for line in done.stdout.splitlines() if line.startswith("2023")}


def test_nobody_changed(graded: Class) -> None:
    done = run("compare", graded("old"), graded("new"))
    assert (done.exit_code, done.stdout) == (0, "Nobody's grade changed.\n")


def test_one_other_number_of_the_rubric_names_those_whom_it_concerns_and_nobody_else(
    graded: Class,
) -> None:
    old, new = graded("old"), graded("new", task=task(*SWAP))
    done = run("compare", old, new)
    assert done.exit_code == 1
    assert named(done) == set(WORK) - {"2023-00002", "2023-00004"}  # who had none of these points
    lines = [line for line in done.stdout.splitlines() if line.startswith("2023")]
    for line in lines:
        assert line.count("(rubric)") == line.count(SWAPPED) >= 1
        assert "grader" not in line
    assert "3 students changed: 3 by rubric." in done.stdout
    assert run("compare", old, new, "--allow", "rubric").exit_code == 0
    assert run("compare", old, new, "--allow", "grader").exit_code == 1


def test_who_has_the_same_total_is_counted(graded: Class) -> None:
    moved = SHARES.format(10, 5), SHARES.format(10, 6).replace("sample = 5", "sample = 4")
    done = run("compare", graded("old"), graded("new", task=task(*moved)))
    assert (
        "4 students changed: 4 by rubric.\n3 students of these have the same total." in done.stdout
    )


def test_another_grader_is_no_permitted_reason_unless_named(graded: Class) -> None:
    old, new = graded("old"), graded("new", worse=True)
    done = run("compare", old, new, *(w for r in OTHERS for w in ("--allow", r)))
    assert done.exit_code == 1
    assert named(done) == {"2023-00000"}
    assert "no --allow names" in done.stdout
    assert run("compare", old, new, "--allow", "grader").exit_code == 0


def test_another_file_a_new_student_and_one_who_is_gone(graded: Class) -> None:
    other = {**WORK, "2023-00001": b"0.75", "2023-00009": b"1"}
    del other["2023-00004"]
    old, new = graded("old"), graded("new", other)
    done = run("compare", old, new, "--allow", "file")
    assert done.exit_code == 0
    assert named(done) == {"2023-00001", "2023-00004", "2023-00009"}
    assert run("compare", old, new).exit_code == 1


def test_a_correction_and_an_acceptance(graded: Class, tmp_path: Path) -> None:
    old, new = graded("old"), tmp_path / "new"
    shutil.copytree(old, new)
    run("correct", new, "2023-00002", "loss", "3")
    run("correct", new, "2023-00003", "loss", "--accept")
    done = run("compare", old, new)
    assert done.exit_code == 1
    assert named(done) == {"2023-00002", "2023-00003"}
    assert "loss 0 -> 3 (correction)" in done.stdout
    assert run("compare", old, new, "--allow", "correction").exit_code == 0
    run("correct", new, "2023-00002", "loss", "--withdraw")
    assert named(run("compare", old, new)) == {"2023-00003"}


def test_the_late_rule(graded: Class, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    asked = {"roster": read_roster(tmp_path / "roster.csv")}
    rule = task('\n[[items]]\nid = "beta_schedule"', f'\n{LATE}\n[[items]]\nid = "beta_schedule"')
    old = graded("old", task=rule, deadline=parse_deadline("2026-05-03T23:59"), **asked)
    new = graded("new", task=rule, deadline=parse_deadline("2026-05-01T23:59"), **asked)
    done = run("compare", old, new)
    assert named(done) == {"2023-00000"}
    assert "lateness 0 % -> 10 % (late)" in done.stdout
    assert done.exit_code == 1
    assert run("compare", old, new, "--allow", "late").exit_code == 0


def test_a_journal_that_is_kept_under_another_name_stays_as_it_is(
    graded: Class, tmp_path: Path
) -> None:
    old = graded("old")
    kept = tmp_path / "frozen.sqlite"
    shutil.copyfile(old / "journal.sqlite", kept)
    before = kept.read_bytes()
    assert run("compare", kept, old).exit_code == 0
    assert kept.read_bytes() == before
    assert not list(tmp_path.glob("frozen.sqlite-*"))


def test_what_changed_since_the_last_export_is_said_before_the_next(graded: Class) -> None:
    grades = graded("old")
    assert "Since the last export" not in run("export", grades, "--to", "csv").stderr
    assert "nobody's grade changed" in run("export", grades, "--to", "canvas").stderr
    run("correct", grades, "2023-00002", "loss", "3")
    run("export", grades, "--to", "csv", "--output", "-")  # which is only looked at
    nothing = run("export", grades, "--to", "feedback").stderr  # nobody came by Canvas
    assert "no zip was written" in nothing
    for given in (nothing, run("export", grades, "--to", "gradescope").stderr):
        line = given.splitlines()[0]
        assert line == "Since the last export 1 student changed: 2023-00002 (correction)."
    assert "nobody's grade changed" in run("export", grades, "--to", "csv").stderr


def test_a_batch_says_what_changed_since_the_last_export(
    graded: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.commands.run_batch.Local", lambda jobs, scratch: Threads())
    graded("old", {**WORK, "2023-00001": b"0.75"})
    batch_again = ["batch", tmp_path / "old.zip", "--out", tmp_path / "grades", "--sandbox", "none"]
    assert "Since the last export" not in run(*batch_again).stderr
    run("export", tmp_path / "grades", "--to", "canvas")
    assert "Since the last export nobody's grade changed." in run(*batch_again).stderr
    graded("old", WORK)
    said = run(*batch_again).stderr
    assert "Since the last export 1 student changed: 2023-00001 (file)." in said


def test_points_for_who_handed_in_nothing_are_a_correction(graded: Class, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(f"{ROSTER}2023-00008,\n", "utf-8")
    old = graded("old", roster=read_roster(tmp_path / "roster.csv"))
    new = tmp_path / "new"
    shutil.copytree(old, new)
    run("correct", new, "2023-00008", "loss", "3")
    done = run("compare", old, new, "--allow", "correction")
    assert (done.exit_code, named(done)) == (0, {"2023-00008"})


def test_who_is_not_graded_yet_counts_as_no_other_file(graded: Class, tmp_path: Path) -> None:
    old, new = graded("old"), tmp_path / "new"
    shutil.copytree(old, new)
    with Journal(new) as journal:
        found = journal.row("2023-00000")
        assert found is not None
        row = {**found[0], "state": "waiting", "result": None}
        journal.write_row("2023-00000", "2023-00000", row, None)
    done = run("compare", old, new, "--allow", "file")
    assert (done.exit_code, named(done)) == (1, {"2023-00000"})
    assert "graded -> waiting (grader)" in done.stdout


@pytest.mark.parametrize("what", ["junk", "empty"])
def test_what_holds_no_grades_is_no_sign_that_nobody_changed(
    graded: Class, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    (tmp_path / "junk").write_bytes(b"no journal" * 500)
    with Journal(tmp_path / "empty", create=True):
        pass
    with pytest.raises(SystemExit) as ended:
        main(["compare", str(tmp_path / what), str(graded("new"))])
    assert ended.value.code == 2
    assert str(tmp_path / what) in capsys.readouterr().err.replace("\n", "")
