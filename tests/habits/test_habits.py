"""Every habit ends as was decided beforehand, alone and among all the others in a class."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.cli import cli
from tests.habits.table import Habit, all_habits, disagreements

NUMBERED = list(enumerate(all_habits(), 1))
JOBS = "2"
EVERY = 3  # one habit in so many is graded alone in the fast suite; in the class are all


def alone(number: int, habit: Habit) -> Any:
    """A case of its own, slow for most; all go the same ways, and coverage costs a fifth."""
    marks = [pytest.mark.no_cover] + ([] if number % EVERY == 1 else [pytest.mark.slow])
    return pytest.param(number, habit, id=habit.change.__name__, marks=marks)


def student(number: int) -> str:
    return f"2024-{number:05}"


@pytest.mark.parametrize(("number", "habit"), [alone(*one) for one in NUMBERED])
def test_habit_is_judged_as_decided(number: int, habit: Habit, tmp_path: Path) -> None:
    submission = habit.draft(student(number)).write(tmp_path)
    outcome = CliRunner().invoke(cli, ["grade", str(submission), "--json", "-"])
    assert outcome.exit_code == 0, outcome.output
    assert disagreements(habit, json.loads(outcome.stdout)) == []


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The results of one class in which every habit is a student, by the file's name."""
    place = tmp_path_factory.mktemp("habits")
    for number, habit in NUMBERED:
        habit.draft(student(number)).write(place / "in")
    command = ["batch", str(place / "in"), "--out", str(place / "grades"), "--jobs", JOBS]
    outcome = CliRunner().invoke(cli, command)
    assert outcome.exit_code == 0, outcome.output
    results = [json.loads(p.read_text()) for p in (place / "grades").glob("*/result.json")]
    return {result["submission"]["file"]: result for result in results}


def test_no_habit_changes_when_it_is_one_of_a_class(graded: dict[str, dict[str, Any]]) -> None:
    wrong = {}
    for number, habit in NUMBERED:
        draft = habit.draft(student(number))
        found = disagreements(habit, graded[draft.name]) if draft.name in graded else ["no result"]
        if found:
            wrong[habit.title] = found
    assert wrong == {}
