"""Finds the grid of tiles in a picture and cuts the tiles out, white ink on black, 28 x 28.

Rows and columns are found, not assumed, whatever the colours, the padding or the scale.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from grader.arrays import Array
from grader.digits.colours import in_gray, many_coloured, without_colour_map
from grader.digits.fit import CENTRE, SPREAD, Fit, fits_in
from grader.digits.ink import ink_of, without_lines
from grader.digits.regions import CLOSE, Box, distance_from, find_areas, margin_colour
from grader.messages.message import Said, say

TILE = 28
LARGEST = 800  # pixels of the longer side: more shows no more of where tiles are
RIM = 2  # pixels of a tile of 28: ink there may be another tile's
SUREST = 0.5  # of 1: a fit that is surer than this is taken
HUNDRED = 100
SIDES = 0.1  # by which a fit is surer whose tiles have sides
ODD_SIDES = 0.1  # and less sure if they are e times as long as high
DRAWN = 0.25  # ink along a line of a tile, in most tiles: no digit has so much
TRIED = 8  # fits of an area whose tiles are looked at
OUTERMOST, DRAWN_OUTSIDE = 3, 0.05  # pixels where digits seldom are, and the same there
MOSTLY, MARK = 0.82, 0.12  # of the tiles, and their ink, where a mark is on them
NEAR_THE_EDGE = 9  # pixels of a tile of 28
FRAME = 0.004  # of an area: how wide the frame is that figures draw round it
OFF_CENTRE, OFF_SCALE = 0.035, 0.12  # of a tile: what is less is chance
FAR_OFF = 0.25  # of a tile: no digits stand so
WORSE = 0.05  # by which moved boxes may be less sure
MARGIN = 0.05  # of the longer side: what is wider is a page round a grid
NOISE = 0.6  # correlation of neighbours: digits have 0.8 and more, noise that is drawn large 0.45
LEGIBLE = 14  # pixels of a tile: smaller ones show a digit badly
NEARLY = 0.9  # as sure as the surest of several parts
ALIKE = 1.0  # by how much what all tiles share makes a fit less sure
SURE = 0.85  # what is less, a person should look at
CERTAIN = 0.97  # no other fit is tried


@dataclass(frozen=True)
class Grid:
    """``tiles``: (rows, columns, 28, 28) of ink, 0 to 1; ``boxes``: (rows, columns, 4), where each
    tile lies in the picture: left, top, right, bottom in pixels; ``coloured``: whether the tiles
    have many colours, and not those of a colour map; ``doubt``: why a person should look at
    the picture itself."""

    tiles: Array
    boxes: Array
    coloured: bool = False
    doubt: Said = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.tiles.shape[:2]
        return int(rows), int(columns)


NONE = Grid(np.zeros((0, 0, TILE, TILE), np.float32), np.zeros((0, 0, 4)))


@dataclass(frozen=True)
class Found:
    """A grid, how sure it is that its lines are right (0 to 1), and the area that it lies in."""

    grid: Grid
    sureness: float
    area: Box


@dataclass(frozen=True)
class Search:
    """The ``grids`` of one picture in reading order, more than one where a figure shows several.

    ``problem`` says in a sentence why there is none, or why a person should look: several grids, or
    lines that may be wrong.
    """

    grids: Sequence[Found]
    problem: Said = ""


def find_grid(picture: Array, usual: Collection[int] = (HUNDRED,)) -> Grid | None:
    """The first grid of a (H, W, 3) picture of bytes; None if it shows none.

    ``usual`` are the numbers of tiles that such a picture has: a sure grid of so many is it.
    """
    found = search(picture, usual).grids
    return found[0].grid if found else None


def search(picture: Array, usual: Collection[int] = (HUNDRED,)) -> Search:
    """All grids of a picture: those of its areas, or the one that all areas together are."""
    small, scale = shrunk(picture)
    found = grids_of(small, usual)
    if not found:
        return Search((), say("picture.no_tiles"))
    found.sort(key=lambda one: (one.area[1], one.area[0]))
    found = [enlarged(one, scale) for one in found]
    doubt = doubts(found)
    return Search([replace(f, grid=replace(f.grid, doubt=doubt)) for f in found], doubt)


def grids_of(picture: Array, usual: Collection[int]) -> list[Found]:
    """Those of the areas, or the one that all areas together are; nothing if there is none."""
    if (picture == picture[..., :1]).all():
        picture = picture[..., :1]  # a third of the work
    *areas, everything = find_areas(picture)
    several = len(areas) > 1  # perhaps they are the tiles
    whole = best_in(picture, everything, usual) if several else None
    if whole is not None and is_certain(whole, usual):
        return [whole]
    found = [grid for area in areas if (grid := best_in(picture, area, usual)) is not None]
    if len(found) == 1 and is_certain(found[0], usual):
        return found
    if not several:
        whole = best_in(picture, everything, usual)
    if whole is not None and (not found or outdoes(whole, found)):
        return [whole]
    return found


def doubts(found: Sequence[Found]) -> Said:
    """Why a person should look at the grids of a picture; nothing if there is no need."""
    if len(found) > 1:
        shapes = ", ".join(f"{rows} x {columns}" for rows, columns in (f.grid.shape for f in found))
        return say("picture.several_grids", count=len(found), shapes=shapes)
    if found[0].sureness < SURE and not is_noise(found[0].grid.tiles):
        return say("picture.unsure_grid")
    left, top, right, bottom = found[0].grid.boxes[0, 0]
    if (size := min(right - left, bottom - top)) < LEGIBLE:
        return say("picture.small_tiles", size=float(size))
    return ""


def is_certain(found: Found, usual: Collection[int]) -> bool:
    rows, columns = found.grid.shape
    return bool(found.sureness > CERTAIN and rows * columns in usual)


def outdoes(whole: Found, parts: Sequence[Found]) -> bool:
    """Whether the grid of the whole picture says more than those of its parts."""
    sizes = [part.grid.tiles.shape[0] * part.grid.tiles.shape[1] for part in parts]
    if len(parts) > 1 and min(sizes) >= HUNDRED:
        return False
    together = sum(sizes)
    rows, columns = whole.grid.shape
    nearly = 1.0 if len(parts) == 1 else NEARLY  # parts may hold what is cut off at their sides
    surest = max(part.sureness for part in parts)
    return bool(rows * columns >= 0.8 * together and whole.sureness > nearly * surest)


def is_noise(tiles: Array) -> bool:
    """Whether neighbouring pixels have little to do with each other: then ink lies everywhere."""
    centred = tiles - tiles.mean()
    power = float(np.mean(centred**2))
    return bool(np.mean(centred[..., 1:] * centred[..., :-1]) < NOISE * power)


def shrunk(picture: Array) -> tuple[Array, float]:
    height, width = picture.shape[:2]
    scale = max(height, width) / LARGEST
    if scale <= 1:
        return picture, 1.0
    size = max(1, round(width / scale)), max(1, round(height / scale))
    page = Image.fromarray(picture).resize(size, Image.Resampling.BOX)
    return np.asarray(page), scale


def enlarged(found: Found, scale: float) -> Found:
    grid = replace(found.grid, boxes=found.grid.boxes * scale)
    left, top, right, bottom = (round(side * scale) for side in found.area)
    return Found(grid, found.sureness, (left, top, right, bottom))


def best_in(picture: Array, area: Box, usual: Collection[int] = (HUNDRED,)) -> Found | None:
    """The surest grid in an area."""
    is_panel = area != (0, 0, picture.shape[1], picture.shape[0]) or fills(picture)
    if area[:2] != (0, 0):  # a figure's axes: their frame is no part of the image
        frame = int(np.ceil(FRAME * max(area[2] - area[0], area[3] - area[1])))
        area = area[0] + frame, area[1] + frame, area[2] - frame, area[3] - frame
    left, top, right, bottom = area
    pixels = in_gray(picture[top:bottom, left:right])
    best: tuple[float, Grid] = 0.0, NONE
    chosen: Fit | None = None
    for fits in fits_in(pixels, is_panel):
        likely = [fit for fit in fits if fit.explained >= SUREST]
        different = {(fit.boxes.shape, *fit.boxes[0, 0].round()): fit for fit in likely}
        for fit in sorted(different.values(), key=promise, reverse=True)[:TRIED]:
            grid = read(pixels, fit)
            if (score := sureness(grid, fit, usual)) > best[0]:
                best, chosen = (score, grid), fit
            if best[0] > CERTAIN:
                break
        if best[0] > CERTAIN and best[1].shape[0] * best[1].shape[1] in usual:
            break
    score, grid = best
    if score < SUREST or chosen is None:
        return None
    boxes = by_centres(grid)
    if boxes is not None:
        again = read(pixels, replace(chosen, boxes=boxes))
        if sureness(again, chosen, usual) > score - WORSE:
            grid = again
    boxes = grid.boxes + np.array([left, top, left, top])
    moved = replace(grid, tiles=without_marks(grid.tiles), boxes=boxes)
    return Found(moved, score, area)


def by_centres(grid: Grid) -> Array | None:
    """Boxes moved and sized by the ink of all rows and columns, as digits of MNIST stand and spread
    in their tiles; None if they are so already."""
    tiles, boxes = without_marks(grid.tiles), grid.boxes
    if is_noise(tiles):
        return None
    places = (np.arange(TILE) + 0.5) / TILE
    lines, spreads = [], []
    for axis, side in ((1, 0), (0, 1)):  # columns, then rows
        profile = tiles.mean(axis=(1 - axis, 2 + side))  # ink across each column, or down each row
        weight = profile.sum(axis=1)
        centre = (profile * places).sum(axis=1) / np.maximum(weight, 1e-9)
        used = np.flatnonzero(weight > 0.2 * weight.mean())
        if len(used) < 3:
            return None
        slope, start = np.polyfit(used, centre[used] - CENTRE, 1)
        lines.append(slope * np.arange(len(weight)) + start)
        away = (places[None] - centre[used, None]) ** 2
        spreads.append(np.sqrt((profile[used] * away).sum() / weight[used].sum()))
    scale = float(np.sqrt(spreads[0] * spreads[1])) / SPREAD
    off = max(np.abs(line).max() for line in lines)
    if off < OFF_CENTRE and abs(np.log(scale)) < OFF_SCALE:
        return None
    if off > FAR_OFF or not 0.5 < scale < 1.5:
        return None
    size = boxes[..., 2:] - boxes[..., :2]
    centres = (boxes[..., 2:] + boxes[..., :2]) / 2
    centres[..., 0] += lines[0][None] * size[..., 0]
    centres[..., 1] += lines[1][:, None] * size[..., 1]
    scale = scale if abs(np.log(scale)) >= OFF_SCALE else 1.0
    return np.concatenate([centres - scale * size / 2, centres + scale * size / 2], axis=-1)


def fills(picture: Array) -> bool:
    """Whether there is no wide margin round what a picture shows, as in those of save_image."""
    there = distance_from(picture, margin_colour(picture)) > CLOSE
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return True
    height, width = there.shape
    margins = rows[0], columns[0], height - 1 - rows[-1], width - 1 - columns[-1]
    return bool(max(margins) < MARGIN * max(height, width))


def promise(fit: Fit) -> float:
    """What is known of a fit before its tiles are cut out."""
    rows, columns = fit.boxes.shape[:2]
    return float(fit.explained + SIDES * fit.sides + 0.1 * (rows * columns == HUNDRED))


def read(pixels: Array, fit: Fit) -> Grid:
    """The tiles of a fit, by the colours in its boxes and not round them."""
    inside = held(pixels, fit.boxes, int(fit.sides))
    gray = without_colour_map(pixels, inside)
    ink = ink_of(gray, inside)
    grid = cut_out(np.where(inside, ink, 0) if fit.sides else without_lines(ink), fit.boxes)
    tiles = without_common_lines(grid.tiles)
    return Grid(tiles, grid.boxes, many_coloured(gray, inside))


def without_common_lines(tiles: Array) -> Array:
    """Without the lines that a style draws over all tiles alike, at the same place in each."""
    flat = tiles.reshape(-1, TILE, TILE)
    for axis in (1, 2):
        usual = np.median(flat, axis=(0, axis))
        most = np.full(TILE, DRAWN)
        most[:OUTERMOST] = most[-OUTERMOST:] = DRAWN_OUTSIDE
        kept = np.flatnonzero(usual < most)
        if len(kept) == TILE or len(kept) < TILE / 2:
            continue
        places = np.clip(np.searchsorted(kept, np.arange(TILE)), 0, len(kept) - 1)
        after, before = kept[places], kept[np.maximum(places - 1, 0)]
        share = np.clip((np.arange(TILE) - before) / np.maximum(after - before, 1), 0, 1)
        share = share[None, :, None] if axis == 2 else share[None, None]
        flat = (
            np.take(flat, before, 3 - axis) * (1 - share) + np.take(flat, after, 3 - axis) * share
        )
    return np.asarray(flat.reshape(tiles.shape), dtype=np.float32)


def without_marks(tiles: Array) -> Array:
    """Without what stands near the edge at one place in most tiles, such as an axis' numbers."""
    flat = tiles.reshape(-1, TILE, TILE)
    common = np.quantile(flat, 1 - MOSTLY, axis=0) > MARK
    common[NEAR_THE_EDGE:-NEAR_THE_EDGE, NEAR_THE_EDGE:-NEAR_THE_EDGE] = False
    return np.where(common, np.float32(0), tiles)


def held(pixels: Array, boxes: Array, margin: int) -> Array:
    """(H, W): what lies in the boxes, and not at their sides."""
    height, width = pixels.shape[:2]
    columns, rows = np.zeros(width, dtype=bool), np.zeros(height, dtype=bool)
    for left, _, right, _ in boxes[0]:
        columns[max(round(left) + margin, 0) : max(round(right) - margin, 0)] = True
    for _, top, _, bottom in boxes[:, 0]:
        rows[max(round(top) + margin, 0) : max(round(bottom) - margin, 0)] = True
    return np.outer(rows, columns)


def sureness(grid: Grid, fit: Fit, usual: Collection[int] = (HUNDRED,)) -> float:
    """0 to 1: how much is explained, and how little ink is cut through."""
    tiles = grid.tiles
    total = float(tiles.mean())
    if total <= 0:
        return 0.0
    rim = np.ones((TILE, TILE), dtype=bool)
    rim[RIM:-RIM, RIM:-RIM] = False
    cut = min(float(tiles[..., rim].mean()) / total, 1.0)
    rows, columns = grid.shape
    expected = 1.0 if rows * columns in usual else 0.97 if columns == 10 else 0.93
    width, height = grid.boxes[0, 0, 2:] - grid.boxes[0, 0, :2]
    long = ODD_SIDES * np.log(max(width, height) / min(width, height))
    common = float(np.quantile(tiles.reshape(-1, TILE, TILE), 0.2, axis=0).mean()) / total
    alike = 1 - min(ALIKE * common, 0.5)  # the numbers of axes, and not the digits in them
    return float(fit.explained * (1 - 0.5 * cut) * alike * expected - long + SIDES * fit.sides)


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
