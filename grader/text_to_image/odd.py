"""Pictures that no words asked for: noise, a gradient, handwritten digits."""

import numpy as np
from PIL import Image

from grader.arrays import Array
from grader.digits.ink import ink_of
from grader.digits.judge import judge
from grader.digits.real import SIDE

SIDES = (0, 256, 128)  # pixels a side to which a picture is reduced, for coarse noise; 0: it is not
NOISE = 0.3  # correlation of neighbouring pixels: noise has 0, a model without training 0.47
EVERYWHERE = 1.0  # mean of how far pixels are from the middle, by its deviation: 1.3 of noise
DEGREE, GRADIENT = 5, 0.988  # a polynomial explains so much of a gradient; less of a blurred sky
GRAY = 0.03  # how far a gray picture's channels differ, of all between its darkest and brightest
PAPER = 0.1  # ink at the edge of a digit, at most
DIGIT = 0.95  # probability; of a grid of small pictures so many show one
GRIDS = (1, 2, 4, 8, 10)  # pictures a side


def is_noise(pixels: Array) -> bool:
    """Whether neighbouring pixels have nothing in common: single ones, or blocks of up to 4."""
    page = Image.fromarray(pixels).convert("L")
    for side in SIDES:
        small = page.resize((side, side), Image.Resampling.BOX) if side else page
        gray = np.asarray(small, dtype=np.float32)
        spread = np.abs(gray - gray.mean())
        if spread.mean() > EVERYWHERE * spread.std() and neighbours(gray) < NOISE:
            return True
    return False


def neighbours(gray: Array) -> float:
    """Correlation of pixels with their right and lower neighbours."""
    centred = gray - gray.mean()
    across, down = centred[:, 1:] * centred[:, :-1], centred[1:] * centred[:-1]
    return float((across.mean() + down.mean()) / 2 / max(float((centred**2).mean()), 1e-9))


def is_gradient(pixels: Array) -> bool:
    """Whether the colours do nothing but change slowly from side to side."""
    page = Image.fromarray(pixels).resize((32, 32), Image.Resampling.BOX)
    colours = np.asarray(page, dtype=np.float64).reshape(-1, 3)
    y, x = np.indices((32, 32)).reshape(2, -1) / 15.5 - 1
    terms = [x**i * y**j for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
    basis = np.stack(terms, axis=1)
    rest = colours - basis @ np.linalg.lstsq(basis, colours, rcond=None)[0]
    return bool(np.sum(rest**2) <= (1 - GRADIENT) * np.sum((colours - colours.mean(axis=0)) ** 2))


def is_digits(pixels: Array) -> bool:
    """Whether a gray picture shows one handwritten digit, or nothing but a grid of them."""
    if np.mean(np.ptp(pixels, axis=2)) > GRAY * np.ptp(pixels):
        return False
    for side in GRIDS:
        page = Image.fromarray(pixels).convert("L").resize((side * SIDE, side * SIDE))
        parts = np.asarray(page).reshape(side, SIDE, side, SIDE).swapaxes(1, 2)
        tiles = np.stack([ink_of(t[..., None]) for t in parts.reshape(-1, SIDE, SIDE)])
        edge = np.concatenate([tiles[:, [0, -1]].reshape(len(tiles), -1), tiles[:, :, 0]], axis=1)
        shows = judge().probabilities(tiles).max(axis=1) > DIGIT
        if np.mean(shows & (edge.mean(axis=1) < PAPER)) > 0.5:
            return True
    return False
