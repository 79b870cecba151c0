"""Finds what is off at some steps only: at one, in a stretch, or at every so many."""

from collections.abc import Iterator

import numpy as np

from grader.checks.cases import Array


def stretches(count: int) -> Iterator[slice]:
    """Runs of 2, 4, 8 .. steps that overlap by half, all of them, and every m-th step."""
    length = 2
    while length < count:
        for start in range(0, count - length // 2, length // 2):
            yield slice(start, start + length)
        length *= 2
    yield slice(0, count)
    for stride in range(2, count // 2 + 1):
        for start in range(stride):
            yield slice(start, None, stride)


def off_at(deviations: Array, too_far: float) -> Array:
    """Which of (K,) deviations are off, in standard errors, alone or together with others; none but
    by a chance that ``too_far`` bounds."""
    count = len(deviations)
    off = np.abs(deviations) > too_far
    deviations = np.where(off, 0.0, deviations)  # one that is off alone says nothing of others
    sums = np.concatenate([[0.0], np.cumsum(deviations)])
    for part in stretches(count):
        if part.step is None:
            stop = min(part.stop, count)
            total, n = sums[stop] - sums[part.start], stop - part.start
        else:
            values = deviations[part]
            total, n = float(values.sum()), len(values)
        if n and abs(total) > too_far * np.sqrt(n):
            worst = np.zeros(count, dtype=bool)
            worst[part] = np.abs(deviations[part]) > 1
            off |= worst
    return np.asarray(off)


def where(off: Array, steps: list[int]) -> str:
    """In words, at which of the steps, counted from 1; empty where it is nearly all of them."""
    hit = [step + 1 for step, is_off in zip(steps, off, strict=True) if is_off]
    if len(hit) > 0.8 * len(steps):
        return ""
    shown = ", ".join(str(step) for step in sorted(hit)[:3])
    return f" That is so at {len(hit)} of {len(steps)} steps, t = {shown}{' ..' * (len(hit) > 3)}."
