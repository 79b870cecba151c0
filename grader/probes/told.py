"""Part of the probe ``diffusion``: what a call tells the network beside images.

It tells of a step, in any form, and of all else, such as a class.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.calls import is_by_image


def conditions_of(told: Any, size: Any, time: Any) -> Any:
    """What each image of a call is told of beside t, as bytes."""
    rows = [b""] * size
    for name, value in sorted(told.items()):
        if name in time or value is None:
            continue
        mark = name.encode() + b"="
        each = value.reshape(size, -1) if is_by_image(value, size) else [value] * size
        rows = [row + mark + part.tobytes() for row, part in zip(rows, each, strict=True)]
    return rows


def first_row(value: Any) -> Any:
    """The first image's part of an argument, in bytes."""
    if value is None:
        return b""
    return value[:1].tobytes() if value.ndim and len(value) > 1 else value.tobytes()


def is_constant(value: Any) -> Any:
    """The same for every image of the batch, as t is while sampling."""
    return value is not None and (value.ndim == 0 or bool(np.all(np.ptp(value, axis=0) == 0)))


class Timesteps:
    """What training tells the network at which step: rows of its arguments that are t."""

    def __init__(self, slots: Any, steps: Any) -> None:
        self.name: Any = None
        self.rows: Any = None
        self.steps = steps
        for name, rows in slots.items():
            if self.name is None or rows.shape[1] > self.rows.shape[1]:
                self.name, self.rows = name, rows
        self.known: dict[bytes, Any] = {}
        if self.name is not None:
            for row, step in zip(self.rows, self.steps.tolist(), strict=True):
                self.known.setdefault(row.tobytes(), step)
            apart = np.abs(np.diff(np.sort(self.rows, axis=0), axis=0)).max(axis=1)
            self.near = 0.02 * float(np.median(apart[apart > 0])) if np.any(apart > 0) else 0.0

    def step_of(self, told: Any) -> Any:
        """Index of the step that training means by what a call is told; None if there is none."""
        value = told.get(self.name)
        if value is None or not value.size:
            return None
        key = first_row(value)
        if key not in self.known:
            row = np.frombuffer(key, np.float64)[: self.rows.shape[1]]
            self.known[key] = self.nearest(row) if len(row) == self.rows.shape[1] else None
        return self.known[key]

    def nearest(self, row: Any) -> Any:
        distance = np.abs(self.rows - row).max(axis=1)
        place = int(distance.argmin())
        return int(self.steps[place]) if distance[place] <= self.near else self.between(row)

    def between(self, row: Any) -> Any:
        """The step that training left out by chance, by those round it, where t is one number."""
        if len(row) != 1:
            return None
        order = np.argsort(self.rows[:, 0])
        known = self.rows[order, 0], self.steps[order]
        step = float(np.interp(row[0], *known, left=np.nan, right=np.nan))
        return round(step) if abs(step - np.round(step)) < 0.1 else None
