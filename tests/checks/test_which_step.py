"""Which step a group of noisy images stands for."""

import numpy as np
import pytest

from grader.checks.cases import Case
from grader.checks.measuring.which_step import Group, find_steps, in_order, regress
from grader.checks.oracle import betas, entries, loss_case
from grader.checks.schedule_in_use import Steps

CASE = Case(0.02, 0.2, 16)
STEPS = Steps.of(entries(betas(CASE, "linear")), CASE.T, too_far=8.0)
SPACE = (1.0, 0.0)


def noised(images: int, steps: Steps = STEPS, seed: int = 0) -> list[Group]:
    """What a right forward process gives: for each step, this many random images."""
    rng = np.random.default_rng(seed)
    groups = []
    for alphabar in steps.alphabar:
        x = rng.integers(0, 5, (images, 784)) / 4
        x_t = np.sqrt(alphabar) * x + np.sqrt(1 - alphabar) * rng.standard_normal(x.shape)
        groups.append(regress(x, x_t, np.arange(images)))
    return groups


@pytest.mark.parametrize("seed", range(100))
def test_ten_images_of_each_step_tell_all_steps_apart(seed: int) -> None:
    case = loss_case(seed)
    steps = Steps.of(entries(betas(case, "linear")), case.T, too_far=8.0)
    order = np.random.default_rng(seed).permutation(case.T)
    groups = noised(10, steps, seed)
    np.testing.assert_array_equal(find_steps([groups[s] for s in order], steps)[2], order)


def test_neighbours_that_were_mistaken_for_each_other_are_put_in_order() -> None:
    found = np.array([*range(13), 14, 13, 15])
    np.testing.assert_array_equal(in_order(noised(25), found, SPACE, STEPS), np.arange(16))


def test_t_may_also_count_down() -> None:
    found = np.array([15, 13, 14, *range(12, -1, -1)])
    step = in_order(noised(25)[::-1], found, SPACE, STEPS)
    np.testing.assert_array_equal(step, np.arange(15, -1, -1))


def test_steps_that_are_exchanged_are_noticed() -> None:
    groups = noised(25)
    groups[2], groups[9] = groups[9], groups[2]
    found = np.arange(16)
    found[[2, 9]] = 9, 2
    assert in_order(groups, found, SPACE, STEPS) is None
