"""Lines at even distances along one side of a picture, found in a profile that is low on them.

A profile holds one number a pixel, 0 or more: how much there is in that column or row. Folded by
the right pitch, all lines fall on one place, and there is least.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from grader.arrays import Array

MOST = 25  # rows or columns
SMALLEST_PITCH = 7.0  # pixels
BINS = 60  # places within a pitch
DRIFT = 0.12  # pitches by which a pitch that is tried may be wrong at the other end
LINE = 0.04  # of the pitch: the least width of a line
LITTLE = 0.05  # of the largest value of a profile: what is less is nothing
USED = 0.6  # of the cells between the first and the last: the others may be empty
CLIMBS = 8  # towards the sharpest pitch
FITS = 6  # tried of one profile, the finest
PEAK = 0.5  # of the highest contrast
TOP = 0.9  # quantile of a fold: how high it is where tiles are
FULL = 0.4  # of a usual cell with sides: what is less, at an end, are numbers of an axis
CELL = 0.04  # of the mean of the fuller half of the cells: what is less is an empty cell


@dataclass(frozen=True)
class Lattice:
    """``count`` cells of ``pitch`` pixels, the first at ``start``; ``low``: what lies on the lines,
    in means of the profile; ``inset`` and ``width``: where in a cell its tile lies, in pixels, if
    the profile has steep sides there."""

    start: float
    pitch: float
    count: int
    low: float
    inset: float | None = None
    width: float = 0.0

    def cells(self) -> Array:
        """Where each cell begins."""
        return self.start + self.pitch * np.arange(self.count)


def lattices(profile: Array, most_low: float) -> tuple[Lattice, ...]:
    """Of several pitches that fit, the finest first; none if nothing is regular.

    The pictures of one notebook are drawn alike, so that the same profile comes again.
    """
    return _lattices(profile.astype(np.float64).tobytes(), most_low)


@lru_cache(maxsize=512)
def _lattices(numbers: bytes, most_low: float) -> tuple[Lattice, ...]:
    profile = np.frombuffer(numbers, np.float64)
    there = np.flatnonzero(profile > LITTLE * profile.max(initial=0))
    if len(there) < 2 * SMALLEST_PITCH:
        return ()
    first, last = int(there[0]), int(there[-1]) + 1
    part = profile[first:last]
    pitches = to_try(len(part))
    folds = folded(part, pitches)
    lows = narrowed(folds, pitches).min(axis=1) / max(float(part.mean()), 1e-12)
    places = peaks(np.where(lows <= most_low, contrast(folds), 0))[:FITS]
    found = []
    for place in places:
        pitch = sharpest(part, float(pitches[place]))
        lattice = cells_of(profile, first, pitch)
        if lattice is not None and lattice.low <= most_low:
            found.append(lattice)
    return tuple(found)


def to_try(length: int) -> Array:
    """Pitches so close that the right one is missed by little over the whole length."""
    finest = max(SMALLEST_PITCH, length / (MOST + 0.5))
    most, least = length / finest, 1.4
    counts = np.arange(most, least, -DRIFT)
    return np.asarray(length / counts)


def folded(profile: Array, pitches: Array, bins: int = BINS) -> Array:
    """(pitches, bins): the mean of the profile at each place within a pitch; a pixel counts where
    it lies, spread over the bins that it covers."""
    places = np.arange(len(profile))[None] + 0.5
    position = (places / pitches[:, None] % 1) * bins - 0.5
    low = np.floor(position).astype(np.int64)
    part = position - low
    row = np.arange(len(pitches))[:, None] * bins
    size = len(pitches) * bins
    sums, weights = np.zeros(size), np.zeros(size)
    for shift, weight in ((0, 1 - part), (1, part)):
        index = (row + (low + shift) % bins).ravel()
        weights += np.bincount(index, weight.ravel(), size)
        sums += np.bincount(index, (weight * profile).ravel(), size)
    mean = sums / np.maximum(weights, 1e-9)
    mean[weights < 1e-6] = np.inf
    return np.asarray(mean.reshape(len(pitches), bins))


def narrowed(fold: Array, pitches: Array) -> Array:
    """The mean over the width of a line round every bin; what no pixel covers is left out."""
    bins = fold.shape[1]
    known = np.isfinite(fold)
    reach = (np.maximum(LINE / 2, 0.5 / pitches) * bins).astype(int)[:, None]
    turned = np.concatenate([fold, fold, fold], axis=1)
    seen = np.concatenate([known, known, known], axis=1)
    total = np.cumsum(np.where(seen, turned, 0), axis=1)
    count = np.cumsum(seen, axis=1)
    places = bins + np.arange(bins)[None]
    above, below = places + reach, places - reach - 1
    sums = np.take_along_axis(total, above, 1) - np.take_along_axis(total, below, 1)
    number = np.take_along_axis(count, above, 1) - np.take_along_axis(count, below, 1)
    return np.where(number > 0, sums / np.maximum(number, 1), np.inf)


def contrast(folds: Array) -> Array:
    """(pitches,): how much each fold differs from place to place."""
    known = np.isfinite(folds)
    number = known.sum(axis=1)
    values = np.where(known, folds, 0)
    return np.asarray((values**2).sum(axis=1) / number - (values.sum(axis=1) / number) ** 2)


def peaks(values: Array) -> Array:
    """Where they are higher than beside, and not much lower than the highest."""
    padded = np.concatenate([[-1.0], values, [-1.0]])
    higher = (padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:])
    return np.flatnonzero(higher & (values > PEAK * values.max(initial=0)))


def sharpest(profile: Array, pitch: float) -> float:
    """The pitch near this one whose fold differs most from place to place."""
    length = len(profile)
    for drift in (DRIFT, DRIFT / 6):
        for _ in range(CLIMBS):
            step = drift * pitch * pitch / length
            near = pitch + step * np.linspace(-1, 1, 9)
            best = int(contrast(folded(profile, near)).argmax())
            pitch = float(near[best])
            if 0 < best < len(near) - 1:
                break
    return pitch


def cells_of(profile: Array, first: int, pitch: float) -> Lattice | None:
    """The cells of this pitch that hold something; None if too many of them are empty."""
    pitches = np.array([pitch])
    part = profile[first:]
    fold = narrowed(folded(part, pitches), pitches)[0]
    least = float(fold.min())
    near = fold <= least + 0.02 * float(np.mean(fold[np.isfinite(fold)]))
    phase = middle_of(near) / len(fold) * pitch
    start = first + phase - pitch * np.ceil((first + phase) / pitch)
    member = np.floor((np.arange(len(profile)) + 0.5 - start) / pitch).astype(int)
    mass = np.bincount(member, profile)
    fuller = np.sort(mass)[len(mass) // 2 :].mean()
    begins = start + pitch * np.arange(len(mass))
    there = np.minimum(begins + pitch, len(profile)) - np.maximum(begins, 0)  # the rest is cut off
    used = np.flatnonzero((mass > CELL * fuller) & (there > pitch / 2))
    if len(used) < 1:
        return None
    count = int(used[-1] - used[0]) + 1
    full = np.count_nonzero(mass > 0.25 * fuller)
    if full < USED * count or count > MOST:
        return None
    held = (member >= used[0]) & (member <= used[-1])
    mean = float(profile[held].mean())
    lattice = Lattice(start + pitch * int(used[0]), pitch, count, least / max(mean, 1e-12))
    return with_sides(profile, lattice)


def middle_of(near: Array) -> float:
    """The middle of the longest run of these bins, which close to a ring."""
    bins = len(near)
    if near.all():
        return bins / 2
    start = int(np.flatnonzero(~near)[0])
    turned = np.roll(near, -start)
    best, length, run = 0, 0, 0
    for place, value in enumerate(turned):
        run = run + 1 if value else 0
        if run > length:
            best, length = place, run
    return (start + best - (length - 1) / 2 + 0.5) % bins


def with_sides(profile: Array, lattice: Lattice) -> Lattice:
    """With the tile's place in its cell, if the profile rises and falls steeply round it."""
    start, pitch = lattice.start, lattice.pitch
    low, high = max(0, int(start)), int(np.ceil(start + pitch * lattice.count))
    part = profile[low:high]
    bins = int(np.clip(4 * pitch, 40, 400))
    fold = folded(part, np.array([pitch]), bins)[0]
    fold = np.roll(fold, round((low - start) / pitch * bins))
    if not np.isfinite(fold).all():
        known = np.isfinite(fold)
        fold = np.interp(np.arange(bins), np.flatnonzero(known), fold[known])
    top = float(np.quantile(fold, TOP))
    least = float(fold.min())
    if top <= 0 or least > 0.7 * top:
        return lattice
    level = (fold - least) / (top - least)
    above = np.flatnonzero(level > 0.5)
    left, right = int(above[0]), int(above[-1])
    if left == 0 or right == bins - 1 or np.mean(level[left : right + 1] > 0.5) < 0.9:
        return lattice
    per_pixel = bins / pitch
    reach = int(4 * per_pixel)
    climb = np.count_nonzero(level[left : left + reach] < 0.7)
    fall = np.count_nonzero(level[right - reach : right + 1] < 0.7)
    before = np.count_nonzero(level[max(left - reach, 0) : left] > 0.25)
    after = np.count_nonzero(level[right + 1 : right + 1 + reach] > 0.25)
    if max(climb, fall) > 2 * per_pixel or max(before, after) > 2.5 * per_pixel:
        return lattice
    member = np.floor((np.arange(len(profile)) + 0.5 - start) / pitch).astype(int)
    here = (member >= 0) & (member < lattice.count)
    mass = np.bincount(member[here], profile[here], lattice.count)
    full = np.flatnonzero(mass > FULL * np.median(mass))
    lattice = replace(
        lattice, start=start + pitch * int(full[0]), count=int(full[-1] - full[0]) + 1
    )
    begin = crossing(level, left) / bins * pitch
    end = crossing(level[::-1], bins - 1 - right) / bins * pitch
    return replace(lattice, inset=begin, width=pitch - begin - end)


def crossing(level: Array, place: int) -> float:
    """Where, before this bin, the level passes one half; in bins from the left edge."""
    if place == 0:
        return 0.0
    below, above = level[place - 1], level[place]
    return float(place - 1 + (0.5 - below) / max(above - below, 1e-9) + 0.5)
