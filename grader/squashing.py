"""What a predicted image may go through in ``forward`` and ``sample`` to keep to a range."""

from typing import NamedTuple

import numpy as np

from grader.arrays import Array


class Squashing(NamedTuple):
    """A tanh that is brought to the range of a predicted image."""

    low: float
    high: float
    steepness: float

    def value(self, a: Array) -> Array:
        return self.low + (self.high - self.low) * (1 + np.tanh(self.steepness * a)) / 2

    def slope(self, value: Array) -> Array:
        """By how much the value changes with its argument."""
        ends = (value - self.low) * (self.high - value)
        return 2 * self.steepness * ends / (self.high - self.low)


SIGMOID = Squashing(0, 1, 0.5)
SQUASHING = (
    SIGMOID,
    Squashing(-1, 1, 1),  # tanh
    Squashing(0, 1, 1),  # (tanh + 1) / 2
    Squashing(-1, 1, 0.5),  # 2 * sigmoid - 1
)
