"""The reverse process in closed form, in numpy and float64, for those who compare.

With x_0 known, a step is x_{t-1} = a * x_t + b * x_0 + sigma * z; steps are counted from 0, and -1
stands for the image itself.
Papers: Ho et al. 2020 (arXiv 2006.11239); Song et al. 2021 (arXiv 2010.02502).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Reverse:
    """Of one schedule: ``beta`` and ``alphabar`` of steps 1..T, shape (T,), and the alphabar that
    comes before step 1, which is 1 unless a schedule has an entry more."""

    beta: Array
    alphabar: Array
    alphabar_prev: float = 1.0

    def kept(self, step: int) -> float:
        """alphabar of a step, or what comes before the first."""
        return float(self.alphabar[step]) if step >= 0 else self.alphabar_prev

    def posterior(self, t: int) -> list[tuple[float, float]]:
        """(a, b) of the posterior mean, in the forms that differ by rounding and clips only
        (Ho et al. 2020, eq. 7 and 11); at step 0 the prediction itself will do, too."""
        beta, ab = float(self.beta[t]), self.kept(t)
        alpha = 1 - beta
        forms = []
        for ab_before in (self.kept(t - 1), ab / alpha if alpha > 0 else 0.0):
            a = np.sqrt(alpha) * (1 - ab_before) / (1 - ab)
            forms.append((float(a), float(np.sqrt(ab_before) * beta / (1 - ab))))
        if alpha > 0:  # by way of epsilon
            through_noise = beta / (1 - ab)
            a = (1 - through_noise) / np.sqrt(alpha)
            forms.append((float(a), float(through_noise * np.sqrt(ab / alpha))))
        if t == 0:
            forms.append((0.0, 1.0))
        return forms

    def variances(self, t: int) -> dict[str, float]:
        """sigma^2 in both forms that DDPM allows (Ho et al. 2020, sec. 3.2), by their names in
        diffusers: beta_t, and the variance of the posterior."""
        beta = float(self.beta[t])
        posterior_variance = beta * (1 - self.kept(t - 1)) / (1 - self.kept(t))
        return {"fixed_large": beta, "fixed_small": posterior_variance}

    def ddim(self, t: int, s: int, variance: float = 0.0) -> tuple[float, float]:
        """(a, b) of DDIM's step from t to s with sigma^2 = ``variance`` (Song et al., eq. 12)."""
        a = np.sqrt(max(1 - self.kept(s) - variance, 0) / (1 - self.kept(t)))
        return float(a), float(np.sqrt(self.kept(s)) - a * np.sqrt(self.kept(t)))
