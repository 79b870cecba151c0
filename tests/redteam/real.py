"""Real digits, of those that the repository holds, as a student pastes them."""

import functools
import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, rotate, zoom

from grader.paths import MNIST_DIR
from tests.digits.renderings import Array, plain
from tests.habits.draft import SETTINGS, Draft
from tests.habits.pictures import encoded, noise

RAW = MNIST_DIR / "MNIST" / "raw"


@functools.cache
def training() -> Array:
    """(40, 10, 28, 28): training digits in their columns, ink 0 to 1."""
    pixels = np.frombuffer((RAW / "train-images-idx3-ubyte").read_bytes()[16:], np.uint8)
    labels = np.frombuffer((RAW / "train-labels-idx1-ubyte").read_bytes()[8:], np.uint8)
    images = pixels.reshape(-1, 28, 28) / np.float32(255)
    return np.stack([images[labels == digit][:40] for digit in range(10)], axis=1)


def pasted(first: int = 0, rows: int = 10) -> Array:
    """(10 rows, 28, 28)."""
    return training()[first : first + rows].reshape(-1, 28, 28)


def each(tiles: Array, change: Callable[[Array, np.random.Generator], Array]) -> Array:
    random = np.random.default_rng(1)
    return np.stack([np.clip(change(tile, random), 0, 1) for tile in tiles]).astype(np.float32)


def shifted(tiles: Array, most: int) -> Array:
    return each(tiles, lambda t, r: np.roll(t, tuple(r.integers(-most, most + 1, 2)), (0, 1)))


def in_noise(tiles: Array, deviation: float) -> Array:
    return each(tiles, lambda t, r: t + deviation * r.standard_normal(t.shape))


def turned(tiles: Array, most: float) -> Array:
    return each(tiles, lambda t, r: rotate(t, r.uniform(-most, most), reshape=False, order=1))


def scaled(tiles: Array, most: float) -> Array:
    return each(tiles, lambda t, r: fitted(zoom(t, 1 + r.uniform(-most, most), order=1)))


def fitted(tile: Array) -> Array:
    """28 pixels a side, cut or padded all round."""
    lacking = max(28 - len(tile), 0)
    before = lacking // 2
    padded = np.pad(tile, (before, lacking - before))
    start = (len(padded) - 28) // 2
    return padded[start : start + 28, start : start + 28]


def blurred(tiles: Array, pixels: float) -> Array:
    return each(tiles, lambda t, r: gaussian_filter(t, pixels))


def put_picture(draft: Draft, tiles: Array, setting: str) -> None:
    """``image_final.png``: these forty, and forty others below them."""
    grid = plain()(np.concatenate([tiles, pasted(20, 4)]))
    draft.files[f"results_{setting}/image_final.png"] = encoded(grid)


def put_animation(draft: Draft, tiles: Array, setting: str) -> None:
    """``gif_final.gif``: from noise to these forty."""
    mixed = [share * tiles + (1 - share) * noise(40) for share in (0.0, 0.5, 0.8, 1.0)]
    first, *others = [Image.fromarray(plain()(tiles)) for tiles in mixed]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others)
    draft.files[f"results_{setting}/gif_final.gif"] = file.getvalue()


def put_settings(draft: Draft, change: Callable[[Array], Array]) -> None:
    """Real digits in all four settings, other ones in each."""
    for number, setting in enumerate(SETTINGS):
        tiles = change(pasted(4 * number, 4))
        put_picture(draft, tiles, setting)
        put_animation(draft, tiles, setting)
