"""Judging betas: right forms for any T and betas, wrong ones for none."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.arrays import Array
from grader.assignment import SCHEDULES
from grader.checks.answers import ScheduleAnswer
from grader.checks.beta_schedule import compare, judge
from grader.checks.cases import Case
from grader.checks.oracle import beta_cases, betas, cosine_alphabar
from grader.checks.verdict import Verdict
from grader.results import State
from grader.sandbox import Outcome, Status

cases = st.builds(
    Case,
    beta1=st.floats(1e-5, 0.05),
    beta2=st.floats(0.06, 0.5),
    T=st.integers(10, 1000),
)


def float32_cosine(T: int) -> Array:
    """The cosine as students compute it, in float32 throughout."""
    t = np.arange(T + 1, dtype=np.float32) / np.float32(T)
    f = np.cos((t + np.float32(0.008)) / np.float32(1.008) * np.float32(np.pi / 2)) ** 2
    alphabar = f / f[0]
    return np.clip(1 - alphabar[1:] / alphabar[:-1], 0, np.float32(0.999)).astype(np.float64)


@given(cases, st.sampled_from(SCHEDULES))
def test_the_reference_is_right(case: Case, schedule: str) -> None:
    assert compare(betas(case, schedule), case, schedule).kind == "right"


@given(cases)
def test_float32_is_precise_enough(case: Case) -> None:
    assert compare(float32_cosine(case.T), case, "cosine").kind == "right"
    linear = np.linspace(case.beta1, case.beta2, case.T, dtype=np.float32).astype(np.float64)
    assert compare(linear, case, "linear").kind == "right"


@given(cases)
def test_both_forms_with_an_entry_more_are_right(case: Case) -> None:
    steps = np.arange(case.T + 1) / case.T
    longer = case.beta1 + (case.beta2 - case.beta1) * steps
    assert compare(longer, case, "linear").kind == "right"
    for schedule in SCHEDULES:
        padded = np.concatenate([[0.0], betas(case, schedule)])
        assert compare(padded, case, schedule).kind == "right"


def endpoint_missed(case: Case) -> Array:
    return np.asarray(case.beta1 + (case.beta2 - case.beta1) * np.arange(case.T) / case.T)


def square_root_space(case: Case) -> Array:
    return np.asarray(np.linspace(case.beta1**0.5, case.beta2**0.5, case.T) ** 2)


def backwards(case: Case) -> Array:
    return betas(case, "linear")[::-1]


def other_length(case: Case) -> Array:
    return betas(Case(case.beta1, case.beta2, case.T + 7), "linear")


def not_a_number(case: Case) -> Array:
    return np.full(case.T, np.nan)


@pytest.mark.parametrize(
    "wrong", [endpoint_missed, square_root_space, backwards, other_length, not_a_number]
)
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_wrong_linear_schedules_are_seen_under_any_seed(wrong, seed: int) -> None:
    kinds = {compare(wrong(case), case, "linear").kind for case in beta_cases(seed)}
    assert "wrong" in kinds


@pytest.mark.parametrize(("low", "high"), [(1e-4, 0.999), (0, 0.9999), (1e-4, 0.9999)])
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_other_clips_are_doubtful(low: float, high: float, seed: int) -> None:
    kinds = set()
    for case in beta_cases(seed):
        ratios = cosine_alphabar(case.T)
        clipped = np.clip(1 - ratios[1:] / ratios[:-1], low, high)
        kinds.add(compare(clipped, case, "cosine").kind)
    assert "doubtful" in kinds
    assert "wrong" not in kinds


def judged(arrays: Sequence[Array | None], cases: list[Case]) -> Verdict:
    """The verdict on what came back in each case."""
    answer = ScheduleAnswer.read(Outcome(Status.ok, facts={"returned": []}), len(cases))
    return judge("linear", cases, answer, arrays)


def test_none_everywhere_is_missing() -> None:
    listed = beta_cases(0)
    assert judged([None] * len(listed), listed).state is State.MISSING


def test_none_for_some_arguments_is_wrong() -> None:
    listed = beta_cases(0)
    arrays = [betas(listed[0], "linear"), *[None] * (len(listed) - 1)]
    assert judged(arrays, listed).state is State.FAILED


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.ok])
def test_what_did_not_end_says_why(status: Status) -> None:
    answer = ScheduleAnswer.read(Outcome(status, "what happened"), 1)
    verdict = judge("linear", beta_cases(0), answer, [])
    assert verdict.state == ("needs_review" if status is Status.doubtful else status.value)
    assert "what happened" in verdict.message
    assert verdict.fraction == 0


def test_a_wrong_curve_is_kept_beside_the_right_one() -> None:
    cases = beta_cases(0)
    right = [betas(case, "linear") for case in cases]
    assert "curve" not in judged(right, cases).details
    wrong = [right[0], backwards(cases[1]), *right[2:]]
    curve = judged(wrong, cases).details["curve"]
    assert curve["T"] == cases[1].T
    assert curve["got"] == curve["expected"][::-1]
    assert len(curve["t"]) == len(curve["got"]) <= 40
    infinite = [np.full(cases[0].T, np.inf), *right[1:]]
    assert "curve" not in judged(infinite, cases).details
