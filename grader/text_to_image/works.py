"""What came out: each prompt of notebook 2-2 with the pictures that belong to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import nbformat
import numpy as np
from nbformat import NotebookNode
from PIL import Image

from grader.digits.decode import decode
from grader.digits.pictures import pictures_in
from grader.digits.regions import Array
from grader.paths import TEMPLATE_DIR
from grader.sandbox import KernelSession
from grader.text_to_image.calls import Asked, read_calls

TEMPLATE = "Assignment2-2_TTI.ipynb"
SMALLEST = 256  # pixels a side
BLACK, BLANK = 6.0, 2.0  # of 255: brightest pixel that is black; deviation of what is one colour
COPY = 0.995  # correlation of two pictures that are one
MOST_PICTURES = 40
THUMBNAIL = 512  # pixels a side that are kept for people to look at
LETTERS = 3  # of a prompt, at least
_PLACEHOLDERS = frozenset({"none", "test", "prompt", "your prompt", "your prompt here", "todo"})


class Look(StrEnum):
    """How a picture looks."""

    FINE = "fine"
    BLACK = "black"
    BLANK = "of one colour"
    SMALL = "small"
    COPY = "the example's"


@dataclass(frozen=True)
class Shot:
    """One picture. ``pixels``: (H, W, 3) bytes, made smaller for people to look at."""

    cell: int
    look: Look
    width: int
    height: int
    pixels: Array


@dataclass(frozen=True)
class Works:
    """``own``: what was asked beside the example; ``example``: the template's own prompt.
    ``shots`` are the pictures of ``own``; ``unreadable`` says why others could not be decoded."""

    own: Sequence[Asked]
    example: Sequence[Asked]
    shots: Sequence[Shot]
    unreadable: Sequence[str]


def find_works(session: KernelSession, notebook: NotebookNode) -> Works:
    """Reads the notebook's calls and decodes the pictures below them.

    A picture belongs to the last call before it. Raises ``InfraError`` for faults of ours.
    """
    calls = read_calls(notebook)
    own = [asked for asked in calls if asked.prompt is not None and not is_example(asked)]
    example = [asked for asked in calls if is_example(asked)]
    calling, mine = {asked.cell for asked in calls}, {asked.cell for asked in own}
    shots: list[Shot] = []
    examples: list[Array] = []
    unreadable: list[str] = []
    for number, data in numbered_pictures(notebook, calling):
        cell = max((c for c in calling if c <= number), default=None)
        decoded = decode(session, data)
        if decoded.pixels is None:
            unreadable.append(f"cell {number}: {decoded.problem}")
        elif cell in mine:
            shots.append(shot_of(number, decoded.pixels, examples))
        elif cell is not None:
            examples.append(small(decoded.pixels))
    return Works(own, example, shots, unreadable)


def numbered_pictures(notebook: NotebookNode, calling: set[int]) -> list[tuple[int, bytes]]:
    """(cell, bytes) of every picture from the first call on, the last ones if there are many."""
    first = min(calling, default=1)
    found = [
        (number, data)
        for number, cell in enumerate(notebook.cells, 1)
        if cell.cell_type == "code" and number >= first
        for output in cell.outputs
        for data in pictures_in(output)
    ]
    return found[-MOST_PICTURES:]


def shot_of(cell: int, pixels: Array, examples: Sequence[Array]) -> Shot:
    height, width = pixels.shape[:2]
    if pixels.max() <= BLACK:
        look = Look.BLACK
    elif pixels.std() < BLANK:
        look = Look.BLANK
    elif any(correlation(small(pixels), other) > COPY for other in examples):
        look = Look.COPY
    else:
        look = Look.FINE if min(height, width) >= SMALLEST else Look.SMALL
    page = Image.fromarray(pixels)
    page.thumbnail((THUMBNAIL, THUMBNAIL))
    return Shot(cell, look, width, height, np.asarray(page))


def small(pixels: Array) -> Array:
    """(32, 32) gray, for comparison."""
    gray = Image.fromarray(pixels).convert("L").resize((32, 32), Image.Resampling.BOX)
    return np.asarray(gray, dtype=np.float64)


def correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(np.sum(a * b) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9))


@cache
def example_prompts() -> frozenset[str]:
    """The prompts that the template itself asks for, as ``words``."""
    template = nbformat.read(TEMPLATE_DIR / TEMPLATE, as_version=4)
    return frozenset(words(a.prompt) for a in read_calls(template) if isinstance(a.prompt, str))


def is_example(asked: Asked) -> bool:
    return isinstance(asked.prompt, str) and words(asked.prompt) in example_prompts()


def is_trivial(prompt: str) -> bool:
    """Whether these are no words to make a picture from."""
    return sum(c.isalpha() for c in prompt) < LETTERS or words(prompt) in _PLACEHOLDERS


def words(text: str) -> str:
    """In small letters, without punctuation and further spaces."""
    return " ".join(re.findall(r"\w+", text.lower()))
