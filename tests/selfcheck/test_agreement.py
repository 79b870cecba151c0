"""The students' own check says what the grader will say, of every notebook of the fairness tables."""

import json
from pathlib import Path

import pytest

from grader.intake import read_notebook
from tests.fairness.grading import HERE, habit_notebook, variant_notebook
from tests.selfcheck.agreement import both, disagreements

TABLES = ("correct", "bugs", "doubtful", "habits", "habits_losing")
FILES = [path for table in TABLES for path in sorted((HERE / table).rglob("*.py"))]
EVERY = 50  # in the fast run


def named(path: Path) -> str:
    return str(path.relative_to(HERE).with_suffix(""))


def compare(path: Path, folder: Path) -> None:
    habit = path.relative_to(HERE).parts[0].startswith("habits")
    written = folder / "notebook.ipynb"
    notebook = habit_notebook(path) if habit else variant_notebook(path)
    written.write_text(json.dumps(notebook), "utf-8")
    live, own = both(read_notebook(written), folder)
    assert disagreements(live, own) == []


@pytest.mark.parametrize("path", FILES[::EVERY], ids=named)
def test_self_check_and_grader_agree(path: Path, tmp_path: Path) -> None:
    compare(path, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=named)
def test_self_check_and_grader_agree_on_every_notebook(path: Path, tmp_path: Path) -> None:
    compare(path, tmp_path)
