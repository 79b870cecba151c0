"""Real digits and a kernel to decode pictures in."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grader.pictures.decode import decoding_session
from grader.sandbox import KernelSession, Limits, choose_sandbox
from tests.digits.renderings import Array


@pytest.fixture(scope="session")
def real_digits() -> Array:
    """(100, 10, 28, 28), ink 0 to 1: a thousand of MNIST's test part, each digit in its column."""
    pixels = np.asarray(Image.open(Path(__file__).with_name("real_digits.png")))
    return pixels.reshape(100, 28, 10, 28).transpose(0, 2, 1, 3) / np.float32(255)


class RandomGrids:
    """Random grids of a hundred real digits."""

    def __init__(self, digits: Array) -> None:
        self.digits = digits

    def __call__(self, seed: int, shift: int = 0) -> Array:
        """(100, 28, 28): the digits 0 to 9 in their columns, or ``shift`` columns further."""
        rng = np.random.default_rng(seed)
        column = (np.arange(100) + shift) % 10
        return np.asarray(self.digits[rng.integers(0, len(self.digits), 100), column])


@pytest.fixture(scope="session")
def random_grids(real_digits: Array) -> RandomGrids:
    return RandomGrids(real_digits)


@pytest.fixture(scope="session")
def decoder() -> Iterator[KernelSession]:
    """A sandboxed kernel with nothing of a student's in it."""
    limits = Limits(submission_seconds=3600)
    with decoding_session(choose_sandbox("bubblewrap"), limits) as session:
        yield session
