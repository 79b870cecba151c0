"""Takes back the colour maps that figures are drawn with."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from grader.digits.regions import Array

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

MAPS = (
    *("viridis", "plasma", "inferno", "magma", "cividis", "turbo", "jet", "hot", "coolwarm"),
    *("Blues", "Greens", "Reds", "bone", "copper", "gnuplot", "rainbow"),
)
GRAY = 6  # of 255: how far the channels of gray pixels may be apart
ON_THE_MAP = 14  # of 255: from the nearest colour of a map
MOSTLY = 0.7  # of the pixels; figures blend neighbours, so some lie between the colours


def without_colour_map(picture: Array) -> Array:
    """The (H, W, 3) picture in gray, if its colours are those of a known map; else as it is.

    Only an order of the colours, from one end of the map to the other, tells ink from paper:
    in some maps the middle is further from both ends than they are from each other.
    """
    colours = picture.reshape(-1, 3).astype(np.int64)
    spread = colours.max(axis=1) - colours.min(axis=1)
    if np.mean(spread > GRAY) < 0.5:
        return picture
    codes = (colours >> 2) @ np.array([64 * 64, 64, 1])
    values, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    shades = np.stack([values // 4096, values // 64 % 64, values % 64], axis=1) * 4 + 2
    best, share = None, MOSTLY
    for name in MAPS:
        distance, place = tree(name).query(shades)
        fits = float(np.sum(counts[distance <= ON_THE_MAP]) / counts.sum())
        if fits > share:
            best, share = place, fits
    if best is None:
        return picture
    gray = best[inverse].astype(np.uint8).reshape(picture.shape[:2])
    return np.repeat(gray[:, :, None], 3, axis=2)


@cache
def tree(name: str) -> "cKDTree":
    """The 256 colours of a map, in bytes, for looking up the nearest."""
    from matplotlib import colormaps  # slow to import, and seldom needed
    from scipy.spatial import cKDTree

    return cKDTree(colormaps[name](np.arange(256))[:, :3] * 255)
