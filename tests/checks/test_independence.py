"""Noise is called shared when it is, and never by chance, however few images there are."""

import numpy as np
import pytest

from grader.checks.measuring.noise import same_in_all_pixels


@pytest.mark.parametrize("images", [10, 30, 520])
def test_independent_noise_is_never_called_shared(images: int) -> None:
    rng = np.random.default_rng(images)
    draws = (rng.standard_normal((images, 784), np.float32) for _ in range(100_000 // images))
    assert not any(map(same_in_all_pixels, draws))


@pytest.mark.parametrize("images", [10, 30, 520])
@pytest.mark.parametrize("shape", [(1, 1), (28, 1), (1, 28), (14, 1)])
def test_noise_that_pixels_share_is(images: int, shape: tuple[int, int]) -> None:
    """One number an image, a row, a column, or two rows."""
    few = np.random.default_rng(images).standard_normal((images, *shape), np.float32)
    whole = few.repeat(28 // shape[0], axis=1).repeat(28 // shape[1], axis=2)
    assert same_in_all_pixels(whole.reshape(images, 784))
