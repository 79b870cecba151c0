"""Checks of a template that grade it: each can fail."""

import shutil
from pathlib import Path

import pytest
from nbformat import NotebookNode

from grader.commands.options import DEFAULT_RUBRIC
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE, read_template, solve
from grader.kit.proof import (
    finding,
    packing_problem,
    pictures_problem,
    points_problem,
    to_its_end,
)
from grader.paths import TEMPLATE_DIR
from grader.pipeline import Options
from grader.rubric import load_rubric
from grader.sandbox import choose_sandbox


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
    assert points_problem(given, options, set()).startswith("beta_schedule earns 10 points, not 0")


def test_a_template_that_cannot_be_solved(options: Options) -> None:
    solved = with_edit(solve(read_template(DIFFUSION)), '"sqrtmab": ', '"sqrt_mab": ')
    problem = points_problem(solved, options, {"schedule_parameters"})
    assert "earns" in problem


def test_a_region_that_is_gone() -> None:
    template = with_edit(read_template(DIFFUSION), "WRITE YOUR CODE BELOW", "YOUR CODE")
    found = finding("solved", lambda: str(solve(template)))
    assert found.problem.startswith("The template has 0 regions for")


def test_a_cell_that_fails_at_the_end(options: Options) -> None:
    solved = solve(read_template(DIFFUSION))
    solved.cells[-1].source = "raise ValueError('the end')"
    from dataclasses import replace

    problem = to_its_end(solved, replace(options, run="everything"))
    assert "ValueError: the end" in problem


def test_a_2_2_that_fails() -> None:
    template = with_edit(
        read_template(TEXT_TO_IMAGE),
        "image_grid(",
        "picture_grid(",
    )
    for cell in template.cells:
        cell.source = cell.source.replace("def picture_grid(", "def image_grid(")
    assert "A cell failed: NameError" in pictures_problem(template)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 0", "It packs nothing: no archive was made"),
        ("echo 'no tar here' >&2; exit 1", "It packs nothing: no tar here"),
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


def test_a_template_for_which_the_project_s_own_script_is_used(
    options: Options, tmp_path: Path
) -> None:
    folder = tmp_path / "template"
    shutil.copytree(TEMPLATE_DIR, folder)
    assert packing_problem(folder, options) == ""
