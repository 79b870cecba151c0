"""Every habit ends as was decided beforehand, alone and among all the others in a class."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.cli import cli
from tests.habits.table import Habit, all_habits, disagreements
from tests.sharing import known, shared

__all__ = ["known", "shared"]

NUMBERED = list(enumerate(all_habits(), 1))
JOBS = "2"
EVERY = 3  # the fast suite grades one habit in so many as one of a class, and the others alone


def alone(number: int, habit: Habit) -> Any:
    """A case of its own, some slow; all go the same ways, and coverage costs a fifth."""
    marks = [pytest.mark.no_cover] + ([] if number % EVERY else [pytest.mark.slow])
    return pytest.param(number, habit, id=habit.change.__name__, marks=marks)


def student(number: int) -> str:
    return f"2024-{number:05}"


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize(("number", "habit"), [alone(*one) for one in NUMBERED])
def test_habit_is_judged_as_decided(number: int, habit: Habit, tmp_path: Path) -> None:
    submission = habit.draft(student(number)).write(tmp_path)
    outcome = CliRunner().invoke(cli, ["grade", str(submission), "--json", "-"])
    assert outcome.exit_code == 0, outcome.output
    assert disagreements(habit, json.loads(outcome.stdout)) == []


def results(
    class_of: list[tuple[int, Habit]], place: Path
) -> list[tuple[Habit, dict[str, Any] | None]]:
    """Every habit with its result, as those of one class in which each is a student."""
    files = [habit.draft(student(number)).write(place / "in").name for number, habit in class_of]
    command = ["batch", str(place / "in"), "--out", str(place / "grades"), "--jobs", JOBS]
    outcome = CliRunner().invoke(cli, command)
    assert outcome.exit_code == 0, outcome.output
    found = [json.loads(p.read_text()) for p in (place / "grades").glob("*/result.json")]
    graded = {result["submission"]["file"]: result for result in found}
    return [(habit, graded.get(file)) for (_, habit), file in zip(class_of, files, strict=True)]


@pytest.mark.first
@pytest.mark.parametrize(
    "class_of",
    [
        pytest.param([one for one in NUMBERED if one[0] % EVERY == 0], id="some"),
        pytest.param(NUMBERED, id="all", marks=pytest.mark.slow),
    ],
)
def test_no_habit_changes_when_it_is_one_of_a_class(
    class_of: list[tuple[int, Habit]], tmp_path: Path
) -> None:
    wrong = {}
    for habit, result in results(class_of, tmp_path):
        found = ["no result"] if result is None else disagreements(habit, result)
        if found:
            wrong[habit.title] = found
    assert wrong == {}
