"""Samplers that are not DDPM's and yet right in themselves: a person must look at them.

Each rule says which sampler was recognised, or nothing.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from grader.checks.measuring.alternatives import Training
from grader.checks.measuring.chain import Chain
from grader.checks.measuring.transitions import LOST_SIGNAL, Expected, Transition
from grader.messages.message import Message, say

FEWEST_STEPS = 5  # one jump from noise to the predicted image is no sampler
CLEARLY = 9.0  # squared standard errors


def other_sampler(measured: Sequence[Transition], expected: Expected) -> Message | None:
    """A message for DDIM, other deterministic solvers and re-noising."""
    inner = [
        m for m in measured if m.before >= 0 and np.sqrt(expected.alphabar(m.step)) > LOST_SIGNAL
    ]
    if not inner:
        return None
    if all(m.variance < 1e-6 and expected.near(m, *expected.ddim(m.step, m.before)) for m in inner):
        return say("sampling.ddim")
    if is_partly_noisy_ddim(inner, expected):
        return say("sampling.partly_noisy_ddim")
    if is_deterministic_solver(inner, expected):
        return say("sampling.probability_flow")
    renoised = [expected.renoised(m.before) for m in inner]
    if all(
        expected.near(m, a, b) and expected.same_variance(m, v)
        for m, (a, b, v) in zip(inner, renoised, strict=True)
    ):
        return say("sampling.renoised")
    return None


def is_partly_noisy_ddim(inner: Sequence[Transition], expected: Expected) -> bool:
    """DDIM whose variance is the same part, between 0 and 1, of fixed_small at every step."""
    if any(m.before != m.step - 1 or m.variance < 1e-6 for m in inner):
        return False
    parts = [m.variance / expected.variances(m.step)["fixed_small"] for m in inner]
    return (
        max(parts) < 0.9
        and float(np.std(parts)) < 0.1 * float(np.mean(parts))
        and all(expected.near(m, *expected.ddim(m.step, m.before, m.variance)) for m in inner)
    )


def is_deterministic_solver(inner: Sequence[Transition], expected: Expected) -> bool:
    """Another solver of the probability flow: agrees with DDIM to first order in beta_t.

    The posterior mean without its noise does not: its step towards x_0 is twice as long.
    """
    beta = expected.steps.beta  # first order means little where beta_t is large
    late = [m for m in inner if m.step >= len(beta) // 4 and beta[m.step] < 0.1]
    if not late or any(m.variance > 1e-6 or m.before != m.step - 1 for m in inner):
        return False
    for m in late:
        flow, mean = expected.ddim(m.step, m.before), expected.posterior(m.step)[0]
        for own, other, forgotten in zip((m.a, m.b), flow, mean, strict=True):
            if abs(own - other) > 0.25 * abs(forgotten - other) + 1e-4:
                return False
    return True


def between_the_variances(inner: Sequence[Transition], expected: Expected) -> bool:
    """sigma^2 the same way between both at every step, as diffusers' ``learned_range`` has it."""
    low, high = (
        np.array([expected.variances(m.step)[kind] for m in inner])
        for kind in ("fixed_small", "fixed_large")
    )
    variance = np.array([m.variance for m in inner])
    apart = high > 1.3 * low
    low, apart = np.maximum(low, 1e-12), apart & (low > 0) & (variance > 0)
    if apart.sum() < 3 or apart.all():
        return False
    v, lo, hi = variance[apart], low[apart], high[apart]
    parts = np.stack([np.log(v / lo) / np.log(hi / lo), (v - lo) / (hi - lo)])
    middle = parts.mean(axis=1)
    even = (middle > 0.05) & (middle < 0.95) & (parts.std(axis=1) < 0.2 * middle)  # chance: 0.09
    learned = np.stack(
        [low * (high / low) ** middle[0], low + (high - low) * middle[1]]  # the two usual forms
    )
    # the posterior variance of the next step lies between them, too, and may be what was taken
    last = len(expected.steps.beta) - 1
    following = [expected.variances(min(m.step + 1, last))["fixed_small"] for m in inner]
    too_far = expected.steps.too_far
    fitting = [
        form
        for form in learned[even]
        if all(m.has_variance(v, too_far) for m, v in zip(inner, form, strict=True))
    ]
    misfit = [badness(inner, form) for form in fitting]
    return min(misfit, default=np.inf) + CLEARLY < badness(inner, following)


def badness(inner: Sequence[Transition], variances: Iterable[float]) -> float:
    """Squared standard errors between the measured variances and these."""
    errors = [m.errors_from(v) for m, v in zip(inner, variances, strict=True)]
    return float(np.sum(np.square(errors)))


def keeps_marginals(chain: Chain, expected: Expected, training: Training) -> bool:
    """Whether every x_t is distributed as q(x_t | x_0) and the end is x_0, for one fixed x_0.

    Holds for solvers that leave time steps out, and for those that ask the network several times
    a step (Heun, Langevin correctors). Noise of variance beta_t makes x_t a little wider.
    """
    T, visited, moments = len(expected.steps.beta), chain.visited, chain.seen.moments
    if len(set(visited)) < FEWEST_STEPS or visited[-1] > 0.1 * T or len(moments) != len(visited):
        return False
    alphabar = np.array([expected.alphabar(step) for step in visited])
    dark, bright, *variances = moments.T
    scale, shift = training.scale, training.shift
    target, result = (part.astype(np.float64) for part in (chain.seen.images[0], chain.seen.result))
    ends = any(np.abs(end - target).mean() < 0.02 for end in (result, (result - shift) / scale))
    root, light = np.sqrt(alphabar), scale + shift
    start = np.sqrt(expected.alphabar(T - 1))  # of the image, which pure noise does not hold
    before = np.minimum(np.array(visited) + 1, T - 1)
    low, high = 0.85 * (1 - alphabar), 1.15 * (1 - alphabar) + expected.steps.beta[before]
    return (
        ends
        and bool(np.all(np.abs(dark - root * shift) < 0.06 * scale + start * abs(shift)))
        and bool(np.all(np.abs(bright - root * light) < 0.06 * scale + start * abs(light)))
        and all(bool(np.all((v > low) & (v < high))) for v in variances)
    )
