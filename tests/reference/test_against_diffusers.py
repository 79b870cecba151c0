"""Schedules, forward process, reverse steps and whole chains against diffusers' DDPMScheduler."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from reference.ddpm import DDPM
from reference.schedules import ddpm_schedules
from tests.reference.posterior import p_mean_variance

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library's own, while it is imported
    from diffusers import DDPMScheduler

THEIR_NAMES = {"linear": "linear", "cosine": "squaredcos_cap_v2"}
BETAS = [(1e-4, 0.02), (1e-3, 0.3)]


def theirs(T, betas, schedule, **options):
    scheduler = DDPMScheduler(
        num_train_timesteps=T,
        beta_start=betas[0],
        beta_end=betas[1],
        beta_schedule=THEIR_NAMES[schedule],
        clip_sample=False,
        **options,
    )
    scheduler.set_timesteps(T)
    return scheduler


class Drawn(nn.Module):
    """A network whose answers depend on image, class and step, smoothly and without weights."""

    def forward(self, x, c, t):
        return torch.tanh(0.7 * x + (c + t)[:, None, None, None] * 0.05)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("betas", BETAS)
@pytest.mark.parametrize("T", [1, 2, 10, 137, 1000])
def test_betas_and_alphabars_are_theirs(T, betas, schedule):
    ours = ddpm_schedules(*betas, T, schedule)
    their = theirs(T, betas, schedule)
    np.testing.assert_allclose(ours["beta_t"], their.betas, rtol=1e-6)
    # theirs is a product of float32 numbers: up to T roundings, and 1 - 0.999 at the end
    np.testing.assert_allclose(ours["alphabar_t"], their.alphas_cumprod, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_noisy_images_are_theirs(schedule):
    T = 200
    entries = ddpm_schedules(1e-4, 0.02, T, schedule)
    x, noise = torch.rand(T, 1, 4, 4), torch.randn(T, 1, 4, 4)
    t = torch.randperm(T)
    ours = entries["sqrtab"][t, None, None, None] * x
    ours = ours + entries["sqrtmab"][t, None, None, None] * noise
    their = theirs(T, (1e-4, 0.02), schedule).add_noise(x, noise, t)
    torch.testing.assert_close(ours, their, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("variance", ["fixed_small", "fixed_large"])
@pytest.mark.parametrize("prediction_type", ["epsilon", "sample"])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("betas", BETAS)
def test_every_reverse_step_is_theirs(betas, schedule, prediction_type, variance):
    T = 60
    entries = ddpm_schedules(*betas, T, schedule)
    scheduler = theirs(T, betas, schedule, prediction_type=prediction_type, variance_type=variance)
    for t in range(T):
        x_t, prediction = torch.randn(2, 1, 5, 5), torch.randn(2, 1, 5, 5)
        torch.manual_seed(t)
        their = scheduler.step(prediction, t, x_t).prev_sample
        torch.manual_seed(t)
        z = torch.randn(x_t.shape) if t > 0 else torch.zeros_like(x_t)
        mean, spread = p_mean_variance(entries, prediction, x_t, t, prediction_type, variance)
        ours = mean + spread.sqrt() * z
        torch.testing.assert_close(ours.float(), their, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("prediction_type", ["epsilon", "sample"])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_sampler_walks_their_chain(schedule, prediction_type):
    T = 45
    ddpm = DDPM(Drawn(), (1e-4, 0.2), T, prediction_type, schedule, "cpu")
    torch.manual_seed(3)
    images, _ = ddpm.sample(20, (1, 6, 6), "cpu")

    scheduler = theirs(
        T, (1e-4, 0.2), schedule, prediction_type=prediction_type, variance_type="fixed_large"
    )
    torch.manual_seed(3)
    x = torch.randn(20, 1, 6, 6)
    c = torch.arange(10).repeat(2)
    for t in scheduler.timesteps:
        prediction = Drawn()(x, c, (t / T).expand(20))
        x = scheduler.step(prediction, int(t), x).prev_sample
    scale = float(x.abs().max())  # without clipping, a made-up network's chain may grow large
    torch.testing.assert_close(images / scale, x / scale, rtol=1e-4, atol=1e-4)


def test_the_small_variance_is_never_larger_and_ends_at_zero():
    entries = ddpm_schedules(1e-4, 0.02, 30, "cosine")
    x = torch.zeros(1, 1, 2, 2)
    small = [
        float(p_mean_variance(entries, x, x, t, "sample", "fixed_small")[1]) for t in range(30)
    ]
    large = [
        float(p_mean_variance(entries, x, x, t, "sample", "fixed_large")[1]) for t in range(30)
    ]
    assert small[0] == 0
    assert all(s <= v for s, v in zip(small, large, strict=True))


@pytest.mark.parametrize(
    ("prediction_type", "variance", "named"),
    [("velocity", "fixed_small", "velocity"), ("sample", "learned", "learned")],
)
def test_unknown_kinds_of_reverse_step_are_refused(prediction_type, variance, named):
    x = torch.zeros(1, 1, 2, 2)
    with pytest.raises(ValueError, match=named):
        p_mean_variance(ddpm_schedules(1e-4, 0.02, 5), x, x, 2, prediction_type, variance)
