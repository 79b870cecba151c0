"""One reverse step as a distribution: p(x_{t-1} | x_t) of Ho et al. 2020, for either variance.

The sampler in ``reference.ddpm`` spells the same mean out for itself, so that its lines can stand
in a notebook alone; this is the form for proofs and for judging other samplers' steps.
"""

from collections.abc import Mapping
from typing import Literal

import torch

Variance = Literal["fixed_large", "fixed_small"]


def p_mean_variance(
    entries: Mapping[str, torch.Tensor],
    prediction: torch.Tensor,
    x_t: torch.Tensor,
    t: int,
    prediction_type: str,
    variance: Variance = "fixed_large",
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean, float64 and of x_t's shape, and variance, a float64 scalar, of x_{t-1} given x_t.

    ``entries``: what ``ddpm_schedules`` returns (``alpha_t`` is recomputed from ``beta_t`` in
    float64). ``t``: 0..T-1, standing for step t + 1. ``prediction``: noise or clean image, as
    ``prediction_type`` (``epsilon`` or ``sample``) says. ``variance``: ``fixed_large`` is beta_t,
    ``fixed_small`` is betatilde_t = (1 - alphabar_{t-1}) / (1 - alphabar_t) beta_t (sec. 3.2),
    which is 0 at t = 0. A sampler adds no noise at t = 0, whichever the variance is.

    The mean is that of q(x_{t-1} | x_t, x_0) (eq. 7); for ``epsilon`` x_0 is put together from
    the noise first (eq. 15), which gives eq. 11.
    Raises: ValueError for an unknown ``prediction_type`` or ``variance``.
    """
    beta = entries["beta_t"].double()
    alphabar = torch.cumprod(1 - beta, dim=0)
    here = alphabar[t]
    before = alphabar[t - 1] if t > 0 else torch.ones_like(here)

    x_t, prediction = x_t.double(), prediction.double()
    if prediction_type == "epsilon":
        x_0 = (x_t - (1 - here).sqrt() * prediction) / here.sqrt()
    elif prediction_type == "sample":
        x_0 = prediction
    else:
        raise ValueError(f"prediction type must be 'epsilon' or 'sample', not {prediction_type!r}")
    mean = (
        before.sqrt() * beta[t] / (1 - here) * x_0
        + (1 - beta[t]).sqrt() * (1 - before) / (1 - here) * x_t
    )

    if variance == "fixed_large":
        return mean, beta[t]
    if variance == "fixed_small":
        return mean, (1 - before) / (1 - here) * beta[t]
    raise ValueError(f"variance must be 'fixed_large' or 'fixed_small', not {variance!r}")
