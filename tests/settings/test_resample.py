"""A hundred new images from a checkpoint, where the notebook shows none."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat import NotebookNode

from grader.kit.fill import DIFFUSION
from grader.kit.guided import guided
from grader.paths import RUBRIC_DIR
from grader.pipeline import Options, grade
from grader.results import Result
from grader.rubric import load_rubric
from grader.sandbox import Sandbox
from tests.settings.conftest import SOLVED, state_of

T = 12  # so few steps draw no digits; that images are drawn and counted can be seen all the same
Grade = Callable[..., Result]


@pytest.fixture
def graded(tmp_path: Path, sandbox: Sandbox) -> Grade:
    def run(notebook: NotebookNode, state: object, resample: bool = True) -> Result:
        folder = tmp_path / "2023-12345"
        (folder / "results_sample_linear").mkdir(parents=True)
        nbformat.write(notebook, folder / DIFFUSION)
        torch.save(state, folder / "results_sample_linear" / "model_final.pth")
        rubric = load_rubric(RUBRIC_DIR / "assignment2.toml")
        return grade(folder, Options(rubric, sandbox, resample=resample)).result

    return run


def test_images_are_drawn_and_counted_if_asked_for(graded: Grade) -> None:
    result = graded(guided(SOLVED, 1.0), state_of("sample_linear", T=T))
    assert result.digits.source == "resampled"
    assert len(result.digits.tiles) == 100
    flags = [flag.message for flag in result.flags if flag.id == "samples_elsewhere"]
    assert flags == [
        "No picture of 100 samples could be counted in the notebook; "
        "100 new images of results_sample_linear were counted."
    ]


def test_nothing_is_drawn_if_not_asked_for(graded: Grade) -> None:
    assert graded(SOLVED, state_of("sample_linear", T=T), resample=False).digits.source is None


def test_weights_of_another_network_are_said_not_to_fit(graded: Grade) -> None:
    result = graded(SOLVED, state_of("sample_linear", T=T))  # no guidance in this notebook
    assert result.digits.source is None
    (check,) = next(item.checks for item in result.items if item.id == "image_quality")
    assert "other names or shapes" in str(check.details["seen"])
