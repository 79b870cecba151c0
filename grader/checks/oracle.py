"""The right answers: the only module of the grader that imports the reference.

All arrays are float64, shape (T,) unless said otherwise; index i stands for step t = i + 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference.schedules import beta_schedule

Array = NDArray[Any]

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

COSINE_OFFSET = 0.008
COSINE_CLIP = 0.999


@dataclass(frozen=True)
class Case:
    """Arguments for one call of a schedule function: 0 < beta1 < beta2 < 1, T >= 1."""

    beta1: float
    beta2: float
    T: int


def betas(case: Case, schedule: str) -> Array:
    """The reference's beta_1..beta_T (Ho et al. 2020, sec. 4; Nichol & Dhariwal 2021, eq. 17)."""
    values = beta_schedule(case.beta1, case.beta2, case.T, schedule)
    return np.asarray(values.double().numpy(), dtype=np.float64)


def cosine_alphabar(T: int) -> Array:
    """alphabar_0..alphabar_T of the cosine schedule before any clip, shape (T + 1,)."""
    t = np.arange(T + 1, dtype=np.float64) / T
    f = np.cos((t + COSINE_OFFSET) / (1 + COSINE_OFFSET) * np.pi / 2) ** 2
    return np.asarray(f / f[0], dtype=np.float64)


def entries(beta_t: Array, alphabar_t: Array | None = None) -> dict[str, Array]:
    """The eight entries that follow from ``beta_t``, and from ``alphabar_t`` if that is given.

    Where an entry does not exist (0 / 0 at a leading beta of 0) the value is not finite.
    """
    alpha_t = 1 - beta_t
    if alphabar_t is None:
        alphabar_t = np.cumprod(alpha_t)
    with np.errstate(divide="ignore", invalid="ignore"):
        sqrtmab = np.sqrt(1 - alphabar_t)
        return {
            "beta_t": beta_t,
            "sqrt_beta_t": np.sqrt(beta_t),
            "alpha_t": alpha_t,
            "alphabar_t": alphabar_t,
            "sqrtab": np.sqrt(alphabar_t),
            "oneover_sqrta": 1 / np.sqrt(alpha_t),
            "sqrtmab": sqrtmab,
            "bt_over_sqrtmab": beta_t / sqrtmab,
        }
