"""Measured steps x_t -> x_{t-1} of a sampler, and what such steps may be.

With x_0 the oracle's image, a step is x_{t-1} = a * x_t + b * x_0 + sigma * z. Where a second
answer is asked for, as for guidance, x_0 may be any function of both images, dark or bright.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from grader.arrays import Array
from grader.checks import oracle
from grader.checks.measuring.alternatives import Training
from grader.checks.measuring.chain import Chain
from grader.checks.schedule_in_use import Steps

LOST_SIGNAL = 2e-5  # sqrt(alphabar) below which x_0 cannot be told from rounding
RANGES = ((0.0, 1.0), (0.15, 0.85))  # lower and upper pixel of an oracle's image, as in the probe
ONE, X_T, IMAGE, ONLY, OTHER, CHANGE = range(6)  # rows of the probe's sums


@dataclass(frozen=True, eq=False)
class Transition:
    """One measured step. ``step`` and ``before`` are 0-based; ``before`` is -1 for the image.

    ``shares``: by which part of b the image counts more where only it is bright, and where only the
    second answer's is; 0 where that one does not count. ``noise``: what the mean leaves over of
    some pixels, (n, P), of mean square 1; 0 where nothing is left."""

    step: int
    before: int
    a: float
    b: float
    constant: float
    variance: float
    error_a: float
    error_b: float
    error_constant: float
    pixels: int
    noise: Array
    shares: tuple[float, float] = (0.0, 0.0)
    error_share: float = 0.0

    def near(self, a: float, b: float, too_far: float) -> bool:
        """Whether the measured mean is a * x_t + b * x_0."""
        floor = 1.5e-3
        return (
            abs(self.a - a) <= too_far * self.error_a + floor
            and abs(self.b - b) <= too_far * self.error_b + floor
            and abs(self.constant) <= too_far * self.error_constant + floor
        )

    def has_variance(self, variance: float, too_far: float) -> bool:
        return abs(self.errors_from(variance)) <= too_far

    def errors_from(self, variance: float) -> float:
        """How many standard errors the measured variance is from this one."""
        relative = np.sqrt(2 / self.pixels)
        return float((self.variance - variance) / (relative * variance + ROUNDING))


ROUNDING = 1.25e-7  # of a variance, by sums in float32


def measure(chain: Chain, training: Training) -> list[Transition]:
    """Every transition, in the order of the sampler; what several passes show of one is taken
    together."""
    sums = chain.seen.sums
    together = np.zeros((len(chain.visited) - 1, 6, 6))
    for steps, _ in chain.passes:
        inner = slice(steps.start, steps.stop - 1)
        units = np.reshape([in_units(chain, n, training) for n in steps[:-1]], (-1, 6, 6))
        together[: len(steps) - 1] += units @ sums[inner] @ units.transpose(0, 2, 1)
    fit = solved(together)
    starts = np.concatenate([[0], np.cumsum(chain.rows)])
    left = [residuals(chain, starts, steps, fit, training) for steps, _ in chain.passes]
    noises = np.concatenate(left, axis=1)
    found = transitions(chain.visited[:-1], chain.visited[1:], fit, noises)
    return [*found, last_step(chain, training)]


def in_units(chain: Chain, number: int, training: Training) -> Array:
    """Turns the probe's images of 0 and 1 into what they are in the network's space."""
    low, high = values_of(chain, number, training)
    units = np.eye(6)
    units[IMAGE, ONE], units[IMAGE, IMAGE] = low, high - low
    units[ONLY, ONLY] = units[OTHER, OTHER] = high - low
    return units


def values_of(chain: Chain, number: int, training: Training) -> tuple[float, float]:
    """A dark and a bright pixel of a step's image."""
    low, high = RANGES[number % 2 if chain.fresh else 0]
    return low * training.scale + training.shift, high * training.scale + training.shift


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares of the change over what sums are of, for each of K steps: coefficients in their
    order, (K, 5), their errors, the variance and the number of pixels, (K,)."""

    coefficients: Array
    errors: Array
    variance: Array
    pixels: Array


def solved(products: Array) -> Fit:
    """From sums, (K, 6, 6)."""
    pixels = np.maximum(products[:, ONE, ONE].astype(np.int64), 1)
    inverse = pseudoinverse(products[:, :CHANGE, :CHANGE])
    change = products[:, :CHANGE, CHANGE]
    coefficients = np.einsum("kij,kj->ki", inverse, change)
    rest = products[:, CHANGE, CHANGE] - np.einsum("ki,ki->k", coefficients, change)
    variance = np.maximum(rest / pixels, 0.0)
    squares = np.maximum(np.diagonal(inverse, axis1=1, axis2=2), 0)
    return Fit(coefficients, np.sqrt(squares * variance[:, None]), variance, pixels)


def pseudoinverse(normal: Array) -> Array:
    """Of symmetric matrices, (K, 5, 5); x_t may be a function of x_0 in a wrong sampler, and rows
    are 0 where there is one image."""
    scale = np.sqrt(np.maximum(np.diagonal(normal, axis1=1, axis2=2), 1e-300))
    scale = scale[:, :, None] * scale[:, None, :]
    values, vectors = np.linalg.eigh(normal / scale)
    kept = values > 1e-9 * values[:, -1:]
    parts = np.where(kept, 1 / np.where(kept, values, 1), 0)
    return np.asarray((vectors * parts[:, None, :]) @ vectors.transpose(0, 2, 1) / scale)


def transitions(
    steps: Sequence[int], before: Sequence[int], fit: Fit, noises: Array
) -> list[Transition]:
    """Of fits, and of what they leave over, (K, n, P)."""
    spread = np.sqrt(np.mean(np.square(noises), axis=(1, 2))) if noises.size else np.zeros(1)
    spread = np.where(spread > 0, spread, 1).astype(noises.dtype)
    noises = noises / spread[:, None, None]
    constants, a, b, only, other = fit.coefficients.T
    part = np.where(np.abs(b) > 1e-12, b, 1e-12)
    share = np.maximum(fit.errors[:, ONLY], fit.errors[:, OTHER]) / np.abs(part)
    error_a, error_b, error_constant = fit.errors[:, [X_T, IMAGE, ONE]].T
    return [
        Transition(
            step=step,
            before=before[k],
            a=float(a[k]) + 1,
            b=float(b[k]),
            constant=float(constants[k]),
            variance=float(fit.variance[k]),
            error_a=float(error_a[k]),
            error_b=float(error_b[k]),
            error_constant=float(error_constant[k]),
            pixels=int(fit.pixels[k]),
            noise=noises[k],
            shares=(float(only[k] / part[k]), float(-other[k] / part[k])),
            error_share=float(share[k]),
        )
        for k, step in enumerate(steps)
    ]


def residuals(chain: Chain, starts: Array, steps: range, fit: Fit, training: Training) -> Array:
    """What the fits leave over of the pixels that were kept of one pass's steps, (K, n, P)."""
    rows = slice(starts[steps.start], starts[steps.stop])
    kept, bits = chain.seen.kept[rows], chain.seen.bits[rows]
    kept = kept.reshape(len(steps), -1, kept.shape[1])
    bits = bits.reshape(len(steps), -1, *bits.shape[1:])[:-1]
    x_t, first, second = kept[:-1], bits[:, :, 0], bits[:, :, 1]
    low, high = each_step(np.reshape([values_of(chain, n, training) for n in steps[:-1]], (-1, 2)))
    constant, a, b, only, other = each_step(fit.coefficients[: len(steps) - 1])
    rest = kept[1:] - (1 + a) * x_t
    rest -= b * (high - low) * first
    rest -= constant + b * low
    if only.any() or other.any():
        rest -= (high - low) * (only * (first > second) + other * (first < second))
    return np.asarray(rest)


def each_step(columns: Array) -> Array:
    """Columns of (K, C), each of them beside (K, n, P)."""
    return np.asarray(columns.T.astype(np.float32)[:, :, None, None])


def last_step(chain: Chain, training: Training) -> Transition:
    """From the last x_t to the images that come back, in the data's space or in the network's."""
    columns: list[list[Array]] = [[], [], [], [], []]
    for steps, image in chain.passes:
        number = steps[-1]
        low, high = values_of(chain, number, training)
        state, first, second, pixels = (
            np.asarray(part, dtype=np.float64) for part in shown_at(chain, number)
        )
        result = chain.seen.result[image : image + len(state)].astype(np.float64)
        result = result[:, pixels.astype(np.int64)]
        parts = (
            state,
            low + (high - low) * first,
            (high - low) * (first > second),
            (high - low) * (first < second),
            result * training.scale + training.shift,
        )
        for column, values in zip(columns, parts, strict=True):
            column.append(values)
    whole = [np.concatenate(column) for column in columns]
    shape = whole[0].shape
    flat = np.stack([np.ones(whole[0].size), *(column.reshape(-1) for column in whole)])
    flat[CHANGE] -= flat[X_T]
    fit = solved((flat @ flat.T)[None])
    rest = flat[CHANGE] - fit.coefficients[0] @ flat[:CHANGE]
    exact = replace(fit, variance=np.array([np.mean(np.square(rest))]))
    return transitions(chain.visited[-1:], [-1], exact, rest.reshape(1, *shape))[0]


def shown_at(chain: Chain, number: int) -> tuple[Array, Array, Array, Array]:
    """A step's x_t, its images, and which of the pixels these are: all, or those that are kept."""
    seen = chain.seen
    if number in seen.states:
        state, first = seen.states[number], seen.images[number]
        second = seen.second_images.get(number, first)
        return state, first, second, np.arange(state.shape[1])
    start = int(chain.rows[:number].sum())
    rows = slice(start, start + int(chain.rows[number]))
    bits = seen.bits[rows]
    second = bits[:, 1 if seen.steps[number, 1] > 1 else 0]
    return seen.kept[rows], bits[:, 0], second, seen.subset


def whole_noises(chain: Chain, training: Training, measured: Sequence[Transition]) -> Array:
    """What some steps leave over of all pixels, (n, 784), each of mean square 1."""
    seen, found = chain.seen, [np.zeros((0, 784), np.float32)]
    for steps, _ in chain.passes:
        for place, number in enumerate(list(steps)[:-1]):
            if number not in seen.states or number + 1 not in seen.states:
                continue
            first = seen.images[number]
            second = seen.second_images.get(number, first)
            m = measured[place]
            low, high = values_of(chain, number, training)
            x_t = seen.states[number].astype(np.float32)
            rest = seen.states[number + 1] - m.a * x_t - m.constant
            rest -= m.b * (low + (high - low) * first)
            if any(m.shares):
                only, other = m.shares[0] * m.b, -m.shares[1] * m.b
                rest -= (high - low) * (only * (first > second) + other * (first < second))
            spread = float(np.sqrt(np.mean(np.square(rest))))
            if spread > 1e-6:
                found.append(rest / np.float32(spread))
    return np.concatenate(found)


class Expected:
    """What a step from t to s < t may be, in the schedule in use."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        reverse = oracle.Reverse(steps.beta, steps.alphabar, steps.alphabar_prev)
        self.posterior, self.variances = cache(reverse.posterior), cache(reverse.variances)
        self.ddim = reverse.ddim

    def near(self, m: Transition, a: float, b: float) -> bool:
        return m.near(a, b, self.steps.too_far)

    def same_variance(self, m: Transition, variance: float) -> bool:
        return m.has_variance(variance, self.steps.too_far)

    def alphabar(self, step: int) -> float:
        return float(self.steps.alphabar[step]) if step >= 0 else self.steps.alphabar_prev

    def renoised(self, s: int) -> tuple[float, float, float]:
        """(a, b, variance) of noising the predicted x_0 anew."""
        return 0.0, float(np.sqrt(self.alphabar(s))), 1 - self.alphabar(s)
