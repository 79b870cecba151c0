"""Guidance whose strength is another one for each image, as where rows of digits show what it does.

One fit of all images of a step cannot tell such strengths from noise.
"""

import numpy as np

from grader.arrays import Array
from grader.checks.measuring.alternatives import Training
from grader.checks.measuring.chain import Chain
from grader.checks.measuring.guidance import SURELY
from grader.checks.measuring.transitions import (
    Expected,
    Transition,
    shown_at,
    solved,
    transitions,
    values_of,
)

UNKNOWNS = 5  # of each image's fit
ANSWERS = (("right", "none"), ("right", "unknown"))  # what they are told of the class
VARIED = 0.1  # a difference in strength that counts


def guided_by_image(chain: Chain, training: Training, expected: Expected) -> bool:
    """Whether every step that is recorded as a whole is right for each image by itself, with a
    strength of guidance, not below 0, that differs among images."""
    (steps, _), *others = chain.passes
    states = chain.seen.states
    numbers = [n for n in steps[:-1] if n in states and n + 1 in states]
    if others or not numbers or steps[-1] not in states:
        return False
    if any(chain.kinds[n] not in ANSWERS for n in [*numbers, steps[-1]]):
        return False
    inner = [by_image(chain, n, states[n + 1], training) for n in numbers]
    end = chain.seen.result * training.scale + training.shift
    last = by_image(chain, steps[-1], end, training)
    if not all(right(images, expected) for images in (*inner, last)):
        return False
    return all(max(shares) - min(shares) > VARIED for shares in map(strengths, inner))


def by_image(chain: Chain, number: int, after: Array, training: Training) -> list[Transition]:
    """The step of each image, measured by that image alone."""
    products = products_by_image(chain, number, after, training)
    step = chain.visited[number - chain.passes[0][0].start]
    nothing = np.zeros((len(products), 1, 1))
    count = len(products)
    return transitions([step] * count, [step - 1] * count, solved(products), nothing)


def products_by_image(chain: Chain, number: int, after: Array, training: Training) -> Array:
    """The sums of each image over its pixels, (n, 6, 6), in the network's space."""
    low, high = values_of(chain, number, training)
    state, first, second = (part.astype(np.float64) for part in shown_at(chain, number)[:3])
    columns = [
        np.ones_like(state),
        state,
        low + (high - low) * first,
        (high - low) * (first > second),
        (high - low) * (first < second),
        after - state,
    ]
    parts = np.stack(columns, axis=1)
    return np.asarray(parts @ parts.transpose(0, 2, 1))


def strengths(images: list[Transition]) -> list[float]:
    return [m.shares[0] for m in images]


def right(images: list[Transition], expected: Expected) -> bool:
    """Whether each has the mean of the reverse process, and all together its variance."""
    step, pixels = images[0].step, images[0].pixels
    forms = expected.posterior(step)
    for m in images:
        apart = abs(m.shares[0] - m.shares[1])
        too_far = expected.steps.too_far * m.error_share + SURELY
        if not any(expected.near(m, a, b) for a, b in forms):
            return False
        if apart > 2 * too_far or m.shares[0] < -too_far:
            return False
    if step == 0:
        return all(m.variance < 1e-5 for m in images)
    variance = float(np.mean([m.variance for m in images])) * pixels / (pixels - UNKNOWNS)
    allowed = np.array(list(expected.variances(step).values()))
    error = allowed * np.sqrt(2 / (pixels * len(images)))
    return bool(np.any(np.abs(variance - allowed) <= expected.steps.too_far * error + 1e-7))
