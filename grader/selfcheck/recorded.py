"""Stands in the place of ``grader.checks.oracle`` in what is handed out to students.

The same functions. The questions are a few public ones, and the answers were written down when the
file was built (``grader.kit.record``): numbers, and no way to compute others. What was not written
down raises ``NotRecorded``. Arrays are float64, shape (T,) unless said otherwise.
"""

from functools import cache
from pathlib import Path

import numpy as np

from grader.arrays import Array
from grader.checks.cases import Case
from grader.errors import NotRecorded

ANSWERS = Path(__file__).parents[1] / "selfcheck" / "answers.npz"
COSINE_CLIP = 0.999  # as the handout has it
CASES = {
    "beta": ((0.01, 0.2, 16), (0.02, 0.3, 40), (2e-4, 0.04, 300), (1e-4, 0.005, 300)),
    "entry": ((0.01, 0.2, 16), (0.02, 0.3, 40)),
    "given": ((0.02, 0.15, 55), (0.01, 0.12, 65), (1e-4, 0.02, 900)),
    "loss": ((0.02, 0.1, 16),),
    "sampling": ((0.01, 0.1, 116),),
    "short": ((0.016, 0.18, 54),),
    "middle": ((0.004, 0.045, 275),),
    "long": ((1e-4, 0.02, 1000),),
}
"""beta_1, beta_T and T of every question, by what is asked."""


def public_cases(kind: str) -> list[Case]:
    return [Case(*case) for case in CASES[kind]]


def beta_cases(seed: int) -> list[Case]:
    """For ``beta_schedule``."""
    return [*public_cases("beta"), long_case()]


def entry_cases(seed: int) -> list[Case]:
    """For ``ddpm_schedules``."""
    return [*public_cases("entry"), long_case()]


def given_cases(seed: int) -> list[Case]:
    """For ``ddpm_schedules`` where the betas are given: of a T for which nobody is asked for the
    betas, so that code which remembers what it returned meets no question twice."""
    return public_cases("given")


def loss_case(seed: int) -> Case:
    return public_cases("loss")[0]


def sampling_case(seed: int) -> Case:
    return public_cases("sampling")[0]


def short_case(seed: int) -> Case:
    return public_cases("short")[0]


def middle_case(seed: int) -> Case:
    return public_cases("middle")[0]


def long_case() -> Case:
    """The handout's."""
    return public_cases("long")[0]


@cache
def answers() -> dict[str, Array]:
    with np.load(ANSWERS, allow_pickle=False) as file:
        return dict(file)


def recorded(name: str) -> Array:
    """Raises ``NotRecorded``."""
    try:
        return answers()[name].copy()
    except KeyError:
        raise NotRecorded(f"{name} was not recorded") from None


def key(case: Case, schedule: str) -> str:
    return f"betas/{schedule}/{case.beta1:g}/{case.beta2:g}/{case.T}"


def betas(case: Case, schedule: str) -> Array:
    """beta_1..beta_T. Raises ``NotRecorded``."""
    return recorded(f"{key(case, schedule)}/0")


def accepted_betas(case: Case, schedule: str) -> list[Array]:
    """beta_1..beta_T in every form that is correct. Raises ``NotRecorded``."""
    forms = [betas(case, schedule)]
    while (name := f"{key(case, schedule)}/{len(forms)}") in answers():
        forms.append(recorded(name))
    return forms


def cosine_alphabar(T: int) -> Array:
    """alphabar_0..alphabar_T before any clip, shape (T + 1,). Raises ``NotRecorded``."""
    return recorded(f"cosine_alphabar/{T}")


def unclipped_cosine_betas(T: int) -> Array:
    """beta_1..beta_T before any clip. Raises ``NotRecorded``."""
    return recorded(f"unclipped_cosine_betas/{T}")


def entries(beta_t: Array, alphabar_t: Array | None = None) -> dict[str, Array]:
    """What the names of the entries say, by the powers that they stand for.

    Not finite where there is no such value, as 0 / 0 at a leading beta of 0.
    """
    with np.errstate(all="ignore"):
        left = -(beta_t - 1)
        product = np.exp(np.cumsum(np.log(left))) if alphabar_t is None else alphabar_t
        lost = -(product - 1)
        powers = {
            "beta_t": (beta_t, 1.0),
            "sqrt_beta_t": (beta_t, 0.5),
            "alpha_t": (left, 1.0),
            "alphabar_t": (product, 1.0),
            "sqrtab": (product, 0.5),
            "oneover_sqrta": (left, -0.5),
            "sqrtmab": (lost, 0.5),
        }
        found = {name: np.power(base, power) for name, (base, power) in powers.items()}
        found["bt_over_sqrtmab"] = np.divide(found["beta_t"], found["sqrtmab"])
    return found


class Reverse:
    """What was recorded of the reverse process of the schedule that is nearest to this one.

    Raises ``NotRecorded`` if none is near.
    """

    NEAR = 2e-4  # of beta and alphabar, beside a millionth of 1: float32 rounds

    def __init__(self, beta: Array, alphabar: Array, alphabar_prev: float = 1.0) -> None:
        own = np.concatenate([beta, alphabar, [alphabar_prev]])
        number = 0
        while (name := f"reverse/{number}/schedule") in answers():
            known = answers()[name]
            if known.shape == own.shape and np.allclose(own, known, rtol=self.NEAR, atol=1e-6):
                self._number = number
                return
            number += 1
        raise NotRecorded("the reverse process of this schedule was not recorded")

    def posterior(self, t: int) -> list[tuple[float, float]]:
        """(a, b) of the mean a * x_t + b * x_0 of the step from t, in all correct forms."""
        forms = recorded(f"reverse/{self._number}/posterior")[t]
        return [(float(a), float(b)) for a, b in forms if np.isfinite(a)]

    def variances(self, t: int) -> dict[str, float]:
        """sigma^2 in both forms that DDPM allows."""
        large, small = recorded(f"reverse/{self._number}/variances")[t]
        return {"fixed_large": float(large), "fixed_small": float(small)}

    def ddim(self, t: int, s: int, variance: float = 0.0) -> tuple[float, float]:
        """The same of a step without noise, to the step just before. Raises ``NotRecorded``."""
        if s != t - 1 or variance != 0:
            raise NotRecorded("only steps without noise from t to t - 1 were recorded")
        a, b = recorded(f"reverse/{self._number}/ddim")[t]
        return float(a), float(b)
