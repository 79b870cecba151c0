"""What the two pictures of a setting show: generated digits, or something else."""

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from grader.arrays import Array
from grader.digits.choose import starts_at_the_top
from grader.digits.clarity import DIGITS, GENERATED_ROWS
from grader.digits.grid import cut_out, find_grid
from grader.digits.real import near_real
from grader.messages.message import Said, say
from grader.pictures.decode import MOST_SIDE, decode
from grader.pictures.shown import MOST_BYTES
from grader.sandbox import InfraError, KernelSession

_FRAME = re.compile(rb"data:image/(?:png|jpe?g|gif);base64,([A-Za-z0-9+/=\\\s]++)")
_BROKEN = re.compile(rb"[\\\s]+")  # where a script's text goes on in the next line
TILES = (2 * GENERATED_ROWS * DIGITS, GENERATED_ROWS * DIGITS)  # real digits may be left out
BLANK = 0.02  # deviation of a tile's pixels, of 1
NOISE = 0.4  # correlation of neighbouring pixels: digits have 0.8, noise has 0
NOISE_DRAWN = 0.6  # the same of tiles that a figure drew larger: digits have 0.9, noise has 0.45
RISES = 0.25  # by which it grows from an animation's first picture to its last
SAME = 0.985  # correlation of two tiles that are one image, saved twice
REDRAWN = 0.9  # the same, in the middle, of tiles that were also drawn into a figure: 0.96
FAINT = (5 / 255, 20 / 255, 40 / 255)  # what is fainter is no ink
PITCH, PADDING = 30, 2  # pixels of a tile in image_final.png with its padding, and of that
VIEW = 240  # pixels a side of what is kept for people
BOX, MIDDLE = 20, 1.01  # pixels: MNIST fits digits into this box, their mass in the tile's middle
AS_MNIST = 0.9  # part of the tiles that do so exactly: of real digits all, of generated ones half


class Shown(StrEnum):
    """What a picture shows."""

    DIGITS = "digits"
    NOISE = "noise"
    BLANK = "blank"
    REAL = "real digits"
    LIKE_REAL = "digits that stand as real ones do"
    COPIED = "digits of the training data"
    STILL = "no way from noise to digits"
    NO_GRID = "no grid of tiles"
    UNREADABLE = "nothing that can be read"
    NOT_SEEN = "nothing, by a fault of the grader's"


@dataclass(frozen=True)
class Evidence:
    """``tiles``: the generated half, (40, 28, 28), ink 0 to 1; None if there is no such grid.
    ``saved``: the same to the pixel, where the picture is as ``save_image`` leaves it. ``views``:
    for people, small pictures of the file, each by what it is."""

    shown: Shown
    tiles: Array | None = None
    problem: Said = ""
    saved: Array | None = None
    views: Mapping[str, Array] = field(default_factory=dict)


def look_at_image(session: KernelSession, path: Path) -> Evidence:
    """``image_final.png``: four rows generated, and four rows real ones below them."""
    pixels, problem = pixels_of(session, path, "last")
    if pixels is None:
        return Evidence(Shown.UNREADABLE, problem=problem)
    seen = what_image_shows(pixels)
    return seen if seen.tiles is not None else replace(seen, views={"image": small(pixels)})


def what_image_shows(pixels: Array) -> Evidence:
    if pixels.std() < BLANK * 255:
        return Evidence(Shown.BLANK)
    grid = find_grid(pixels, TILES)
    if grid is None or grid.shape[1] != DIGITS or grid.shape[0] < GENERATED_ROWS:
        shown = Shown.NOISE if smoothness(pixels.mean(axis=2)[None] / 255) < NOISE else None
        return Evidence(shown or Shown.NO_GRID)
    if len(grid.tiles) < 2 * GENERATED_ROWS and not starts_at_the_top(grid):
        _, top, _, bottom = grid.boxes[0, 0]
        empty = top >= GENERATED_ROWS * (bottom - top)  # or only the margin of a figure
        return Evidence(Shown.BLANK if empty else Shown.NO_GRID)
    tiles = grid.tiles[:GENERATED_ROWS].reshape(-1, *grid.tiles.shape[2:])
    real = grid.tiles[GENERATED_ROWS:].reshape(-1, *grid.tiles.shape[2:])
    if np.mean(tiles.std(axis=(1, 2)) < BLANK) > 0.5:
        return Evidence(Shown.BLANK, tiles)
    if smoothness(tiles) < NOISE:
        return Evidence(Shown.NOISE, tiles)
    if len(real) and np.mean(likeness(tiles, real).max(axis=1) > SAME) > 0.5:
        return Evidence(Shown.REAL, tiles)
    saved = as_saved(pixels)
    stand = saved is not None and stand_as_real(saved)
    return Evidence(Shown.LIKE_REAL if stand else Shown.DIGITS, tiles, saved=saved)


def look_at_animation(session: KernelSession, path: Path) -> Evidence:
    """``gif_final.gif``: 4 x 10 tiles that become digits out of noise."""
    last, problem = pixels_of(session, path, "last")
    first, _ = pixels_of(session, path, "first")
    if first is None or last is None:
        return Evidence(Shown.UNREADABLE, problem=problem)
    middle = middle_of(session, path)
    views = {
        "first frame": small(first),
        **({} if middle is None else {"middle frame": small(middle)}),
        "last frame": small(last),
    }
    return replace(what_animation_shows(first, last), views=views)


def what_animation_shows(first: Array, last: Array) -> Evidence:
    # noise shows where white tiles end
    grids = (find_grid(frame, TILES) for frame in (last, first))
    grid = next((g for g in grids if g is not None and g.shape[1] == DIGITS), None)
    if grid is None or first.shape != last.shape:
        return Evidence(Shown.NO_GRID)
    start, end = (
        cut_out(frame.mean(axis=2).astype(np.float32) / 255, grid.boxes).tiles.reshape(-1, 28, 28)
        for frame in (first, last)
    )
    if np.mean(end.std(axis=(1, 2)) < BLANK) > 0.5:
        return Evidence(Shown.BLANK)
    if smoothness(end) < NOISE_DRAWN:
        return Evidence(Shown.NOISE)
    if smoothness(end) - smoothness(start) < RISES:
        return Evidence(Shown.STILL)
    return Evidence(Shown.DIGITS, end)


def middle_of(session: KernelSession, path: Path) -> Array | None:
    """For people alone: nothing depends on whether it can be had."""
    with suppress(InfraError):
        return pixels_of(session, path, "middle", 2 * VIEW)[0]
    return None


def small(pixels: Array) -> Array:
    """A picture made as small as suffices to see what it is."""
    page = Image.fromarray(pixels)
    page.thumbnail((VIEW, VIEW))
    return np.asarray(page)


def against_real(seen: Evidence, image: Evidence | None = None) -> Evidence:
    """The same, ``COPIED`` where the digits are those of MNIST's training data; of an animation
    that ends on the digits of the ``image``, what is known of these."""
    if seen.shown is not Shown.DIGITS or seen.tiles is None:
        return seen
    if image is not None and same_digits(seen, image):
        copied = image.shown is Shown.COPIED
    else:
        copied = near_real(seen.tiles if seen.saved is None else seen.saved) > 0
    return replace(seen, shown=Shown.COPIED) if copied else seen


def same_digits(one: Evidence, other: Evidence) -> bool:
    """Whether most tiles of both show the same, in the same places."""
    if one.tiles is None or other.tiles is None or one.tiles.shape != other.tiles.shape:
        return False
    return bool(np.median(np.diag(likeness(one.tiles, other.tiles))) > REDRAWN)


def pixels_of(
    session: KernelSession, path: Path, frame: str, most_side: int = MOST_SIDE
) -> tuple[Array | None, Said]:
    if path.stat().st_size > MOST_BYTES:
        return None, say("picture.file_too_large")
    data = path.read_bytes()
    if path.suffix.lower() in (".html", ".htm"):
        data = frame_of_page(data, frame)
        if not data:
            return None, say("picture.page_without_pictures")
    decoded = decode(session, data, frame, most_side)
    return decoded.pixels, decoded.problem


def frame_of_page(page: bytes, frame: str) -> bytes:
    """The first, middle or last picture of an animation in HTML; empty if there is none."""
    count = 1 if frame == "first" else sum(1 for _ in _FRAME.finditer(page))
    place = {"first": 0, "middle": count // 2}.get(frame, max(count - 1, 0))
    found = next((m[1] for m in islice(_FRAME.finditer(page), place, None)), b"")
    try:
        return base64.b64decode(_BROKEN.sub(b"", found))
    except ValueError:
        return b""


def smoothness(tiles: Array) -> float:
    """Correlation of pixels with their right and lower neighbours, (N, H, W) -> about 0 to 1."""
    centred = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    power = float(np.mean(centred**2))
    across = float(np.mean(centred[:, :, 1:] * centred[:, :, :-1]))
    down = float(np.mean(centred[:, 1:] * centred[:, :-1]))
    return (across + down) / 2 / max(power, 1e-9)


def as_saved(pixels: Array) -> Array | None:
    """The upper tiles, (40, 28, 28) from 0 to 1, of a picture of 28 pixels a tile."""
    height, width = pixels.shape[:2]
    if width != DIGITS * PITCH + PADDING or height % PITCH != PADDING:
        return None
    ink = pixels[PADDING : GENERATED_ROWS * PITCH + PADDING, PADDING:].mean(axis=2) / 255
    if len(ink) != GENERATED_ROWS * PITCH:
        return None
    parts = ink.reshape(GENERATED_ROWS, PITCH, DIGITS, PITCH).swapaxes(1, 2)
    tiles = parts[:, :, :-PADDING, :-PADDING].reshape(-1, PITCH - PADDING, PITCH - PADDING)
    return np.asarray(tiles, dtype=np.float32)


def stand_as_real(tiles: Array) -> bool:
    """Whether all but a few generated digits have exactly the size and place that MNIST gives to
    its own."""
    return any(np.mean([stands_as_real(t, faint) for t in tiles]) >= AS_MNIST for faint in FAINT)


def stands_as_real(tile: Array, faint: float) -> bool:
    ink = np.where(tile > faint, tile, 0)
    rows, columns = np.flatnonzero(ink.sum(axis=1)), np.flatnonzero(ink.sum(axis=0))
    if not len(rows):
        return False
    size = max(np.ptp(rows), np.ptp(columns)) + 1
    places = np.indices(ink.shape) - (len(ink) - 1) / 2
    off = np.abs((places * ink).sum(axis=(1, 2)) / ink.sum())
    return bool(size == BOX and np.all(off < MIDDLE))


def likeness(tiles: Array, others: Array) -> Array:
    """Correlation of each tile with each other one, (N, M)."""
    return np.asarray(standardised(tiles) @ standardised(others).T)


def standardised(tiles: Array) -> Array:
    flat = tiles.reshape(len(tiles), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6))
