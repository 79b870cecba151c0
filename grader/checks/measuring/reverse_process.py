"""Judges a sampler's measured steps by the reverse process of DDPM.

The posterior (Ho et al. 2020, eq. 7) gives the mean of each step; sigma^2 may be beta_t or
the posterior variance (sec. 3.2), which diffusers calls ``fixed_large`` and ``fixed_small``.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.arrays import Array
from grader.assignment import DATA_SPACES
from grader.checks.measuring import in_words
from grader.checks.measuring.alternatives import Training
from grader.checks.measuring.chain import Chain
from grader.checks.measuring.deviations import Deviations
from grader.checks.measuring.guidance import OTHER_CLASSES, guidance_problem, strengths
from grader.checks.measuring.guidance_by_image import guided_by_image
from grader.checks.measuring.noise import (
    independence_ratio,
    kurtosis,
    same_in_all_pixels,
    shared_among_pixels,
)
from grader.checks.measuring.other_samplers import (
    between_the_variances,
    keeps_marginals,
    other_sampler,
)
from grader.checks.measuring.rescaled_guidance import unscaled
from grader.checks.measuring.scan import where
from grader.checks.measuring.transitions import (
    Expected,
    Transition,
    measure,
    whole_noises,
)
from grader.checks.schedule_in_use import Steps
from grader.checks.verdict import Verdict, failed, needs_review, passed
from grader.messages.message import Message, Said, say, together

NO_NOISE = 1e-6  # of a step's variance, beside rounding
LEARNED = "learned_range"  # a variance between the two, as a network may learn it


def judge_steps(
    check: str,
    chain: Chain,
    schedule: Steps,
    training: Training,
    spaces: Callable[[], Collection[tuple[float, float]]] = frozenset,
) -> Verdict:
    """The verdict on the whole chain of steps. ``spaces`` gives the (scale, shift) to which the
    notebook may bring its data before training."""
    if np.any(np.diff(chain.visited) > 0):
        text = say("sampling.order_of_steps")
        return failed(check, text)
    measured, expected = measure(chain, training), Expected(schedule)
    deviations = Deviations(measured, expected)
    verdict = judge_measured(check, chain, measured, deviations, training, spaces)
    return replace(verdict, measured=numbers(measured, deviations))


def numbers(measured: Sequence[Transition], deviations: Deviations) -> in_words.Measured:
    """What a TA sees of the steps."""
    inner, expected = deviations.inner, deviations.expected
    said = in_words.path(measured, expected)
    if not inner or any(m.before != m.step - 1 for m in inner):
        return said  # steps that leave others out have no posterior to be compared with
    try:
        said |= in_words.means(inner, deviations.means_off, expected)
        said |= in_words.noises(inner, deviations.variances_off, expected)
        said |= in_words.last_one(measured[-1], expected)
    except ZeroDivisionError:  # a schedule that keeps all of the image has no posterior
        return said
    return said


def judge_measured(
    check: str,
    chain: Chain,
    measured: Sequence[Transition],
    deviations: Deviations,
    training: Training,
    spaces: Callable[[], Collection[tuple[float, float]]],
) -> Verdict:
    """The same from the measured steps."""
    expected = deviations.expected
    schedule, visited = expected.steps, chain.visited
    T = len(schedule.beta)
    if (sampler := other_sampler(measured, expected)) is not None:
        if not ends_near_the_image(measured[-1]):
            return failed(check, say("sampling.ends_elsewhere"))
        return needs_review(check, sampler)
    whole = list(range(T - 1, -1, -1))
    left_out = {0: whole[:-1], -1: whole[1:]}.get(training.left_out or 0)
    alike = training.left_out is not None and visited == left_out
    if visited != whole and not alike:
        count = len(visited)
        if count == T + 1 == T + schedule.first_index:
            return needs_review(check, say("sampling.index_0_used", count=count, T=T))
        return failed(check, say("sampling.count_of_steps", count=count, T=T), steps=count)
    verdict = judge_posterior(check, chain, measured, deviations, training, spaces)
    if alike and verdict.right:
        said = say("sampling.left_out", step=1 if training.left_out == 0 else T, T=T)
        return replace(needs_review(check, said), details=verdict.details)
    return verdict


def judge_with_one_image(
    check: str, chain: Chain, schedule: Steps, training: Training
) -> Verdict | None:
    """``needs_review`` for solvers that use several predictions a step; None for all else.

    Only where the oracle's image is the same at every step can such a solver be recognised.
    """
    T, visited = len(schedule.beta), chain.visited
    if visited in (list(range(T - 2, -1, -1)), list(range(T - 1, 0, -1))):
        return None  # DDPM's own steps, but for one end
    if len(visited) == T > len(set(visited)) > 0.75 * T:
        return None  # or some of them told as their neighbours
    expected = Expected(schedule)
    if visited == list(range(T - 1, -1, -1)):
        measured = measure(chain, training)
        sampler = other_sampler(measured, expected)
        if sampler is not None and ends_near_the_image(measured[-1]):
            return needs_review(check, sampler)
        return None
    if keeps_marginals(chain, expected, training):
        return needs_review(check, say("sampling.other_solver"))
    return None


def judge_posterior(
    check: str,
    chain: Chain,
    measured: Sequence[Transition],
    deviations: Deviations,
    training: Training,
    spaces: Callable[[], Collection[tuple[float, float]]],
) -> Verdict:
    """Mean, variance and noise of DDPM's own reverse process."""
    expected, last, plain = deviations.expected, measured[-1], None
    details: dict[str, Any] = {"transitions": shown(measured, expected)}
    if deviations.inner and all(changes_nothing(m) for m in deviations.inner):
        return failed(check, say("sampling.stands_still"), **details)
    if deviations.means_off.any() and end_problem(last, expected) is not None:
        plain = unscaled(chain, measured, training, expected)
    if plain is not None:
        deviations, last = Deviations(plain, expected), plain[-1]
    inner = deviations.inner
    mapped = is_mapped_back(last, expected) if training.scale == 1 else None
    kind = variance_kind(deviations)
    silence = silence_problem(inner, last, expected)
    noises = noises_added(inner)
    problems = (
        shared_noise_problem(noises, whole_noises(chain, training, measured)),
        mean_problem(chain, measured, deviations),
        silence or (variance_problem(deviations) if kind is None else None),
        None if mapped else end_problem(last, expected),
        normality_problem(noises),
    )
    guided = guidance_problem(chain, measured, training.classes, expected.steps.too_far)
    if found := [problem for problem in problems if problem is not None]:
        if guided is None and guided_by_image(chain, training, expected):
            return needs_review(check, say("sampling.guidance_by_image"), **details)
        mixed = guided is not None and guided[0] == OTHER_CLASSES  # which breaks the measures
        return failed(check, OTHER_CLASSES if mixed else first_two(found), **details)
    if guided is not None:
        text, doubt = guided
        return (needs_review if doubt else failed)(check, text, **details)
    if plain is not None:
        return needs_review(check, say("sampling.guidance_rescaled"), **details)
    if kind == LEARNED:
        return needs_review(check, say("sampling.between_variances"), **details)
    if mapped is not None and (round(mapped[0], 3), round(mapped[1], 3)) not in spaces():
        text = say("sampling.mapped_back")
        return needs_review(check, text, **details)
    text = say("sampling.right")
    return passed(check, text, variance=kind, **details)


def first_two(problems: Sequence[Message]) -> Said:
    """The one, or the first two of several."""
    return together(*problems[:2])


def mean_problem(
    chain: Chain, measured: Sequence[Transition], deviations: Deviations
) -> Message | None:
    """A message unless every step's mean is that of the posterior."""
    off, inner, expected = deviations.means_off, deviations.inner, deviations.expected
    if not off.any():
        return None
    if strengths(chain, measured) and (total := total_weight(inner, expected)) is not None:
        return say("sampling.weights", total=total)
    at = where(off, [m.step for m in inner])
    return say("sampling.mean", at=at)


def total_weight(inner: Sequence[Transition], expected: Expected) -> float | None:
    """By which factor the prediction counts at every step, if it is the same one."""
    parts = []
    for m in inner:
        b = expected.posterior(m.step)[0][1]
        if m.error_b < 0.05 * abs(b):
            parts.append(m.b / b)
    if len(parts) < 3 or np.std(parts) > 0.05 or abs(np.mean(parts) - 1) < 0.02:
        return None
    return float(np.mean(parts))


def silence_problem(
    inner: Sequence[Transition], last: Transition, expected: Expected
) -> Message | None:
    """A message if no step adds noise."""
    if any(adds_noise(m) for m in inner):
        return None
    if end_problem(last, expected) == AT_THE_END:
        return say("sampling.noise_only_at_the_end")
    return say("sampling.no_noise")


def adds_noise(m: Transition) -> bool:
    return m.variance > NO_NOISE


def changes_nothing(m: Transition) -> bool:
    """Whether the network is given the same x_t once more."""
    return max(abs(m.a - 1), abs(m.b), abs(m.constant), m.variance) < NO_NOISE


AT_THE_END = say("sampling.noise_at_the_end")


def end_problem(last: Transition, expected: Expected) -> Message | None:
    """A message unless the last step ends on the image that the network predicts."""
    forms = expected.posterior(last.step)
    if last.variance > 1e-5:
        normal = abs(kurtosis(last.noise) - 3) < 0.3
        if normal and any(expected.near(last, a, b) for a, b in forms):
            return AT_THE_END
        return say("sampling.not_the_last_images")
    if not any(expected.near(last, a, b) for a, b in forms):
        return say("sampling.last_step")
    return None


def ends_near_the_image(last: Transition) -> bool:
    """As much as can be asked of solvers whose last step is one like the others."""
    return last.variance <= 1e-5 and abs(last.a + last.b - 1) < 0.1


def is_mapped_back(last: Transition, expected: Expected) -> tuple[float, float] | None:
    """The range from which the result was brought back, if it would be right for data in it."""
    for scale, shift in DATA_SPACES[1:]:
        back = replace(
            last,
            a=scale * last.a,
            b=scale * last.b,
            constant=scale * last.constant + shift,
            variance=scale**2 * last.variance,
        )
        if end_problem(back, expected) is None:
            return scale, shift
    return None


def variance_kind(deviations: Deviations) -> str | None:
    """Which of the variances that DDPM allows the noise has; None if it is another one."""
    for kind, off in deviations.variances_off.items():
        if not off.any():
            return kind
    between = between_the_variances(deviations.inner, deviations.expected)
    return LEARNED if between else None


def variance_problem(deviations: Deviations) -> Message:
    """At which steps it is neither of them."""
    off = deviations.variances_off.values()
    at = where(min(off, key=lambda kind: int(kind.sum())), [m.step for m in deviations.inner])
    return say("sampling.variance", at=at)


def noises_added(inner: Sequence[Transition]) -> Array:
    """Of each step that adds noise, (K, n, P)."""
    noises = [m.noise for m in inner if adds_noise(m)]
    return np.stack(noises) if noises else np.zeros((0, 1, 1))


def normality_problem(noises: Array) -> Message | None:
    """A message if the noise is not normally distributed."""
    squares = np.square(noises)  # of mean 1 at each step
    if len(noises) and abs(float(np.mean(np.square(squares))) - 3) > 0.3:
        return say("sampling.noise_not_normal")
    return None


def shared_noise_problem(noises: Array, whole: Array) -> Message | None:
    """A message if the noise is not drawn anew for each pixel, image and step. ``whole``: of all
    pixels, of some steps."""
    if not len(noises):
        return None
    images, pixels = noises.shape[1:]
    bound = 1 + 9 * np.sqrt(2 / pixels)
    if images > 1 and np.max(independence_ratio(noises, axis=1)) > bound:
        return say("sampling.noise_of_several_images")
    if np.any(same_in_all_pixels(noises)):
        return say("sampling.noise_of_all_pixels")
    if len(whole) and (same_in_all_pixels(whole) or shared_among_pixels(whole)):
        return say("sampling.noise_of_several_pixels")
    if repeated(noises):
        return say("sampling.noise_repeated")
    return None


def repeated(noises: Array) -> bool:
    """Whether the noise of one step is, in part, that of another."""
    rows = noises.reshape(len(noises), -1)
    products = np.abs(rows @ rows.T) / rows.shape[1]
    np.fill_diagonal(products, 0)
    next_one = np.diagonal(products, 1)
    return bool(products.max(initial=0) > 0.3 or next_one.max(initial=0) > 0.2)


SHOWN = 12  # transitions in a result's details


def shown(measured: Sequence[Transition], expected: Expected) -> list[dict[str, float | int]]:
    """Some of the steps, as far apart as they are many."""
    places = np.unique(np.linspace(0, len(measured) - 1, SHOWN).round().astype(int))
    return [describe(measured[place], expected) for place in places]


def describe(m: Transition, expected: Expected) -> dict[str, float | int]:
    a, b = expected.posterior(m.step)[0]
    return {
        "t": m.step + 1,
        "a": round(m.a, 5),
        "a_expected": round(a, 5),
        "b": round(m.b, 5),
        "b_expected": round(b, 5),
        "variance": round(m.variance, 7),
        "fixed_large": round(expected.variances(m.step)["fixed_large"], 7),
        "fixed_small": round(expected.variances(m.step)["fixed_small"], 7),
    }
