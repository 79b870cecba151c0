"""Whether noise, (n, P), is normal, and drawn anew for every pixel and image."""

import numpy as np

from grader.arrays import Array

FRAMES = 60  # images whose pixels are compared pair by pair
TWINS = 0.9  # correlation of two pixels over them; by chance at most 0.7 among 300,000 pairs
FAR = 8.0  # standard errors
ALONG = 0.05  # correlation of pixels at a fixed distance
FEWEST_PAIRS = 2000


def kurtosis(values: Array) -> float:
    """Fourth moment about 0 over the square of the second: 3 for normal values of mean 0."""
    squares = np.square(values).reshape(-1)
    fourth = float(np.einsum("n,n->", squares, squares)) / squares.size
    return float(fourth / max(float(np.mean(squares)) ** 2, 1e-24))


def same_in_all_pixels(noise: Array) -> Array:
    """Whether the pixels of an image share noise, (.., n, P), for each of (..). Of few images, the
    ratio is a chi-square of n degrees of freedom over n, far from 1 by chance."""
    return np.asarray(independence_ratio(noise, axis=-1) > 1 + 10 * np.sqrt(2 / noise.shape[-2]))


def independence_ratio(noise: Array, axis: int) -> Array:
    """Variance of the mean over an axis of (.., n, P), relative to what independent values would
    show, for each of (..).

    1 for independent values; grows with the length of the axis if they are shared along it.
    """
    mean = noise.mean(axis=axis)
    square = np.einsum("...ij,...ij->...", noise, noise) / (noise.shape[-1] * noise.shape[-2])
    return np.asarray(
        np.mean(np.square(mean), axis=-1) * noise.shape[axis] / np.maximum(square, 1e-24)
    )


def shared_among_pixels(noise: Array) -> bool:
    """Whether some pixels have the noise of others, next to them or anywhere; (n, 784)."""
    if noise.shape[1] != 784 or len(noise) < FRAMES:
        return False
    frames = np.asarray(noise[:FRAMES], dtype=np.float32)
    size = np.sqrt(np.einsum("ij,ij->j", frames, frames))
    scaled = frames / np.maximum(size, 1e-12)
    products = scaled.T @ scaled
    np.fill_diagonal(products, 0)
    return bool(max(products.max(), -products.min()) > TWINS) or correlated_along(frames)


def correlated_along(frames: Array) -> bool:
    """Whether pixels at some distance from each other are correlated in all images."""
    try:
        from scipy import fft  # which takes a third of numpy's time
    except ImportError:  # a student's machine need not have it
        from numpy import fft
    spectrum = np.abs(fft.rfft2(frames.reshape(-1, 28, 28), s=(56, 56))) ** 2
    sums = fft.irfft2(spectrum.sum(axis=0), s=(56, 56))[:28]
    far = np.minimum(np.arange(56), 56 - np.arange(56))
    pairs = len(frames) * np.outer(28 - np.arange(28), np.maximum(28 - far, 0))
    pairs[0, 0] = 0
    seen = pairs >= FEWEST_PAIRS
    square = float(np.mean(np.square(frames)))
    correlation = sums[seen] / pairs[seen] / max(square, 1e-24)
    sure = np.abs(correlation) * np.sqrt(pairs[seen]) > FAR
    return bool(np.any(sure & (np.abs(correlation) > ALONG)))
