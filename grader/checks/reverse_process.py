"""Measures the steps x_t -> x_{t-1} of a sampler and compares them with the reverse process.

With x_0 the oracle's image, a step is x_{t-1} = a * x_t + b * x_0 + sigma * z. The posterior of
DDPM (Ho et al. 2020, eq. 7) gives a and b; sigma^2 may be beta_t or betatilde_t (sec. 3.2).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.checks.forward_process import extra_arguments, independence_ratio, labels_of
from grader.checks.loss import Training
from grader.checks.oracle import Array
from grader.checks.setting import Steps
from grader.checks.verdict import Verdict, failed, needs_review, passed
from grader.sandbox import Outcome

LOST_SIGNAL = 1e-3  # sqrt(alphabar) below which x_0 cannot be told from rounding


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
    residual: Array  # (n, 784)

    def near(self, a: float, b: float, too_far: float) -> bool:
        """Whether the measured mean is a * x_t + b * x_0."""
        floor = 1.5e-3
        return (
            abs(self.a - a) <= too_far * self.error_a + floor
            and abs(self.b - b) <= too_far * self.error_b + floor
            and abs(self.constant) <= too_far * self.error_b + floor
        )

    def has_variance(self, variance: float, too_far: float) -> bool:
        relative = too_far * np.sqrt(2 / self.residual.size)
        return bool(abs(self.variance - variance) <= relative * variance + 1e-6)


def steps_of_calls(outcome: Outcome, T: int, timesteps: Array | None) -> list[int] | None:
    """Which step each network call stands for; None if training means nothing by its t.

    Where training's t is not known, any t that falls from call to call will do.
    """
    batch = np.asarray(outcome.arrays["batch"])
    starts = np.concatenate([[0], np.cumsum(batch)])[:-1].astype(int)
    columns = [a[:, 0] for a in extra_arguments(outcome.arrays) if a.shape[1] == 1]
    candidates = [c[starts] for c in columns if not is_labels(c)]
    if timesteps is None:
        return list(range(T - 1, T - 1 - len(starts), -1))
    gap = abs(timesteps[-1] - timesteps[0]) / max(T - 1, 1)
    for values in candidates:
        distance = np.abs(values[:, None] - timesteps[None, :])
        if np.all(distance.min(axis=1) <= 0.02 * gap):
            return [int(step) for step in distance.argmin(axis=1)]
    return None


def is_labels(column: Array) -> bool:
    labels = labels_of(column[:, None])
    return labels is not None and np.array_equal(labels[:10], np.arange(10))


def measure(outcome: Outcome, steps: Sequence[int], training: Training) -> list[Transition]:
    """Every transition both of whose ends were kept, in the order of the calls."""
    arrays, last = outcome.arrays, len(steps) - 1
    found = []
    for call in range(len(steps)):
        after = arrays.get(f"state/{call + 1}") if call < last else arrays["result"]
        if f"state/{call}" not in arrays or after is None:
            continue
        target = np.asarray(arrays[f"target/{call}"], dtype=np.float64) / 255
        x0 = target * training.scale + training.shift
        x_next = np.asarray(after, dtype=np.float64)
        if call == last:  # the image comes back in the data's own space, or stays in the network's
            x_next = x_next * training.scale + training.shift
        before = steps[call + 1] if call < last else -1
        found.append(regress(arrays[f"state/{call}"], x0, x_next, steps[call], before))
    return found


def regress(x_t: Array, x0: Array, x_next: Array, step: int, before: int) -> Transition:
    """Least squares of x_{t-1} over x_t, x_0 and a constant."""
    columns = np.stack([x_t.ravel(), x0.ravel(), np.ones(x_t.size)], axis=1).astype(np.float64)
    gram = columns.T @ columns
    coefficients = np.linalg.solve(gram, columns.T @ x_next.ravel())
    residual = x_next.ravel() - columns @ coefficients
    variance = float(np.mean(residual**2))
    errors = np.sqrt(np.diag(np.linalg.inv(gram)) * variance)
    a, b, constant = (float(value) for value in coefficients)
    shape = x_next.shape
    return Transition(
        step,
        before,
        a,
        b,
        constant,
        variance,
        float(errors[0]),
        float(errors[1]),
        residual.reshape(shape),
    )


class Expected:
    """What a step from t to s < t may be, in the schedule in use."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def near(self, m: Transition, a: float, b: float) -> bool:
        return m.near(a, b, self.steps.too_far)

    def same_variance(self, m: Transition, variance: float) -> bool:
        return m.has_variance(variance, self.steps.too_far)

    def alphabar(self, step: int) -> float:
        return float(self.steps.alphabar[step]) if step >= 0 else self.steps.alphabar_before

    def posterior(self, t: int) -> list[tuple[float, float]]:
        """(a, b) of the posterior mean, in the forms that differ by rounding and clips only."""
        beta, ab = float(self.steps.beta[t]), self.alphabar(t)
        alpha = 1 - beta
        forms = []
        for ab_before in {self.alphabar(t - 1), ab / alpha if alpha > 0 else 0.0}:
            a = np.sqrt(alpha) * (1 - ab_before) / (1 - ab)
            forms.append((float(a), float(np.sqrt(ab_before) * beta / (1 - ab))))
        if alpha > 0:  # by way of epsilon (Ho et al. 2020, eq. 11)
            through_noise = beta / (1 - ab)
            a = (1 - through_noise) / np.sqrt(alpha)
            forms.append((float(a), float(through_noise * np.sqrt(ab / alpha))))
        if t == 0:
            forms.append((0.0, 1.0))  # the prediction itself
        return forms

    def variances(self, t: int) -> dict[str, float]:
        beta = float(self.steps.beta[t])
        tilde = beta * (1 - self.alphabar(t - 1)) / (1 - self.alphabar(t))
        return {"beta_t": beta, "betatilde_t": tilde}

    def ddim(self, t: int, s: int, variance: float = 0.0) -> tuple[float, float]:
        """(a, b) of DDIM's step with sigma^2 = ``variance`` (Song et al. 2021, eq. 12)."""
        a = np.sqrt(max(1 - self.alphabar(s) - variance, 0) / (1 - self.alphabar(t)))
        return float(a), float(np.sqrt(self.alphabar(s)) - a * np.sqrt(self.alphabar(t)))

    def renoised(self, s: int) -> tuple[float, float, float]:
        """(a, b, variance) of noising the predicted x_0 anew."""
        return 0.0, float(np.sqrt(self.alphabar(s))), 1 - self.alphabar(s)


def judge_steps(
    check: str, outcome: Outcome, schedule: Steps, training: Training, timesteps: Array | None
) -> Verdict:
    """The verdict on the whole chain of steps."""
    T = len(schedule.beta)
    if (problem := constant_t_problem(outcome)) is not None:
        return failed(check, problem)
    steps = steps_of_calls(outcome, T, timesteps)
    if steps is None:
        text = "The t that sample passes to the network is not the t that it was trained with."
        return failed(check, text)
    if np.any(np.diff(steps) > 0):
        return failed(check, "The reverse process must go from the last time step to the first.")
    measured = measure(outcome, steps, training)
    expected = Expected(schedule)
    if (known := other_sampler(check, measured, expected)) is not None:
        return known
    if steps != list(range(T - 1, -1, -1)):
        text = f"The network is asked {len(steps)} times for T = {T}, not once for every time step."
        if len(steps) == T + 1 == T + schedule.first_index:
            return needs_review(check, f"{text} Index 0 of the schedule is used, too.")
        return failed(check, text, network_calls=len(steps))
    return judge_posterior(check, measured, expected)


def constant_t_problem(outcome: Outcome) -> str | None:
    """A sentence if the network is not told the step; t may be one number for the whole batch."""
    arguments = [a for a in extra_arguments(outcome.arrays) if not is_labels(a[:, 0])]
    arguments = [a for a in arguments if a.shape[1] != 10 or labels_of(a) is None]
    if not arguments:
        return "The network is not told the time step."
    t = max(arguments, key=lambda a: len(np.unique(a, axis=0)))
    if len(np.unique(t, axis=0)) == 1:
        return "The network is told the same time step at every call."
    if len(np.unique(t, axis=0)) > len(outcome.arrays["batch"]):
        return "The images of one batch are given different time steps while sampling."
    return None


def other_sampler(check: str, measured: Sequence[Transition], expected: Expected) -> Verdict | None:
    """``needs_review`` for DDIM and for re-noising, which are right in themselves."""
    inner = [
        m for m in measured if m.before >= 0 and np.sqrt(expected.alphabar(m.step)) > LOST_SIGNAL
    ]
    if not inner:
        return None
    if all(m.variance < 1e-6 and expected.near(m, *expected.ddim(m.step, m.before)) for m in inner):
        text = "sample is deterministic (DDIM) instead of adding noise at every step."
        return needs_review(check, text, sampler="ddim")
    if is_partly_noisy_ddim(inner, expected):
        text = "sample adds less noise than DDPM does, as DDIM with 0 < eta < 1."
        return needs_review(check, text, sampler="ddim with eta")
    if is_deterministic_solver(inner, expected):
        text = "sample follows the deterministic probability flow instead of adding noise."
        return needs_review(check, text, sampler="probability flow")
    renoised = [expected.renoised(m.before) for m in inner]
    if all(
        expected.near(m, a, b) and expected.same_variance(m, v)
        for m, (a, b, v) in zip(inner, renoised, strict=True)
    ):
        text = "sample adds fresh noise to the predicted image instead of using the posterior."
        return needs_review(check, text, sampler="renoised")
    return None


def is_partly_noisy_ddim(inner: Sequence[Transition], expected: Expected) -> bool:
    """DDIM whose variance is the same part, between 0 and 1, of betatilde_t at every step."""
    if any(m.before != m.step - 1 or m.variance < 1e-9 for m in inner):
        return False
    parts = [m.variance / expected.variances(m.step)["betatilde_t"] for m in inner]
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


def judge_posterior(check: str, measured: Sequence[Transition], expected: Expected) -> Verdict:
    """Mean, variance and noise of DDPM's own reverse process."""
    judged = [
        m for m in measured if np.sqrt(expected.alphabar(m.step)) > LOST_SIGNAL or m.step == 0
    ]
    details = {"transitions": [describe(m, expected) for m in measured]}
    inner, last = [m for m in judged if m.before >= 0], judged[-1]
    off = [
        m for m in inner if not any(expected.near(m, a, b) for a, b in expected.posterior(m.step))
    ]
    if off:
        text = "The mean of the step x_t -> x_(t-1) is not that of the reverse process."
        return failed(check, text, off=[m.step + 1 for m in off], **details)
    if drifts(inner, expected):
        text = "The mean of the steps x_t -> x_(t-1) is slightly, but at every step, off."
        return failed(check, text, **details)
    if last.variance > 1e-5:
        return failed(check, "Noise is added at the last step, too; there z must be 0.", **details)
    if not any(expected.near(last, a, b) for a, b in final_forms(expected)):
        text = "The last step does not end on the image, or another image is returned."
        return failed(check, text, **details)
    if all(m.variance < 1e-9 for m in inner):
        return failed(check, "No noise is added at any step.", **details)
    kinds = [
        kind
        for kind in ("beta_t", "betatilde_t")
        if all(expected.same_variance(m, expected.variances(m.step)[kind]) for m in inner)
    ]
    if not kinds:
        text = "The noise that a step adds does not have the variance of the reverse process."
        return failed(check, text, **details)
    if (problem := noise_problem(inner)) is not None:
        return failed(check, problem, **details)
    text = "Every step of the sampler has the mean and the noise of the reverse process."
    return passed(check, text, variance=kinds[0], **details)


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


def final_forms(expected: Expected) -> list[tuple[float, float]]:
    """(a, b) of the step that ends on the image."""
    return expected.posterior(0)


def noise_problem(inner: Sequence[Transition]) -> str | None:
    """A sentence if the noise is not normal, or not drawn anew for each pixel, image and step."""
    noises = [m.residual / np.sqrt(m.variance) for m in inner if m.variance > 1e-9]
    pooled = np.concatenate(noises)
    if abs(float(np.mean(pooled**4)) - 3) > 0.3:
        return "The noise that a step adds is not normally distributed."
    if max(independence_ratio(noise, axis=0) for noise in noises) > 2:
        return "A step adds the same noise to several images."
    if max(independence_ratio(noise, axis=1) for noise in noises) > 3:
        return "A step adds the same noise to all pixels of an image."
    pairs = [float(np.mean(a * b)) for a, b in itertools.pairwise(noises)]
    if max(map(abs, pairs), default=0) > 0.2:
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
