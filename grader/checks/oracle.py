"""The right answers: the only module of the grader that imports the reference.

All arrays are float64, shape (T,) unless said otherwise; index i stands for step t = i + 1.
"""

from dataclasses import dataclass

from reference.closed_forms import (
    COSINE_CLIP,
    Array,
    cosine_alphabar,
    cosine_betas,
    entries,
    linear_betas,
)

__all__ = ["COSINE_CLIP", "ENTRIES", "Array", "Case", "betas", "cosine_alphabar", "entries"]

ENTRIES = (
    "beta_t",
    "sqrt_beta_t",
    "alpha_t",
    "alphabar_t",
    "sqrtab",
    "oneover_sqrta",
    "sqrtmab",
    "bt_over_sqrtmab",
)
"""The keys of ``ddpm_schedules``, in the template's order."""


@dataclass(frozen=True)
class Case:
    """Arguments for one call of a schedule function: 0 < beta1 < beta2 < 1, T >= 1."""

    beta1: float
    beta2: float
    T: int


def betas(case: Case, schedule: str) -> Array:
    """The reference's beta_1..beta_T for ``schedule`` "linear" or "cosine"."""
    if schedule == "linear":
        return linear_betas(case.beta1, case.beta2, case.T)
    return cosine_betas(case.T)
