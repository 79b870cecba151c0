"""Figures of a class, as test theory has them: scores are a matrix of students x items.

None stands for what cannot be told, such as a correlation where everybody has the same.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
SAME = 1e-9  # points; smaller differences come from adding up


def mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None


def quartiles(values: Sequence[float]) -> tuple[float, float, float] | None:
    """The first quartile, the median and the third."""
    if not len(values):
        return None
    first, median, third = np.percentile(np.asarray(values, float), [25, 50, 75])
    return float(first), float(median), float(third)


def rest_correlation(part: Sequence[float], totals: Sequence[float]) -> float | None:
    """Of what each student earned for one part, with what the student earned beside it."""
    one = np.asarray(part, float)
    rest = np.asarray(totals, float) - one
    if len(one) < 2 or np.ptp(one) < SAME or np.ptp(rest) < SAME:
        return None
    return float(np.corrcoef(one, rest)[0, 1])


def alpha(scores: Scores) -> float | None:
    """Cronbach's alpha of (students, items): how far the items measure one thing."""
    students, items = scores.shape
    if students < 2 or items < 2:
        return None
    totals = scores.sum(axis=1)
    if np.ptp(totals) < SAME:
        return None
    within = scores.var(axis=0, ddof=1).sum() / totals.var(ddof=1)
    return float(items / (items - 1) * (1 - within))
