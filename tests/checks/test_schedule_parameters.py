"""Judging the entries: each by itself, against the student's own betas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.arrays import Array
from grader.checks.cases import Case
from grader.checks.oracle import betas, cosine_alphabar, entries
from grader.checks.schedule_parameters import JUDGED, judge_case, valid_betas

cases = st.builds(
    Case, beta1=st.floats(1e-4, 0.05), beta2=st.floats(0.06, 0.5), T=st.integers(10, 400)
)


def wrong_entries(own: dict[str, Array]) -> set[str]:
    judged = judge_case(own, len(own["beta_t"]), "linear")
    return {name for name, right in judged.items() if not right}


@given(cases, st.sampled_from(["linear", "cosine"]))
def test_entries_that_follow_are_right(case: Case, schedule: str) -> None:
    own = entries(betas(case, schedule))
    float32 = {name: value.astype(np.float32).astype(np.float64) for name, value in own.items()}
    assert all(judge_case(own, case.T, schedule).values())
    assert all(judge_case(float32, case.T, schedule).values())


@given(cases)
def test_a_dummy_step_in_front_is_right(case: Case) -> None:
    beta_t = np.concatenate([[0.0], betas(case, "linear")])
    assert all(judge_case(entries(beta_t), case.T, "linear").values())


@given(cases)
def test_the_cosines_alphabar_may_come_from_the_formula(case: Case) -> None:
    own = entries(betas(case, "cosine"), cosine_alphabar(case.T)[1:])
    assert all(judge_case(own, case.T, "cosine").values())


@pytest.mark.parametrize("name", JUDGED)
@given(case=cases)
def test_a_wrong_entry_costs_only_itself(case: Case, name: str) -> None:
    own = entries(betas(case, "linear"))
    own[name] = own[name] * 1.05
    assert wrong_entries(own) == {name}


@given(cases)
def test_what_follows_from_a_wrong_alphabar_still_counts(case: Case) -> None:
    beta_t = betas(case, "linear")
    assert wrong_entries(entries(beta_t, 1 - beta_t)) == {"alphabar_t"}


@given(cases)
def test_a_shifted_alphabar_is_wrong(case: Case) -> None:
    beta_t = betas(case, "linear")
    shifted = np.concatenate([[1.0], np.cumprod(1 - beta_t)[:-1]])
    assert wrong_entries(entries(beta_t, shifted)) == {"alphabar_t"}


@pytest.mark.parametrize(
    "values", [None, [], [0.1], [np.nan] * 5, [0.1, 0.2, np.inf, 0.3, 0.4], [1.5] * 5, [0.0] * 5]
)
def test_betas_that_allow_no_judgement(values: list[float] | None) -> None:
    array = None if values is None else np.asarray(values, dtype=np.float64)
    assert not valid_betas(array, 5)
