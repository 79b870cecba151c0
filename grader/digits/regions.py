"""Areas of a picture in which a grid may be: all of it, and the axes that a figure drew in it.

Pictures are (H, W, 3) arrays of bytes, or (H, W, 1) where they are gray; a box is (left, top,
right, bottom) in pixels, the last two not included.
"""

from typing import TypeAlias

import numpy as np

from grader.arrays import Array

Box: TypeAlias = tuple[int, int, int, int]

CLOSE = 20  # of 255: colours nearer than this are one colour
SMALLEST = 12  # pixels: what is less is no area
LONGEST = 4.6  # side of an area, in shorter sides; a row of tiles is longer
SINGLE = 2  # areas: more that are long may be rows of tiles that touch
FILLED = 0.7  # of its box: what is more of a rectangle than of anything else
LARGE = 0.03  # of the picture: the axes of a figure
LINE = 0.01  # of the picture's longer side: how wide the lines are that some styles draw


def commonest(colours: Array) -> Array:
    """The colour that most of these (N, C) pixels have, up to the last four bits."""
    codes = np.zeros(len(colours), dtype=np.int16)
    for channel in range(colours.shape[1]):
        codes = codes * 16 + (colours[:, channel] >> 4)
    chosen = colours[codes == np.bincount(codes).argmax()]
    return np.array(
        [np.bincount(values).cumsum().searchsorted(len(values) / 2) for values in chosen.T]
    )


def distance_from(picture: Array, colour: Array) -> Array:
    """(H, W): the channel that differs most from this colour, 0 to 255."""
    away = [
        np.abs(picture[..., channel].astype(np.int16) - int(value))
        for channel, value in enumerate(colour)
    ]
    return np.asarray(np.maximum.reduce(away))


def margin_colour(picture: Array) -> Array:
    edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    return commonest(np.concatenate(edges))


def find_areas(picture: Array) -> list[Box]:
    """The large rectangles that stand out from the margin, the largest first; at last everything.

    They may lie in rows and columns, as several pictures in one figure do.
    """
    height, width = picture.shape[:2]
    there = distance_from(picture, margin_colour(picture)) > CLOSE
    large = rectangles(there, least=LARGE * height * width)
    if not large:  # perhaps a style's lines cut it up
        wide = int(max(height, width) * LINE) + 2
        large = rectangles(closed(there, wide), least=LARGE * height * width)
    everything = (0, 0, width, height)
    longest = LONGEST if len(large) > SINGLE else np.inf
    panels = [box for box in large if box != everything and longer(box) <= longest]
    return [*sorted(panels, key=area, reverse=True), everything]


def closed(there: Array, wide: int) -> Array:
    """Without gaps narrower than ``wide``: the morphological closing by a square. A line down and
    then a line across do the same as the square, and faster."""
    from scipy.ndimage import binary_dilation, binary_erosion

    for change in (binary_dilation, binary_erosion):
        for line in (np.ones((wide, 1)), np.ones((1, wide))):
            there = change(there, line)
    return there


def longer(box: Box) -> float:
    """The longer side in shorter ones."""
    sides = sorted((box[2] - box[0], box[3] - box[1]))
    return sides[1] / sides[0]


def area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def rectangles(there: Array, smallest: int = SMALLEST, least: float = 0) -> list[Box]:
    """Boxes of connected parts that are filled rectangles, or frames round a rectangle, of at least
    ``least`` pixels."""
    from scipy import ndimage

    labels, _ = ndimage.label(there, structure=np.ones((3, 3)))
    found = []
    for rows, columns in ndimage.find_objects(labels):
        box = (columns.start, rows.start, columns.stop, rows.stop)
        if min(box[2] - box[0], box[3] - box[1]) < smallest or area(box) < least:
            continue
        part = there[rows, columns]
        if all(side.all() for side in (part[0], part[-1], part[:, 0], part[:, -1])):
            found.append(box)  # all else is enclosed
            continue
        filled = without_holes(part)
        trimmed = without_ticks(filled, box)
        if trimmed is not None and area(trimmed) >= least:
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


def without_holes(there: Array) -> Array:
    """With what is enclosed by it."""
    from scipy.ndimage import label

    labels, count = label(~there)
    edges = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    outside = np.zeros(count + 1, dtype=bool)
    outside[edges] = True
    outside[0] = False
    return np.asarray(~outside[labels])
