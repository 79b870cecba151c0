"""No flakes: what is right stays right, and what is wrong stays wrong, under any seed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from grader.checks import beta_schedule, loss, sampling, schedule_parameters
from grader.checks.examination import examine
from grader.checks.items import Known
from grader.checks.tolerances import DEFAULT
from grader.checks.verdict import Verdict
from grader.intake import plan_definitions
from grader.intake.data import data_spaces
from grader.results import State
from grader.sandbox import KernelSession, Limits, choose_sandbox
from tests.fairness.grading import solved_template, variant_notebook
from tests.fairness.test_fairness import alternating, files, items_with

PATIENT = Limits(probe_seconds=300, submission_seconds=36_000)


@contextmanager
def kernel(notebook: NotebookNode) -> Iterator[KernelSession]:
    """One kernel with the notebook's definitions, for many examinations."""
    statements = plan_definitions(notebook).statements
    sandbox = choose_sandbox("auto")
    with KernelSession(statements, sandbox=sandbox, limits=PATIENT, seed=0) as session:
        assert session.prepare() == {}
        yield session


def losing(verdicts: list[Verdict]) -> set[str]:
    """The items that lose points."""
    return {v.check.split(".")[0] for v in verdicts if v.fraction < 1}


def assert_right(notebook: NotebookNode, seeds: range) -> None:
    spaces = partial(data_spaces, notebook)
    with kernel(notebook) as session:
        for seed in seeds:
            verdicts = examine(session, seed, spaces=spaces)
            wrong = [v for v in verdicts if v.state is not State.PASSED]
            assert wrong == [], f"seed {seed}"


def test_the_reference_passes_under_several_seeds() -> None:
    assert_right(solved_template(), range(1, 5))


@pytest.mark.slow
def test_the_reference_passes_under_200_seeds() -> None:
    assert_right(solved_template(), range(200))


@pytest.mark.slow
@pytest.mark.parametrize("path", files("correct"))
def test_correct_variants_pass_under_20_seeds(path: Path) -> None:
    assert_right(variant_notebook(path), range(100, 120))


OWN_CHANCE = re.compile(
    r"rand\(|rand_like|randperm|multinomial|bernoulli|\bnormal_?\(|uniform_|exponential_|geometric_"
    r"|np\.random|\brandom\.\w+\(|torch\.distributions|[dD]ropout"
)
"""Draws that the solved template does not make: labels that are hidden, t in pairs, other noise."""


def with_chance() -> list[Any]:
    found = [case for case in files("correct") if OWN_CHANCE.search(case.values[0].read_text())]
    assert len(found) > 20
    return found


@pytest.mark.parametrize("path", alternating(with_chance()))
def test_chance_of_its_own_costs_nothing_under_a_few_seeds(path: Path) -> None:
    assert_right(variant_notebook(path), range(1, 3))


@pytest.mark.slow
@pytest.mark.parametrize("path", with_chance())
def test_chance_of_its_own_costs_nothing_under_200_seeds(path: Path) -> None:
    assert_right(variant_notebook(path), range(200, 400))


@pytest.mark.slow
@pytest.mark.parametrize("path", files("bugs"))
def test_bugs_lose_their_item_under_20_seeds(path: Path) -> None:
    with kernel(variant_notebook(path)) as session:
        first = examine(session, 0)
        assert losing(first) == items_with(path)
        for seed in range(1, 20):
            verdicts = examine_item(session, seed, path.parent.name, first)
            assert losing(verdicts) == {path.parent.name}, f"seed {seed}"


def examine_item(
    session: KernelSession, seed: int, item: str, first: list[Verdict]
) -> list[Verdict]:
    """What one item is judged to be; the others are as they were under the first seed."""
    known = Known(session, seed, DEFAULT, frozenset)
    if item == "beta_schedule":
        return beta_schedule.examine(known)
    known.verdicts = [v for v in first if v.check.startswith("beta_schedule.")]
    if item == "schedule_parameters":
        return schedule_parameters.examine(known)
    known.entries_right = dict.fromkeys(beta_schedule.SCHEDULES, True)
    losses = loss.examine(known)
    return losses if item == "loss" else sampling.examine(known)
