"""How long a batch will still take, from finished submissions and from slow running ones."""

import statistics
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """The ``seconds`` that a submission of ``size`` bytes took, or has taken so far."""

    size: int
    seconds: float


def seconds_left(
    ended: Collection[Spent], running: Collection[Spent], waiting: Collection[int], width: int
) -> float | None:
    """``waiting`` are the sizes of those that have not begun, ``width`` how many are graded at
    once. None if nothing tells.

    A slow one that is still running counts with what it has taken already: else a class with a few
    endless loops would look as fast as the rest of it until the very end.
    """
    if not sum(one.seconds for one in ended):
        return None
    usual = _usual(ended)
    beyond = sum(max(0.0, one.seconds - usual(one.size)) for one in running)
    slower = 1 + beyond / sum(one.seconds for one in ended)
    to_come = [_to_come(one, ended, usual) for one in running]
    together = sum(to_come) + slower * sum(map(usual, waiting))
    return max([together / max(1, width), *to_come])


def _usual(ended: Collection[Spent]) -> Callable[[int], float]:
    """The seconds that a size takes: a line through what ended. It never falls, and what is twice
    as large takes at most twice as long."""
    sizes, seconds = [one.size for one in ended], [one.seconds for one in ended]
    size, mean = statistics.fmean(sizes), statistics.fmean(seconds)
    slope = 0.0
    if len(set(sizes)) > 1:
        slope = min(max(0.0, statistics.linear_regression(sizes, seconds).slope), mean / size)
    return lambda one: mean + slope * (one - size)


def _to_come(one: Spent, ended: Collection[Spent], usual: Callable[[int], float]) -> float:
    """Of one that runs: what those took longer that had run for as long, too, for their size. One
    that runs for longer than any is expected to take as much again."""
    own = usual(one.size)
    if not own:
        return one.seconds
    so_far = one.seconds / own
    parts = [other.seconds / usual(other.size) for other in ended if usual(other.size)]
    if longer := [part - so_far for part in parts if part > so_far]:
        return own * statistics.fmean(longer)
    return one.seconds if so_far >= 1 else own - one.seconds
