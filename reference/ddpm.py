"""The diffusion model: its training loss and its sampler.

Equation numbers: Ho et al. 2020 (arXiv 2006.11239). Index t = 0..T-1 stands for the paper's step
t + 1, and the network is told t / T. See ``reference.schedules`` about the marked lines.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from reference.schedules import ddpm_schedules

PREDICTION_TYPES = ("epsilon", "sample")


class DDPM(nn.Module):
    """A network and a schedule; the schedule's eight entries are buffers, so they are saved too.

    ``prediction_type``: the network predicts the noise (``epsilon``) or the clean image
    (``sample``). ``betas``: (beta1, beta2). ``n_T``: number of steps T.
    """

    beta_t: torch.Tensor
    sqrt_beta_t: torch.Tensor
    alpha_t: torch.Tensor
    alphabar_t: torch.Tensor
    sqrtab: torch.Tensor
    oneover_sqrta: torch.Tensor
    sqrtmab: torch.Tensor
    bt_over_sqrtmab: torch.Tensor

    def __init__(
        self,
        nn_model: nn.Module,
        betas: tuple[float, float],
        n_T: int,
        prediction_type: str,
        schedule: str,
        device: str | torch.device,
    ) -> None:
        super().__init__()
        assert prediction_type in PREDICTION_TYPES, f"unknown prediction type {prediction_type!r}"
        self.nn_model = nn_model.to(device)
        for k, v in ddpm_schedules(betas[0], betas[1], n_T, schedule).items():
            self.register_buffer(k, v)
        self.n_T = n_T
        self.device = device
        self.prediction_type = prediction_type
        self.schedule = schedule

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        """Loss of one batch at random time steps (eq. 14; with x_0 as target for ``sample``).

        x: (B, C, H, W) clean images. c: (B,) labels. Returns a scalar, mean over all pixels.
        """
        loss = None
        # [solution]
        t = torch.randint(0, self.n_T, (x.shape[0],), device=x.device)  # one step an image
        noise = torch.randn_like(x)
        # eq. 4: x_t = sqrt(alphabar_t) x_0 + sqrt(1 - alphabar_t) noise
        x_t = self.sqrtab[t, None, None, None] * x + self.sqrtmab[t, None, None, None] * noise
        prediction = self.nn_model(x_t, c, t / self.n_T)

        if self.prediction_type == "epsilon":
            loss = F.mse_loss(prediction, noise)
        elif self.prediction_type == "sample":
            loss = F.mse_loss(prediction, x)
        # [/solution]
        assert loss is not None
        return loss

    def sample(
        self, n_sample: int, size: tuple[int, ...], device: str | torch.device
    ) -> tuple[torch.Tensor, NDArray[Any]]:
        """Draw images by ancestral sampling with sigma_t^2 = beta_t (algorithm 2, sec. 3.2).

        ``n_sample``: a multiple of 10; image i shows digit i mod 10. ``size``: (C, H, W).
        Returns the images, (n_sample, C, H, W), about in the data's range but not clipped, and
        an array (frames, n_sample, C, H, W) of the way there: the state after the first step,
        after every 20th one counted from the end, and after the last, which is the result.
        """
        x_i = torch.randn(n_sample, *size).to(device)
        c_i = torch.arange(0, 10).to(device)
        assert n_sample % c_i.shape[0] == 0, "the number of samples must be a multiple of 10"
        c_i = c_i.repeat(n_sample // c_i.shape[0])
        x_i_store = []
        # [solution]
        with torch.no_grad():
            for i in range(self.n_T - 1, -1, -1):
                t_i = torch.full((n_sample,), i / self.n_T).to(device)
                prediction = self.nn_model(x_i, c_i, t_i)

                if self.prediction_type == "epsilon":  # eq. 11
                    mean = self.oneover_sqrta[i] * (x_i - self.bt_over_sqrtmab[i] * prediction)
                else:  # eq. 7, the mean of q(x_{t-1} | x_t, x_0); before the first step: alphabar 1
                    sqrtab_prev = self.sqrtab[i - 1] if i > 0 else 1.0
                    mab_prev = self.sqrtmab[i - 1] ** 2 if i > 0 else 0.0
                    mab = self.sqrtmab[i] ** 2
                    mean = (
                        sqrtab_prev * self.beta_t[i] / mab * prediction
                        + self.alpha_t[i].sqrt() * mab_prev / mab * x_i
                    )

                # the last step is the mean itself (algorithm 2, line 3)
                z = torch.randn_like(x_i) if i > 0 else torch.zeros_like(x_i)
                x_i = mean + self.sqrt_beta_t[i] * z

                if i % 20 == 0 or i == self.n_T - 1:
                    x_i_store.append(x_i.cpu().numpy())
        # [/solution]
        return x_i, np.array(x_i_store)
