"""Areas are found as by the plain definitions that their quick ways stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_closing

from grader.arrays import Array
from grader.digits.regions import closed, rectangles, without_holes, without_ticks


def mask(seed: int, share: float) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.random((rng.integers(8, 60), rng.integers(8, 60))) < share)


@given(st.integers(0, 10**6), st.floats(0.01, 0.6), st.integers(2, 12))
def test_gaps_are_closed_as_by_a_square(seed: int, share: float, wide: int) -> None:
    there = mask(seed, share)
    assert np.array_equal(closed(there, wide), binary_closing(there, np.ones((wide, wide))))


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_a_closed_outline_is_a_rectangle_whatever_it_encloses(seed: int, share: float) -> None:
    there = mask(seed, share)
    there[0] = there[-1] = there[:, 0] = there[:, -1] = True
    height, width = there.shape
    whole = (0, 0, width, height)
    assert without_ticks(without_holes(there), whole) == whole
    assert whole in rectangles(there, smallest=8)


@pytest.mark.parametrize("ticks", [False, True])
def test_rectangles_that_are_smaller_than_asked_are_left_out(ticks: bool) -> None:
    there = np.zeros((60, 100), dtype=bool)
    there[5:45, 10:50] = True
    there[20:50, 60:90] = True
    if ticks:
        there[10:40:5, 8:10] = there[30:40:3, 58:60] = True
    assert rectangles(there) == [(10, 5, 50, 45), (60, 20, 90, 50)]
    assert rectangles(there, least=1600) == [(10, 5, 50, 45)]
    assert rectangles(there, least=1601) == []
