"""The picture for people: every tile in its frame, in any grid."""

import numpy as np
import pytest
from PIL import Image

from grader.digits.clarity import Clarity, judged
from grader.digits.grid import Grid
from grader.digits.overlay import AMBER, FRAME, GREEN, HEADER, RED, TILE, draw_overlay, pitch
from grader.digits.readings import TileReading
from tests.digits.conftest import RandomGrids


def clarity_of(*readings: TileReading, shape: tuple[int, int] = (1, 3)) -> Clarity:
    tiles = np.full((*shape, 28, 28), 0.5, np.float32)
    return Clarity(Grid(tiles, np.zeros((*shape, 4))), readings, 0, "notebook", "cell 3")


def frame_of(page: Image.Image, row: int, column: int, columns: int) -> tuple[int, ...]:
    """The colour in the middle of the tile's upper frame."""
    left = (page.width - columns * pitch()[0] + 10) // 2
    place = left + column * pitch()[0] + TILE // 2, HEADER + row * pitch()[1] + FRAME // 2
    colour = page.getpixel(place)
    assert isinstance(colour, tuple)
    return colour


def test_frames_say_how_well_a_tile_can_be_read() -> None:
    page = draw_overlay(
        clarity_of(
            TileReading(0, 0, 0, 0, 0.98, clear=True),
            TileReading(0, 1, 1, 1, 0.4, clear=False),
            TileReading(0, 2, 2, 7, 0.01, clear=False),
        )
    )
    assert [frame_of(page, 0, column, 3) for column in range(3)] == [GREEN, AMBER, RED]


@pytest.mark.parametrize("shape", [(10, 10), (4, 10), (3, 3), (2, 20), (13, 8)])
def test_any_grid_fits(shape: tuple[int, int], random_grids: RandomGrids) -> None:
    rows, columns = shape
    tiles = np.resize(random_grids(0), (rows * columns, 28, 28)).reshape(rows, columns, 28, 28)
    page = draw_overlay(judged(Grid(tiles, np.zeros((rows, columns, 4))), where="x" * 300))
    assert page.width >= columns * TILE
    assert page.height >= rows * TILE
    assert frame_of(page, 0, 0, columns) in (GREEN, AMBER, RED)
    assert len({page.getpixel((1, y)) for y in range(page.height)}) == 1  # the margin is free
    assert len({page.getpixel((page.width - 2, y)) for y in range(page.height)}) == 1


def test_tiles_that_hold_no_image_have_no_frame(random_grids: RandomGrids) -> None:
    tiles = np.concatenate([random_grids(0), np.zeros((4, 28, 28), np.float32)])
    page = draw_overlay(judged(Grid(tiles.reshape(13, 8, 28, 28), np.zeros((13, 8, 4)))))
    assert frame_of(page, 12, 7, 8) not in (GREEN, AMBER, RED)
    assert frame_of(page, 12, 3, 8) in (GREEN, AMBER, RED)
