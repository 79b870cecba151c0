"""The questions and the right answers: the only module of the grader that imports the reference.

The questions are drawn anew from every seed, which only the grader knows. What is handed out to
students has ``grader.selfcheck.recorded`` in this module's place: the same functions over a few
public questions, with answers that were written down.

All arrays are float64, shape (T,) unless said otherwise; index i stands for step t = i + 1.
"""

import numpy as np

from grader.arrays import Array
from grader.checks.cases import Case
from reference.closed_forms import (
    COSINE_CLIP,
    cosine_alphabar,
    cosine_betas,
    entries,
    linear_betas,
    unclipped_cosine_betas,
)
from reference.reverse import Reverse

__all__ = [
    "COSINE_CLIP",
    "Reverse",
    "accepted_betas",
    "beta_cases",
    "betas",
    "cosine_alphabar",
    "entries",
    "entry_cases",
    "given_cases",
    "long_case",
    "loss_case",
    "middle_case",
    "sampling_case",
    "short_case",
    "unclipped_cosine_betas",
]


def beta_cases(seed: int) -> list[Case]:
    """For ``beta_schedule``: small T, where a formula shows, and the handout's T = 1000, where
    float32 shows."""
    rng = np.random.default_rng([seed, 1])
    small = small_cases(rng)
    middle = Case(2e-4, round(rng.uniform(0.03, 0.05), 3), int(rng.integers(180, 420)))
    weaker = Case(middle.beta1 / 2, round(middle.beta2 / 8, 5), middle.T)  # of the same T
    return [*small, middle, weaker, long_case()]


def entry_cases(seed: int) -> list[Case]:
    """For ``ddpm_schedules``: two small T with strong betas, and the handout's T = 1000."""
    return [*small_cases(np.random.default_rng([seed, 2])), long_case()]


def given_cases(seed: int) -> list[Case]:
    """For ``ddpm_schedules`` where the betas are given: of a T for which nobody is asked for the
    betas, as they would be the answer."""
    rng = np.random.default_rng([seed, 5])
    return [
        Case(round(rng.uniform(0.004, 0.03), 4), round(rng.uniform(0.1, 0.2), 3), int(T))
        for T in (rng.integers(51, 60), rng.integers(60, 70))
    ] + [Case(1e-4, 0.02, int(rng.integers(800, 990)))]


def small_cases(rng: np.random.Generator) -> list[Case]:
    return [
        Case(round(rng.uniform(0.004, 0.03), 4), round(rng.uniform(0.15, 0.35), 3), int(T))
        for T in (rng.integers(10, 24), rng.integers(25, 50))
    ]


def loss_case(seed: int) -> Case:
    """T so small that neighbouring steps cannot be mistaken: a weak first beta, and a last one that
    leaves a third of the image, keep them furthest apart."""
    rng = np.random.default_rng([seed, 3])
    beta1, beta_T = round(rng.uniform(0.018, 0.022), 4), round(rng.uniform(0.08, 0.11), 3)
    return Case(beta1, beta_T, int(rng.integers(14, 19)))


def sampling_case(seed: int) -> Case:
    """T above 100: what real notebooks store by ``T // 100`` or ``i % 20`` still works.

    beta rises slowly, so that a posterior variance is not mistaken for that of the step beside it.
    T is even, so that the last image is grey, and odd in ``short_case``, so that it is black and
    white: neither rounding nor a clamp of the result goes unseen.
    """
    rng = np.random.default_rng([seed, 4])
    beta1, beta_T = round(rng.uniform(0.008, 0.012), 5), round(rng.uniform(0.09, 0.12), 4)
    return Case(beta1, beta_T, 2 * int(rng.integers(51, 56)))


def short_case(seed: int) -> Case:
    """Half as many steps, for what was asked about with ``sampling_case`` by another schedule."""
    rng = np.random.default_rng([seed, 7])
    beta1, beta_T = round(rng.uniform(0.014, 0.018), 5), round(rng.uniform(0.16, 0.2), 4)
    return Case(beta1, beta_T, 2 * int(rng.integers(25, 28)) + 1)


def middle_case(seed: int) -> Case:
    """A few more steps than a byte counts, with betas as those of ``sampling_case`` add up to."""
    rng = np.random.default_rng([seed, 6])
    beta1, beta_T = round(rng.uniform(0.003, 0.005), 5), round(rng.uniform(0.04, 0.05), 4)
    return Case(beta1, beta_T, 2 * int(rng.integers(132, 136)))


def long_case() -> Case:
    """The handout's. A sampler that stores every 100th step stores nothing when T is small."""
    return Case(1e-4, 0.02, 1000)


def betas(case: Case, schedule: str) -> Array:
    """The reference's beta_1..beta_T for ``schedule`` "linear" or "cosine"."""
    if schedule == "linear":
        return linear_betas(case.beta1, case.beta2, case.T)
    return cosine_betas(case.T)


def accepted_betas(case: Case, schedule: str) -> list[Array]:
    """beta_1..beta_T in every form that is correct, the reference's first.

    For linear that is T values from beta1 to beta2, or the T + 1 values
    beta1 + (beta2 - beta1) * i / T of which the ones from i = 1 are used.
    """
    forms = [betas(case, schedule)]
    if schedule == "linear":
        forms.append(linear_betas(case.beta1, case.beta2, case.T + 1)[1:])
    return forms
