"""Finds the grid of tiles in a picture and cuts the tiles out, white ink on black, 28 x 28.

Rows and columns are found, not assumed: the lines between tiles hold no ink, whatever the colours,
the padding or the scale.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from grader.digits.colours import without_colour_map
from grader.digits.regions import Array, Box, commonest, find_regions

TILE = 28
MOST = 20  # rows or columns
INKLESS = 0.12  # ink on the lines between tiles, in mean inks of the picture
LINE_INK = 0.7  # mean ink along a line that is drawn over the images
FAINTEST = 4  # of 255: what is weaker is no ink
SPREAD = 0.1715  # deviation of the ink's place in a tile of MNIST, in tiles; mean of both axes
SEEN = 0.6  # of a grid's subplots
CENTRE = 0.518  # of a tile of MNIST: where its ink has its centre, to the right and down
SMALLEST_GAP = 0.04  # of the pitch: between subplots
SMALLEST_PART = 0.7  # of the pitch that is tile; the rest is padding


@dataclass(frozen=True)
class Grid:
    """``tiles``: (rows, columns, 28, 28) of ink, 0 to 1; ``boxes``: (rows, columns, 4), where each
    tile lies in the picture: left, top, right, bottom in pixels."""

    tiles: Array
    boxes: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.tiles.shape[:2]
        return int(rows), int(columns)


@dataclass(frozen=True)
class Lines:
    """``count`` tiles between lines that are ``pitch`` pixels apart, the first at ``start``."""

    start: float
    pitch: float
    count: int
    ink: float  # on the lines, in mean inks

    def edges(self) -> Array:
        return self.start + self.pitch * np.arange(self.count + 1)


def find_grid(picture: Array) -> Grid | None:
    """The grid of a (H, W, 3) picture of bytes; None if it shows none."""
    subplots, region = find_regions(picture)
    boxes = in_rows(subplots)
    if boxes is not None:
        return cut_out(subplot_ink(picture, boxes), boxes)
    left, top, right, bottom = region
    ink = without_lines(ink_of(picture[top:bottom, left:right]))
    lines = fit_lines(ink)
    if lines is None:
        return None
    across, down = (refined(ink.mean(axis=axis), fitted) for axis, fitted in enumerate(lines))
    boxes = tile_boxes(ink, across, down)
    grid = cut_out(ink, boxes)
    return Grid(grid.tiles, boxes + np.array([left, top, left, top]))


def ink_of(region: Array, inside: Array | None = None) -> Array:
    """(H, W): how far each pixel's colour is from the background's, 0 to 1.

    Background and scale are those of the pixels that are ``inside``.
    """
    chosen = slice(None) if inside is None else inside.ravel()
    region = without_colour_map(region)
    background = commonest(region.reshape(-1, 3)[chosen])
    distance = np.abs(region.astype(np.float64) - background).mean(axis=2)
    distance = np.maximum(distance - 2 * np.median(distance.ravel()[chosen]), 0)  # noise
    strongest = float(np.percentile(distance.ravel()[chosen], 99.5))
    if strongest < FAINTEST:
        return np.zeros_like(distance)
    return np.asarray(np.minimum(distance / strongest, 1.0))


def without_lines(ink: Array) -> Array:
    """The ink without straight lines from side to side, which some styles draw over images."""
    from scipy.interpolate import interp1d
    from scipy.ndimage import binary_dilation

    for axis in (0, 1):
        profile = ink.mean(axis=axis)
        drawn = binary_dilation(profile > LINE_INK)
        if not drawn.any() or drawn.mean() > 0.3:
            continue
        kept = np.flatnonzero(~drawn)
        ink = interp1d(
            kept,
            np.take(ink, kept, axis=1 - axis),
            axis=1 - axis,
            kind="nearest",
            bounds_error=False,
            fill_value="extrapolate",
        )(np.arange(len(profile)))
    return ink


def fit_lines(ink: Array) -> tuple[Lines, Lines] | None:
    """Lines between columns and between rows; of several fits that with most tiles, all square."""
    across, down = (candidates(ink.mean(axis=axis)) for axis in (0, 1))
    pairs = [
        (a, d)
        for a in across
        for d in down
        if 0.85 < a.pitch / d.pitch < 1.18 and a.count * d.count >= 4
    ]
    return max(pairs, key=lambda pair: pair[0].count * pair[1].count, default=None)


def candidates(profile: Array) -> list[Lines]:
    """For every number of tiles, the lines with least ink on them, if that is little.

    As much room is left at one end as at the other; only where that fails, as in figures whose
    background is the tiles' own, any room.
    """
    mean = float(profile.mean())
    if mean <= 0:
        return []
    total = np.concatenate([[0.0], np.cumsum(profile)]) / mean
    for anywhere in (False, True):
        counts = range(2, min(MOST, len(profile) // 8) + 1)
        fits = [fit for count in counts if (fit := least_ink(total, count, anywhere)) is not None]
        if fits:
            return fits
    return []


def least_ink(total: Array, count: int, anywhere: bool) -> Lines | None:
    """The best lines for this number of tiles; ``total``: ink before each pixel, in mean inks."""
    length = len(total) - 1
    pitch = np.linspace(0.75 if anywhere else 0.95, 1.03, 113) * length / count
    if anywhere:
        pitch, start = (a.ravel() for a in np.meshgrid(pitch, np.linspace(0, 0.25, 51) * length))
    else:
        start = (length - pitch * count) / 2
    fits = (start + pitch * count <= length + 0.5) | (not anywhere)  # the edges may be cropped
    pitch, start = pitch[fits], start[fits]
    inner = np.arange(count + 1) if anywhere else np.arange(1, count)  # a frame is no ink
    edges = start[:, None] + pitch[:, None] * inner
    half = np.maximum(0.02 * pitch, 0.5)[:, None]
    low = np.clip(np.round(edges - half), 0, length - 1).astype(int)
    high = np.maximum(np.clip(np.round(edges + half), 0, length).astype(int), low + 1)
    ink = ((total[high] - total[low]) / (high - low)).mean(axis=1)
    least = float(ink.min())
    if least > INKLESS:
        return None
    near = np.flatnonzero(ink <= least + 0.01)
    middle = near[np.argsort(pitch[near] + start[near] / count)[len(near) // 2]]
    return Lines(float(start[middle]), float(pitch[middle]), count, least)


def refined(profile: Array, lines: Lines) -> Lines:
    """The lines moved so that every row's or column's ink has its centre halfway between two.

    MNIST's digits stand with their centre of mass in the middle of the tile. Empty rows or columns
    outside the others are left out, unless there are ten.
    """
    length = len(profile)
    places = np.arange(length) + 0.5
    member = np.floor((places - lines.start) / lines.pitch).astype(int)
    inside = (member >= 0) & (member < lines.count)
    weight = np.bincount(member[inside], profile[inside], lines.count)
    centre = np.bincount(member[inside], (profile * places)[inside], lines.count)
    used = np.flatnonzero(weight > 0.1 * weight.mean())
    if len(used) < 2:
        return lines
    pitch, middle = np.polyfit(used, centre[used] / weight[used], 1, w=np.sqrt(weight[used]))
    if abs(pitch / lines.pitch - 1) > 0.08:
        return lines
    first, last = (0, lines.count - 1) if lines.count == 10 else (int(used[0]), int(used[-1]))
    start = middle + pitch * (first - 0.5)
    return Lines(float(start), float(pitch), last - first + 1, lines.ink)


def tile_boxes(ink: Array, across: Lines, down: Lines) -> Array:
    """(rows, columns, 4): the tiles without the padding between them.

    How large a tile is follows from how far its ink spreads, as digits of MNIST all do alike.
    """
    spread = [deviation(ink.mean(axis=axis), fit) for axis, fit in enumerate((across, down))]
    part = float(np.clip(np.sqrt(spread[0] * spread[1]) / SPREAD, SMALLEST_PART, 1.0))
    x, y = ((fit.start + fit.pitch * (np.arange(fit.count) + 0.5)) for fit in (across, down))
    x, y = x - (CENTRE - 0.5) * part * across.pitch, y - (CENTRE - 0.5) * part * down.pitch
    half_x, half_y = part * across.pitch / 2, part * down.pitch / 2
    return np.array([[(a - half_x, b - half_y, a + half_x, b + half_y) for a in x] for b in y])


def deviation(profile: Array, lines: Lines) -> float:
    """Of the ink's place within its row or column, in pitches."""
    places = (np.arange(len(profile)) + 0.5 - lines.start) / lines.pitch
    inside = (places >= 0) & (places < lines.count)
    weight = profile[inside] - profile[inside].min()
    if weight.sum() <= 0:
        return 1.0
    return float(np.sqrt(np.average((places[inside] % 1 - 0.5) ** 2, weights=weight)))


def in_rows(regions: list[Box]) -> Array | None:
    """Subplots in reading order, (rows, columns, 4); None if they do not form a grid.

    Some may be missing: a tile of the page's own colour is not seen.
    """
    across, down = (alongside(regions, axis) for axis in (0, 1))
    places = len(across) * len(down)
    if min(len(across), len(down)) < 2 or len(regions) < SEEN * places:
        return None
    gap = (across[1][0] - across[0][1]) / (across[1][0] - across[0][0])
    if len(regions) != places and gap < SMALLEST_GAP:  # a style's lines cut the picture up
        return None
    return np.array([[(x[0], y[0], x[1], y[1]) for x in across] for y in down])


def alongside(regions: list[Box], axis: int) -> list[tuple[float, float]]:
    """Where the columns (``axis`` 0) or rows (1) of boxes begin and end."""
    groups: list[list[Box]] = []
    for box in sorted(regions, key=lambda box: box[axis]):
        if groups and box[axis] - groups[-1][0][axis] < (box[axis + 2] - box[axis]) / 2:
            groups[-1].append(box)
        else:
            groups.append([box])
    ends = np.array([np.median(np.array(group), axis=0) for group in groups]).reshape(-1, 4)
    return [(float(start), float(end)) for start, end in ends[:, [axis, axis + 2]]]


def subplot_ink(picture: Array, boxes: Array) -> Array:
    """The ink of the whole picture, by the colours inside the boxes and not round them."""
    inside = np.zeros(picture.shape[:2], dtype=bool)
    for left, top, right, bottom in boxes.reshape(-1, 4).astype(int):
        inside[top + 1 : bottom - 1, left + 1 : right - 1] = True
    return np.where(inside, ink_of(picture, inside), 0.0)


def cut_out(ink: Array, boxes: Array) -> Grid:
    """The tiles in these boxes, each resampled to 28 x 28."""
    height, width = ink.shape
    page = Image.fromarray(ink.astype(np.float32), mode="F")
    tiles = np.zeros((*boxes.shape[:2], TILE, TILE), dtype=np.float32)
    for place in np.ndindex(*boxes.shape[:2]):
        box = np.clip(boxes[place], 0, (width, height) * 2)
        tile = page.resize((TILE, TILE), Image.Resampling.BICUBIC, box=tuple(box))
        tiles[place] = np.clip(np.asarray(tile), 0, 1)
    return Grid(tiles, boxes)
