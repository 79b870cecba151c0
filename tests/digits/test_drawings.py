"""Digits and signs as plain strokes of a pen, some of them small, fat or unfinished."""

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

from grader.digits.judge import judge
from tests.digits.renderings import Array

Stroke = Sequence[tuple[float, float]]
LARGER = 8  # than a tile, while it is drawn

DIGITS: dict[str, tuple[int, float, Sequence[Stroke]]] = {
    "small 7": (7, 1.7, [[(10.5, 10), (17, 10)], [(17, 10), (13, 19)]]),
    "small thin 7": (7, 1.3, [[(11, 11), (16, 11)], [(16, 11), (13, 18)]]),
    "fat 7": (7, 5.0, [[(7, 6), (20, 6)], [(20, 6), (12, 23)]]),
    "short 1": (1, 2.2, [[(14, 9), (14, 18)]]),
    "small 5": (
        *(5, 1.5),
        [
            *([(17, 9), (11.5, 9)], [(11.5, 9), (11, 13)]),
            [(11, 13), (15, 13), (16.5, 16), (14, 19), (10.5, 18)],
        ],
    ),
    "3 with a loop": (
        *(3, 2.0),
        [[(9, 6), (14, 4), (18, 8), (14, 12.5), (12, 11), (15, 12.5), (19, 17), (14, 23), (8, 20)]],
    ),
    "6 with a hook": (
        *(6, 2.0),
        [
            [(16, 4), (10, 10), (8, 17), (13, 23), (18, 19), (14, 15), (9, 18)],
            [(16, 4), (18, 5.5), (16, 7), (15, 5)],
        ],
    ),
}
OTHERS: dict[str, tuple[int, float, Sequence[Stroke]]] = {
    "4 without its stem": (4, 2.2, [[(9, 6), (8, 14), (8.5, 15)], [(8.5, 15), (19, 14)]]),
    "closed 4 without its stem": (
        *(4, 2.2),
        [[(14, 6), (8, 15)], [(8, 15), (20, 15)], [(14, 6), (14.3, 14)]],
    ),
    "k": (6, 2.2, [[(9, 4), (9, 23)], [(18, 10), (9, 16)], [(12, 15), (18, 23)]]),
    "=": (5, 2.2, [[(8, 11), (20, 11)], [(8, 17), (20, 17)]]),
    "Y": (8, 2.2, [[(8, 5), (14, 13)], [(20, 5), (14, 13)], [(14, 13), (14, 23)]]),
    "comma": (1, 2.5, [[(14, 17), (14.5, 19), (13, 22)]]),
    "A": (4, 2.2, [[(14, 5), (8, 23)], [(14, 5), (20, 23)], [(10, 16), (18, 16)]]),
    "6 without its loop": (6, 2.2, [[(12, 5), (9, 13), (10, 21), (18, 21)]]),
}


def drawn(strokes: Sequence[Stroke], width: float) -> Array:
    """(28, 28): smooth strokes through the points, with round ends."""
    page = Image.new("L", (28 * LARGER, 28 * LARGER))
    pen, radius = ImageDraw.Draw(page), width * LARGER / 2
    for stroke in strokes:
        points = LARGER * np.array(stroke)
        if len(points) > 2:
            along = np.linspace(0, len(points) - 1, 80)
            points = CubicSpline(np.arange(len(points)), points)(along)
        line = [(float(x), float(y)) for x, y in points]
        pen.line(line, fill=255, width=round(2 * radius), joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    small = page.resize((28, 28), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def sure(digit: int, width: float, strokes: Sequence[Stroke]) -> float:
    tiles = drawn(strokes, width)[None]
    return float(judge().clear_probability(tiles, np.array([digit]))[0])


@pytest.mark.parametrize("name", DIGITS)
def test_small_fat_and_looped_digits_are_clear(name: str) -> None:
    assert sure(*DIGITS[name]) >= 0.5


@pytest.mark.parametrize("name", OTHERS)
def test_letters_signs_and_unfinished_digits_are_not(name: str) -> None:
    assert sure(*OTHERS[name]) < 0.5
