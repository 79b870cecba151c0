"""Boxes of tiles in an area of a picture: rows and columns that explain where things are.

Tiles are told apart in two ways. Where their paper is of another colour than what lies between
them (the page round subplots, padding of another shade), they are rectangles with sides. Else the
lines between them are where no ink is, and how large a tile is follows from how far its ink
spreads, as digits of MNIST all do alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from grader.arrays import Array
from grader.digits.ink import ink_of, without_lines
from grader.digits.lattice import MOST, Lattice, lattices
from grader.digits.regions import commonest, distance_from, rectangles, without_holes

INKLESS = 0.15  # of the mean ink: what may lie on the lines between tiles
BETWEEN = 0.48  # of the mean of a profile: what may lie between rectangles, such as numbers
SPREAD = 0.1715  # deviation of the ink's place in a tile of MNIST, in tiles; mean of both axes
CENTRE = 0.518  # of a tile of MNIST: where its ink has its centre, to the right and down
PADDINGS = (2, 0, 1, 4, 8, 3, 5, 6)  # pixels between tiles of 28, the usual first
NEAR_A_PADDING = 0.02  # of the pitch: how well a tile's part of it is measured
DIFFERENT = 5.0  # of 255: the least that two papers must differ by
SMALLEST, SUBPLOTS = 8, 12  # pixels of a subplot, and how many there are at least
SQUARE = 1.18  # pitches of square tiles, the one in the other
STRETCHED = 2.5  # where a figure stretches them
UNBROKEN = 0.97  # of a row in which tiles touch
OUTSIDE = 0.1  # of a tile that may lie outside the picture
FILLS = 0.5  # of a rectangle that is not of the colour between them


@dataclass(frozen=True)
class Fit:
    """``boxes``: (rows, columns, 4) in pixels of the area; ``explained``: the part of what is there
    that lies in them; ``sides``: whether they have sides."""

    boxes: Array
    explained: float
    sides: bool


def fits_in(area: Array, panel: bool) -> Iterator[Iterator[Fit]]:
    """Fits in the pixels of an area, by their kind, the likelier kind first; ``panel``: whether the
    area's edges are those of the grid."""
    if panel:
        yield by_ink(area, panel)
    yield from (
        rectangles_on(area, colour, page=number == 0) for number, colour in enumerate(papers(area))
    )
    if not panel:
        yield by_ink(area, panel)


def papers(area: Array) -> list[Array]:
    """Colours that may lie between tiles: along the edges, and the two that are commonest."""
    rim = np.concatenate([area[0], area[-1], area[:, 0], area[:, -1]])
    pixels = area.reshape(-1, area.shape[2])
    first = commonest(pixels)
    found, others = [commonest(rim)], [first]
    lines = np.concatenate([np.median(area, axis=axis) for axis in (0, 1)]).astype(np.uint8)
    for colours in (lines, pixels):  # of whole lines, and of single pixels
        rest = colours[distance_from(colours, first) > 3 * DIFFERENT]
        others += [commonest(rest)] if len(rest) else []
    for colour in others:
        if all(np.abs(colour - other).max() > DIFFERENT for other in found):
            found.append(colour)
    return found


def rectangles_on(area: Array, colour: Array, page: bool) -> Iterator[Fit]:
    """Tiles that lie between what is of this colour, perhaps a ``page`` with more on it."""
    distance = distance_from(area, colour)
    other = distance > DIFFERENT
    if other.mean() < 0.02:
        return
    usual = float(np.abs(commonest(area[other]) - colour).max())
    mask = distance > max(usual / 2, DIFFERENT)
    masks = [mask]
    filled = without_holes(mask)
    if filled.mean() > 1.05 * mask.mean() and filled.mean() < 0.98:
        masks.append(filled)
    boxes = rectangles(mask, SMALLEST) if page else []
    if len(boxes) >= SUBPLOTS:  # these alone, without the numbers and titles round them
        alone = np.zeros_like(mask)
        for left, top, right, bottom in boxes:
            alone[top:bottom, left:right] = True
        masks.append(alone)
    for there in masks:
        yield from rectangles_in(there)


def rectangles_in(there: Array) -> Iterator[Fit]:
    """Rows first, then columns within the rows; where tiles touch on one side, by their ink."""
    for axis in (1, 0):
        for rows in with_sides(there.mean(axis=axis)):
            held = inside(rows, there.shape[1 - axis])
            strips = np.compress(held, there, axis=1 - axis)
            profile = strips.mean(axis=1 - axis)
            for columns in [*with_sides(profile), *touching(profile, rows)]:
                across, down = (columns, rows) if axis == 1 else (rows, columns)
                fit = of_sides(across, down, there)
                if fit is not None:
                    yield fit


def with_sides(profile: Array) -> list[Lattice]:
    return [fit for fit in lattices(profile, BETWEEN) if fit.inset is not None and fit.count > 1]


def inside(lattice: Lattice, length: int) -> Array:
    """(length,): which pixels lie in a tile."""
    places = np.arange(length) + 0.5
    position = (places - lattice.start) % lattice.pitch
    member = np.floor((places - lattice.start) / lattice.pitch)
    inset = lattice.inset or 0.0
    within = (position >= inset) & (position < inset + lattice.width)
    return np.asarray(within & (member >= 0) & (member < lattice.count))


def of_sides(across: Lattice, down: Lattice, there: Array) -> Fit | None:
    """The fit of two lattices with sides, unless its boxes are long or not filled."""
    if ratio(across.width, down.width) > STRETCHED:
        return None
    within = np.outer(inside(down, there.shape[0]), inside(across, there.shape[1]))
    if not within.any() or there[within].mean() < FILLS:
        return None
    explained = float(there[within].sum() / max(there.sum(), 1))
    x, y = (side.cells() + float(side.inset or 0) for side in (across, down))
    for first, last, size, length in (
        (x[0], x[-1], across.width, there.shape[1]),
        (y[0], y[-1], down.width, there.shape[0]),
    ):
        if min(first, length - last - size) < -OUTSIDE * size:
            return None
    boxes = np.array([[(a, b, a + across.width, b + down.width) for a in x] for b in y])
    return Fit(boxes, explained, True)


def ratio(a: float, b: float) -> float:
    return max(a, b) / max(min(a, b), 1e-9)


def touching(profile: Array, rows: Lattice) -> Iterator[Lattice]:
    """Square tiles that touch each other in rows with sides: one filled stretch from the first to
    the last."""
    filled = np.flatnonzero(profile > FILLS)
    if not len(filled):
        return
    begin, end = int(filled[0]), int(filled[-1]) + 1
    if np.mean(profile[begin:end] > FILLS) < UNBROKEN:
        return
    count = round((end - begin) / rows.width)
    if 1 < count <= MOST and abs((end - begin) / rows.width - count) <= 0.05 * count:
        width = (end - begin) / count
        yield Lattice(begin, width, count, 0.0, 0.0, width)


def by_ink(area: Array, panel: bool) -> Iterator[Fit]:
    """Tiles told apart by the lines between them that hold no ink."""
    ink = without_lines(ink_of(area))
    if not ink.any():
        return
    across, down = (lattices(ink.mean(axis=axis), INKLESS) for axis in (0, 1))
    for a in across:
        for d in down:
            if ratio(a.pitch, d.pitch) > STRETCHED or a.count * d.count < 4:
                continue
            a2, d2 = (centred(ink.mean(axis=axis), fit, panel) for axis, fit in enumerate((a, d)))
            if panel and a2.count != d2.count and 1 < ratio(a2.pitch, d2.pitch) <= SQUARE:
                a2, d2 = square(a2, d2)
            boxes = tile_boxes(ink, a2, d2, panel)
            yield Fit(boxes, explained_by(ink, a2, d2), False)


def square(across: Lattice, down: Lattice) -> tuple[Lattice, Lattice]:
    """With the pitch of the side that has more tiles, which is measured better."""
    pitch = max(across, down, key=lambda fit: fit.count).pitch
    moved = (
        replace(fit, start=fit.start + (fit.pitch - pitch) * fit.count / 2, pitch=pitch)
        for fit in (across, down)
    )
    return next(moved), next(moved)


def explained_by(ink: Array, across: Lattice, down: Lattice) -> float:
    """The part of the ink that lies in the cells."""
    height, width = ink.shape
    x0, x1 = int(max(across.start, 0)), int(min(across.start + across.pitch * across.count, width))
    y0, y1 = int(max(down.start, 0)), int(min(down.start + down.pitch * down.count, height))
    return float(ink[y0:y1, x0:x1].sum() / max(float(ink.sum()), 1e-9))


def centred(profile: Array, lattice: Lattice, panel: bool) -> Lattice:
    """Moved so that every row's or column's ink has its centre halfway between two lines, as
    MNIST's digits do; with the empty ones at the edges for which a panel has room."""
    length = len(profile)
    places = np.arange(length) + 0.5
    member = np.floor((places - lattice.start) / lattice.pitch).astype(int)
    held = (member >= 0) & (member < lattice.count)
    weight = np.bincount(member[held], profile[held], lattice.count)
    centre = np.bincount(member[held], (profile * places)[held], lattice.count)
    used = np.flatnonzero(weight > 0.1 * weight.mean())
    if len(used) >= 2:
        pitch, middle = np.polyfit(used, centre[used] / weight[used], 1, w=np.sqrt(weight[used]))
        if abs(pitch / lattice.pitch - 1) <= 0.08:
            start = middle - pitch / 2
            lattice = replace(lattice, start=float(start), pitch=float(pitch))
    if not panel:
        return lattice
    count = round(length / lattice.pitch)
    before = lattice.start / lattice.pitch  # cells that have room before the first
    first = round(before)
    even = abs(length / lattice.pitch - count) < 0.25 and abs(before - first) < 0.2
    if not even or count < lattice.count or first < 0:
        return lattice
    return replace(lattice, start=lattice.start - first * lattice.pitch, count=count)


def tile_boxes(ink: Array, across: Lattice, down: Lattice, panel: bool) -> Array:
    """(rows, columns, 4): the tiles without the padding between them.

    They are square, and as large as their ink spreads; in a ``panel`` they fill the same part of
    the pitch on both sides, for a figure may stretch it.
    """
    lattices = (across, down)
    spread = [deviation(ink.mean(axis=axis), fit) for axis, fit in enumerate(lattices)]
    if panel or ratio(across.pitch, down.pitch) <= SQUARE:
        part = usual_part(float(np.sqrt(spread[0] * spread[1])) / SPREAD)
        sizes = [part * fit.pitch for fit in lattices]
    else:
        size = float(np.sqrt(spread[0] * across.pitch * spread[1] * down.pitch)) / SPREAD
        sizes = [min(size, fit.pitch) for fit in lattices]
    x, y = ((fit.cells() + fit.pitch / 2) for fit in (across, down))
    x, y = x - (CENTRE - 0.5) * sizes[0], y - (CENTRE - 0.5) * sizes[1]
    half_x, half_y = sizes[0] / 2, sizes[1] / 2
    return np.array([[(a - half_x, b - half_y, a + half_x, b + half_y) for a in x] for b in y])


def usual_part(part: float) -> float:
    """That of a usual padding, if one is near."""
    for padding in PADDINGS:
        usual = 28 / (28 + padding)
        if abs(part - usual) < NEAR_A_PADDING:
            return usual
    return float(np.clip(part, 0.7, 1.0))


def deviation(profile: Array, lattice: Lattice) -> float:
    """Of the ink's place within its row or column, in pitches."""
    places = (np.arange(len(profile)) + 0.5 - lattice.start) / lattice.pitch
    held = (places >= 0) & (places < lattice.count)
    weight = profile[held] - profile[held].min()
    if weight.sum() <= 0:
        return 1.0
    return float(np.sqrt(np.average((places[held] % 1 - 0.5) ** 2, weights=weight)))
