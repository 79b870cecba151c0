"""What the checks ask with, and the shape of what they compare."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Arguments for one call of a schedule function: 0 < beta1 < beta2 < 1, T >= 1."""

    beta1: float
    beta2: float
    T: int
