"""Finds the step of each group of noised images, by regression of x_t over the known x.

All images of a group were given the same t. Of few images, slope, intercept and variance leave more
than one step possible; no step belongs to two groups, and noise grows or falls with t.
"""

from dataclasses import dataclass

import numpy as np

from grader.arrays import Array
from grader.assignment import DATA_SPACES
from grader.checks.measuring.cheapest_pairs import cheapest_columns
from grader.checks.schedule_in_use import Steps

MOST_UNLIKELY = 1e6  # of a deviance: what is so unlikely is no step at all


@dataclass(frozen=True)
class Group:
    """The images that were given one value of t; regression of x_t over x, whose mean and variance
    are ``brightness`` and ``contrast``."""

    rows: Array
    slope: float
    intercept: float
    variance: float
    count: int  # pixels
    brightness: float
    contrast: float


def regress(x: Array, x_t: Array, rows: Array) -> Group:
    """x_t = slope * x + intercept + noise over all pixels of these images."""
    both = np.stack([x[rows].reshape(-1), x_t[rows].reshape(-1)], dtype=np.float64)
    mean = both.mean(axis=1)
    products = np.einsum("in,jn->ij", both, both) / both.shape[1]
    covariance = products - np.outer(mean, mean)
    slope = covariance[0, 1] / covariance[0, 0]
    intercept = mean[1] - slope * mean[0]
    variance = max(covariance[1, 1] - slope * covariance[0, 1], 0.0)
    about_x = float(mean[0]), float(covariance[0, 0])
    return Group(rows, float(slope), float(intercept), float(variance), both.shape[1], *about_x)


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
        column = cheapest_columns(np.array([deviances(g, scale, shift, steps) for g in groups]))
        distance = float(distances[np.arange(len(groups)), column].max())
        fits.append((distance, scale, shift, column - steps.first_index))
        if distance <= steps.too_far:
            break  # a usual space that fits is meant; the one read off is never exact
    distance, scale, shift, step = min(fits, key=lambda fit: fit[0])
    return scale, shift, step, distance


def find_space(groups: list[Group], step: Array, steps: Steps) -> tuple[float, float, float]:
    """The usual data space that fits best where the steps are known, and the worst distance."""
    fits = []
    for scale, shift in DATA_SPACES:
        distances = [
            distances_to_steps(group, scale, shift, steps)[s + steps.first_index]
            for group, s in zip(groups, step, strict=True)
        ]
        fits.append((max(distances), scale, shift))
    distance, scale, shift = min(fits)
    return scale, shift, float(distance)


def deviances(group: Group, scale: float, shift: float, steps: Steps) -> Array:
    """How unlikely a group is at each step: -2 log of the likelihood, less that of the likeliest.

    It uses slope, intercept and variance together. Each alone mistakes noisy steps for their
    neighbours where there are few images.
    """
    root, variance = roots_and_variances(steps)
    slope_off = group.slope - scale * root
    level_off = group.intercept - shift * root + slope_off * group.brightness
    square = group.variance + slope_off**2 * group.contrast + level_off**2
    found = group.count * (square / variance + np.log(variance))
    return np.asarray(np.minimum(found - found.min(), MOST_UNLIKELY))


def roots_and_variances(steps: Steps) -> tuple[Array, Array]:
    """sqrt(alphabar) and 1 - alphabar of each index."""
    before = [steps.alphabar_prev] if steps.first_index else []
    alphabar = np.array([*before, *steps.alphabar])
    return np.sqrt(alphabar), np.maximum(1 - alphabar, 1e-9)


def distances_to_steps(group: Group, scale: float, shift: float, steps: Steps) -> Array:
    """How many standard errors a group is away from each step's slope, intercept and variance."""
    root, variance = roots_and_variances(steps)
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
