"""What the two pictures of a setting show: generated digits, or something else."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from grader.digits.choose import starts_at_the_top
from grader.digits.clarity import DIGITS, GENERATED_ROWS
from grader.digits.decode import decode
from grader.digits.grid import cut_out, find_grid
from grader.digits.pictures import MOST_BYTES
from grader.digits.regions import Array
from grader.sandbox import KernelSession

BLANK = 0.02  # deviation of a tile's pixels, of 1
NOISE = 0.4  # correlation of neighbouring pixels: digits have 0.8, noise has 0
NOISE_DRAWN = 0.6  # the same of tiles that a figure drew larger: digits have 0.9, noise has 0.45
RISES = 0.25  # by which it grows from an animation's first picture to its last
SAME = 0.985  # correlation of two tiles that are one image, saved twice


class Shown(StrEnum):
    """What a picture shows."""

    DIGITS = "digits"
    NOISE = "noise"
    BLANK = "blank"
    REAL = "real digits"
    STILL = "no way from noise to digits"
    NO_GRID = "no grid of tiles"
    UNREADABLE = "nothing that can be read"


@dataclass(frozen=True)
class Evidence:
    """``tiles``: the generated half, (40, 28, 28), ink 0 to 1; None if there is no such grid."""

    shown: Shown
    tiles: Array | None = None
    problem: str = ""


def look_at_image(session: KernelSession, path: Path) -> Evidence:
    """``image_final.png``: four rows generated, and four rows real ones below them."""
    pixels, problem = pixels_of(session, path, "last")
    if pixels is None:
        return Evidence(Shown.UNREADABLE, problem=problem)
    if pixels.std() < BLANK * 255:
        return Evidence(Shown.BLANK)
    grid = find_grid(pixels)
    if grid is None or grid.shape[1] != DIGITS or grid.shape[0] < GENERATED_ROWS:
        shown = Shown.NOISE if smoothness(pixels.mean(axis=2)[None] / 255) < NOISE else None
        return Evidence(shown or Shown.NO_GRID)
    if not starts_at_the_top(grid):
        return Evidence(Shown.BLANK)
    tiles = grid.tiles[:GENERATED_ROWS].reshape(-1, *grid.tiles.shape[2:])
    real = grid.tiles[GENERATED_ROWS:].reshape(-1, *grid.tiles.shape[2:])
    if np.mean(tiles.std(axis=(1, 2)) < BLANK) > 0.5:
        return Evidence(Shown.BLANK, tiles)
    if smoothness(tiles) < NOISE:
        return Evidence(Shown.NOISE, tiles)
    if len(real) and np.mean(likeness(tiles, real).max(axis=1) > SAME) > 0.5:
        return Evidence(Shown.REAL, tiles)
    return Evidence(Shown.DIGITS, tiles)


def look_at_animation(session: KernelSession, path: Path) -> Evidence:
    """``gif_final.gif``: 4 x 10 tiles that become digits out of noise."""
    last, problem = pixels_of(session, path, "last")
    first, _ = pixels_of(session, path, "first")
    if first is None or last is None:
        return Evidence(Shown.UNREADABLE, problem=problem)
    grid = find_grid(last)
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


def pixels_of(session: KernelSession, path: Path, frame: str) -> tuple[Array | None, str]:
    if path.stat().st_size > MOST_BYTES:
        return None, "The picture's file is too large."
    decoded = decode(session, path.read_bytes(), frame)
    return decoded.pixels, decoded.problem


def smoothness(tiles: Array) -> float:
    """Correlation of pixels with their right and lower neighbours, (N, H, W) -> about 0 to 1."""
    centred = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    power = float(np.mean(centred**2))
    across = float(np.mean(centred[:, :, 1:] * centred[:, :, :-1]))
    down = float(np.mean(centred[:, 1:] * centred[:, :-1]))
    return (across + down) / 2 / max(power, 1e-9)


def likeness(tiles: Array, others: Array) -> Array:
    """Correlation of each tile with each other one, (N, M)."""
    return np.asarray(standardised(tiles) @ standardised(others).T)


def standardised(tiles: Array) -> Array:
    flat = tiles.reshape(len(tiles), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6))
