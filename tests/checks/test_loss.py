"""Other losses to the right target are named as what they are."""

import numpy as np
import pytest

from grader.arrays import Array
from grader.checks.answers import LossAnswer
from grader.checks.measuring.distances import compare_with
from grader.checks.measuring.forward_process import ForwardProcess
from grader.results import State

CALLS, BATCH, PIXELS, T = 50, 13, 784, 17


def said_of(weights: Array, root: bool) -> tuple[State, str]:
    """Of the mean square with a weight for each time step, or of its root."""
    rng = np.random.default_rng(0)
    target, answer = rng.normal(size=(2, CALLS * BATCH, PIXELS))
    step = rng.integers(0, T, CALLS * BATCH)
    difference, weight = answer - target, weights[step][:, None]
    loss = (weight * difference**2).reshape(CALLS, -1).mean(axis=1)
    gradient = 2 * weight * difference / (BATCH * PIXELS)
    if root:
        loss = np.sqrt(loss)
        gradient /= 2 * np.repeat(loss, BATCH)[:, None]
    process = ForwardProcess(step, target, target, target, 1.0, 0.0, [], False)
    verdict = compare_with(
        "loss.epsilon",
        LossAnswer(loss=loss, gradient=gradient, answer=answer),
        target,
        process,
    )
    assert verdict is not None
    return verdict.state, verdict.message


@pytest.mark.parametrize(
    ("weights", "root", "said"),
    [
        (np.ones(T), True, "The loss is the root of the squared error."),
        (np.linspace(1, 2, T), False, "The squared error is weighted by the time step."),
    ],
)
def test_it_says_which_loss_it_is(weights: Array, root: bool, said: str) -> None:
    assert said_of(weights, root) == (
        State.NEEDS_REVIEW,
        f"{said} A TA decides whether the course accepts this loss.",
    )
