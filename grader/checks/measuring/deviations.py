"""How far the measured steps of a sampler are from those of DDPM's reverse process."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from grader.arrays import Array
from grader.checks.measuring.scan import off_at
from grader.checks.measuring.transitions import LOST_SIGNAL, Expected, Transition


class Deviations:
    """Of one sampler. ``inner`` are the K steps to another x_t of which something of the image is
    left. What is computed from them raises ``ZeroDivisionError`` where a schedule keeps all of the
    image, as there is no posterior then."""

    def __init__(self, measured: Sequence[Transition], expected: Expected) -> None:
        self.inner = [
            m
            for m in measured
            if m.before >= 0 and np.sqrt(expected.alphabar(m.step)) > LOST_SIGNAL
        ]
        self.expected = expected

    @cached_property
    def means_off(self) -> Array:
        """At which steps, (K,), a coefficient of the mean is off: clearly, or slightly but at
        many."""
        if not self.inner:
            return np.zeros(0, dtype=bool)
        expected, too_far = self.expected, self.expected.steps.too_far
        clear, deviations = [], []
        for m in self.inner:
            forms = expected.posterior(m.step)
            clear.append(not any(expected.near(m, a, b) for a, b in forms))
            scale = m.error_a + 1e-5, m.error_b + 1e-5
            apart = [((m.a - a) / scale[0], (m.b - b) / scale[1]) for a, b in forms]
            a, b = min(apart, key=lambda pair: pair[0] ** 2 + pair[1] ** 2)
            deviations.append((a, b, m.constant / (m.error_constant + 1e-5)))
        # alone, a step is only off if that is clear
        columns = np.where(clear, 0, np.clip(np.array(deviations).T, -too_far, too_far))
        return np.array(clear) | off_at(columns, too_far).any(axis=0)

    @cached_property
    def variances_off(self) -> dict[str, Array]:
        """At which steps, (K,), the noise has not the one variance, and not the other."""
        kinds = "fixed_large", "fixed_small"
        errors = np.stack([self.errors(kind) for kind in kinds])
        return dict(zip(kinds, off_at(errors, self.expected.steps.too_far), strict=True))

    def errors(self, kind: str) -> Array:
        """How many standard errors each variance is off, (K,)."""
        wanted = (self.expected.variances(m.step)[kind] for m in self.inner)
        return np.array([m.errors_from(v) for m, v in zip(self.inner, wanted, strict=True)])
