"""What the loss asks of the network, and where the sampler ends."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from reference.ddpm import DDPM
from reference.schedules import ddpm_schedules

BETAS = (1e-4, 0.02)
SETTINGS = [(p, s) for p in ("epsilon", "sample") for s in ("linear", "cosine")]


class Recorder(nn.Module):
    """Keeps what it was given, and answers with a constant."""

    def __init__(self, answer=0.0):
        super().__init__()
        self.answer = nn.Parameter(torch.tensor(answer))
        self.calls = []

    def forward(self, x, c, t):
        self.calls.append((x.detach(), c, t))
        return self.answer * torch.ones_like(x)


class Oracle(nn.Module):
    """Knows the clean image of each class, and answers without a mistake."""

    def __init__(self, images, prediction_type, schedule, T):
        super().__init__()
        self.images, self.prediction_type, self.T = images, prediction_type, T
        self.entries = ddpm_schedules(*BETAS, T, schedule)

    def forward(self, x, c, t):
        clean = self.images[c]
        if self.prediction_type == "sample":
            return clean
        step = (t * self.T).round().long()[:, None, None, None]
        return (x - self.entries["sqrtab"][step] * clean) / self.entries["sqrtmab"][step]


@pytest.fixture
def images():
    """One image of each digit's class, values in [0, 1]."""
    return torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(5))


def make(network, prediction_type="epsilon", schedule="linear", T=50):
    return DDPM(network, BETAS, T, prediction_type, schedule, "cpu")


@pytest.mark.parametrize(("prediction_type", "schedule"), SETTINGS)
def test_the_loss_is_the_mean_squared_distance_to_its_target(prediction_type, schedule):
    recorder = Recorder(answer=0.25)
    ddpm = make(recorder, prediction_type, schedule)
    x, c = torch.rand(40, 1, 6, 6), torch.arange(40) % 10
    loss = ddpm(x, c)
    ((x_t, seen_c, t),) = recorder.calls
    step = (t * 50).round().long()[:, None, None, None]
    noise = (x_t - ddpm.sqrtab[step] * x) / ddpm.sqrtmab[step]
    target = noise if prediction_type == "epsilon" else x
    assert loss.shape == ()
    torch.testing.assert_close(loss, ((target - 0.25) ** 2).mean(), rtol=1e-4, atol=1e-6)
    assert torch.equal(seen_c, c)


@pytest.mark.parametrize("prediction_type", ["epsilon", "sample"])
def test_a_perfect_network_has_no_loss(prediction_type, images):
    ddpm = make(Oracle(images, prediction_type, "cosine", 50), prediction_type, "cosine")
    c = torch.arange(200) % 10
    assert float(ddpm(images[c], c)) < 1e-8


def test_steps_are_uniform_and_noise_is_normal():
    torch.manual_seed(0)
    recorder = Recorder()
    ddpm = make(recorder, T=20)
    ddpm(torch.zeros(20_000, 1, 3, 3), torch.zeros(20_000, dtype=torch.long))
    ((x_t, _, t),) = recorder.calls
    step = (t * 20).round().long()
    counts = torch.bincount(step, minlength=20).double()
    assert len(counts) == 20
    assert float(((counts - 1000) ** 2 / 1000).sum()) < 60  # chi-square, 19 degrees: p ~ 4e-6
    noise = x_t / ddpm.sqrtmab[step][:, None, None, None]
    assert abs(float(noise.mean())) < 0.01
    assert abs(float(noise.std()) - 1) < 0.01
    assert abs(float((noise**4).mean()) - 3) < 0.1  # 1.8 if it were uniform


def test_the_gradient_reaches_the_network():
    recorder = Recorder(answer=0.3)
    make(recorder)(torch.rand(8, 1, 4, 4), torch.zeros(8, dtype=torch.long)).backward()
    assert recorder.answer.grad is not None
    assert float(recorder.answer.grad) != 0


@pytest.mark.parametrize("T", [1, 2, 50])
@pytest.mark.parametrize(("prediction_type", "schedule"), SETTINGS)
def test_with_a_perfect_network_the_sampler_ends_on_the_image(prediction_type, schedule, T, images):
    ddpm = make(Oracle(images, prediction_type, schedule, T), prediction_type, schedule, T)
    result, _ = ddpm.sample(30, (1, 8, 8), "cpu")
    torch.testing.assert_close(result, images.repeat(3, 1, 1, 1), rtol=1e-4, atol=1e-4)


def test_the_sampler_tells_the_network_the_training_steps_from_last_to_first():
    recorder = Recorder()
    make(recorder, T=7).sample(20, (1, 4, 4), "cpu")
    assert len(recorder.calls) == 7
    for i, (x, c, t) in zip(range(6, -1, -1), recorder.calls, strict=True):
        assert x.shape == (20, 1, 4, 4)
        assert torch.equal(c, torch.arange(10).repeat(2))
        assert torch.equal(t, torch.full((20,), i) / 7)  # bit for bit what the loss gives


def test_the_noise_of_each_step_has_variance_beta():
    torch.manual_seed(1)
    recorder = Recorder()  # predicts no noise: the mean is x_t / sqrt(alpha_t)
    ddpm = make(recorder, T=6)
    result, _ = ddpm.sample(100, (1, 16, 16), "cpu")
    states = [x for x, _, _ in recorder.calls] + [result]
    for i, (before, after) in zip(range(5, -1, -1), pairwise(states), strict=True):
        noise = after - ddpm.oneover_sqrta[i] * before
        expected = float(ddpm.beta_t[i]) if i > 0 else 0.0
        assert float(noise.var()) == pytest.approx(expected, rel=0.05, abs=1e-12)


def test_frames_end_with_the_result():
    images, frames = make(Recorder(), T=50).sample(10, (1, 4, 4), "cpu")
    assert isinstance(frames, np.ndarray)
    assert frames.shape == (4, 10, 1, 4, 4)  # indices 49, 40, 20 and 0
    np.testing.assert_array_equal(frames[-1], images.numpy())


def test_samples_carry_no_gradient():
    images, _ = make(Recorder(answer=0.1), T=3).sample(10, (1, 4, 4), "cpu")
    assert not images.requires_grad


def test_a_number_of_samples_that_is_no_multiple_of_ten_is_refused():
    with pytest.raises(AssertionError, match="multiple of 10"):
        make(Recorder(), T=3).sample(15, (1, 4, 4), "cpu")


def test_an_unknown_prediction_type_is_refused():
    with pytest.raises(AssertionError, match="velocity"):
        make(Recorder(), "velocity")


def test_the_schedule_is_saved_with_the_weights():
    ddpm = make(Recorder(), T=9)
    saved = ddpm.state_dict()
    for key, value in ddpm_schedules(*BETAS, 9, "linear").items():
        assert torch.equal(saved[key], value)
