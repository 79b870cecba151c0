"""What was read in one tile."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TileReading:
    """``label``: the digit that the tile should show, None if none is wanted; ``predicted``: the
    digit that it is read as, None for no digit; ``confidence``: 0 to 1, that a person reads it."""

    row: int
    column: int
    label: int | None
    predicted: int | None
    confidence: float
    clear: bool


def clear_share(clear: int, total: int) -> float:
    """The part of the points for clear digits that so many of them earn, rounded as one of ten
    points is, in the student's favour."""
    return round(clear / total + 1e-9, 2)
