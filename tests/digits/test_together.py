"""Figures of one cell that are a hundred together."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pytest

from grader.digits.clarity import is_hundred, judged
from grader.digits.figures import may_be_parts
from grader.digits.together import is_uneven, one_below_the_other, runs, single_digits
from tests.digits.conftest import RandomGrids
from tests.digits.renderings import Array, Draw, grid_of, plain, saved, shown


def subplots(rows: int, columns: int, size: tuple[float, float]) -> Draw:
    def draw(tiles: Array) -> Array:
        page, places = plt.subplots(rows, columns, figsize=size)
        for place, tile in zip(np.ravel(places), tiles, strict=True):
            place.imshow(tile, cmap="gray")
            place.axis("off")
        return saved(page, 72, bbox_inches="tight")

    return draw


def five_abreast(tiles: Array) -> Array:
    return (255 * np.clip(grid_of(tiles, columns=5), 0, 1)).astype(np.uint8)


@pytest.mark.parametrize(
    ("count", "draw"),
    [
        (10, shown(dpi=72)),
        (10, shown((12, 2))),
        (10, shown(axis=False, cmap="viridis")),
        (10, plain()),
        (10, plain(padding=0)),
        (10, subplots(1, 10, (10, 1))),
        (2, shown()),
        (2, subplots(5, 10, (10, 5))),
        (5, shown(style="dark_background")),
        (4, subplots(5, 5, (5, 5))),
        (20, five_abreast),
    ],
)
def test_parts_are_a_hundred_one_below_the_other(
    count: int, draw: Draw, random_grids: RandomGrids
) -> None:
    parts = random_grids(3).reshape(count, 100 // count, 28, 28)
    grid = one_below_the_other([draw(part) for part in parts])
    assert grid is not None
    assert is_hundred(grid)
    clarity = judged(grid)
    assert clarity.clear >= 96
    assert not is_uneven(clarity)


@pytest.mark.parametrize("draw", [shown((2, 2)), shown((2, 2), axis=False), plain(padding=0)])
def test_a_hundred_single_digits(draw: Callable[[Array], Array], random_grids: RandomGrids) -> None:
    grid = single_digits([draw(tile[None]) for tile in random_grids(4)])
    assert grid is not None
    assert judged(grid).clear >= 96


def test_parts_that_differ_much_are_uneven(random_grids: RandomGrids) -> None:
    tiles = random_grids(5).copy()
    tiles[:50] = np.maximum(tiles, np.roll(random_grids(6), 3, axis=0))[:50]
    grid = one_below_the_other([plain()(row) for row in tiles.reshape(10, 10, 28, 28)])
    assert grid is not None
    assert is_uneven(judged(grid))


@pytest.mark.parametrize(
    ("tiles", "may"),
    [
        ([0] * 10, True),
        ([50, 50], True),
        ([0, 50], True),
        ([25] * 4, True),
        ([80] * 5, False),
        ([40] * 10, False),
        ([0, 0], False),
        ([0] * 7, False),
        ([], False),
    ],
)
def test_figures_of_so_many_tiles_may_be_a_hundred(tiles: list[int], may: bool) -> None:
    assert may_be_parts(tiles) is may


def test_figures_that_follow_each_other_and_are_alike_are_a_run() -> None:
    sizes = {0: (480, 640), 1: (72, 397), 2: (72, 399), 4: (72, 397), 5: (100, 397)}
    assert list(runs(sizes)) == [[0], [1, 2, 4], [5]]
    assert list(runs({})) == [[]]
