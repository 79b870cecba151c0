"""Options that a rerun leaves out are those of the last run, and are said."""

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from grader.batch import run as run_module
from grader.batch.gradebook import Gradebook, read_gradebook
from grader.batch.journal import Journal
from grader.batch.remember import Asked, given, settle
from grader.batch.work import Job
from grader.commands import run_batch as module
from grader.commands.run_batch import run_batch
from grader.errors import RubricError, UsageError
from grader.lateness import parse_deadline
from grader.paths import DEFAULT_RUBRIC
from tests.batch.fake import Threads, fake_grade

ROSTER = "id,name,submitted\n2023-00001,Kim,2026-05-03 12:00\n2023-00002,Lee,\n"
LATE = "[late]\npercent_per_day = 10\n"


def settled(grades: Path, **asked: Any) -> Any:
    with Journal(grades, create=True) as journal:
        return settle(journal, given(Asked(**asked)), "auto", DEFAULT_RUBRIC)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, "utf-8")
    return path


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(
        DEFAULT_RUBRIC.read_text("utf-8").replace("\n[[items]]", f"\n{LATE}\n[[items]]", 1), "utf-8"
    )
    return path


def test_nothing_is_said_of_what_nobody_asked_for(tmp_path: Path) -> None:
    for _ in range(2):
        found = settled(tmp_path / "grades")
        assert (list(found.lines), found.roster, found.deadline) == ([], None, None)
        assert (found.task.run, found.task.resample) == ("definitions", False)


def test_the_language_of_a_class_stays_until_another_is_given(tmp_path: Path) -> None:
    def language() -> str:
        with Journal(tmp_path / "grades") as journal:
            return read_gradebook(journal).language

    settled(tmp_path / "grades")
    assert language() == "en"
    settled(tmp_path / "grades", lang="ko")
    assert settled(tmp_path / "grades").lines == ["--lang ko of the last run is used."]
    assert language() == "ko"
    settled(tmp_path / "grades", lang="en")
    assert not settled(tmp_path / "grades").lines
    assert language() == "en"


def test_each_class_has_a_seed_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    classes = [tmp_path / name for name in ("one", "other")]
    seeds = [settled(grades).task.seed for grades in classes]
    assert seeds[0] != seeds[1]
    assert min(seeds) > 2**32  # which fails once in two million runs
    assert settled(classes[0], seed=3).task.seed == 3
    assert settled(classes[0]).task.seed == 3
    assert [settled(grades).task.seed for grades in classes[1:]] == seeds[1:]


def test_results_of_an_earlier_version_keep_their_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "count", lambda journal: 3)
    assert settled(tmp_path / "grades").task.seed == 0


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            {"deadline": "2026-05-01T23:59"},
            "The deadline of the last run is used: 2026-05-01T23:59; --deadline none drops it.",
        ),
        ({"seed": 5}, "The seed of the last run is used: 5."),
        ({"run": "everything"}, "--run everything of the last run is used."),
        (
            {"resample": True},
            "--resample of the last run is used; --no-resample drops it.",
        ),
        (
            {"limits": {"cell_seconds": 20.0, "memory_mebibytes": 4096.0}},
            "The limits of the last run are used: cell-seconds=20, memory-mebibytes=4096; "
            "--limit none drops them.",
        ),
    ],
)
def test_what_is_left_out_is_that_of_the_last_run(
    tmp_path: Path, asked: dict[str, Any], line: str
) -> None:
    first = settled(tmp_path / "grades", **asked)
    assert list(first.lines) == []
    for _ in range(2):
        again = settled(tmp_path / "grades")
        assert list(again.lines) == [line]
        assert (again.task, again.deadline) == (first.task, first.deadline)


def test_roster_and_rubric_are_kept_though_their_files_are_gone(
    tmp_path: Path, roster: Path, rubric: Path
) -> None:
    first = settled(tmp_path / "grades", roster=roster, rubric=rubric)
    roster.unlink()
    rubric.unlink()
    again = settled(tmp_path / "grades")
    assert (again.roster, again.task) == (first.roster, first.task)
    assert again.task.rubric.late.percent_per_day == 10
    assert list(again.lines) == [
        f"The rubric of the last run is used: {rubric}; --rubric none drops it.",
        "The roster of the last run is used: roster.csv, 2 students; --roster none drops it.",
    ]


def test_what_is_given_anew_replaces_it_and_none_drops_it(
    tmp_path: Path, roster: Path, rubric: Path
) -> None:
    grades = tmp_path / "grades"
    limits = {"cell_seconds": 20.0}
    everything: dict[str, Any] = {"roster": roster, "rubric": rubric, "limits": limits}
    settled(grades, deadline="2026-05-01T23:59", seed=3, **everything)
    found = settled(grades, deadline="2026-05-02T23:59", seed=0)
    assert found.deadline == parse_deadline("2026-05-02T23:59")
    assert not any("deadline" in line or "seed" in line for line in found.lines)
    nothing = Path("none")
    found = settled(grades, deadline="none", roster=nothing, rubric=nothing, limits={})
    assert (found.roster, found.deadline, list(found.lines)) == (None, None, [])
    assert list(settled(grades).lines) == []
    assert found.task.rubric.limits.cell_seconds == 60


@pytest.mark.parametrize(
    "asked",
    [
        {"deadline": "tomorrow"},
        {"roster": Path("gone.csv")},
        {"rubric": Path("gone.toml")},
    ],
)
def test_what_makes_no_sense_is_not_remembered(tmp_path: Path, asked: dict[str, Any]) -> None:
    grades = tmp_path / "grades"
    settled(grades, deadline="2026-05-01T23:59")
    with pytest.raises((UsageError, RubricError)):
        settled(grades, seed=7, **asked)
    assert settled(grades).task.seed != 7
    assert settled(grades).deadline == parse_deadline("2026-05-01T23:59")


class Bench:
    """``batch`` in this process, with a stand-in for grading."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.graded = folder, list[str]()
        (folder / "in").mkdir()
        for number, part in ((1, b"1"), (3, b"0.5")):
            (folder / "in" / f"2023-{number:05}.tar.gz").write_bytes(part)

    def __call__(self, rerun: str | None = None, **asked: Any) -> tuple[Gradebook, str]:
        shown, grades = io.StringIO(), self.folder / "grades"
        console = Console(file=shown, width=300)
        options = Asked(**{"sandbox": "none", **asked})
        assert run_batch((self.folder / "in",), grades, options, 1, None, rerun, console)
        with Journal(grades) as journal:
            return read_gradebook(journal), shown.getvalue()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench(tmp_path)

    def counted(job: Job) -> Any:
        bench.graded.append(job.label)
        return fake_grade(job)

    monkeypatch.setattr(run_module, "grade_job", counted)
    monkeypatch.setattr(module, "Local", lambda jobs, scratch: Threads())
    return bench


def test_a_rerun_of_one_student_keeps_the_class_as_it_is(
    bench: Bench, roster: Path, rubric: Path
) -> None:
    first, _ = bench(roster=roster, rubric=rubric, deadline="2026-05-01T23:59", seed=2)
    late = first.entry("2023-00001")
    assert (late.deduction, first.entry("2023-00002").status) == (20.0, "missing")
    shutil.rmtree(bench.folder / "grades" / "2023-00001")
    roster.unlink()
    rubric.unlink()
    bench.graded.clear()
    again, said = bench(rerun="2023-00001")
    assert bench.graded == ["2023-00001"]
    assert [(e.label, e.points, e.status) for e in again.entries] == [
        (e.label, e.points, e.status) for e in first.entries
    ]
    for what in ("deadline", "roster", "rubric", "seed"):
        assert said.count(f"The {what} of the last run is used: ") == 1
    assert (bench.folder / "grades" / "2023-00001" / "report.html").is_file()


def test_what_is_stopped_is_remembered_too(
    bench: Bench, roster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "dispatch", stop)
        grades, shown = bench.folder / "grades", io.StringIO()
        console = Console(file=shown, width=300)
        asked = Asked(roster=roster, sandbox="none")
        assert not run_batch((bench.folder / "in",), grades, asked, 1, None, None, console)
    again = f"goes on from there: ddpm-grader batch {bench.folder / 'in'} --out {grades}"
    assert again in shown.getvalue()
    book, said = bench()
    assert book.entry("2023-00002").status == "missing"
    assert "The roster of the last run is used" in said
