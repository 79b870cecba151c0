"""Where a picture holds images: the area of a figure's axes, or one area for every subplot.

Pictures are (H, W, 3) arrays of bytes; a box is (left, top, right, bottom) in pixels, the last two
not included.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Box: TypeAlias = tuple[int, int, int, int]

CLOSE = 20  # of 255: colours nearer than this are one colour
SMALLEST = 12  # pixels: a tile is not smaller
FILLED = 0.7  # of its box: what is more of a rectangle than of anything else
SUBPLOTS = 4  # alike rectangles, from which on they may be subplots
LARGE = 0.15  # of the picture: the axes of a figure
LINE = 0.01  # of the picture's longer side: how wide the lines are that some styles draw
COVERED = 0.4  # of the area from the first subplot to the last


def commonest(colours: Array) -> Array:
    """The colour that most of these (N, 3) pixels have, up to the last four bits."""
    coarse = colours.astype(np.int64) >> 4
    codes = coarse @ np.array([256, 16, 1])
    values, counts = np.unique(codes, return_counts=True)
    chosen = colours[codes == values[counts.argmax()]]
    return np.asarray(np.median(chosen, axis=0))


def differs(picture: Array, colour: Array) -> Array:
    """Where a pixel is of another colour, (H, W)."""
    return np.asarray(np.abs(picture.astype(np.float64) - colour).max(axis=2) > CLOSE)


def margin_colour(picture: Array) -> Array:
    edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    return commonest(np.concatenate(edges))


def find_regions(picture: Array) -> tuple[list[Box], Box]:
    """Boxes of subplots, if it has any; and the box of the one large image inside the margin.

    The second is the whole picture where nothing sets the image off.
    """
    height, width = picture.shape[:2]
    from scipy.ndimage import binary_closing

    there = differs(picture, margin_colour(picture))
    boxes = rectangles(there)
    subplots = of_one_size(boxes)
    if len(subplots) < SUBPLOTS or sum(map(area, subplots)) < COVERED * area(around(subplots)):
        subplots = []
    large = [box for box in boxes if area(box) >= LARGE * height * width]
    if not large:  # perhaps a style's lines cut it up
        wide = int(max(height, width) * LINE) + 2
        boxes = rectangles(binary_closing(there, np.ones((wide, wide))))
        large = [box for box in boxes if area(box) >= LARGE * height * width]
    return subplots, max(large, key=area, default=(0, 0, width, height))


def around(boxes: list[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def rectangles(there: Array) -> list[Box]:
    """Boxes of connected parts that are filled rectangles, or frames round a rectangle."""
    from scipy import ndimage

    labels, _ = ndimage.label(there, structure=np.ones((3, 3)))
    found = []
    for rows, columns in ndimage.find_objects(labels):
        box = (columns.start, rows.start, columns.stop, rows.stop)
        if min(box[2] - box[0], box[3] - box[1]) < SMALLEST:
            continue
        filled = ndimage.binary_fill_holes(there[rows, columns])
        trimmed = without_ticks(filled, box)
        if trimmed is not None:
            found.append(trimmed)
    return found


def without_ticks(filled: Array, box: Box) -> Box | None:
    """The box without what sticks out on its sides; None if what remains is no rectangle."""
    rows = np.flatnonzero(filled.mean(axis=1) > FILLED)
    columns = np.flatnonzero(filled.mean(axis=0) > FILLED)
    if not len(rows) or not len(columns):
        return None
    inner = filled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if inner.mean() < 0.95:
        return None
    left, top = box[0], box[1]
    return (
        left + int(columns[0]),
        top + int(rows[0]),
        left + int(columns[-1]) + 1,
        top + int(rows[-1]) + 1,
    )


def of_one_size(boxes: list[Box]) -> list[Box]:
    """The largest set of boxes whose sides differ by a tenth, or two pixels, at most."""
    best: list[Box] = []
    for one in boxes:
        sides = one[2] - one[0], one[3] - one[1]
        alike = [
            box
            for box in boxes
            if all(
                abs(a - b) <= max(2, b / 10)
                for a, b in zip((box[2] - box[0], box[3] - box[1]), sides, strict=True)
            )
        ]
        best = max(best, alike, key=len)
    return best
