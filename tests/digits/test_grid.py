"""However a grid of digits is drawn, its tiles are found, in their places."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.datasets import MNIST
from torchvision.utils import make_grid

from grader.digits.clarity import is_hundred
from grader.digits.grid import Grid, find_grid, search
from grader.paths import PACKAGE
from tests.digits.matrix import matrix
from tests.digits.renderings import all_renderings, grid_of, plain, shown

Array = Any


@pytest.fixture(scope="module")
def hundred() -> Array:
    """Ten real digits of each class, column by column, (100, 28, 28), 0 to 1."""
    data = MNIST(PACKAGE / "data" / "mnist", train=True)
    rng = np.random.default_rng(1)
    images, labels = data.data.numpy() / np.float32(255), data.targets.numpy()
    columns = [
        rng.choice(np.flatnonzero(labels == digit), 10, replace=False) for digit in range(10)
    ]
    return images[np.array(columns).T.ravel()]


def likeness(grid: Grid, images: Array) -> Array:
    """Correlations of the tiles found with the images drawn, (tiles, images)."""
    rows = [tile.ravel() for row in grid.tiles for tile in row]
    together = np.corrcoef(np.concatenate([rows, images.reshape(len(images), -1)]))
    return together[: len(rows), len(rows) :]


ALL = [pytest.param(name, draw, id=name) for name, draw in all_renderings()]
FAST, REST = ALL[::2], [pytest.param(*p.values, id=p.id, marks=pytest.mark.slow) for p in ALL[1::2]]


@pytest.mark.parametrize(("name", "draw"), [*FAST, *REST])
def test_every_tile_is_found_in_its_place(
    name: str, draw: Callable[[Array], Array], hundred: Array
) -> None:
    grid = find_grid(draw(hundred))
    assert grid is not None
    assert grid.shape == (10, 10)
    alike = likeness(grid, hundred)
    assert np.mean(alike.argmax(axis=1) % 10 == np.arange(100) % 10) >= 0.98
    assert np.mean(alike.argmax(axis=1) == np.arange(100)) >= 0.85  # all 1 look the same
    assert np.mean(np.diag(alike)) > 0.8


def test_boxes_lie_where_the_tiles_are(hundred: Array) -> None:
    grid = find_grid(plain(padding=2)(hundred))
    assert grid is not None
    corners = 2 + 30 * np.arange(10)
    np.testing.assert_allclose(grid.boxes[0, :, 0], corners, atol=2)
    np.testing.assert_allclose(grid.boxes[:, 0, 1], corners, atol=2)
    np.testing.assert_allclose(grid.boxes[0, :, 2] - grid.boxes[0, :, 0], 28, atol=2)


@pytest.mark.parametrize(("rows", "columns"), [(4, 10), (8, 10), (3, 3), (5, 6)])
def test_rows_and_columns_are_counted(rows: int, columns: int, hundred: Array) -> None:
    images = hundred[: rows * columns]
    grid = find_grid(plain_grid(images, columns))
    assert grid is not None
    assert grid.shape == (rows, columns)


def plain_grid(images: Array, columns: int) -> Array:
    return (grid_of(images, columns=columns) * 255).astype(np.uint8)


@pytest.mark.parametrize("missing", [[0], [4], [9], [0, 5, 9]])
def test_black_tiles_leave_the_grid_as_it_is(missing: list[int], hundred: Array) -> None:
    images = hundred.copy()
    for place in missing:
        images[[10 * row + place for row in (0, 3, 4, 8)]] = 0
    grid = find_grid(shown((8, 8))(images))
    assert grid is not None
    assert grid.shape == (10, 10)


def test_noise_in_every_tile_is_a_grid_too() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (100, 28, 28)).astype(np.float32)
    grid = find_grid(shown((8, 8))(noise))
    assert grid is not None
    assert grid.shape == (10, 10)


SOME = list(matrix())[::15]


@pytest.mark.parametrize(("name", "draw"), SOME, ids=[name for name, _ in SOME])
def test_a_hundred_tiles_are_found_or_a_person_is_asked(
    name: str, draw: Callable[[Array], Array], hundred: Array
) -> None:
    columns = 20 if "20 columns" in name else 5 if "5 columns" in name else 10
    grid = find_grid(draw(hundred))
    if grid is None or grid.doubt or not is_hundred(grid):
        pytest.skip("a person is asked")  # how often: python -m benchmarks clarity
    assert grid.shape == (100 // columns, columns)
    alike = likeness(grid, hundred)
    assert np.mean(alike.argmax(axis=1) % 10 == np.arange(100) % 10) >= 0.9


def test_two_grids_in_one_figure_are_both_found_and_said(hundred: Array) -> None:
    one, other = plain_grid(hundred, 10), plain_grid(hundred[::-1].copy(), 10)
    page = np.full((400, 760, 3), 255, np.uint8)
    page[40:342, 40:342], page[40:342, 420:722] = one, other
    found = search(page)
    assert [grid.grid.shape for grid in found.grids] == [(10, 10), (10, 10)]
    assert "2 grids" in str(found.problem)
    left = find_grid(page)
    assert left is not None
    assert "2 grids" in str(left.doubt)


def test_tiles_in_colours_are_said() -> None:
    rng = np.random.default_rng(4)
    tiles = rng.random((100, 3, 5, 5), np.float32)
    large = tiles.repeat(6, axis=2).repeat(6, axis=3)
    grid = torch.tensor(large).reshape(100, 3, 30, 30)
    page = make_grid(grid, nrow=10, padding=2).permute(1, 2, 0).numpy()
    found = find_grid((page * 255).astype(np.uint8))
    assert found is None or found.coloured


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((300, 300, 3), np.uint8),
        np.full((300, 300, 3), 255, np.uint8),
        np.full((1, 1, 3), 7, np.uint8),
        np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8),
        np.linspace(0, 255, 300 * 300 * 3).reshape(300, 300, 3).astype(np.uint8),
    ],
    ids=["black", "white", "one-pixel", "noise", "gradient"],
)
def test_a_picture_without_a_grid_has_none(picture: Array) -> None:
    assert find_grid(picture) is None
