"""Whether the steps that training draws are drawn alike often."""

import numpy as np
import pytest

from grader.checks.measuring.forward_process import is_uneven, never_drawn


@pytest.mark.parametrize("never", [0, 1, 3, 15])
def test_steps_drawn_alike_are_even_also_where_some_are_never_drawn(never: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        counts = np.bincount(rng.integers(never, 16, 520), minlength=16)
        assert not is_uneven(counts)


def test_late_steps_drawn_more_often_are_uneven_also_where_the_first_was_missed_by_chance() -> None:
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(500):
        counts = np.bincount((np.sqrt(rng.random(520)) * 16).astype(int), minlength=16)
        assert is_uneven(counts)
        assert not len(never_drawn(counts))
        missed += counts[0] == 0
    assert missed > 20


@pytest.mark.parametrize("late", [2, 4, 8])
def test_steps_that_clamped_draws_leave_out_are_never_drawn(late: int) -> None:
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(500):
        draws = np.minimum(rng.integers(0, 16, 520) + late, 15)
        told += [*never_drawn(np.bincount(draws, minlength=16))] == [*range(late)]
    assert told > 0.85 * 500  # of the rest, a person is told that they are not uniform
