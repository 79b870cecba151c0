"""Every attack ends as was decided beforehand, and no other student notices it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from grader.cli import cli
from grader.sandbox.provisioner import MARK
from tests.habits.draft import Draft
from tests.redteam.table import Attack, all_attacks, disagreements

NUMBERED = list(enumerate(all_attacks(), 1))
HONEST = ("2024-90001", "2024-90002", "2024-90003")
JOBS = "2"
SLOWEST = 180 + 15  # seconds: the limit of a submission, and what ending it may take


def student(number: int) -> str:
    return f"2024-{number:05}"


def orphans() -> list[str]:
    """Kernels' processes whose grader has ended."""
    found = []
    for process in psutil.process_iter():
        try:
            if MARK in process.environ() and process.ppid() == 1:
                found.append(str(process))
        except psutil.Error:
            continue
    return found


def verdicts(result: Mapping[str, Any]) -> dict[str, Any]:
    """All of a result but how long it took and what the run was called."""
    return {name: part for name, part in result.items() if name not in ("seconds", "submission")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the class is handed in, graded, and unpacked meanwhile."""
    return tmp_path_factory.mktemp("redteam")


@pytest.fixture(scope="module")
def graded(place: Path) -> dict[str, dict[str, Any]]:
    """The results of one class in which every attack is a student, by the file's name."""
    for number, attack in NUMBERED:
        attack.draft(student(number)).write(place / "in")
    for name in HONEST:
        Draft(name).write(place / "in")
    scratch = place / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "grader", "batch", "in", "--out", "grades", "--jobs", JOBS]
    command += ["--seed", "0"]  # as ``grade`` takes, with which the honest ones are compared
    environment = os.environ | {"TMPDIR": str(scratch)}
    ended = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    results = [json.loads(p.read_text()) for p in (place / "grades").glob("*/result.json")]
    return {result["submission"]["file"]: result for result in results}


@pytest.mark.parametrize(
    ("number", "attack"), [pytest.param(n, a, id=a.change.__name__) for n, a in NUMBERED]
)
def test_attack_ends_as_decided(number: int, attack: Attack, graded: dict[str, Any]) -> None:
    name = attack.draft(student(number)).name
    assert name in graded
    assert disagreements(attack, graded[name]) == []
    assert sum(graded[name]["seconds"].values()) < SLOWEST


def test_nothing_changes_for_honest_classmates(graded: dict[str, Any], tmp_path: Path) -> None:
    for name in HONEST:
        path = Draft(name).write(tmp_path)
        outcome = CliRunner().invoke(cli, ["grade", str(path), "--json", "-"])
        assert outcome.exit_code == 0, outcome.output
        assert verdicts(graded[path.name]) == verdicts(json.loads(outcome.stdout))


def test_no_attack_leaves_a_process_or_a_folder(graded: dict[str, Any], place: Path) -> None:
    assert graded
    assert orphans() == []
    assert [path for path in (place / "scratch").rglob("*") if not path.is_dir()] == []
