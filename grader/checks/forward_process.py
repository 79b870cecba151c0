"""Reads q(x_t | x_0) back from what the network was given (Ho et al. 2020, eq. 4).

For each value that the network was given as t, slope, intercept and spread of x_t over the known x
say which step it is; nothing is assumed about how t is written (integers, t / T, any shape).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.checks.arguments import distinct, extra_arguments, is_class_argument
from grader.checks.assignment import cheapest_columns
from grader.checks.cases import Array
from grader.checks.setting import Steps

DATA_SPACES = ((1.0, 0.0), (2.0, -1.0), (1.0, -0.5), (1 / 0.3081, -0.1307 / 0.3081))
"""Usual (scale, shift) of the data; others are read off the images."""
OFTEN = 0.75  # of the mean: drawn so often, a step's neighbour cannot be a rare one


@dataclass(frozen=True)
class ForwardProcess:
    """N images: the step of each (0-based, (N,)), its noise, and x as forward was given it and in
    the network's space."""

    step: Array
    noise: Array  # (N, 784)
    x: Array  # (N, 784)
    x_scaled: Array  # (N, 784)
    scale: float
    shift: float
    missing_steps: list[int]  # never drawn, where chance does not explain that
    uneven: bool  # among the steps that were drawn
    ascending: bool  # whether the t that the network is given grows with the step


@dataclass(frozen=True)
class Group:
    """The images that were given one value of t; regression of x_t over x."""

    rows: Array
    slope: float
    intercept: float
    variance: float
    count: int  # pixels


def pixels_of(arrays: Mapping[str, Any]) -> Array:
    """The images that forward was given, values in 0..1; the probe hands them back as 0..4."""
    return np.asarray(np.multiply(arrays["x"], 1 / 4, dtype=np.float32))


def timestep_argument(arrays: Mapping[str, Any]) -> Array | None:
    """The argument that stands for t, (N, width): not the classes, and the one that varies most."""
    classes = np.asarray(arrays["c"], dtype=np.float64)
    others = [a for a in extra_arguments(arrays) if not is_class_argument(a, classes)]
    if not others:
        return None
    return max(others, key=lambda a: len(distinct(a)))


def read_forward_process(
    arrays: Mapping[str, Any], t: Array | None, steps: Steps
) -> ForwardProcess | str:
    """The process, or one sentence that says what is wrong with it."""
    x = pixels_of(arrays)
    x_t = np.asarray(arrays["x_t"], dtype=np.float32)  # as the network saw it
    batches = len(arrays["calls"])
    if x_t.shape != x.shape:
        return "The network is not given as many images as the batch has."
    if not np.all(np.isfinite(x_t)):
        return "The noisy image x_t holds values that are not finite numbers."
    if t is None or len(distinct(t)) == 1:
        return "The network is not told the time step: it gets the same t for every image."
    by_batch = t.reshape(batches, -1, t.shape[1])
    if np.all(np.ptp(by_batch, axis=1) == 0):
        return "All images of a batch get the same time step; draw one for each image."
    rows = t[:, 0] if t.shape[1] == 1 else t
    values, member = np.unique(rows, axis=0, return_inverse=True)
    member = member.reshape(-1)
    if len(values) > len(steps.beta) + steps.first_index:
        return "The network is given more different values of t than there are time steps."
    groups = [regress(x, x_t, np.flatnonzero(member == g)) for g in range(len(values))]
    scale, shift, step, distance = find_steps(groups, steps)
    if distance > steps.too_far:
        return (
            "x_t is not the image mixed with noise as the schedule says for that time step: "
            "check the two coefficients, the noise, and which t goes to the network."
        )
    if t.shape[1] == 1:  # a vector of time features has no order
        ordered = in_order(groups, step, (scale, shift), steps)
        if ordered is None:
            return "The noise in x_t does not follow the t that the network is given."
        step = ordered
    return describe(x, x_t, groups, step, (scale, shift), steps)


def regress(x: Array, x_t: Array, rows: Array) -> Group:
    """x_t = slope * x + intercept + noise over all pixels of these images."""
    both = np.stack([x[rows].reshape(-1), x_t[rows].reshape(-1)], dtype=np.float64)
    mean = both.mean(axis=1)
    products = np.einsum("in,jn->ij", both, both) / both.shape[1]
    covariance = products - np.outer(mean, mean)
    slope = covariance[0, 1] / covariance[0, 0]
    intercept = mean[1] - slope * mean[0]
    variance = max(covariance[1, 1] - slope * covariance[0, 1], 0.0)
    return Group(rows, float(slope), float(intercept), float(variance), both.shape[1])


def find_steps(groups: list[Group], steps: Steps) -> tuple[float, float, Array, float]:
    """The data space and each group's step that fit best; and the worst distance left over.

    Step -1 is the unused index before step 1 of schedules with T + 1 entries.
    """
    strongest = max(groups, key=lambda group: abs(group.slope))
    root = np.sqrt(steps.alphabar[0])
    spaces = [*DATA_SPACES, (strongest.slope / root, strongest.intercept / root)]
    fits = []
    for scale, shift in spaces:
        distances = np.array([distances_to_steps(g, scale, shift, steps) for g in groups])
        column = cheapest_columns(np.minimum(distances, 1e3) ** 2)  # one to one
        distance = float(distances[np.arange(len(groups)), column].max())
        fits.append((distance, scale, shift, column - steps.first_index))
        if distance <= steps.too_far:
            break  # a usual space that fits is meant; the one read off is never exact
    distance, scale, shift, step = min(fits, key=lambda fit: fit[0])
    return scale, shift, step, distance


def distances_to_steps(group: Group, scale: float, shift: float, steps: Steps) -> Array:
    """How many standard errors a group is away from each step's slope, intercept and variance."""
    before = [steps.alphabar_before] if steps.first_index else []
    alphabar = np.array([*before, *steps.alphabar])
    root, variance = np.sqrt(alphabar), np.maximum(1 - alphabar, 1e-9)
    error = np.sqrt(variance / group.count)
    slope = np.abs(group.slope - scale * root) / (2.4 * error + 1e-4)  # 1 / deviation of x
    intercept = np.abs(group.intercept - shift * root) / (1.6 * error + 1e-4)
    spread = np.abs(group.variance - variance) / (variance * np.sqrt(2 / group.count) + 1e-5)
    return np.asarray(np.maximum(np.maximum(slope, intercept), spread))


def in_order(
    groups: list[Group], step: Array, space: tuple[float, float], steps: Steps
) -> Array | None:
    """The same steps so that the noise grows, or falls, with the t that the network is given.

    None if that is further from what was measured than chance allows. Of few images, those of two
    neighbouring steps can be mistaken for each other; so the fit that is best need not be in order.
    """
    for ordered in (np.sort(step), np.sort(step)[::-1]):
        column = ordered + steps.first_index
        distances = [
            distances_to_steps(group, *space, steps)[c]
            for group, c in zip(groups, column, strict=True)
        ]
        if max(distances) <= steps.too_far:
            return np.asarray(ordered)
    return None


def describe(
    x: Array,
    x_t: Array,
    groups: list[Group],
    step: Array,
    space: tuple[float, float],
    steps: Steps,
) -> ForwardProcess:
    """Every image's noise, by the steps found."""
    scale, shift = space
    x_scaled = x if (scale, shift) == (1, 0) else float(scale) * x + float(shift)
    step_of = np.zeros(len(x), dtype=np.int64)
    for group, s in zip(groups, step, strict=True):
        step_of[group.rows] = s
    used = step_of >= 0
    alphabar = np.where(used, steps.alphabar[np.maximum(step_of, 0)], steps.alphabar_before)
    root = np.sqrt(alphabar)[:, None].astype(x_t.dtype)
    deviation = np.sqrt(np.maximum(1 - alphabar, 1e-9))[:, None].astype(x_t.dtype)
    noise = root * x_scaled
    np.subtract(x_t, noise, out=noise)
    noise /= deviation
    counts = np.bincount(step_of[used], minlength=len(steps.beta))
    missing = never_drawn(counts).tolist()
    ascending = bool(step[-1] > step[0])
    return ForwardProcess(
        step_of, noise, x, x_scaled, scale, shift, missing, is_uneven(counts), ascending
    )


def is_uneven(counts: Array) -> bool:
    """Whether the steps that were drawn at all were not drawn alike often, by chi-square."""
    drawn = counts[counts > 0]
    expected = max(float(drawn.mean()), 1.0)
    statistic = float(np.sum((drawn - expected) ** 2) / expected)
    return bool(statistic > len(drawn) + 9 * np.sqrt(2 * len(drawn)) + 30)


def never_drawn(counts: Array) -> Array:
    """The steps that can be told never to be drawn: each that is missing where all are drawn alike;
    else a missing one may only be rare, unless the next ones round it are drawn often.

    Of 4000 draws with a smooth bias (a power, a normal, a beta, a cosine) at most 1 was called so,
    through a narrow sigmoid 25; of draws that are clamped to the last step, 91 to 95 %.
    """
    gaps = np.flatnonzero(counts == 0)
    if not is_uneven(counts):
        return gaps
    drawn = np.flatnonzero(counts)
    after = np.searchsorted(drawn, gaps)
    left, right = np.maximum(after - 1, 0), np.minimum(after, len(drawn) - 1)
    around = np.minimum(counts[drawn[left]], counts[drawn[right]])
    return np.asarray(gaps[around >= OFTEN * counts.mean()])


def noise_problem(process: ForwardProcess) -> str | None:
    """A sentence if the noise is not normal and independent; None if it is."""
    used = process.step >= 0
    noise = process.noise if used.all() else process.noise[used]
    if abs(kurtosis(noise) - 3) > 0.25:
        return "The noise in x_t is not normally distributed."
    if independence_ratio(noise, axis=0) > 1.5:
        return "The same noise is used for several images; draw it for each image."
    if same_in_all_pixels(noise):
        return "The noise is the same over an image's pixels; draw it for each pixel."
    return None


def kurtosis(values: Array) -> float:
    """Fourth moment about 0 over the square of the second: 3 for normal values of mean 0."""
    squares = np.square(values).reshape(-1)
    fourth = float(np.einsum("n,n->", squares, squares)) / squares.size
    return float(fourth / max(float(np.mean(squares)) ** 2, 1e-24))


def same_in_all_pixels(noise: Array) -> bool:
    """Whether the pixels of an image share noise. Of few images, (n, 784), the ratio is a
    chi-square of n degrees of freedom over n, far from 1 by chance."""
    return bool(independence_ratio(noise, axis=1) > 1 + 10 * np.sqrt(2 / len(noise)))


def independence_ratio(noise: Array, axis: int) -> float:
    """Variance of the mean over an axis, relative to what independent values would show.

    1 for independent values; grows with the length of the axis if they are shared along it.
    """
    mean = noise.mean(axis=axis)
    square = float(np.einsum("ij,ij->", noise, noise)) / noise.size
    return float(np.mean(mean**2) * noise.shape[axis] / square)
