"""How much ink a pixel holds: how far its colour is from that of the paper."""

import numpy as np

from grader.arrays import Array
from grader.digits.regions import commonest

LINE_INK = 0.12  # on nearly all of a line that is drawn over the images: digits leave gaps
COVERS = 0.5  # ink of a line: what is less lets the image be seen
LEAST = 15  # percentile along a line: what nearly all of it has
FAINTEST = 4  # of 255: what is weaker is no ink


def ink_of(region: Array, inside: Array | None = None) -> Array:
    """(H, W): how far each pixel's colour is from the background's, 0 to 1; colour maps are gray.

    Background and scale are those of the pixels that are ``inside``.
    """
    chosen = slice(None) if inside is None else inside.ravel()
    colours = region.reshape(-1, region.shape[2])[chosen]
    background = commonest(colours)
    distance = np.zeros(region.shape[:2], dtype=np.float32)
    for channel, value in enumerate(background):
        distance += np.abs(region[..., channel] - np.float32(value))
    distance /= len(background)
    of_these = distance.ravel()[chosen]
    noise = 2 * float(np.median(of_these))
    distance = np.maximum(distance - noise, 0)
    strongest = max(float(np.percentile(of_these, 99.5)) - noise, 0)
    if strongest < FAINTEST:
        return np.zeros_like(distance)
    return np.asarray(np.minimum(distance / strongest, 1.0))


def without_lines(ink: Array) -> Array:
    """The ink without straight lines from side to side, which some styles draw over images."""
    from scipy.ndimage import binary_dilation

    for axis in (0, 1):
        sampled = (
            ink[:: max(1, ink.shape[0] // 120)]
            if axis == 0
            else ink[:, :: max(1, ink.shape[1] // 120)]
        )
        line, usual = np.percentile(sampled, (LEAST, 50), axis=axis)
        soft = (line > LINE_INK) & (usual <= COVERS)  # its edges, where the image can be seen
        drawn = binary_dilation((line > LINE_INK) & ~soft) & ~soft
        if not (soft | drawn).any() or (soft | drawn).mean() > 0.4:
            continue
        through = np.where(soft, line, 0).astype(np.float32)
        through = through if axis == 0 else through[:, None]
        ink = np.maximum(ink - through, 0) / (1 - through)
        kept = np.flatnonzero(~drawn)
        places = np.arange(len(drawn))
        following = np.clip(np.searchsorted(kept, places), 0, len(kept) - 1)
        after, before = kept[following], kept[np.maximum(following - 1, 0)]
        share = np.clip((places - before) / np.maximum(after - before, 1), 0, 1)
        share = share if axis == 0 else share[:, None]
        first, second = (np.take(ink, where, axis=1 - axis) for where in (before, after))
        ink = first * (1 - share) + second * share
    return ink
