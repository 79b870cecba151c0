"""Checks of a template that run nothing: each can fail."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from grader.kit.fill import DIFFUSION, REGIONS, read_template, solve
from grader.kit.given import look
from grader.paths import TEMPLATE_DIR


@pytest.fixture
def check(tmp_path: Path) -> Callable[[NotebookNode], dict[str, str]]:
    """The problems of a template with this notebook 2-1, by the check's name."""

    def problems(notebook: NotebookNode) -> dict[str, str]:
        folder = tmp_path / "template"
        shutil.copytree(TEMPLATE_DIR, folder)
        (folder / DIFFUSION).write_text(json.dumps(notebook), "utf-8")
        return {found.name: found.problem for found in look(folder) if found.problem}

    return problems


@pytest.fixture
def template() -> NotebookNode:
    return read_template(DIFFUSION)


def edited(notebook: NotebookNode, old: str, new: str) -> NotebookNode:
    assert any(old in cell.source for cell in notebook.cells)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    return notebook


Check = Callable[[NotebookNode], dict[str, str]]


def test_the_given_template_has_no_problem(check: Check, template: NotebookNode) -> None:
    assert check(template) == {}


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_a_solution_is_found(check: Check, template: NotebookNode, region: str) -> None:
    assert region in check(solve(template, [region]))["no solution"]


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_a_solution_with_other_names_is_found(
    check: Check, template: NotebookNode, region: str
) -> None:
    changed = solve(template, [region])
    for cell in changed.cells:
        for name in ("betas", "alphabar_t", "alpha_t", "noise", "x_i", "t_is", "mean", "x_t"):
            cell.source = re.sub(rf"(?<![.'\"\w]){name}\b(?!')", f"my_{name}", cell.source)
        cell.source = re.sub(r"  # .*$", "", cell.source, flags=re.MULTILINE)
    assert region in check(changed)["no solution"]


def test_outputs_left_in_are_found(check: Check, template: NotebookNode) -> None:
    cell = next(c for c in template.cells if c.cell_type == "code")
    cell.outputs = [new_output("stream", text="hello")]
    assert "was run and saved" in check(template)[f"no outputs: {DIFFUSION}"]


def test_another_argument_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, "def sample(self, n_sample,", "def sample(self, count,")
    assert "DDPM.sample takes self, count" in check(changed)["interface"]


def test_a_function_that_is_gone_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, "def beta_schedule(", "def betas_of(")
    assert check(changed)["interface"] == "beta_schedule is not defined."


def test_a_key_that_is_gone_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, '"sqrtmab"', '"sqrt_mab"')
    assert "does not return sqrtmab" in check(changed)["interface"]


def test_a_misspelt_name_is_found(check: Check, template: NotebookNode) -> None:
    template.cells.insert(1, new_markdown_cell("Complete `ddpm_schedule` first."))
    assert "ddpm_schedule," in check(template)[f"words: {DIFFUSION}"]


def test_what_is_no_notebook_is_found(tmp_path: Path) -> None:
    (tmp_path / DIFFUSION).write_text("{", "utf-8")
    problems = [found.problem for found in look(tmp_path) if found.problem]
    assert len(problems) == 2  # and the other one is missing
