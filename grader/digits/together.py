"""Several figures of one cell that are parts of one: rows of ten, or a hundred single digits."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from grader.arrays import Array
from grader.digits.clarity import DIGITS, Clarity
from grader.digits.grid import Grid, cut_out, find_grid
from grader.digits.ink import ink_of
from grader.digits.regions import (
    CLOSE,
    Box,
    area,
    distance_from,
    find_areas,
    margin_colour,
    rectangles,
)

PARTS = (2, 4, 5, 10, 20, 25, 50)  # figures, of equally many tiles, that may be a hundred together
SIDE = 56  # pixels of a single digit on a common page
WIDEST = 1200  # pixels of a row on a common page
MOST_SIDE = 400, 1200  # pixels of a figure of one digit, and of one of several
LOOKED_AT = 11  # figures, not all of one digit, to see where in them the tiles are
FRAME = 2  # pixels of an axes' frame, which would stand between two figures
EDGE = 3  # pixels that are left round subplots
MOST_BOXES = 400  # rectangles that are compared
SUBPLOTS = 4  # alike rectangles, from which on they may be subplots
COVERED = 0.4  # of the area from the first subplot to the last
SIMILAR = 0.1  # of a side: figures that were drawn alike
UNEVEN = 0.4  # difference of the parts that are clear, of a first and a last third


def runs(sizes: Mapping[int, tuple[int, ...]]) -> Iterator[list[int]]:
    """The places of figures that follow each other and are of about one size (height, width)."""
    run: list[int] = []
    for place in sorted(sizes):
        first = sizes[run[0]] if run else sizes[place]
        if any(abs(a - b) > SIMILAR * b for a, b in zip(sizes[place], first, strict=True)):
            yield run
            run = []
        run.append(place)
    yield run


def one_below_the_other(pictures: Sequence[Array]) -> Grid | None:
    """The grid on a page that has the figures, without their margins, one below the other."""
    crops = cropped(pictures)
    width = min(max(crop.shape[1] for crop in crops), WIDEST)
    return find_grid(np.concatenate([resized(crop, width) for crop in crops]))


def single_digits(pictures: Sequence[Array]) -> Grid | None:
    """A grid of ten columns, each figure a tile."""
    crops = cropped(pictures)
    height, width = crops[0].shape[:2]
    if not 0.5 < height / width < 2:
        return None
    small = [np.asarray(Image.fromarray(crop).resize((SIDE, SIDE))) for crop in crops]
    rows = [np.concatenate(small[n : n + DIGITS], axis=1) for n in range(0, len(small), DIGITS)]
    page = np.concatenate(rows)
    across, down = (SIDE * np.arange(n) for n in (DIGITS, len(rows)))
    boxes = np.array([[(x, y, x + SIDE, y + SIDE) for x in across] for y in down])
    return cut_out(ink_of(page), boxes)


def cropped(pictures: Sequence[Array]) -> list[Array]:
    """The figures without their margins, those of one size all cut alike."""
    boxes = {}
    for shape in dict.fromkeys(picture.shape for picture in pictures):
        alike = [picture for picture in pictures if picture.shape == shape]
        some = alike[:: max(1, len(alike) // LOOKED_AT)]
        (box, times), *_ = Counter(map(inside, some)).most_common(1)
        boxes[shape] = box if 2 * times > len(some) else (0, 0, shape[1], shape[0])
    cuts = [(picture, boxes[picture.shape]) for picture in pictures]
    return [picture[top:bottom, left:right] for picture, (left, top, right, bottom) in cuts]


def inside(picture: Array) -> Box:
    """Where the tiles of a figure are: round its subplots, or the axes of one large image."""
    height, width = picture.shape[:2]
    if subplots := subplots_of(picture):
        left, top, right, bottom = around(subplots)
        return (
            max(left - EDGE, 0),
            max(top - EDGE, 0),
            min(right + EDGE, width),
            min(bottom + EDGE, height),
        )
    left, top, right, bottom = find_areas(picture)[0]
    if (left, top, right, bottom) == (0, 0, width, height):
        return 0, 0, width, height
    return left + FRAME, top + FRAME, right - FRAME, bottom - FRAME


def subplots_of(picture: Array) -> list[Box]:
    """The largest set of rectangles of about one size, if it covers most of where it lies."""
    boxes = rectangles(distance_from(picture, margin_colour(picture)) > CLOSE)[:MOST_BOXES]
    alike = max(([b for b in boxes if of_one_size(b, a)] for a in boxes), key=len, default=[])
    if len(alike) < SUBPLOTS or sum(map(area, alike)) < COVERED * area(around(alike)):
        return []
    return alike


def of_one_size(one: Box, other: Box) -> bool:
    sides = (one[2] - one[0], other[2] - other[0]), (one[3] - one[1], other[3] - other[1])
    return all(abs(a - b) <= max(2, b * SIMILAR) for a, b in sides)


def around(boxes: Sequence[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def resized(crop: Array, width: int) -> Array:
    """As wide as this."""
    if crop.shape[1] == width:
        return crop
    height = max(1, round(crop.shape[0] * width / crop.shape[1]))
    return np.asarray(Image.fromarray(crop).resize((width, height)))


def is_uneven(clarity: Clarity) -> bool:
    """Whether the last tiles are much clearer than the first, as in training, or much less."""
    clear = [reading.clear for reading in clarity.readings]
    third = len(clear) // 3
    return abs(sum(clear[-third:]) - sum(clear[:third])) > UNEVEN * third
