"""What was read in one tile."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TileReading:
    """``label``: the digit that the tile should show, None if none is wanted; ``predicted``: the
    digit that it is read as, None for no digit; ``confidence``: 0 to 1, that a person reads it."""

    row: int
    column: int
    label: int | None
    predicted: int | None
    confidence: float
    clear: bool
