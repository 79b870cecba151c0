"""Every attack ends as was decided beforehand, and no other student notices it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
HALVES = [NUMBERED[::2], NUMBERED[1::2]]  # two classes; the fast suite grades the first
HONEST = ("2024-90001", "2024-90002", "2024-90003")
JOBS = "2"
SECONDS = 120  # for a submission: a cell has half of it
SLOWEST = 2 * (SECONDS + 15)  # with what ending it may take; stages side by side count twice


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


@dataclass(frozen=True)
class Class:
    """``results`` by the file's name; ``place`` is where they were handed in and graded."""

    place: Path
    results: Mapping[str, Any]


def grade_half(half: Sequence[tuple[int, Attack]], place: Path) -> Class:
    for number, attack in half:
        attack.draft(student(number)).write(place / "in")
    for name in HONEST:
        Draft(name).write(place / "in")
    scratch = place / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "grader", "batch", "in", "--out", "grades", "--jobs", JOBS]
    command += ["--seed", "0"]  # as ``grade`` takes, with which the honest ones are compared
    command += ["--limit", f"submission-seconds={SECONDS}"]
    environment = os.environ | {"TMPDIR": str(scratch)}
    ended = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    results = [json.loads(p.read_text()) for p in (place / "grades").glob("*/result.json")]
    return Class(place, {result["submission"]["file"]: result for result in results})


@pytest.mark.first
@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_attacks_end_as_decided_and_no_honest_classmate_notices(half: int, tmp_path: Path) -> None:
    """One test, as all of it looks at one class, which takes minutes to grade."""
    attacks = HALVES[half]
    graded = grade_half(attacks, tmp_path)
    wrong = {}
    for number, attack in attacks:
        found = problems(attack, graded.results.get(attack.draft(student(number)).name))
        if found:
            wrong[attack.title] = found
    assert wrong == {}
    assert changed(graded, tmp_path / "alone") == []
    assert orphans() == []
    assert [path for path in (graded.place / "scratch").rglob("*") if not path.is_dir()] == []


def problems(attack: Attack, result: Mapping[str, Any] | None) -> list[str]:
    """What is not as decided of one attack."""
    if result is None:
        return ["no result"]
    seconds = sum(result["seconds"].values())
    late = [f"it took {seconds:.0f} s"] if seconds >= SLOWEST else []
    return [*disagreements(attack, result), *late]


def changed(graded: Class, place: Path) -> list[str]:
    """The honest students whose verdicts in the class are others than alone."""
    found = []
    for name in HONEST:
        path = Draft(name).write(place)
        outcome = CliRunner().invoke(cli, ["grade", str(path), "--json", "-"])
        assert outcome.exit_code == 0, outcome.output
        if verdicts(graded.results[path.name]) != verdicts(json.loads(outcome.stdout)):
            found.append(name)
    return found
