"""What can go wrong when the reference is put into the template has a sentence of its own."""

from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from grader.errors import GraderError
from grader.kit import fill
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE, answer, read_template, solution, solve


@pytest.fixture
def template() -> NotebookNode:
    return read_template(DIFFUSION)


@pytest.fixture
def made_up_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a schedules.py of the given text in place of the reference's."""

    def write(text: str) -> None:
        (tmp_path / "schedules.py").write_text(text)
        spec = ModuleSpec("reference", None, is_package=True)
        spec.submodule_search_locations = [str(tmp_path)]
        monkeypatch.setattr(fill.importlib.util, "find_spec", lambda name: spec)

    return write


def cell_with(notebook: NotebookNode, text: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if text in cell.source)


def test_the_reference_is_read_but_not_imported(made_up_reference: Any) -> None:
    made_up_reference(
        "raise SystemExit\n\ndef beta_schedule():\n    # [solution]\n    if 1:\n"
        "        betas = 2\n    # [/solution]\n    return betas\n"
    )
    assert solution("beta_schedule") == "if 1:\n    betas = 2\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no function beta_schedule"),
        ("def beta_schedule():\n    pass\n", r"marks 0 solutions in beta_schedule"),
        (
            "def beta_schedule():\n"
            + 2 * "    # [solution]\n    x = 1\n    # [/solution]\n"
            + "    return x\n",
            r"marks 2 solutions in beta_schedule",
        ),
        ("def beta_schedule():\n    # [solution]\n    x = 1\n", r"marks 0 solutions"),
    ],
    ids=["no function", "not marked", "marked twice", "without an end"],
)
def test_a_missing_or_ambiguous_solution_is_named(
    made_up_reference: Any, text: str, message: str
) -> None:
    made_up_reference(text)
    with pytest.raises(GraderError, match=message):
        solution("beta_schedule")


def test_a_reference_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GraderError, match="not installed"):
        solution("beta_schedule")


def test_a_region_that_nobody_has_is_named(template: NotebookNode) -> None:
    with pytest.raises(GraderError, match=r"0 regions for DDPM\.dream"):
        solve(template, only=["DDPM.dream"])


def test_a_region_that_stands_twice_is_named(template: NotebookNode) -> None:
    template.cells.append(cell_with(template, "class DDPM"))
    with pytest.raises(GraderError, match=r"2 regions for DDPM\."):
        solve(template)


def test_a_region_without_an_end_is_named(template: NotebookNode) -> None:
    cell = cell_with(template, "class DDPM")
    cell.source = cell.source.replace("WRITE YOUR CODE ABOVE", "WRITE NO CODE BELOW", 1)
    with pytest.raises(GraderError, match=r"region of DDPM\.forward does not end"):
        solve(template, only=["DDPM.forward"])


def test_nothing_is_filled_where_nothing_is_wanted(template: NotebookNode) -> None:
    assert solve(template, only=[], hyper_parameters={}) == template


def test_banners_stay_round_what_is_filled_in(template: NotebookNode) -> None:
    for before, after in zip(template.cells, solve(template).cells, strict=True):
        lines = [line for line in before.source.splitlines() if "####" in line or "WRITE" in line]
        left = [line for line in after.source.splitlines() if "####" in line or "WRITE" in line]
        assert left == lines


def test_settings_keep_the_comments_beside_them(template: NotebookNode) -> None:
    settings = {"n_T": "7", "schedule": r"'\1'"}
    source = cell_with(solve(template, only=[], hyper_parameters=settings), "n_epoch = ").source
    assert "\nn_T = 7  # number of diffusion steps\n" in source
    assert "\nschedule = '\\1'  #" in source
    assert "\nn_feat = None  #" in source


def test_a_setting_that_nobody_has_is_named(template: NotebookNode) -> None:
    with pytest.raises(GraderError, match="sets temperature 0 times"):
        solve(template, hyper_parameters={"temperature": "1"})


def test_own_prompt_stands_in_the_students_cell_only() -> None:
    notebook = read_template(TEXT_TO_IMAGE)
    answered = answer(notebook, {"prompt": '"a sea"', "SEED": "5"})
    changed = [
        (old.source, new.source)
        for old, new in zip(notebook.cells, answered.cells, strict=True)
        if old != new
    ]
    assert len(changed) == 1
    assert "WRITE YOUR CODE BELOW" in changed[0][0]
    assert '\nprompt = "a sea"  # your own words\n' in changed[0][1]
    assert "\nSEED = 5\n" in changed[0][1]


def test_a_notebook_without_the_cell_of_settings_is_named(template: NotebookNode) -> None:
    template.cells.remove(cell_with(template, "n_epoch = "))
    with pytest.raises(GraderError, match="0 cells with 'n_epoch'"):
        solve(template)
