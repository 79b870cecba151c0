"""What the grader and the students' own check say of the same notebook, in the same kernel."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from nbformat import NotebookNode

from grader.checks import (
    beta_schedule,
    loss_questions,
    sampling_questions,
    schedule_in_use,
    schedule_parameters,
)
from grader.checks.examination import examine
from grader.checks.measuring import transitions
from grader.checks.verdict import Verdict
from grader.intake import plan_definitions
from grader.kit.record import answers
from grader.paths import DEFAULT_RUBRIC
from grader.results import State
from grader.rubric import load_rubric
from grader.sandbox import KernelSession, choose_sandbox
from grader.selfcheck import recorded

ASKING = (
    *(beta_schedule, loss_questions, sampling_questions, schedule_parameters),
    *(schedule_in_use, transitions),
)
DOUBTED = (State.NEEDS_REVIEW, State.INFRA_ERROR)


@contextmanager
def public_questions(folder: Path) -> Iterator[None]:
    """The checks ask and compare as what is handed out does."""
    file = folder / "answers.npz"
    file.write_bytes(answers())
    recorded.answers.cache_clear()
    with pytest.MonkeyPatch.context() as patch, mock.patch.object(recorded, "ANSWERS", file):
        for module in ASKING:
            patch.setattr(module, "oracle", recorded)
        yield
    recorded.answers.cache_clear()


def both(notebook: NotebookNode, folder: Path) -> tuple[list[Verdict], list[Verdict]]:
    """The grader's verdicts, and those of the students' own check."""
    rubric = load_rubric(DEFAULT_RUBRIC)
    with KernelSession(
        plan_definitions(notebook).statements,
        sandbox=choose_sandbox("auto"),
        limits=rubric.limits,
        seed=0,
    ) as session:
        session.prepare()
        live = examine(session, 0, rubric.tolerances)
        with public_questions(folder):
            own = examine(session, 0, rubric.tolerances)
    return live, own


def disagreements(live: list[Verdict], own: list[Verdict]) -> list[str]:
    """Checks that both judge, and judge differently."""
    return [
        f"{one.check}: {one.state} ({one.message}) but {other.state} ({other.message})"
        for one, other in zip(live, own, strict=True)
        if other.state is not State.SKIPPED and verdict_of(one) != verdict_of(other)
    ]


def verdict_of(verdict: Verdict) -> str:
    """ "right", "wrong" or "doubtful", as the mark beside a check says."""
    if verdict.state in DOUBTED:
        return "doubtful"
    return "right" if verdict.state is State.PASSED else "wrong"
