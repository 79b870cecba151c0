"""How long a batch will still take, from finished submissions and from slow running ones."""

from collections.abc import Collection


def seconds_left(
    ended: Collection[float], running: Collection[float], waiting: int, width: int
) -> float | None:
    """``ended`` are the seconds that each graded submission took, ``running`` those that each has
    taken so far; ``waiting`` have not begun, ``width`` are graded at once. None if nothing tells.

    A slow one that is still running counts with what it has taken already: else a class with a few
    endless loops would look as fast as the rest of it until the very end.
    """
    if not ended:
        return None
    usual = (sum(ended) + sum(running)) / len(ended)
    to_come = [_to_come(seconds, ended, usual) for seconds in running]
    together = (sum(to_come) + waiting * usual) / max(1, width)
    return max([together, *to_come])


def _to_come(seconds: float, ended: Collection[float], usual: float) -> float:
    """Of one that runs: what those took longer that had run for as long, too. One that runs for
    longer than any is expected to take as much again."""
    longer = [one - seconds for one in ended if one > seconds]
    if longer:
        return sum(longer) / len(longer)
    return seconds if seconds > usual else usual - seconds
