"""Noise schedules of DDPM, and everything that training and sampling read from them.

Papers: Ho et al. 2020, "Denoising Diffusion Probabilistic Models" (arXiv 2006.11239);
Nichol & Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models" (arXiv 2102.09672).

Every schedule has T entries. Entry i (i = 0..T-1) belongs to the papers' step t = i + 1; alphabar
at t = 0, which is 1, is not stored.

The lines between ``# [solution]`` and ``# [/solution]`` are the answers to the regions of the
student's notebook. They use the notebook's names and imports only, so that they can be put there.
"""

import torch


def beta_schedule(beta1: float, beta2: float, T: int, schedule: str = "linear") -> torch.Tensor:
    """Variances beta_t of the forward process q(x_t | x_{t-1}).

    ``linear``: T values in equal steps from ``beta1`` to ``beta2`` (Ho et al. 2020, sec. 4).
    ``cosine``: beta_t = min(1 - alphabar_t / alphabar_{t-1}, 0.999) with
    alphabar_t = f(t) / f(0), f(t) = cos((t / T + s) / (1 + s) * pi / 2)^2 and s = 0.008
    (Nichol & Dhariwal 2021, eq. 17); ``beta1`` and ``beta2`` play no part in it.

    Returns: float32, shape (T,), in (0, 1), never decreasing. Computed in float64, because
    1 - alphabar_t / alphabar_{t-1} cancels where t is small.
    Raises: ValueError if ``schedule`` is neither of the two.
    """
    # [solution]
    if schedule == "linear":
        betas = torch.linspace(beta1, beta2, T, dtype=torch.float64).float()
    elif schedule == "cosine":
        s = 0.008
        t = torch.arange(T + 1, dtype=torch.float64)
        f = torch.cos((t / T + s) / (1 + s) * torch.pi / 2) ** 2
        betas = (1 - f[1:] / f[:-1]).clamp(max=0.999).float()
    else:
        raise ValueError(f"schedule must be 'linear' or 'cosine', not {schedule!r}")
    # [/solution]
    return betas


def ddpm_schedules(
    beta1: float, beta2: float, T: int, schedule: str = "linear"
) -> dict[str, torch.Tensor]:
    """The eight entries that the loss and the sampler read, each float32 and of shape (T,).

    With alpha_t = 1 - beta_t and alphabar_t = alpha_1 * ... * alpha_t (Ho et al. 2020, eq. 4):

    ``beta_t``, ``alpha_t``, ``alphabar_t``;
    ``sqrt_beta_t``: standard deviation of a reverse step with sigma_t^2 = beta_t (sec. 3.2);
    ``sqrtab`` = sqrt(alphabar_t) and ``sqrtmab`` = sqrt(1 - alphabar_t): x_t from x_0 (eq. 4);
    ``oneover_sqrta`` = 1 / sqrt(alpha_t) and ``bt_over_sqrtmab`` = beta_t / sqrt(1 - alphabar_t):
    mean of a reverse step (eq. 11).

    Raises: AssertionError unless beta1 < beta2 < 1; ValueError for an unknown ``schedule``.
    """
    assert beta1 < beta2 < 1.0, "beta1 < beta2 < 1 must hold"
    beta_t = beta_schedule(beta1, beta2, T, schedule)
    # [solution]
    # float64, since 1 - alphabar_t loses half of float32's digits where alphabar_t is almost 1
    beta = beta_t.double()
    alpha = 1 - beta
    alphabar = torch.cumprod(alpha, dim=0)

    sqrt_beta_t = beta.sqrt().float()
    alpha_t = alpha.float()
    alphabar_t = alphabar.float()

    sqrtab = alphabar.sqrt().float()
    oneover_sqrta = (1 / alpha.sqrt()).float()

    sqrtmab = (1 - alphabar).sqrt().float()
    bt_over_sqrtmab = (beta / (1 - alphabar).sqrt()).float()
    # [/solution]
    return {
        "beta_t": beta_t,
        "sqrt_beta_t": sqrt_beta_t,
        "alpha_t": alpha_t,
        "alphabar_t": alphabar_t,
        "sqrtab": sqrtab,
        "oneover_sqrta": oneover_sqrta,
        "sqrtmab": sqrtmab,
        "bt_over_sqrtmab": bt_over_sqrtmab,
    }
