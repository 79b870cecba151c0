"""A new item is one module, and one entry of the rubric."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import checks
from grader.checks.items import code_items, known_items
from grader.kit.fill import DIFFUSION, read_template
from grader.paths import DEFAULT_RUBRIC
from tests.fairness.grading import grade_folder, grade_notebook, solved_template

MODULE = """
import numpy as np

from grader.checks.answers import ScheduleAnswer
from grader.checks.items import Item
from grader.checks.verdict import failed, passed


def examine_item(known):
    case = {"beta1": 1e-3, "beta2": 0.1, "T": 30}
    inputs = {"function": "beta_schedule", "schedule": "linear", "cases": [case]}
    answer = ScheduleAnswer.read(known.session.probe("schedules", inputs), 1)
    betas = answer.cases[0].get("betas")
    rises = betas is not None and np.all(np.diff(betas) > 0)
    judge = passed if rises else failed
    return [judge("rising.linear", "It rises." if rises else "It does not rise.")]


ITEMS = [
    Item(
        "rising",
        ("linear",),
        {"en": "Rising betas", "ko": "커지는 베타"},
        notebook="2-1",
        target="beta_schedule",
        examine=examine_item,
        order=9,
    )
]
"""
LOOKING = """
from grader.checks.items import Item, Looked, Looking
from grader.checks.verdict import missing, passed


def look(shown):
    path = shown.submission.root / "report.md"
    if not path.is_file():
        return Looked.judged([missing("report.there", "There is no report.md.")])
    if b"crash" in path.read_bytes():
        raise ValueError
    return Looked.judged([passed("report.there", "There is a report.")])


ITEMS = [
    Item(
        "report",
        ("there",),
        {"en": "Report", "ko": "보고서"},
        look=Looking("report", "reading the report", look),
        order=9,
    )
]
"""
ENTRY = '\n[[items]]\nid = "rising"\npoints = 5\nchecks = { linear = 5 }\n'
LOOKING_ENTRY = '\n[[items]]\nid = "report"\npoints = 2\nchecks = { there = 2 }\n'


@pytest.fixture
def rubric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """With two items more, whose modules lie beside those of the grader: one asks, one looks."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "rising.py").write_text(MODULE, "utf-8")
    (tmp_path / "more" / "report.py").write_text(LOOKING, "utf-8")
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path / "more")])
    known_items.cache_clear()
    path = tmp_path / "rubric.toml"
    path.write_text(DEFAULT_RUBRIC.read_text("utf-8") + ENTRY + LOOKING_ENTRY, "utf-8")
    yield path
    known_items.cache_clear()


def test_a_new_item_is_graded(rubric: Path, tmp_path: Path) -> None:
    result = grade_notebook(solved_template(), tmp_path, "--rubric", str(rubric))
    (item,) = (item for item in result["items"] if item["id"] == "rising")
    assert item["points"] == item["max_points"] == 5
    assert result["max_points"] == 107


def test_a_new_item_earns_nothing_by_the_template(rubric: Path, tmp_path: Path) -> None:
    result = grade_notebook(read_template(DIFFUSION), tmp_path, "--rubric", str(rubric))
    (item,) = (item for item in result["items"] if item["id"] == "rising")
    assert (item["points"], item["status"]) == (0, "failed")


def test_a_new_item_is_missing_without_the_notebook(rubric: Path, tmp_path: Path) -> None:
    (tmp_path / "2023-12345" / "results_epsilon_linear").mkdir(parents=True)
    (tmp_path / "2023-12345" / "results_epsilon_linear" / "image_final.png").write_bytes(b"x")
    result = grade_folder(tmp_path / "2023-12345", "--rubric", str(rubric))
    (item,) = (item for item in result["items"] if item["id"] == "rising")
    assert item["status"] == "missing"


@pytest.mark.parametrize(
    ("written", "status", "points"),
    [(b"All went well.", "passed", 2), (b"crash", "needs_review", 0), (None, "missing", 0)],
)
def test_a_new_item_looks_at_what_was_handed_in(
    rubric: Path, tmp_path: Path, written: bytes | None, status: str, points: int
) -> None:
    folder = tmp_path / "2023-12345"
    (folder / "results_epsilon_linear").mkdir(parents=True)
    (folder / "results_epsilon_linear" / "image_final.png").write_bytes(b"x")
    if written is not None:
        (folder / "report.md").write_bytes(written)
    result = grade_folder(folder, "--rubric", str(rubric))
    items = {item["id"]: item for item in result["items"]}
    assert (items["report"]["status"], items["report"]["points"]) == (status, points)
    assert items["text_to_image"]["status"] == "missing"  # what one raises is no other's matter
    assert "report" in result["seconds"]


def test_every_item_has_what_readers_need() -> None:
    assert [item.id for item in code_items()] == [
        *("beta_schedule", "schedule_parameters", "loss", "sampling")
    ]
    for item in known_items().values():
        assert item.checks
        assert set(item.title) == {"en", "ko"}
        assert (item.examine is None) != (item.look is None)
