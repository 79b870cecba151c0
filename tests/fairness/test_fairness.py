"""The product's heart: every correct variant earns all, every bug loses in its own item alone.

Cases are files; a TA who meets a new one adds a file and nothing else.
"""

from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from tests.fairness.grading import (
    HERE,
    ITEMS,
    grade_notebook,
    habit,
    habit_notebook,
    items_of,
    lost,
    variant_notebook,
)


def files(folder: str) -> list[Any]:
    found = sorted((HERE / folder).rglob("*.py"))
    return [pytest.param(p, id=str(p.relative_to(HERE).with_suffix(""))) for p in found]


def alternating(cases: list[Any]) -> list[Any]:
    """Every second one is slow: there are enough of each kind in the fast suite."""
    return [
        pytest.param(*case.values, id=case.id, marks=[pytest.mark.slow] if number % 2 else [])
        for number, case in enumerate(cases)
    ]


def second_line(path: Path, key: str) -> str:
    """The rest of a second line ``# key: ...``; empty if there is none."""
    lines = path.read_text("utf-8").splitlines()
    prefix = f"# {key}:"
    return lines[1].removeprefix(prefix).strip() if lines[1:2] and prefix in lines[1] else ""


def items_with(path: Path) -> set[str]:
    """The item in whose folder a case is, and those of its second line ``# also: item``: code that
    cannot run at all costs whatever runs it."""
    also = [name.strip() for name in second_line(path, "also").split(",") if name.strip()]
    return {path.parent.name, *also}


def grade(notebook: NotebookNode, folder: Path, *options: str) -> dict[str, Any]:
    return grade_notebook(notebook, folder, *options)


@pytest.mark.parametrize("path", files("correct"))
def test_correct_variant_earns_all_points(path: Path, tmp_path: Path) -> None:
    assert lost(grade(variant_notebook(path), tmp_path)) == {}


@pytest.mark.parametrize("path", files("bugs"))
def test_bug_costs_its_own_item_and_no_other(path: Path, tmp_path: Path) -> None:
    result = grade(variant_notebook(path), tmp_path)
    losing = items_with(path)
    assert set(lost(result)) == losing, lost(result)
    for judged in (items_of(result)[item] for item in losing):
        assert judged["points"] < judged["max_points"]
        assert judged["status"] != "needs_review"


@pytest.mark.parametrize("path", files("doubtful"))
def test_doubtful_case_is_for_a_person(path: Path, tmp_path: Path) -> None:
    result = grade(variant_notebook(path), tmp_path)
    doubted = items_with(path)
    assert set(lost(result)) == doubted, lost(result)
    for name in doubted:
        assert items_of(result)[name]["status"] == "needs_review"
    assert result["status"] == "needs_review"


@pytest.mark.parametrize("path", files("habits"))
def test_habit_of_real_notebooks_costs_nothing(path: Path, tmp_path: Path) -> None:
    assert lost(grade(habit_notebook(path), tmp_path)) == {}


@pytest.mark.parametrize("path", files("habits_losing"))
def test_what_is_not_there_costs_its_items_only(path: Path, tmp_path: Path) -> None:
    result = grade(habit_notebook(path), tmp_path)
    states = {name: items_of(result)[name]["status"] for name in lost(result)}
    assert states == habit(path).EXPECT, lost(result)


@pytest.mark.parametrize("path", files("hostile"))
def test_hostile_code_costs_only_what_cannot_be_judged(path: Path, tmp_path: Path) -> None:
    expected = dict(
        entry.strip().split("=") for entry in second_line(path, "expect").split(",") if entry
    )
    limits = ("--limit", "probe-seconds=4", "--limit", "processes=64")
    result = grade(variant_notebook(path), tmp_path, *limits)
    for name in ITEMS:  # which limit is crossed first may depend on the machine: "killed|timeout"
        allowed = expected.get(name, "passed").split("|")
        assert items_of(result)[name]["status"] in allowed, lost(result)


def test_there_are_as_many_cases_as_promised() -> None:
    assert len(files("correct")) >= 36
    assert len(files("bugs")) >= 58
    assert len(files("habits")) >= 20
    assert len(files("hostile")) >= 7
