"""The schedules once more, in numpy and float64, for those who compare and need no torch.

``reference.schedules`` is what the notebook is filled with; the tests hold the two together.
All arrays are float64, shape (T,) unless said otherwise; index i stands for step t = i + 1.
Papers: Ho et al. 2020 (arXiv 2006.11239); Nichol & Dhariwal 2021 (arXiv 2102.09672).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

COSINE_OFFSET = 0.008
COSINE_CLIP = 0.999


def linear_betas(beta1: float, beta_T: float, T: int) -> Array:
    """T values in equal steps from ``beta1`` to ``beta_T`` (Ho et al. 2020, sec. 4)."""
    return np.linspace(beta1, beta_T, T)


def cosine_alphabar(T: int) -> Array:
    """alphabar_0..alphabar_T before any clip, shape (T + 1,) (Nichol & Dhariwal 2021, eq. 17)."""
    t = np.arange(T + 1, dtype=np.float64) / T
    f = np.cos((t + COSINE_OFFSET) / (1 + COSINE_OFFSET) * np.pi / 2) ** 2
    return np.asarray(f / f[0], dtype=np.float64)


def unclipped_cosine_betas(T: int) -> Array:
    """beta_t = 1 - alphabar_t / alphabar_{t-1}; the last one is all but 1."""
    alphabar = cosine_alphabar(T)
    return np.asarray(1 - alphabar[1:] / alphabar[:-1])


def cosine_betas(T: int) -> Array:
    """The same, but never above 0.999 (Nichol & Dhariwal 2021, sec. 3.2)."""
    return np.minimum(unclipped_cosine_betas(T), COSINE_CLIP)


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
