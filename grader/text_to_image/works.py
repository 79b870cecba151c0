"""What came out: each prompt of notebook 2-2 with the pictures that belong to it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode
from PIL import Image

from grader.digits.decode import decode
from grader.digits.pictures import MIMES, pictures_in
from grader.digits.regions import Array
from grader.paths import TEMPLATE_DIR
from grader.sandbox import KernelSession
from grader.sandbox.text import one_line
from grader.text_to_image.calls import Asked, in_order, read_calls

TEMPLATE = "Assignment2-2_TTI.ipynb"
SMALLEST = 256  # pixels a side
BLACK, BLANK = 6.0, 2.0  # of 255: brightest pixel that is black; deviation of what is one colour
COPY = 0.995  # correlation of two pictures that are one
MOST_PICTURES = 40
THUMBNAIL = 512  # pixels a side that are kept for people to look at
LETTERS = 3  # of a prompt, at least; one that is not Latin may be a syllable or a word
_FIGURE = re.compile(r"<Figure size ")
_LINK = re.compile(r"<img\b[^>]*\bsrc=(?!.?data:)|!\[[^\]]*\]\(")
_PLACEHOLDERS = frozenset({"none", "test", "prompt", "your prompt", "your prompt here", "todo"})


class Look(StrEnum):
    """How a picture looks."""

    FINE = "fine"
    BLACK = "black"
    BLANK = "of one colour"
    SMALL = "small"
    FIGURE = "small in a figure"
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
    ``shots`` are the pictures of ``own``; ``unreadable`` says why others could not be decoded.
    ``after_example``: how many stand below a run of the example that follows an own one."""

    own: Sequence[Asked]
    example: Sequence[Asked]
    shots: Sequence[Shot]
    unreadable: Sequence[str]
    after_example: int = 0


@dataclass(frozen=True)
class _Seen:
    """A picture of the notebook, its cell, and whether matplotlib drew it into a figure."""

    cell: int
    data: bytes
    figure: bool


def find_works(session: KernelSession, notebook: NotebookNode) -> Works:
    """Reads the notebook's calls and decodes the pictures below them.

    A picture belongs to the last call before it. Raises ``InfraError`` for faults of ours.
    """
    calls = read_calls(notebook)
    if all(asked.prompt is None or is_example(asked) for asked in calls):
        calls = read_calls(notebook, uncalled=True)
    own = [asked for asked in calls if asked.prompt is not None and not is_example(asked)]
    example = [asked for asked in calls if is_example(asked)]
    order = [number for number, _ in in_order(notebook)]
    calling, mine = {asked.cell for asked in calls}, {asked.cell for asked in own}
    after_call = order[min((order.index(c) for c in calling), default=0) :]
    pictures, unreadable = pictures_of(notebook, after_call)
    owner: dict[int, int] = {}  # of every cell the last one that calls
    for number in after_call:
        owner[number] = number if number in calling else next(reversed(owner.values()), 0)
    own_pictures: list[tuple[_Seen, Array]] = []
    examples: list[Array] = []
    after_example = 0
    for seen in pictures:
        decoded = decode(session, seen.data)
        if decoded.pixels is None:
            unreadable.append(f"cell {seen.cell}: {decoded.problem}")
        elif owner[seen.cell] in mine:
            own_pictures.append((seen, decoded.pixels))
        elif owner[seen.cell]:
            examples.append(small(decoded.pixels))
            before = order[: order.index(owner[seen.cell])]
            after_example += any(number in mine for number in before)
    shots = [shot_of(seen, pixels, examples) for seen, pixels in own_pictures]
    return Works(own, example, shots, unreadable, after_example)


def pictures_of(notebook: NotebookNode, cells: Sequence[int]) -> tuple[list[_Seen], list[str]]:
    """The pictures below these cells, the last ones if there are many; and those that are shown
    without being in the notebook in a form that is read."""
    found: list[_Seen] = []
    others: list[str] = []
    for number in cells:
        for output in notebook.cells[number - 1].outputs:
            data = output.get("data", {})
            figure = bool(_FIGURE.match(str(data.get("text/plain", ""))))
            inside = [_Seen(number, picture, figure) for picture in pictures_in(output)]
            found += inside
            if not inside and (form := other_form(data)):
                others.append(f"cell {number}: {form}")
    return found[-MOST_PICTURES:], others[-MOST_PICTURES:]


def other_form(data: Mapping[str, Any]) -> str:
    """How an output shows a picture that is not looked at; empty if it shows none."""
    for kind in data:
        if kind.startswith("image/") and kind not in MIMES:
            return f"The picture is in the form {one_line(kind)}."
    if str(data.get("text/plain", "")).startswith("Image(value="):
        return "The picture is in a widget."
    if any(_LINK.search(str(data.get(kind, ""))) for kind in ("text/html", "text/markdown")):
        return "The picture is a link to a file."
    return ""


def shot_of(seen: _Seen, pixels: Array, examples: Sequence[Array]) -> Shot:
    height, width = pixels.shape[:2]
    if pixels.max() <= BLACK:
        look = Look.BLACK
    elif pixels.std() < BLANK:
        look = Look.BLANK
    elif any(correlation(small(pixels), other) > COPY for other in examples):
        look = Look.COPY
    elif min(height, width) >= SMALLEST:
        look = Look.FINE
    else:
        look = Look.FIGURE if seen.figure else Look.SMALL
    page = Image.fromarray(pixels)
    page.thumbnail((THUMBNAIL, THUMBNAIL))
    return Shot(seen.cell, look, width, height, np.asarray(page))


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
    letters = sum(1 if c.isascii() else LETTERS for c in prompt if c.isalpha())
    return letters < LETTERS or words(prompt) in _PLACEHOLDERS


def words(text: str) -> str:
    """In small letters, without punctuation and further spaces."""
    return " ".join(re.findall(r"\w+", text.lower()))
