"""What the student's code does costs the part of a setting that needs it, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from nbformat import NotebookNode

from grader import pipeline
from grader.checks import image_quality, text_to_image, trained_setting
from grader.intake import open_submission
from grader.kit.fill import DIFFUSION
from grader.kit.guided import guided
from grader.paths import RUBRIC_DIR
from grader.pipeline import Options, Result, examination_seconds, grade
from grader.rubric import load_rubric
from grader.sandbox import InfraError, Sandbox
from grader.settings import evidence as evidence_module
from tests.fairness.variant import apply_variant
from tests.settings.conftest import SOLVED, state_of

RUBRIC = load_rubric(RUBRIC_DIR / "assignment2.toml")
LOOP = (
    "class DDPM(nn.Module):\n    def forward(self, x, c):\n        while True:\n            pass\n"
)
NAMES = ("epsilon_linear", "sample_linear")


def handed_in(folder: Path, notebook: NotebookNode) -> Path:
    for name in NAMES:
        (folder / f"results_{name}").mkdir(parents=True)
        torch.save(state_of(name, T=12), folder / f"results_{name}" / "model_final.pth")
        (folder / f"results_{name}" / "image_final.png").write_bytes(b"no picture")
    (folder / DIFFUSION).write_text(json.dumps(notebook))
    return folder


def states(result: Result) -> dict[str, str]:
    return {check.id: str(check.status) for item in result.items for check in item.checks}


def test_code_that_hangs_takes_nothing_but_the_trial(tmp_path: Path, sandbox: Sandbox) -> None:
    limits = replace(RUBRIC.limits, probe_seconds=2, submission_seconds=60)
    options = Options(replace(RUBRIC, limits=limits), sandbox)
    looping = apply_variant(guided(SOLVED, 1.0), LOOP)
    result = grade(handed_in(tmp_path / "2023-12345", looping), options).result
    found = states(result)
    assert "infra_error" not in found.values()
    assert found["loss.epsilon"] == "timeout"
    assert found["sampling.epsilon"] == "passed"
    for name in NAMES:
        assert found[f"setting_{name}.checkpoint"] == "needs_review"
    said = next(c.message for i in result.items for c in i.checks if "linear.checkpoint" in c.id)
    assert "did not finish in time" in said


def test_a_quarter_of_the_time_is_kept_where_there_are_checkpoints(tmp_path: Path) -> None:
    options = Options(RUBRIC, None)  # type: ignore[arg-type]
    whole = RUBRIC.limits.submission_seconds
    handed_in(tmp_path / "2023-12345", SOLVED)
    with open_submission(tmp_path / "2023-12345", RUBRIC.archive_limits) as submission:
        assert examination_seconds(submission, options) == 0.75 * whole
        assert examination_seconds(submission, replace(options, look_inside=False)) == whole


def test_a_fault_of_ours_costs_the_file_that_it_befell(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(session: object, path: Path, *rest: object) -> object:
        if "sample" in str(path.parent):
            raise InfraError("no kernel")
        raise ValueError("unforeseen")

    monkeypatch.setattr(evidence_module, "look_at_image", fail)
    monkeypatch.setattr(evidence_module, "observe", fail)
    options = Options(RUBRIC, sandbox)
    found = states(grade(handed_in(tmp_path / "2023-12345", SOLVED), options).result)
    assert found["setting_sample_linear.image"] == "infra_error"
    assert found["setting_sample_linear.checkpoint"] == "infra_error"
    assert found["setting_epsilon_linear.image"] == "needs_review"
    assert found["setting_epsilon_linear.checkpoint"] == "needs_review"
    assert found["loss.epsilon"] == "passed"


def test_what_judging_did_not_foresee_is_for_a_person(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> object:
        raise np.linalg.LinAlgError

    monkeypatch.setattr("grader.checks.loss.judge", fail)
    monkeypatch.setattr(trained_setting, "picture", fail)
    monkeypatch.setattr(image_quality, "find_samples", fail)
    monkeypatch.setattr(text_to_image, "find_works", fail)
    options = Options(RUBRIC, sandbox)
    found = states(grade(handed_in(tmp_path / "2023-12345", SOLVED), options).result)
    assert "infra_error" not in found.values()
    for check in ("loss.epsilon", "setting_sample_linear.image", "image_quality.clear_digits"):
        assert found[check] == "needs_review"
    assert found["sampling.epsilon"] == "passed"
    assert pipeline.code_checks()[0] in found
