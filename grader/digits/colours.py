"""Takes back the colour maps that figures are drawn with."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from grader.arrays import Array

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

MAPS = (
    *("viridis", "plasma", "inferno", "magma", "cividis", "turbo", "jet", "hot", "coolwarm"),
    *("Blues", "Greens", "Reds", "bone", "copper", "gnuplot", "rainbow"),
)
GRAY = 6  # of 255: how far the channels of gray pixels may be apart
ON_THE_MAP = 14  # of 255: from the nearest colour of a map
VIVID = 25  # of 255: how far the channels of a vivid colour are apart
COLOURFUL = 0.15  # of the pixels of a picture in colours
COLOURED = 0.002  # part of a picture that is not gray and yet no stray mark
SURELY = 0.99  # of the pixels: no other map is tried
MOSTLY = 0.7  # of the pixels; figures blend neighbours, so some lie between the colours


def in_gray(picture: Array) -> Array:
    """An (H, W, 3) picture as (H, W, 1) where nearly all of it is gray; else as it is."""
    if picture.shape[2] == 1 or np.mean(spread(picture) > GRAY) > COLOURED:
        return picture
    return picture[..., 1:2]


def spread(picture: Array) -> Array:
    """(H, W): how far the channels of each pixel are apart."""
    return np.asarray(picture.max(axis=2) - picture.min(axis=2))


def many_coloured(picture: Array, inside: Array) -> bool:
    """Whether the colours ``inside`` are of several hues, as those of photographs are."""
    if picture.shape[2] == 1:
        return False
    colours = picture[inside].astype(np.int16)
    vivid = colours[np.ptp(colours, axis=1) > VIVID]
    if len(vivid) < COLOURFUL * len(colours):
        return False
    hues = np.bincount(vivid.argmax(axis=1) * 3 + vivid.argmin(axis=1), minlength=9) / len(vivid)
    return bool(np.sum(hues > 0.05) >= 3)


def without_colour_map(picture: Array, inside: Array) -> Array:
    """The picture in gray, (H, W, 1), if the colours ``inside`` are those of a known map; else as
    it is.

    Only an order of the colours, from one end of the map to the other, tells ink from paper:
    in some maps the middle is further from both ends than they are from each other.
    """
    if picture.shape[2] == 1 or np.mean(spread(picture)[inside] > GRAY) < 0.5:
        return picture
    shifts = picture.astype(np.int32) >> 2
    codes = (shifts[..., 0] << 12) + (shifts[..., 1] << 6) + shifts[..., 2]
    counts = np.bincount(codes.ravel(), inside.ravel(), 1 << 18)
    known = np.bincount(codes.ravel(), minlength=1 << 18) > 0
    values = np.flatnonzero(known)
    shades = np.stack([values >> 12, (values >> 6) & 63, values & 63], axis=1) * 4 + 2
    total = counts.sum()
    best, share = None, MOSTLY
    for name in MAPS:
        distance, place = tree(name).query(shades, distance_upper_bound=ON_THE_MAP)
        fits = float(counts[values[np.isfinite(distance)]].sum() / total)
        if fits > share:
            best, share = name, fits
            if fits > SURELY:
                break
    if best is None:
        return picture
    _, place = tree(best).query(shades)
    gray = np.zeros(1 << 18, dtype=np.uint8)
    gray[values] = place
    return np.asarray(gray[codes][..., None])


@cache
def tree(name: str) -> "cKDTree":
    """The 256 colours of a map, in bytes, for looking up the nearest."""
    from matplotlib import colormaps  # slow to import, and seldom needed
    from scipy.spatial import cKDTree

    return cKDTree(colormaps[name](np.arange(256))[:, :3] * 255)
