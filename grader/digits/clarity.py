"""How many digits of a picture of samples are clear: which tiles count, and as which digit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from grader.arrays import Array
from grader.digits.grid import Grid
from grader.digits.judge import judge
from grader.digits.readings import TileReading
from grader.messages.message import Said, say

DIGITS = 10
CLEAR = 0.5  # probability
EITHER_WAY = (0.15, 0.85)  # probabilities between which a person may say either
FAR_MORE = 20  # of a hundred: digits that fit their rows more than their columns
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
    readable: int  # tiles that show some digit, be it the wrong one
    source: Source | None
    where: Said
    notes: Sequence[Said] = field(default_factory=tuple)

    @property
    def either_way(self) -> int:
        """Tiles that one person may call clear and another may not."""
        return sum(may_go_either_way(reading) for reading in self.readings)

    @property
    def clear(self) -> int:
        return sum(reading.clear for reading in self.readings)

    @property
    def total(self) -> int:
        return len(self.readings)

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
    return replace(grid, tiles=grid.tiles[:rows], boxes=grid.boxes[:rows])


def judged(
    grid: Grid,
    labels: Labels = "columns",
    source: Source | None = None,
    where: Said = "",
    notes: Sequence[Said] = (),
) -> Clarity:
    """Every tile read. Without labels a tile is clear if it can be read as any digit."""
    probability = judge().probabilities(grid.tiles.reshape(-1, *grid.tiles.shape[2:]))
    wanted = wanted_digits(grid)
    held = np.flatnonzero(wanted >= 0)
    readings = [
        reading_of(divmod(int(i), grid.shape[1]), probability[i], int(wanted[i]), labels)
        for i in held
    ]
    readable = int(np.sum(probability[held].max(axis=1) >= CLEAR))
    notes = (*notes, *strange(grid, probability, wanted))
    return Clarity(grid, readings, readable, source, where, notes)


def may_go_either_way(reading: TileReading) -> bool:
    return EITHER_WAY[0] <= reading.confidence < EITHER_WAY[1]


def strange(grid: Grid, probability: Array, wanted: Array) -> Iterator[Said]:
    """What a person should know of the tiles: that they are in colours, or digits of their rows."""
    if grid.doubt:
        yield grid.doubt
    if grid.coloured:
        yield say("picture.coloured")
    if grid.shape == (DIGITS, DIGITS):
        clear = probability >= CLEAR
        tiles = np.arange(len(wanted))
        by_row = int(np.sum(clear[tiles, tiles // DIGITS]))
        if by_row >= np.sum(clear[tiles, wanted]) + FAR_MORE:
            yield say("picture.in_rows", count=by_row)


def reading_of(
    place: tuple[int, int], probability: Array, wanted: int, labels: Labels
) -> TileReading:
    """Of the tile at this row and column; ``probability``: (10,), for each digit."""
    predicted = int(probability.argmax())
    confidence = float(probability[wanted if labels == "columns" else predicted])
    return TileReading(
        row=place[0],
        column=place[1],
        label=wanted if labels == "columns" else None,
        predicted=predicted,
        confidence=round(confidence, 4),
        clear=confidence >= CLEAR,
    )
