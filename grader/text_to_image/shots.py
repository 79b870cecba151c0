"""One picture of notebook 2-2, and how it looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from PIL import Image

from grader.arrays import Array
from grader.messages.message import Message, Said, say
from grader.text_to_image.odd import is_digits, is_gradient, is_noise

SMALLEST = 256  # pixels a side
BLACK, BLANK = 6.0, 2.0  # of 255: brightest pixel that is black; deviation of what is one colour
COPY = 0.995  # correlation of two pictures that are one
THUMBNAIL = 512  # pixels a side that are kept for people to look at

Place = Literal["output", "text", "file"]


class Look(StrEnum):
    """How a picture looks."""

    FINE = "fine"
    BLACK = "black"
    BLANK = "of one colour"
    SMALL = "small"
    FIGURE = "small in a figure"
    COPY = "the example's"
    NOISE = "noise"
    GRADIENT = "a gradient"
    DIGITS = "handwritten digits"

    @property
    def said(self) -> Message:
        """What it is called."""
        return say(f"look.{self.name.lower()}")


@dataclass(frozen=True)
class Source:
    """The bytes of a picture, not decoded yet: the cell that shows it, 0 for a file that was handed
    in, and ``where`` that is in words; whether matplotlib drew it into a figure."""

    cell: int
    where: Said
    data: bytes
    figure: bool = False
    upside_down: bool = False
    place: Place = "output"


@dataclass(frozen=True)
class Shot:
    """One picture. ``pixels``: (H, W, 3) bytes, made smaller for people to look at."""

    cell: int
    look: Look
    width: int
    height: int
    pixels: Array
    where: Said = ""
    place: Place = "output"


def shot_of(source: Source, pixels: Array, examples: Sequence[Array]) -> Shot:
    """``examples``: the example's pictures, as ``small`` makes them."""
    height, width = pixels.shape[:2]
    if pixels.max() <= BLACK:
        look = Look.BLACK
    elif pixels.std() < BLANK:
        look = Look.BLANK
    elif is_copy(small(pixels), examples):
        look = Look.COPY
    elif min(height, width) >= SMALLEST:
        look = odd_look(pixels)
    else:
        look = Look.FIGURE if source.figure else Look.SMALL
    page = Image.fromarray(pixels)
    page.thumbnail((THUMBNAIL, THUMBNAIL))
    shown = np.asarray(page)
    return Shot(source.cell, look, width, height, shown, source.where, source.place)


def odd_look(pixels: Array) -> Look:
    """Of a picture that is large enough: fine, or what no words ask for."""
    if is_noise(pixels):
        return Look.NOISE
    if is_gradient(pixels):
        return Look.GRADIENT
    return Look.DIGITS if is_digits(pixels) else Look.FINE


def small(pixels: Array) -> Array:
    """(32, 32) gray, for comparison."""
    gray = Image.fromarray(pixels).convert("L").resize((32, 32), Image.Resampling.BOX)
    return np.asarray(gray, dtype=np.float64)


def is_copy(one: Array, others: Sequence[Array]) -> bool:
    return any(correlation(one, other) > COPY for other in others)


def correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(np.sum(a * b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9))
