"""Checks of a template that run nothing: each can fail."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from grader.kit.fill import DIFFUSION, REGIONS, TEXT_TO_IMAGE, read_template, solution, solve
from grader.kit.given import look
from grader.kit.leaks import solution_problem
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


@pytest.mark.parametrize("region", sorted(REGIONS))
@pytest.mark.parametrize(
    "form",
    [
        "```python\n{}```",
        '"""\n{}"""',
        "{}",
    ],
    ids=["in the text", "in a string", "as it is"],
)
def test_a_solution_is_found_in_text(template: NotebookNode, region: str, form: str) -> None:
    template.cells.append(new_markdown_cell(form.format(solution(region))))
    assert region in solution_problem([template])


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_a_solution_is_found_in_comments(template: NotebookNode, region: str) -> None:
    lines = [line for line in solution(region).splitlines() if line.strip()]
    template.cells[-1].source += "".join(f"\n#   {line.split('  # ')[0]}" for line in lines)
    assert region in solution_problem([template])


def test_a_solution_is_found_between_new_comments_and_other_quotes(template: NotebookNode) -> None:
    text = solution("beta_schedule").replace('"', "'").replace("\n", "  # now the next\n")
    template.cells[-1].source += f"\n{text}"
    assert "beta_schedule" in solution_problem([template])


def test_one_line_of_a_solution_is_found(template: NotebookNode) -> None:
    line = next(line for line in solution("DDPM.forward").splitlines() if "x_t = self" in line)
    template.cells[-1].source += f"\n{line.strip().replace('x_t', 'noisy')}"
    assert "DDPM.forward" in solution_problem([template])


def test_a_solution_is_found_in_the_other_notebook(template: NotebookNode) -> None:
    other = read_template(TEXT_TO_IMAGE)
    other.cells[-1].source += solution("DDPM.forward")
    assert "DDPM.forward" in solution_problem([template, other])


def test_outputs_left_in_are_found(check: Check, template: NotebookNode) -> None:
    cell = next(c for c in template.cells if c.cell_type == "code")
    cell.outputs = [new_output("stream", text="hello")]
    assert "was run and saved" in check(template)[f"no outputs: {DIFFUSION}"]


def test_another_argument_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, "def sample(self, n_sample,", "def sample(self, count,")
    assert "DDPM.sample takes (self, count" in check(changed)["interface"]


def test_a_function_that_is_gone_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, "def beta_schedule(", "def betas_of(")
    assert check(changed)["interface"] == "beta_schedule is not defined."


def test_a_key_that_is_gone_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, '"sqrtmab"', '"sqrt_mab"')
    assert "does not return sqrtmab" in check(changed)["interface"]


def test_a_key_too_many_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, '"sqrtmab": sqrtmab,', '"sqrtmab": sqrtmab, "snr": None,')
    assert check(changed)["interface"] == "ddpm_schedules returns snr as well."


def test_another_default_is_found(check: Check, template: NotebookNode) -> None:
    changed = edited(template, "T, schedule='linear'", "T, schedule='cosine'")
    assert "beta_schedule takes" in check(changed)["interface"]


def test_annotations_are_no_other_interface(check: Check, template: NotebookNode) -> None:
    assert (
        check(edited(template, "def forward(self, x, c):", "def forward(self, x: int, c):")) == {}
    )


def test_code_that_is_no_python_is_found(check: Check, template: NotebookNode) -> None:
    template.cells[-1].source = "def (:"
    assert check(template)["interface"].startswith("Its code is not Python")


@pytest.mark.parametrize(
    ("quoted", "unknown"),
    [
        ("ddpm_schedule", "ddpm_schedule"),
        ("DDPM.sampel", "DDPM.sampel"),
        ("sample(n_samples, size, device)", "n_samples"),
        ("predction_type = 'sample'", "predction_type"),
        ("wrds", "wrds"),
    ],
)
def test_a_misspelt_name_is_found(
    check: Check, template: NotebookNode, quoted: str, unknown: str
) -> None:
    template.cells.insert(1, new_markdown_cell(f"Complete `{quoted}` first."))
    template.cells[-1].source += "\n# a comment that holds wrds is no proof"
    assert f"speaks of {unknown}," in check(template)[f"names: {DIFFUSION}"]


@pytest.mark.parametrize(
    "quoted", ["DDPM.sample", "beta_t", "schedule = 'cosine'", "image_final.png", "in your words"]
)
def test_a_name_that_is_right_is_none(check: Check, template: NotebookNode, quoted: str) -> None:
    template.cells.insert(1, new_markdown_cell(f"See `{quoted}`."))
    assert check(template) == {}


def test_what_is_no_notebook_is_found(tmp_path: Path) -> None:
    (tmp_path / DIFFUSION).write_text("{", "utf-8")
    problems = [found.problem for found in look(tmp_path) if found.problem]
    assert len(problems) == 2  # and the other one is missing
