"""Checks of a template that grade it: each can fail."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from grader.kit import proof, run_pictures
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE, read_template, solve
from grader.kit.proof import finding, packing_problem, pictures_problem, points_problem
from grader.paths import DEFAULT_RUBRIC, TEMPLATE_DIR
from grader.pipeline import KernelSession, Options
from grader.rubric import load_rubric
from grader.sandbox import InfraError, choose_sandbox


@pytest.fixture(scope="module")
def options() -> Options:
    return Options(load_rubric(DEFAULT_RUBRIC), choose_sandbox("auto"))


def with_edit(notebook: NotebookNode, old: str, new: str) -> NotebookNode:
    assert any(old in cell.source for cell in notebook.cells)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    return notebook


def test_a_template_that_does_not_start_at_zero(options: Options) -> None:
    given = solve(read_template(DIFFUSION), ["beta_schedule"])
    problem = points_problem({DIFFUSION: given}, options, set())
    assert problem.startswith("beta_schedule earns 10 points, not 0")


def test_a_template_that_cannot_be_solved(options: Options) -> None:
    solved = with_edit(solve(read_template(DIFFUSION)), '"sqrtmab": ', '"sqrt_mab": ')
    problem = points_problem({DIFFUSION: solved}, options, {"beta_schedule", "schedule_parameters"})
    assert problem.startswith("schedule_parameters earns")


def test_points_that_a_person_must_confirm_prove_nothing(options: Options) -> None:
    solved = with_edit(solve(read_template(DIFFUSION)), "F.mse_loss(", "F.l1_loss(")
    items = {"beta_schedule", "schedule_parameters", "loss", "sampling"}
    assert points_problem({DIFFUSION: solved}, options, items).startswith("loss ")


@pytest.mark.parametrize("items", [set(), {"loss"}])
def test_where_the_grader_itself_fails_nothing_is_proved(
    options: Options, monkeypatch: pytest.MonkeyPatch, items: set[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise InfraError("no kernel")

    monkeypatch.setattr(KernelSession, "prepare", broken)
    problem = points_problem({DIFFUSION: read_template(DIFFUSION)}, options, items)
    assert "could not be judged" in problem
    assert "no kernel" in problem


def test_a_region_that_is_gone() -> None:
    template = with_edit(read_template(DIFFUSION), "WRITE YOUR CODE BELOW", "YOUR CODE")
    found = finding("solved", "", lambda: str(solve(template)))
    assert found.problem.startswith("The template has 0 regions for")


def test_a_cell_that_fails_at_the_end(options: Options) -> None:
    solved = solve(read_template(DIFFUSION))
    solved.cells[-1].source = "raise ValueError('the end')"
    problem = points_problem({DIFFUSION: solved}, replace(options, run="everything"), set())
    assert "ValueError: the end" in problem


def test_a_2_2_that_fails(options: Options) -> None:
    template = read_template(TEXT_TO_IMAGE)
    template.cells.insert(0, new_code_cell("picture_grid"))
    assert pictures_problem(template, options).startswith("A cell failed: NameError")


def test_a_2_2_whose_pictures_are_not_shown(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_pictures, "run", lambda notebook: notebook)
    problem = pictures_problem(read_template(TEXT_TO_IMAGE), options)
    assert problem.startswith("text_to_image earns")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 0", "It packs nothing: no archive was made"),
        ("echo 'no tar here' >&2; exit 1", "It packs nothing: no tar here"),
        ("printf '\\377' >&2; exit 1", "It packs nothing: "),
        ("tar czf 2000-00000.tar.gz ./*.ipynb", "It does not pack results_epsilon_linear/"),
        ("echo x > x.txt; tar czf 2000-00000.tar.gz x.txt", "The grader does not accept"),
    ],
)
def test_a_script_that_packs_nothing(
    options: Options, tmp_path: Path, script: str, problem: str
) -> None:
    folder = tmp_path / "template"
    shutil.copytree(TEMPLATE_DIR, folder)
    (folder / "CollectSubmission.sh").write_text(f"#!/bin/sh\n{script}\n")
    assert packing_problem(folder, options).startswith(problem)


def test_a_script_that_does_not_end(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "PACKING_SECONDS", 0.5)
    folder = tmp_path / "template"
    shutil.copytree(TEMPLATE_DIR, folder)
    (folder / "CollectSubmission.sh").write_text("exec sleep 30\n")
    assert packing_problem(folder, options) == "It does not end within 0.5 seconds."


def test_a_template_for_which_the_project_s_own_script_is_used(
    options: Options, tmp_path: Path
) -> None:
    folder = tmp_path / "template"
    shutil.copytree(TEMPLATE_DIR, folder)
    assert packing_problem(folder, options) == ""
