"""Finds what is off at some steps only: at one, in a stretch, or at every so many."""

from collections.abc import Iterator

import numpy as np

from grader.arrays import Array
from grader.messages.message import Said, say


def off_at(deviations: Array, too_far: float) -> Array:
    """Which of rows of deviations, (R, K), are off, in standard errors, alone or together with
    others of their row; none but by a chance that ``too_far`` bounds. (R, K)."""
    off = np.abs(deviations) > too_far
    deviations = np.where(off, 0.0, deviations)  # one that is off alone says nothing of others
    worst = np.abs(deviations) > 1
    for row, part in (*stretches(deviations, too_far), *strides(deviations, too_far)):
        off[row, part] |= worst[row, part]
    return np.asarray(off)


def stretches(deviations: Array, too_far: float) -> Iterator[tuple[int, slice]]:
    """Runs of 2, 4, 8 .. steps that overlap by half, and all steps, of which the sum is off."""
    rows, count = deviations.shape
    sums = np.cumsum(np.hstack([np.zeros((rows, 1)), deviations]), axis=1)
    length = 2
    while length < count:
        starts = np.arange(0, count - length // 2, length // 2)
        stops = np.minimum(starts + length, count)
        far = np.abs(sums[:, stops] - sums[:, starts]) > too_far * np.sqrt(stops - starts)
        yield from ((int(row), slice(starts[k], stops[k])) for row, k in np.argwhere(far))
        length *= 2
    for row in np.flatnonzero(np.abs(sums[:, -1]) > too_far * np.sqrt(count)):
        yield int(row), slice(0, count)


def strides(deviations: Array, too_far: float) -> Iterator[tuple[int, slice]]:
    """Every m-th step, from each of the first m on, where the sum is off."""
    rows, count = deviations.shape
    padded = np.hstack([deviations, np.zeros_like(deviations)])
    for stride in range(2, count // 2 + 1):
        most = -(-count // stride)  # steps in one
        sums = np.abs(padded[:, : most * stride].reshape(rows, most, stride).sum(axis=1))
        if sums.max(initial=0.0) > too_far * np.sqrt(most - 1):  # the least number in one
            number = np.where(np.arange(stride) < count - (most - 1) * stride, most, most - 1)
            far = np.argwhere(sums > too_far * np.sqrt(number))
            yield from ((int(row), slice(start, None, stride)) for row, start in far)


def where(off: Array, steps: list[int]) -> Said:
    """At which of the steps, counted from 1; empty where it is nearly all of them."""
    hit = [step + 1 for step, is_off in zip(steps, off, strict=True) if is_off]
    if len(hit) > 0.8 * len(steps):
        return ""
    shown = ", ".join(str(step) for step in sorted(hit)[:3])
    shown += " .." * (len(hit) > 3)
    return say("sampling.at", count=len(hit), all=len(steps), steps=shown)
