"""The wheel, installed away from the checkout, does all that the checkout does: for root, and for an
ordinary user, who cannot write to it."""

import csv
import json
import os
import shutil
import sqlite3
import tarfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from grader import kit
from grader.cli import cli
from grader.gradescope.bundle import build_bundle
from grader.kit.fill import DIFFUSION, read_template, solve
from tests.install.machine import Machine
from tests.install.places import ROOT

EXAMPLE = ROOT / "examples" / "2023-12345.tar.gz"


@pytest.fixture(scope="module", params=["root", "user"])
def machine(request: pytest.FixtureRequest) -> Machine:
    found: Machine = request.getfixturevalue(request.param)
    return found


def files_below(folder: Path) -> dict[str, int]:
    """Every file with the time of its last change."""
    found = (os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)
    return {path: os.lstat(path).st_mtime_ns for path in found}


def test_it_grades_the_example(machine: Machine) -> None:
    before = files_below(machine.venv)
    where = machine.run("python", "-c", "import grader, reference; print(grader, reference)")
    assert where.count(str(machine.venv)) == 2
    table = machine.run("ddpm-grader", "grade", machine.give(EXAMPLE), "--out", "graded")
    assert "99.9 / 100" in table
    result = json.loads((machine.home / "graded" / "result.json").read_text("utf-8"))
    assert result["points"] == 99.9
    assert result["status"] == "graded"
    assert files_below(machine.venv) == before  # it may lie where nobody can write


CLASS = [EXAMPLE, *(ROOT / "examples" / name for name in ("submissions.zip", "roster.csv"))]
GRADEBOOK = """\
Student,ID,SIS User ID,SIS Login ID,Section,Assignment 2 (77)
    Points Possible,,,,,100
"A, Student",11,2023-12345,a,1,
"""


@pytest.fixture(scope="module")
def grades(machine: Machine) -> Path:
    """The included class, graded."""
    example, submissions, roster = map(machine.give, CLASS)
    command = ["ddpm-grader", "batch", example, submissions, "--roster", roster, "--out", "grades"]
    machine.run(*command, "--deadline", "2026-05-01T23:59")
    return machine.home / "grades"


@pytest.mark.slow
def test_it_grades_a_class(machine: Machine, grades: Path) -> None:
    result = json.loads((grades / "2023-12345" / "result.json").read_text("utf-8"))
    assert result["points"] == 99.9
    assert {"index.html", "journal.sqlite"} <= {path.name for path in grades.iterdir()}
    assert (grades / "2023-12345" / "report.html").is_file()
    with sqlite3.connect(f"file:{grades}/journal.sqlite?mode=ro", uri=True) as journal:
        assert "infra_error" not in "\n".join(journal.iterdump())


@pytest.mark.slow
def test_it_exports_grades(machine: Machine, grades: Path) -> None:
    table = machine.run("ddpm-grader", "export", grades, "--to", "csv", "--output", "-")
    rows = {row["student_id"]: row for row in csv.DictReader(table.splitlines())}
    assert float(rows["2023-12345"]["points"]) == 99.9
    (machine.home / "gradebook.csv").write_text(GRADEBOOK, "utf-8")
    filled = machine.run(
        *("ddpm-grader", "export", grades, "--to", "canvas", "--output", "-"),
        *("--gradebook", machine.home / "gradebook.csv"),
    )
    assert '"A, Student",11,2023-12345,a,1,99.90' in filled
    machine.run("ddpm-grader", "export", grades, "--to", "gradescope")
    (machine.home / "consent.txt").write_text("2023-12345\n", "utf-8")
    consent = machine.home / "consent.txt"
    machine.run("ddpm-grader", "export", grades, "--to", "gallery", "--consent", consent)
    written = [path.name for path in (grades / "export").rglob("*") if path.is_file()]
    assert "gallery.html" in written
    assert "results.json" in "".join(written)


@pytest.mark.slow
def test_it_reads_digits(machine: Machine) -> None:
    picture = machine.give(ROOT / "reference" / "weights" / "epsilon_linear.png")
    said = machine.run("ddpm-grader", "clarity", picture, "--json", "-", "--overlay", "o.png")
    assert json.loads(said)["total"] == 100
    assert (machine.home / "o.png").is_file()


@pytest.mark.slow
def test_it_proves_the_template(user: Machine) -> None:
    lines = user.run("ddpm-grader", "template", "check").splitlines()
    assert len(lines) > 15
    assert all(line.startswith("✓") for line in lines)


@pytest.mark.slow
def test_the_course_s_workflow_proves_the_template_in_a_repository(root: Machine) -> None:
    text = (Path(kit.__file__).parent / "ci" / "gitlab.yml").read_text("utf-8")
    *_, command = yaml.safe_load(text)["template"]["script"]
    for path in (ROOT / "student_template").iterdir():
        root.give(path, f"course/student_template/{path.name}")
    assert "✗" not in root.run("sh", "-c", f"cd course && {command}")


@pytest.mark.slow
def test_it_builds_what_students_are_given(machine: Machine, tmp_path: Path) -> None:
    machine.run("ddpm-grader", "template", "build", "--output", "kit")
    with tarfile.open(machine.home / "kit" / "Assignment2.tar.gz") as packed:
        packed.extractall(tmp_path / "given", filter="data")
    here = CliRunner().invoke(cli, ["template", "build", "--output", str(tmp_path)])
    assert here.exit_code == 0
    built = (machine.home / "kit" / "Assignment2.tar.gz").read_bytes()
    assert (tmp_path / "Assignment2.tar.gz").read_bytes() == built
    course = machine.home / "assignment"
    for path in (tmp_path / "given").iterdir():
        machine.give(path, f"assignment/{path.name}")
    notebook = json.dumps(solve(read_template(DIFFUSION)))
    (course / DIFFUSION).write_text(notebook, "utf-8")
    machine.run("sh", "-c", "cd assignment && sh CollectSubmission.sh 2023-12345")
    said = machine.run("python", "assignment/selfcheck.pyz", "assignment", "--json", "-")
    marks = [check["mark"] for check in json.loads(said)["checks"]]
    assert marks.count(":)") == 13
    assert "40 / 100" in machine.run("ddpm-grader", "grade", "assignment/2023-12345.tar.gz")


@pytest.mark.slow
def test_gradescope_s_script_grades(machine: Machine, tmp_path: Path) -> None:
    bundle = build_bundle(tmp_path)
    autograder = machine.home / "autograder"
    shutil.unpack_archive(bundle, autograder / "source")
    (autograder / "results").mkdir()
    (autograder / "submission_metadata.json").write_text('{"id": 1, "users": []}')
    for path in autograder.rglob("*"):
        machine.own(path)
    machine.give(EXAMPLE, "autograder/submission/2023-12345.tar.gz")
    named = {"AUTOGRADER_ROOT": str(autograder), "AUTOGRADER_PYTHON": f"{machine.venv}/bin/python"}
    machine.run("bash", "autograder/source/run_autograder", **named)
    found = json.loads((autograder / "results" / "results.json").read_text("utf-8"))
    assert found["score"] == 99.9
