"""Measured steps x_t -> x_{t-1} of a sampler, and what such steps may be.

With x_0 the oracle's image, a step is x_{t-1} = a * x_t + b * x_0 + sigma * z. Where a second
answer is asked for, as for guidance, x_0 may be any function of both images, dark or bright.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.checks import oracle
from grader.checks.alternatives import Training
from grader.checks.cases import Array
from grader.checks.chain import Chain
from grader.checks.setting import Steps

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


@dataclass
class Sums:
    """Sums of products of 1, x_t, image, two indicators and the change, over ``pixels``."""

    products: Array = field(default_factory=lambda: np.zeros((6, 6)))
    parts: list[int] = field(default_factory=list)  # numbers of the probe's steps


def measure(chain: Chain, training: Training) -> list[Transition]:
    """Every transition, in the order of the sampler; what several passes show of one is taken
    together."""
    arrays, length = chain.arrays, len(chain.visited)
    together = [Sums() for _ in range(length - 1)]
    for steps, _ in chain.passes:
        for place, number in enumerate(list(steps)[:-1]):
            units = in_units(chain, number, training)
            together[place].products += units @ np.asarray(arrays["sums"])[number] @ units.T
            together[place].parts.append(number)
    starts = np.concatenate([[0], np.cumsum(chain.rows)])
    found = []
    for place, sums in enumerate(together):
        fit = solved(sums.products)
        noise = [residual(chain, starts, number, fit, training) for number in sums.parts]
        step, before = chain.visited[place], chain.visited[place + 1]
        found.append(transition(step, before, fit, np.concatenate(noise)))
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
    """Least squares of the change over what sums are of: coefficients in their order, errors."""

    coefficients: Array  # (5,)
    errors: Array  # (5,)
    variance: float
    pixels: int


def solved(products: Array) -> Fit:
    pixels = max(int(products[ONE, ONE]), 1)
    inverse = pseudoinverse(products[:CHANGE, :CHANGE])
    coefficients = inverse @ products[:CHANGE, CHANGE]
    rest = products[CHANGE, CHANGE] - coefficients @ products[:CHANGE, CHANGE]
    variance = max(float(rest) / pixels, 0.0)
    errors = np.sqrt(np.maximum(np.diag(inverse), 0) * variance)
    return Fit(coefficients, errors, variance, pixels)


def pseudoinverse(normal: Array) -> Array:
    """Of a symmetric matrix; x_t may be a function of x_0 in a wrong sampler, and rows are 0 where
    there is one image. numpy's own takes three times as long for a few rows."""
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    scaled = normal / scale / scale[:, None]
    values, vectors = np.linalg.eigh(scaled)
    kept = values > 1e-9 * values[-1]
    vectors = vectors[:, kept]
    return np.asarray((vectors / values[kept]) @ vectors.T / scale / scale[:, None])


def transition(step: int, before: int, fit: Fit, noise: Array) -> Transition:
    constant, a, b, only, other = (float(value) for value in fit.coefficients)
    spread = float(np.sqrt(np.mean(np.square(noise)))) if noise.size else 0.0
    part = b if abs(b) > 1e-12 else 1e-12
    return Transition(
        step,
        before,
        a + 1,
        b,
        constant,
        fit.variance,
        float(fit.errors[X_T]),
        float(fit.errors[IMAGE]),
        float(fit.errors[ONE]),
        fit.pixels,
        noise / spread if spread > 0 else noise,
        (only / part, -other / part),
        float(max(fit.errors[ONLY], fit.errors[OTHER])) / abs(part),
    )


def predicted(x_t: Array, first: Array, second: Array, low: float, high: float, fit: Fit) -> Array:
    """The mean of x_{t-1} by a fit; images are 0 and 1."""
    constant, a, b, only, other = fit.coefficients
    image = low + (high - low) * first
    mean = constant + (1 + a) * x_t + b * image
    if only or other:
        mean = mean + (high - low) * (only * (first > second) + other * (first < second))
    return np.asarray(mean)


def residual(chain: Chain, starts: Array, number: int, fit: Fit, training: Training) -> Array:
    """What is left over of the pixels that were kept of one step."""
    kept = chain.arrays["kept"]
    here = kept[starts[number] : starts[number + 1]]
    after = kept[starts[number + 1] : starts[number + 2], 0]
    if len(here) != len(after):
        return np.zeros((0, kept.shape[2]))
    mean = predicted(here[:, 0], here[:, 1], here[:, 2], *values_of(chain, number, training), fit)
    return np.asarray(after - mean, dtype=np.float32)


def last_step(chain: Chain, training: Training) -> Transition:
    """From the last x_t to the images that come back, in the data's space or in the network's."""
    arrays = chain.arrays
    columns: list[list[Array]] = [[], [], [], [], []]
    for steps, image in chain.passes:
        number = steps[-1]
        low, high = values_of(chain, number, training)
        state, first, second, pixels = (
            np.asarray(part, dtype=np.float64) for part in shown_at(chain, number)
        )
        result = np.asarray(arrays["result"][image : image + len(state)], dtype=np.float64)
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
    fit = solved(np.einsum("in,jn->ij", flat, flat))
    rest = flat[CHANGE] - fit.coefficients @ flat[:CHANGE]
    exact = Fit(fit.coefficients, fit.errors, float(np.mean(np.square(rest))), fit.pixels)
    return transition(chain.visited[-1], -1, exact, rest.reshape(shape))


def shown_at(chain: Chain, number: int) -> tuple[Array, Array, Array, Array]:
    """A step's x_t, its images, and which of the pixels these are: all, or those that are kept."""
    arrays = chain.arrays
    if f"state/{number}" in arrays:
        first = arrays[f"image0/{number}"]
        state, second = arrays[f"state/{number}"], arrays.get(f"image1/{number}", first)
        return state, first, second, np.arange(state.shape[1])
    start = int(chain.rows[:number].sum())
    kept = arrays["kept"][start : start + chain.rows[number]]
    second = kept[:, 2 if arrays["steps"][number][1] > 1 else 1]
    return kept[:, 0], kept[:, 1], second, np.asarray(arrays["subset"])


def whole_noises(chain: Chain, training: Training, measured: Sequence[Transition]) -> Array:
    """What some steps leave over of all pixels, (n, 784), each of mean square 1."""
    arrays, found = chain.arrays, [np.zeros((0, 784), np.float32)]
    for steps, _ in chain.passes:
        for place, number in enumerate(list(steps)[:-1]):
            if f"state/{number}" not in arrays or f"state/{number + 1}" not in arrays:
                continue
            first = arrays[f"image0/{number}"]
            second = arrays.get(f"image1/{number}", first)
            m = measured[place]
            low, high = values_of(chain, number, training)
            x_t = arrays[f"state/{number}"].astype(np.float32)
            rest = arrays[f"state/{number + 1}"] - m.a * x_t - m.constant
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
        reverse = oracle.Reverse(steps.beta, steps.alphabar, steps.alphabar_before)
        self.posterior, self.variances = reverse.posterior, reverse.variances
        self.ddim = reverse.ddim

    def near(self, m: Transition, a: float, b: float) -> bool:
        return m.near(a, b, self.steps.too_far)

    def same_variance(self, m: Transition, variance: float) -> bool:
        return m.has_variance(variance, self.steps.too_far)

    def alphabar(self, step: int) -> float:
        return float(self.steps.alphabar[step]) if step >= 0 else self.steps.alphabar_before

    def renoised(self, s: int) -> tuple[float, float, float]:
        """(a, b, variance) of noising the predicted x_0 anew."""
        return 0.0, float(np.sqrt(self.alphabar(s))), 1 - self.alphabar(s)
