"""Judges a sampler's measured steps by the reverse process of DDPM.

The posterior (Ho et al. 2020, eq. 7) gives the mean of each step; sigma^2 may be beta_t or
betatilde_t (sec. 3.2).
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.checks.alternatives import Training
from grader.checks.arguments import distinct, extra_arguments, labels_of
from grader.checks.cases import Array
from grader.checks.forward_process import (
    DATA_SPACES,
    independence_ratio,
    kurtosis,
    same_in_all_pixels,
)
from grader.checks.other_samplers import between_the_variances, keeps_marginals, other_sampler
from grader.checks.setting import Steps
from grader.checks.transitions import (
    LOST_SIGNAL,
    Expected,
    Transition,
    is_labels,
    measure,
    visited_steps,
)
from grader.checks.verdict import Verdict, failed, needs_review, passed
from grader.sandbox import Outcome, Status


def judge_steps(
    check: str, outcome: Outcome, schedule: Steps, training: Training, timesteps: Array | None
) -> Verdict:
    """The verdict on the whole chain of steps."""
    T = len(schedule.beta)
    visited = visited_steps(outcome, T, timesteps)
    if visited is None:
        text = "The t that sample passes to the network is not the t that it was trained with."
        return failed(check, text)
    if np.any(np.diff(visited) > 0):
        return failed(check, "The reverse process must go from the last time step to the first.")
    measured = measure(outcome, visited, training)
    expected = Expected(schedule)
    if (sampler := other_sampler(measured, expected)) is not None:
        if not ends_near_the_image(measured[-1]):
            return failed(check, "The images that sample returns are not those that it ends on.")
        return needs_review(check, sampler)
    if visited != list(range(T - 1, -1, -1)):
        text = f"The network is asked for {len(visited)} steps, T = {T}: not once for every one."
        if len(visited) == T + 1 == T + schedule.first_index:
            return needs_review(check, f"{text} Index 0 of the schedule is used, too.")
        return failed(check, text, steps=len(visited))
    return judge_posterior(check, measured, expected, training)


def judge_with_one_image(
    check: str, outcome: Outcome, schedule: Steps, training: Training, timesteps: Array | None
) -> Verdict | None:
    """``needs_review`` for solvers that use several predictions a step; None for all else.

    Only where the oracle's image is the same at every step can such a solver be recognised.
    """
    T = len(schedule.beta)
    visited = visited_steps(outcome, T, timesteps)
    if visited is None or outcome.status is not Status.ok:
        return None
    if visited == list(range(T - 2, -1, -1)):
        return None  # DDPM's own steps, the first of them forgotten
    expected = Expected(schedule)
    if visited == list(range(T - 1, -1, -1)):
        measured = measure(outcome, visited, training)
        sampler = other_sampler(measured, expected)
        if sampler is not None and ends_near_the_image(measured[-1]):
            return needs_review(check, sampler)
        return None
    if keeps_marginals(outcome.arrays, visited, expected, training):
        text = "sample is another solver than DDPM's: every x_t is right, but not one step each."
        return needs_review(check, text)
    return None


def constant_t_problem(outcome: Outcome) -> str | None:
    """A sentence if the network is not told the step; t may be one number for the whole batch."""
    arguments = [a for a in extra_arguments(outcome.arrays) if not is_labels(a[:, 0])]
    arguments = [a for a in arguments if a.shape[1] != 10 or labels_of(a) is None]
    if not arguments:
        return "The network is not told the time step."
    different = max(len(distinct(a)) for a in arguments)
    if different == 1:
        return "The network is told the same time step at every call."
    if different > len(outcome.arrays["batch"]):
        return "The images of one batch are given different time steps while sampling."
    return None


def judge_posterior(
    check: str, measured: Sequence[Transition], expected: Expected, training: Training
) -> Verdict:
    """Mean, variance and noise of DDPM's own reverse process."""
    judged = [
        m for m in measured if np.sqrt(expected.alphabar(m.step)) > LOST_SIGNAL or m.step == 0
    ]
    details: dict[str, Any] = {"transitions": [describe(m, expected) for m in measured]}
    inner, last = [m for m in judged if m.before >= 0], judged[-1]
    mapped = training.scale == 1 and is_mapped_back(last, expected)
    problems = (
        shared_noise_problem(inner),
        mean_problem(inner, expected),
        silence_problem(inner, last, expected),
        None if mapped else end_problem(last, expected),
        normality_problem(inner),
    )
    if (problem := next(filter(None, problems), None)) is not None:
        return failed(check, problem, **details)
    kind = variance_kind(inner, expected)
    if kind is None:
        text = "The noise that a step adds does not have the variance of the reverse process."
        return failed(check, text, **details)
    if kind == "between":
        text = "The variance lies between beta_t and that of the posterior at every step."
        return needs_review(check, text, **details)
    if mapped:
        text = "sample brings images from another range to 0..1, though forward left them there."
        return needs_review(check, text, **details)
    text = "Every step of the sampler has the mean and the noise of the reverse process."
    return passed(check, text, variance=kind, **details)


def mean_problem(inner: Sequence[Transition], expected: Expected) -> str | None:
    """A sentence unless every step's mean is that of the posterior."""
    if any(not any(expected.near(m, a, b) for a, b in expected.posterior(m.step)) for m in inner):
        return "The mean of the step x_t -> x_(t-1) is not that of the reverse process."
    if drifts(inner, expected):
        return "The mean of the steps x_t -> x_(t-1) is slightly, but at every step, off."
    return None


def silence_problem(
    inner: Sequence[Transition], last: Transition, expected: Expected
) -> str | None:
    """A sentence if no step adds noise."""
    if any(m.variance >= 1e-9 for m in inner):
        return None
    only = " but the last, where z must be 0" if end_problem(last, expected) == AT_THE_END else ""
    return f"No noise is added at any step{only}."


def drifts(inner: Sequence[Transition], expected: Expected) -> bool:
    """Whether a coefficient is off, always to the same side, by more than chance allows."""
    deviations = []
    for m in inner:
        scale = m.error_a + 1e-5, m.error_b + 1e-5
        forms = [
            ((m.a - a) / scale[0], (m.b - b) / scale[1]) for a, b in expected.posterior(m.step)
        ]
        deviations.append(min(forms, key=lambda pair: pair[0] ** 2 + pair[1] ** 2))
    pooled = np.sum(deviations, axis=0) / np.sqrt(len(deviations))  # standard normal if right
    return bool(np.abs(pooled).max() > expected.steps.too_far)


AT_THE_END = "Noise is added at the last step, too; there z must be 0."


def end_problem(last: Transition, expected: Expected) -> str | None:
    """A sentence unless the last step ends on the image that the network predicts."""
    forms = expected.posterior(0)
    if last.variance > 1e-5:
        normal = abs(kurtosis(last.noise) - 3) < 0.3
        if normal and any(expected.near(last, a, b) for a, b in forms):
            return AT_THE_END
        return "The images that sample returns are not those that its last step ends on."
    if not any(expected.near(last, a, b) for a, b in forms):
        return "The last step does not end on the image, or another image is returned."
    return None


def ends_near_the_image(last: Transition) -> bool:
    """As much as can be asked of solvers whose last step is one like the others."""
    return last.variance <= 1e-5 and abs(last.a + last.b - 1) < 0.1


def is_mapped_back(last: Transition, expected: Expected) -> bool:
    """Whether the result would be right if the data had been brought to another range before."""
    for scale, shift in DATA_SPACES[1:]:
        back = replace(
            last,
            a=scale * last.a,
            b=scale * last.b,
            constant=scale * last.constant + shift,
            variance=scale**2 * last.variance,
        )
        if end_problem(back, expected) is None:
            return True
    return False


def variance_kind(inner: Sequence[Transition], expected: Expected) -> str | None:
    """Which of the variances that DDPM allows the noise has; None if it is another one."""
    for kind in ("beta_t", "betatilde_t"):
        errors = [m.errors_from(expected.variances(m.step)[kind]) for m in inner]
        pooled = np.sum(errors) / np.sqrt(max(len(errors), 1))  # standard normal if right
        if max(*np.abs(errors), abs(pooled)) <= expected.steps.too_far:
            return kind
    return "between" if between_the_variances(inner, expected) else None


def noises_added(inner: Sequence[Transition]) -> list[Array]:
    return [m.noise for m in inner if m.variance > 1e-9]


def normality_problem(inner: Sequence[Transition]) -> str | None:
    """A sentence if the noise is not normally distributed."""
    fourths = [kurtosis(noise) for noise in noises_added(inner)]  # each is of mean square 1
    if fourths and abs(float(np.mean(fourths)) - 3) > 0.3:
        return "The noise that a step adds is not normally distributed."
    return None


def shared_noise_problem(inner: Sequence[Transition]) -> str | None:
    """A sentence if the noise is not drawn anew for each pixel, image and step."""
    noises = noises_added(inner)
    if not noises:
        return None
    if max(independence_ratio(noise, axis=0) for noise in noises) > 2:
        return "A step adds the same noise to several images."
    if any(same_in_all_pixels(noise) for noise in noises):
        return "A step adds the same noise to all pixels of an image."
    pairs = [abs(float(np.einsum("ij,ij->", a, b))) / a.size for a, b in itertools.pairwise(noises)]
    if max(pairs, default=0) > 0.2:
        return "The same noise is added at several steps; draw it anew each time."
    return None


def describe(m: Transition, expected: Expected) -> dict[str, float | int]:
    a, b = expected.posterior(m.step)[0]
    return {
        "t": m.step + 1,
        "a": round(m.a, 5),
        "a_expected": round(a, 5),
        "b": round(m.b, 5),
        "b_expected": round(b, 5),
        "variance": round(m.variance, 7),
        "beta_t": round(expected.variances(m.step)["beta_t"], 7),
        "betatilde_t": round(expected.variances(m.step)["betatilde_t"], 7),
    }
