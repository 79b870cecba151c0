"""What training tells the network as t at each step, in whatever form: a number, a vector of
sinusoids, two arguments. Sampling must tell the same.

It is read off images so bright that x_t shows its step (``told_in_training`` of the probe).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.arrays import Array
from grader.checks.answers import Told
from grader.checks.schedule_in_use import Steps

DRAWS = 4  # images a step: each step is missed with a chance of one in fifty
NEAR = 0.02  # of the distance to another step's value
LEVEL_NEAR = 0.3  # of the distance to another step's brightness
SCALES = (1.0, 2.0, 1 / 0.3081)  # of the data in the network's space
MOST_NUMBERS = 2**20  # that are compared at once
GONE = 7  # steps in a row that chance leaves out in one of 10^9 times


@dataclass(frozen=True, eq=False)
class Clock:
    """``rows``: of each argument that tells t, what it was (M, width); ``steps``: at which step,
    from 0, (M,), -1 for an index before the first; of T."""

    rows: Mapping[str, Array]
    steps: Array
    T: int

    @classmethod
    def read(cls, told: Told, names: Sequence[str], schedule: Steps) -> "Clock | None":
        """None where training told nothing by these names, or x_t is of no step."""
        level, rows = told.level, {name: told.rows[name] for name in names if name in told.rows}
        if not len(level) or not rows or not np.all(np.isfinite(level)):
            return None
        for scale in SCALES:
            roots = scale * np.sqrt([schedule.alphabar_prev, *schedule.alphabar])
            places = np.abs(level[:, None] - roots).argmin(axis=1)
            gaps = np.abs(np.diff(roots))
            gap = np.minimum(np.append(gaps, gaps[-1]), np.insert(gaps, 0, gaps[0]))[places]
            off = np.abs(level - roots[places]) / np.maximum(gap, 1e-9)
            if np.mean(off > LEVEL_NEAR) < 0.02:
                return cls(rows, places - 1, len(schedule.alphabar))
        return None

    def never_told(self) -> list[int]:
        """Steps, from 0, that training leaves out where chance does not: a long row of them."""
        missing = np.setdiff1d(np.arange(self.T), self.steps)
        runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1)
        return [int(step) for run in runs if len(run) >= GONE for step in run]

    def told_alike(self) -> list[tuple[int, int]]:
        """Pairs of steps, from 0, that are told in the same way: the first and the last of each."""
        together = np.concatenate([*self.rows.values()], axis=1)
        same = np.unique(together, axis=0, return_inverse=True)[1].reshape(-1)
        used = self.steps >= 0
        same, steps = same[used], self.steps[used]
        first = np.full(len(together), self.T)
        last = np.full(len(together), -1)
        np.minimum.at(first, same, steps)
        np.maximum.at(last, same, steps)
        return [(int(a), int(b)) for a, b in zip(first, last, strict=True) if a < b]

    def numbers(self) -> list[float] | None:
        """What stands for steps 1..T, if that is one number a step that grows or falls evenly, or
        is known for all; None if not."""
        name = next(iter(self.rows))
        values = self.rows[name][:, 0]
        if len(self.rows) > 1 or self.rows[name].shape[1] > 1 or self.spreads(name):
            return None
        table = np.full(self.T, np.nan)
        table[self.steps[self.steps >= 0]] = values[self.steps >= 0]
        known = np.flatnonzero(np.isfinite(table))
        if len(known) < 2:
            return None
        slope, start = np.polyfit(known, table[known], 1)
        even = start + slope * np.arange(self.T)
        if np.abs(even - table)[known].max() <= 1e-4 * abs(slope):
            return [float(v) for v in np.where(np.isfinite(table), table, even)]
        return [float(v) for v in table] if len(known) == self.T else None

    def steps_of(self, name: str, told: Array) -> Array | None:
        """The step of each row of an argument; None where one is not known."""
        numbers = self.numbers()
        if numbers is None or name not in self.rows or told.shape[1] > 1:
            return None
        apart = np.abs(told[:, :1] - np.array(numbers))
        near = NEAR * abs(numbers[-1] - numbers[0]) / max(self.T - 1, 1)
        return np.asarray(apart.argmin(axis=1)) if np.all(apart.min(axis=1) <= near) else None

    def spreads(self, name: str) -> bool:
        """Whether a step is told by more than one number: t is continuous."""
        rows = self.rows[name]
        if rows.shape[1] > 1:
            return False
        order = np.lexsort((rows[:, 0], self.steps))
        values, steps = rows[order, 0], self.steps[order]
        same = np.diff(steps) == 0
        within, between = np.abs(np.diff(values))[same], np.abs(np.diff(values))[~same]
        return bool(within.size and between.size and within.max() > 1e-3 * np.median(between))

    def visited(self, told: Mapping[str, Array]) -> list[int] | None:
        """The steps that training means by what sampling tells, a row a step; None where training
        tells no such thing, or where two arguments mean different steps."""
        paths = [self.path(name, told[name]) for name in self.rows if name in told]
        if len(paths) < len(self.rows) or any(path is None for path in paths):
            return None
        return paths[0] if all(path == paths[0] for path in paths) else None

    def path(self, name: str, told: Array) -> list[int] | None:
        rows = self.rows[name]
        if told.shape[1] != rows.shape[1]:
            return None
        if self.spreads(name):
            return self.continuous(rows[:, 0], told[:, 0])
        numbers = self.numbers()
        if numbers is not None:
            table, steps = np.array(numbers)[:, None], np.arange(self.T)
        else:
            firsts = np.unique(self.steps, return_index=True)[1]
            table, steps = rows[firsts], self.steps[firsts]
        apart = np.abs(table[:, None] - table[None]).max(axis=2)
        apart[apart == 0] = np.inf
        near = NEAR * apart.min(axis=1) + 1e-6 * np.abs(table).max(axis=1)
        missing = sorted(set(range(self.T)) - set(steps.tolist()))  # chance has left them out
        path: list[int] = []
        for row, place in zip(told, nearest(table, told), strict=True):
            if np.abs(table[place] - row).max() <= near[place]:
                path.append(int(steps[place]))
                continue
            below = [step for step in missing if step < (path[-1] if path else self.T)]
            if not below:
                return None
            path.append(below[-1])
        return path

    def continuous(self, values: Array, told: Array) -> list[int] | None:
        """Each step has an interval, from what earlier ones to what later ones are told."""
        rises = np.corrcoef(self.steps, values)[0, 1] > 0
        values, told = (values, told) if rises else (-values, -told)
        edge = float(np.ptp(values)) / self.T
        below = [values[self.steps < s].max(initial=-np.inf) for s in range(self.T)]
        above = [values[self.steps > s].min(initial=np.inf) for s in range(self.T)]
        low = np.maximum(below, values.min() - edge)
        high = np.minimum(above, values.max() + edge)
        path: list[int] = []
        for value in told:
            inside = np.flatnonzero((value >= low) & (value <= high))
            if not len(inside):
                return None
            expected = path[-1] - 1 if path else self.T - 1
            path.append(expected if expected in inside else int(inside[0]))
        return path


def nearest(table: Array, told: Array) -> Array:
    """The row of a table, (M, width), that is nearest to each of (K, width), in any of its
    numbers; (K,)."""
    at_once = max(1, MOST_NUMBERS // max(table.size, 1))
    parts = [told[start : start + at_once] for start in range(0, len(told), at_once)]
    apart = (np.abs(table - part[:, None]).max(axis=2) for part in parts)
    return np.concatenate([np.zeros(0, np.int64), *(rows.argmin(axis=1) for rows in apart)])
