"""How many digits of a picture of samples are clear: which tiles count, and as which digit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from grader.digits.grid import Grid
from grader.digits.judge import NO_DIGIT, judge
from grader.digits.readings import TileReading
from grader.digits.regions import Array

DIGITS = 10
WANTED = 100  # images that the notebook samples
GENERATED_ROWS = 4  # of image_final.png; the rest shows real digits

Labels = Literal["columns", "none"]
Source = Literal["notebook", "image_final", "resampled"]


@dataclass(frozen=True)
class Clarity:
    """``readings`` of the tiles that count; ``grid`` holds these and no others. ``source`` and
    ``where`` say which picture it is."""

    grid: Grid
    readings: Sequence[TileReading]
    source: Source | None
    where: str
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def clear(self) -> int:
        return sum(reading.clear for reading in self.readings)

    @property
    def total(self) -> int:
        return len(self.readings)

    @property
    def readable(self) -> int:
        """Tiles that show some digit, be it the wrong one."""
        digits = np.array([reading.predicted for reading in self.readings])
        tiles = self.grid.tiles.reshape(-1, *self.grid.tiles.shape[2:])[: len(digits)]
        return int(np.sum(judge().clear_probability(tiles, digits) >= 0.5))

    @property
    def failing(self) -> dict[int, int]:
        """For each digit, how many of its tiles are not clear; only digits with some."""
        unclear = [r.label for r in self.readings if not r.clear and r.label is not None]
        return {digit: unclear.count(digit) for digit in sorted(set(unclear))}


def wanted_digits(grid: Grid) -> Array:
    """The digit that each tile should show: sample i shows i mod 10; -1 beyond the hundredth.

    With ten columns that is the digit of the column; ``make_grid`` fills up the last row.
    """
    rows, columns = grid.shape
    index = np.arange(rows * columns)
    filled_up = (rows - 1) * columns < WANTED < rows * columns
    return np.where((index >= WANTED) & filled_up, -1, index % DIGITS)


def is_hundred(grid: Grid) -> bool:
    """Whether these are a hundred tiles, perhaps with some more to fill up the last row."""
    rows, columns = grid.shape
    return (rows - 1) * columns < WANTED <= rows * columns


def upper_rows(grid: Grid, rows: int = GENERATED_ROWS) -> Grid:
    return Grid(grid.tiles[:rows], grid.boxes[:rows])


def judged(
    grid: Grid,
    labels: Labels = "columns",
    source: Source | None = None,
    where: str = "",
    notes: Sequence[str] = (),
) -> Clarity:
    """Every tile read. Without labels a tile is clear if it can be read as any digit."""
    readings = tuple(read_tiles(grid, wanted_digits(grid) if labels == "columns" else None))
    return Clarity(grid, readings, source, where, tuple(notes))


def read_tiles(grid: Grid, labels: Array | None) -> Iterator[TileReading]:
    """A reading of every tile, in rows; those with label -1 are left out."""
    tiles = grid.tiles.reshape(-1, *grid.tiles.shape[2:])
    predicted = judge().scores(tiles)[:, :NO_DIGIT].argmax(axis=1)
    wanted = predicted if labels is None else labels
    confidence = judge().clear_probability(tiles, np.maximum(wanted, 0))
    for index in np.flatnonzero(wanted >= 0):
        row, column = divmod(int(index), grid.shape[1])
        yield TileReading(
            row=row,
            column=column,
            label=None if labels is None else int(labels[index]),
            predicted=int(predicted[index]),
            confidence=round(float(confidence[index]), 4),
            clear=bool(confidence[index] >= 0.5),
        )
