"""Measured steps x_t -> x_{t-1} of a sampler, and what such steps may be.

With x_0 the oracle's image, a step is x_{t-1} = a * x_t + b * x_0 + sigma * z.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.checks import oracle
from grader.checks.alternatives import Training
from grader.checks.arguments import extra_arguments, labels_of
from grader.checks.cases import Array
from grader.checks.setting import Steps
from grader.sandbox import Outcome

LOST_SIGNAL = 2e-5  # sqrt(alphabar) below which x_0 cannot be told from rounding


@dataclass(frozen=True)
class Transition:
    """One measured step. ``step`` and ``before`` are 0-based; ``before`` is -1 for the image."""

    step: int
    before: int
    a: float
    b: float
    constant: float
    variance: float
    error_a: float
    error_b: float
    error_constant: float
    noise: Array  # what the mean leaves over, (n, 784), of mean square 1; 0 where nothing is left

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
        relative = np.sqrt(2 / self.noise.size)
        return float((self.variance - variance) / (relative * variance + 1.25e-7))


def visited_steps(outcome: Outcome, T: int, timesteps: Array | None) -> list[int] | None:
    """Which time step each step of the sampler stands for; None if training knows no such t.

    Where training's t is not known, any t that falls from step to step will do.
    """
    batch, step = np.asarray(outcome.arrays["batch"]), np.asarray(outcome.arrays["step"])
    starts = np.concatenate([[0], np.cumsum(batch)])[:-1].astype(int)
    starts = starts[np.unique(step, return_index=True)[1]]  # of the first call of each step
    columns = [a[:, 0] for a in extra_arguments(outcome.arrays) if a.shape[1] == 1]
    candidates = [c[starts] for c in columns if not is_labels(c)]
    if timesteps is None:
        return list(range(T - 1, T - 1 - len(starts), -1))
    gap = abs(timesteps[-1] - timesteps[0]) / max(T - 1, 1)
    candidates.sort(key=lambda values: -len(np.unique(values)))  # a mask may be one of t's numbers
    for values in candidates:
        distance = np.abs(values[:, None] - timesteps[None, :])
        if np.all(distance.min(axis=1) <= 0.02 * gap):
            return [int(step) for step in distance.argmin(axis=1)]
    return None


def is_labels(column: Array) -> bool:
    labels = labels_of(column[:, None])
    return labels is not None and np.array_equal(labels[:10], np.arange(10))


def measure(outcome: Outcome, steps: Sequence[int], training: Training) -> list[Transition]:
    """Every transition both of whose ends were kept, in the order of the sampler."""
    arrays, last = outcome.arrays, len(steps) - 1
    found = []
    for k in range(len(steps)):
        after = arrays.get(f"state/{k + 1}") if k < last else arrays["result"]
        target = arrays.get(f"target/{k}")
        if f"state/{k}" not in arrays or after is None or target is None:
            continue
        columns = np.empty((3, after.size))  # x_t, x_0, x_{t-1}
        for column, values in zip(columns, (arrays[f"state/{k}"], target, after), strict=True):
            column[:] = values.reshape(-1)
        columns[1] *= training.scale / 255
        columns[1] += training.shift
        if k == last:  # the image comes back in the data's own space, or stays in the network's
            columns[2] *= training.scale
            columns[2] += training.shift
        before = steps[k + 1] if k < last else -1
        found.append(regress(columns, after.shape, steps[k], before))
    return found


def regress(columns: Array, shape: tuple[int, ...], step: int, before: int) -> Transition:
    """Least squares of x_{t-1} over x_t, x_0 and a constant; the columns are used up."""
    n = columns.shape[1]
    sums = columns.sum(axis=1)
    # einsum, as BLAS would start threads for sums as short as these
    products = np.einsum("in,jn->ij", columns, columns)
    normal = np.array([[*products[0, :2], sums[0]], [*products[1, :2], sums[1]], [*sums[:2], n]])
    inverse = pseudoinverse(normal)
    coefficients = inverse @ [*products[:2, 2], sums[2]]
    a, b, constant = (float(value) for value in coefficients)
    x_t, x_0, residual = columns
    x_t *= a
    x_0 *= b
    residual -= x_t
    residual -= x_0
    residual -= constant
    variance = float(np.einsum("n,n->", residual, residual)) / n
    if variance > 0:
        residual /= np.sqrt(variance)
    errors = np.sqrt(np.maximum(np.diag(inverse), 0) * variance)
    return Transition(
        step,
        before,
        a,
        b,
        constant,
        variance,
        float(errors[0]),
        float(errors[1]),
        float(errors[2]),
        residual.reshape(shape).astype(np.float32),
    )


def pseudoinverse(normal: Array) -> Array:
    """Of a symmetric matrix; x_t may be a function of x_0 in a wrong sampler. numpy's own takes
    three times as long for three rows."""
    values, vectors = np.linalg.eigh(normal)
    kept = values > 1e-15 * values[-1]
    vectors = vectors[:, kept]
    return np.asarray((vectors / values[kept]) @ vectors.T)


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
