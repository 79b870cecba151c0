"""Guidance whose answer is scaled once more.

To the spread of the answer for the class (Lin et al. 2024, sec. 3.4), wholly or in part, or, where
it is an image, into the range from -1 to 1 (Saharia et al. 2022, sec. 2.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.arrays import Array
from grader.checks.measuring.alternatives import Training
from grader.checks.measuring.chain import Chain
from grader.checks.measuring.guidance import strengths
from grader.checks.measuring.guidance_by_image import by_image, products_by_image
from grader.checks.measuring.transitions import (
    IMAGE,
    ONE,
    ONLY,
    OTHER,
    X_T,
    Expected,
    Transition,
    in_units,
    values_of,
)

CLOSE = 2e-4  # of a factor of the last step, which adds no noise
LEAST = 0.01  # of a factor; below, next to nothing of the answer is used
UNKNOWN = 1e6  # the error of what cannot be estimated


@dataclass(frozen=True, eq=False)
class Scaling:
    """Of the predicted noise or of the image; ``part``: how much of the ratio of spreads, None
    where it is into the range."""

    expected: Expected
    of_noise: bool = False
    part: float | None = None

    def factor(self, m: Transition, products: Array, values: tuple[float, float]) -> float:
        """What it multiplies a step's answer by; ``products`` are those of the measured step."""
        if self.part is not None:
            return 1 + self.part * (self.ratio(m, products) - 1)
        low, high = values
        more, less = ((high - low) * share for share in m.shares)
        return 1 / max(1.0, abs(high + more), abs(low - less))

    def ratio(self, m: Transition, products: Array) -> float:
        """The spread of the answer for the class over that of guidance."""
        signal = np.sqrt(self.expected.alphabar(m.step))
        answers = np.zeros((2, 6))
        answers[:, X_T], answers[:, IMAGE] = -self.of_noise, signal
        answers[1, ONLY], answers[1, OTHER] = signal * m.shares[0], -signal * m.shares[1]
        pixels = products[ONE, ONE]
        squares = np.einsum("ki,ij,kj->k", answers, products, answers) / pixels
        one, both = squares - np.square(answers @ products[ONE] / pixels)
        return float(np.sqrt(one / both))

    def size(self, m: Transition, products: Array) -> float:
        """The mean square of what the answer adds to a step."""
        part = np.zeros(6)
        part[X_T], part[IMAGE] = m.a - self.kept(m), m.b
        part[ONLY], part[OTHER] = m.b * m.shares[0], -m.b * m.shares[1]
        return float(part @ products @ part / products[ONE, ONE])

    def undone(self, m: Transition, factor: float, error: float = 0.0) -> Transition:
        """The step without it."""
        kept = self.kept(m)
        return replace(
            m,
            a=kept - (kept - m.a) / factor,
            b=m.b / factor,
            constant=m.constant / factor,
            error_a=(m.error_a + abs(kept - m.a) * error) / factor,
            error_b=(m.error_b + abs(m.b) * error) / factor,
            error_constant=m.error_constant / factor,
        )

    def kept(self, m: Transition) -> float:
        """What counts of x_t beside the answer: as noise, that is taken from x_t."""
        alpha = max(1 - float(self.expected.steps.beta[m.step]), 1e-12)
        return float(1 / np.sqrt(alpha)) if self.of_noise else m.a

    def estimated(
        self, m: Transition, products: Array, values: tuple[float, float]
    ) -> tuple[float, float]:
        """The factor of a step that adds noise, and by which part that may be off."""
        b, off = m.b, m.error_b / max(abs(m.b), 1e-12)
        if self.of_noise:  # x_t shows the factor better than the image does
            a0, b0 = self.expected.posterior(m.step)[0]
            kept = self.kept(m)
            b, off = b0 * max((kept - m.a) / max(kept - a0, 1e-12), 1e-3), 0.0
        if off > 0.2:
            return 1.0, UNKNOWN
        first, second = (share * m.b / b for share in m.shares)
        error = m.error_share * abs(m.b / b)
        more = first + error + off * abs(first), second + error + off * abs(second)
        factor = self.factor(replace(m, shares=(first, second)), products, values)
        return factor, abs(self.factor(replace(m, shares=more), products, values) / factor - 1)


def unscaled(
    chain: Chain, measured: Sequence[Transition], training: Training, expected: Expected
) -> list[Transition] | None:
    """The steps without such a factor; None unless the last step, which is exact, shows one."""
    (steps, _), *others = chain.passes
    if others or steps[-1] not in chain.seen.states or not strengths(chain, measured):
        return None
    end = chain.seen.result * training.scale + training.shift
    images = by_image(chain, steps[-1], end, training)
    each = products_by_image(chain, steps[-1], end, training)
    own = np.array([m.b for m in images]) / (expected.posterior(images[0].step)[0][1] or np.inf)
    if own.min() < LEAST:
        return None
    units = [in_units(chain, n, training) for n in steps[:-1]]
    sums = [u @ s @ u.T for u, s in zip(units, chain.seen.sums, strict=True)]
    known = list(zip(measured, [*sums, each.sum(axis=0)], strict=True))
    values = [values_of(chain, n, training) for n in steps]
    scaling = scaling_of(own, list(zip(images, each, strict=True)), known[-1], values[-1], expected)
    if scaling is None:
        return None
    differing = float(np.std(own) / max(abs(own.mean() - 1), 1e-12))  # among images
    plain = []
    for (m, products), at in zip(known[:-1], values, strict=False):
        factor, error = scaling.estimated(m, products, at)
        more = np.square(differing * (1 / factor - 1)) * scaling.size(m, products)
        sure = np.sqrt(2 / m.pixels) + more / max(m.variance, 1e-12)  # of the variance
        plain.append(replace(scaling.undone(m, factor, error), pixels=max(int(2 / sure**2), 1)))
    last = [scaling.undone(m, k) for m, k in zip(images, own, strict=True)]
    parts = "a", "b", "constant", "variance"
    a, b, constant, variance = (float(np.mean([getattr(m, p) for m in last])) for p in parts)
    exact = replace(measured[-1], a=a, b=b, constant=constant, variance=variance)
    return [*plain, exact]


def scaling_of(
    own: Array,
    images: Sequence[tuple[Transition, Array]],
    whole: tuple[Transition, Array],
    values: tuple[float, float],
    expected: Expected,
) -> Scaling | None:
    """What explains the factors that the images of the last step have."""
    if np.allclose(own, Scaling(expected).factor(*whole, values), atol=CLOSE):
        return Scaling(expected)
    for of_noise in (True, False):
        scaling = Scaling(expected, of_noise, 1.0)  # by one factor for all, or by each image's
        if np.allclose(own, scaling.ratio(*whole), atol=CLOSE):
            return scaling
        ratios = np.array([scaling.ratio(*image) for image in images]) - 1
        part = float(np.sum((own - 1) * ratios) / max(np.sum(np.square(ratios)), 1e-12))
        rest = own - 1 - part * ratios
        follow = np.std(rest) < 0.1 * np.std(own) and np.abs(rest).max() < CLOSE
        if follow and 0 < part < 1 + CLOSE:
            return replace(scaling, part=min(part, 1.0))
    return None
