"""The schedules against their closed forms, for any T and any betas."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.schedules import beta_schedule, ddpm_schedules

KEYS = [
    "beta_t",
    "sqrt_beta_t",
    "alpha_t",
    "alphabar_t",
    "sqrtab",
    "oneover_sqrta",
    "sqrtmab",
    "bt_over_sqrtmab",
]
FLOAT32 = 6e-8  # half a unit in the last place, relative

steps = st.integers(min_value=1, max_value=1200)
schedules = st.sampled_from(["linear", "cosine"])
beta_pairs = st.tuples(
    st.floats(min_value=1e-6, max_value=0.3), st.floats(min_value=0.31, max_value=0.99)
) | st.tuples(st.floats(min_value=1e-6, max_value=1e-3), st.floats(min_value=2e-3, max_value=0.05))


@settings(deadline=None, max_examples=60)
@given(T=steps, betas=beta_pairs)
def test_linear_betas_rise_in_equal_steps(T, betas):
    beta1, beta2 = betas
    expected = [beta1 + (beta2 - beta1) * i / max(T - 1, 1) for i in range(T)]
    result = beta_schedule(beta1, beta2, T, "linear")
    assert result.shape == (T,)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.double().numpy(), expected, rtol=FLOAT32 * 1.01)


@settings(deadline=None, max_examples=60)
@given(T=steps, betas=beta_pairs)
def test_cosine_betas_follow_the_squared_cosine_and_are_clipped(T, betas):
    def f(t):
        return math.cos((t / T + 0.008) / 1.008 * math.pi / 2) ** 2

    expected = [min(1 - f(t) / f(t - 1), 0.999) for t in range(1, T + 1)]
    result = beta_schedule(*betas, T, "cosine")
    assert result.shape == (T,)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.double().numpy(), expected, rtol=1e-7, atol=1e-15)
    assert (result.diff() >= 0).all()


@settings(deadline=None, max_examples=60)
@given(T=steps, betas=beta_pairs, schedule=schedules)
def test_the_eight_entries_follow_from_beta_to_the_last_digit(T, betas, schedule):
    entries = ddpm_schedules(*betas, T, schedule)
    assert list(entries) == KEYS
    beta = entries["beta_t"].double().numpy()
    # extended precision where the machine has it, so that only the result's own rounding is seen
    alphabar = np.cumprod(1 - beta.astype(np.longdouble))
    expected = {
        "beta_t": beta,
        "sqrt_beta_t": np.sqrt(beta),
        "alpha_t": 1 - beta,
        "alphabar_t": alphabar,
        "sqrtab": np.sqrt(alphabar),
        "oneover_sqrta": 1 / np.sqrt(1 - beta),
        "sqrtmab": np.sqrt(1 - alphabar),
        "bt_over_sqrtmab": beta / np.sqrt(1 - alphabar),
    }
    for key, value in expected.items():
        assert entries[key].shape == (T,)
        assert entries[key].dtype == torch.float32
        np.testing.assert_allclose(
            entries[key].double().numpy(), value.astype(float), rtol=1e-7, atol=1e-37, err_msg=key
        )


@settings(deadline=None, max_examples=60)
@given(T=steps)
def test_cosine_alphabar_telescopes_to_the_closed_form_before_the_clip(T):
    alphabar = ddpm_schedules(1e-4, 0.02, T, "cosine")["alphabar_t"].double().numpy()[:-1]
    t = np.arange(1, T) / T
    f = np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2
    f0 = math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    unclipped = np.asarray(beta_schedule(1e-4, 0.02, T, "cosine")[:-1] < 0.999)
    np.testing.assert_allclose(alphabar[unclipped], (f / f0)[unclipped], rtol=2e-5)


@pytest.mark.parametrize("betas", [(0.02, 1e-4), (0.02, 0.02), (0.1, 1.0), (0.1, 1.5)])
def test_betas_in_the_wrong_order_are_refused(betas):
    with pytest.raises(AssertionError, match="beta1 < beta2 < 1"):
        ddpm_schedules(*betas, 10)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="'linear' or 'cosine', not 'sigmoid'"):
        beta_schedule(1e-4, 0.02, 10, "sigmoid")
