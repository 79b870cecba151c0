"""Whether tiles were taken from MNIST itself: the nearest of all its training digits.

A generated digit has several real ones about equally near. A real one that was pasted, though it
was moved, turned a little or made noisy, lies much nearer to itself than to the others.

``real.npz`` holds what this needs of every training digit, 32 bytes each;
``python -m grader.digits.training.index`` makes it. Without the file nothing is said: the students'
own check has none.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from grader.arrays import Array

INDEX = Path(__file__).with_name("real.npz")
SIDE = 28
FAINT = 0.2  # of 1: what is fainter does not tell where a digit stands
TURNS = (-8.0, 0.0, 8.0)  # degrees by which a tile is turned to be looked up
MOVES = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))  # and pixels by which it is moved
OTHERS = 10  # the nearest real digit is compared with the one after so many others
# Measured, nearest distance by that of the one after ten others, part of the tiles below NEAR: at
# most 0.23 of any sheet that a model drew (50 sheets, 3,050 tiles: 0.08), 0.16 of real digits that
# are not in the index; 1.00 of pasted ones, 0.99 of moved ones, 0.93 of those turned by up to 10
# degrees, 0.69 of those turned, scaled and moved, 0.57 of those in noise of deviation 0.3.
NEAR = 0.7
FAR = 0.45  # distance of codes: what is farther off is no digit, as noise is
COPIED = 0.4  # part of the tiles, from which on they are no samples
FEWEST = 20  # tiles: of fewer, so many may be near by chance
FIRST, ENOUGH = 24, 0.2  # so many tiles are looked up first, all of them if this part is near


@dataclass(frozen=True)
class Index:
    """``codes``: (N, K), the real digits along ``axes`` (784, K), each of length 1, those of one
    digit side by side, from ``starts[digit]`` on. ``mean``: (K,), that of all digits there.
    ``views``: (V, 784, K), the axes turned and moved as a tile is to be looked up.
    """

    axes: Array
    mean: Array
    codes: Array
    starts: Array
    views: Array

    def code(self, tiles: Array) -> Array:
        """(N, 28, 28) -> (N, K), of length 1, however bright they are."""
        return unit(unit(tiles.reshape(len(tiles), -1)) @ self.axes - self.mean)

    def codes_of_views(self, tiles: Array) -> Array:
        """(N, 28, 28) -> (N, V, K)."""
        flat = unit(tiles.reshape(len(tiles), -1))
        return unit(np.stack([flat @ axes for axes in self.views], axis=1) - self.mean)

    def of_digit(self, digit: int) -> Array:
        return self.codes[self.starts[digit] : self.starts[digit + 1]]

    def nearest_digit(self, tiles: Array) -> Array:
        """(N,): which digit the nearest real one is, as the tiles stand."""
        nearest = (self.code(tiles) @ self.codes.T).argmax(axis=1)
        return np.asarray(np.searchsorted(self.starts, nearest, side="right") - 1)


@cache
def index() -> Index | None:
    """That of MNIST's training digits; None where it was left out."""
    if not INDEX.is_file():
        return None
    with np.load(INDEX, allow_pickle=False) as held:
        axes, codes = held["axes"], unit(held["codes"].astype(np.float32))
        return Index(axes, held["mean"], codes, held["starts"], views_of(axes))


def views_of(axes: Array) -> Array:
    """To turn and move the axes, (784, K), is to turn and move the tiles the other way."""
    from scipy.ndimage import rotate

    pictures = axes.T.reshape(-1, SIDE, SIDE)
    views = [
        np.roll(rotate(pictures, degrees, axes=(2, 1), reshape=False, order=1), move, axis=(1, 2))
        for degrees in TURNS
        for move in MOVES
    ]
    return np.stack(views).reshape(len(views), -1, SIDE * SIDE).swapaxes(1, 2).copy()


def near_real(tiles: Array) -> int:
    """How many of the tiles, (..., 28, 28) with ink 0 to 1, are copies of real digits, as far as
    that can be seen of each; 0 if these are no more than may lie so near by chance."""
    known = index()
    tiles = tiles.reshape(-1, *tiles.shape[-2:])
    if known is None or len(tiles) < FEWEST:
        return 0
    some = tiles[np.random.default_rng(0).permutation(len(tiles))[:FIRST]]
    if np.mean(closeness(some, known) < NEAR) < ENOUGH:
        return 0
    near = int(np.sum(closeness(tiles, known) < NEAR))
    return near if near >= COPIED * len(tiles) else 0


def closeness(tiles: Array, known: Index) -> Array:
    """(N,): distance of each tile from the nearest real digit, by that from the one after ten
    others of the same digit: 0 for a copy, about 0.8 for any other."""
    middle = centred(tiles)
    digits = known.nearest_digit(middle)
    found = np.ones(len(tiles))
    for digit in np.unique(digits):
        these = digits == digit
        views, real = known.codes_of_views(middle[these]), known.of_digit(int(digit))
        every = views.reshape(-1, views.shape[2]) @ real.T
        alike = every.reshape(len(views), -1, len(real)).max(axis=1)
        best = np.sort(np.partition(alike, -OTHERS - 1, axis=1)[:, -OTHERS - 1 :], axis=1)
        apart = np.sqrt(np.maximum(2 - 2 * best, 0))
        ratio = apart[:, -1] / np.maximum(apart[:, 0], 1e-6)
        found[these] = np.where(apart[:, -1] < FAR, ratio, 1.0)
    return found


def centred(tiles: Array) -> Array:
    """The tiles moved by whole pixels, so that their ink's mass stands in the middle."""
    ink = np.where(tiles > FAINT, tiles, 0)
    mass = np.maximum(ink.sum(axis=(1, 2)), 1e-6)
    places = np.arange(SIDE) - (SIDE - 1) / 2
    down, right = (ink.sum(axis=axis) @ places / mass for axis in (2, 1))
    moved = [
        np.roll(tile, (-round(float(y)), -round(float(x))), axis=(0, 1))
        for tile, y, x in zip(tiles, down, right, strict=True)
    ]
    return np.stack(moved).astype(np.float32)


def unit(codes: Array) -> Array:
    """Each made 1 long."""
    length = np.linalg.norm(codes, axis=-1, keepdims=True)
    return np.asarray(codes / np.maximum(length, 1e-6), dtype=np.float32)
