"""The closed forms in numpy say what the reference's own schedules say, at any T and betas."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reference.closed_forms import cosine_alphabar, cosine_betas, entries, linear_betas
from reference.schedules import beta_schedule, ddpm_schedules

FLOAT32 = 2e-7  # relative, of one rounding and a little
small, large, steps = st.floats(1e-5, 0.05), st.floats(0.06, 0.9), st.integers(2, 1500)


@given(small, large, steps)
def test_linear_betas_agree(beta1: float, beta_T: float, T: int) -> None:
    own = beta_schedule(beta1, beta_T, T, "linear").double().numpy()
    np.testing.assert_allclose(linear_betas(beta1, beta_T, T), own, rtol=FLOAT32)


@given(steps)
def test_cosine_betas_agree(T: int) -> None:
    own = beta_schedule(1e-4, 0.02, T, "cosine").double().numpy()
    np.testing.assert_allclose(cosine_betas(T), own, rtol=FLOAT32)
    assert len(cosine_alphabar(T)) == T + 1


@given(small, large, steps)
def test_entries_agree(beta1: float, beta_T: float, T: int) -> None:
    own = ddpm_schedules(beta1, beta_T, T, "linear")
    found = entries(own["beta_t"].double().numpy())
    assert list(found) == list(own)
    for name, values in own.items():
        np.testing.assert_allclose(found[name], values.double().numpy(), rtol=FLOAT32, atol=1e-37)
