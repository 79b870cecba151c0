"""Finds what is off at some steps only: at one, in a stretch, or at every so many."""

import numpy as np

from grader.arrays import Array
from grader.messages.message import Said, say


def off_at(deviations: Array, too_far: float) -> Array:
    """Which of (K,) deviations are off, in standard errors, alone or together with others; none but
    by a chance that ``too_far`` bounds."""
    off = np.abs(deviations) > too_far
    deviations = np.where(off, 0.0, deviations)  # one that is off alone says nothing of others
    worst = np.abs(deviations) > 1
    for part in (*stretches(deviations, too_far), *strides(deviations, too_far)):
        off[part] |= worst[part]
    return np.asarray(off)


def stretches(deviations: Array, too_far: float) -> list[slice]:
    """Runs of 2, 4, 8 .. steps that overlap by half, and all steps, of which the sum is off."""
    count = len(deviations)
    sums = np.concatenate([[0.0], np.cumsum(deviations)])
    found, length = [], 2
    while length < count:
        starts = np.arange(0, count - length // 2, length // 2)
        stops = np.minimum(starts + length, count)
        far = np.abs(sums[stops] - sums[starts]) > too_far * np.sqrt(stops - starts)
        found += [slice(a, b) for a, b in zip(starts[far], stops[far], strict=True)]
        length *= 2
    return [*found, slice(0, count)] if abs(sums[-1]) > too_far * np.sqrt(count) else found


def strides(deviations: Array, too_far: float) -> list[slice]:
    """Every m-th step, from each of the first m on, where the sum is off."""
    count, found = len(deviations), []
    padded = np.concatenate([deviations, np.zeros(count)])
    for stride in range(2, count // 2 + 1):
        rows = -(-count // stride)
        sums = np.abs(padded[: rows * stride].reshape(rows, stride).sum(axis=0))
        if sums.max() > too_far * np.sqrt(rows - 1):  # the least number of steps in one
            number = np.where(np.arange(stride) < count - (rows - 1) * stride, rows, rows - 1)
            far = np.flatnonzero(sums > too_far * np.sqrt(number))
            found += [slice(start, None, stride) for start in far]
    return found


def where(off: Array, steps: list[int]) -> Said:
    """At which of the steps, counted from 1; empty where it is nearly all of them."""
    hit = [step + 1 for step, is_off in zip(steps, off, strict=True) if is_off]
    if len(hit) > 0.8 * len(steps):
        return ""
    shown = ", ".join(str(step) for step in sorted(hit)[:3])
    shown += " .." * (len(hit) > 3)
    return say("sampling.at", count=len(hit), all=len(steps), steps=shown)
