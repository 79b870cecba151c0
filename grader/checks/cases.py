"""What the checks ask with, and the shape of what they compare."""

from dataclasses import dataclass

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
