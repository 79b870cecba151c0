"""The walls change nothing: with and without the sandbox, every submission gets the same result."""

from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from grader.sandbox import warm
from tests.fairness.grading import HERE, grade_notebook, habit_notebook, variant_notebook
from tests.fairness.test_fairness import files


def without_seconds(result: dict[str, Any]) -> dict[str, Any]:
    """A result as it must be, byte for byte; the folder's hash depends on ids drawn for cells."""
    return {**result, "seconds": {}, "submission": {}}


def assert_same(notebook: NotebookNode, folder: Path) -> None:
    results = []
    for sandbox in ("bubblewrap", "none"):
        place = folder / sandbox
        place.mkdir()
        results.append(without_seconds(grade_notebook(notebook, place, "--sandbox", sandbox)))
    assert results[0] == results[1]


SAMPLE = [
    "correct/v02_T_plus_1_entries.py",
    "correct/v12_rescaled_to_minus_one_one.py",
    pytest.param("correct/v19_classifier_free_guidance.py", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_agrees(name: str, tmp_path: Path) -> None:
    assert_same(variant_notebook(HERE / name), tmp_path)


@pytest.mark.parametrize("name", SAMPLE)
def test_warm_and_cold_kernels_agree(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = variant_notebook(HERE / name)
    results = []
    for kind in ("warm", "cold"):
        (tmp_path / kind).mkdir()
        results.append(without_seconds(grade_notebook(notebook, tmp_path / kind)))
        monkeypatch.setattr(warm, "find", lambda cold: None)
    assert results[0] == results[1]


@pytest.mark.slow
@pytest.mark.parametrize("path", [*files("correct"), *files("bugs"), *files("doubtful")])
def test_every_variant_agrees(path: Path, tmp_path: Path) -> None:
    assert_same(variant_notebook(path), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("path", [*files("habits"), *files("habits_losing")])
def test_every_habit_agrees(path: Path, tmp_path: Path) -> None:
    assert_same(habit_notebook(path), tmp_path)
