"""Which of a submission's pictures shows the samples, and how many of its digits are clear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from grader.digits.clarity import (
    DIGITS,
    GENERATED_ROWS,
    Clarity,
    Labels,
    is_hundred,
    judged,
    upper_rows,
)
from grader.digits.decode import decode
from grader.digits.grid import Grid, find_grid
from grader.digits.pictures import (
    FINAL_GIF,
    FINAL_IMAGE,
    Picture,
    final_pictures,
    pictures_of_samples,
)
from grader.sandbox import KernelSession

MOST_PICTURES = 60  # looked at in a notebook, from the last one backwards
UPPER_HALF = "Only the four upper rows count: the four below them are real digits."
COMPARED = 3  # figures of a hundred tiles, the last ones
FAR_BETTER = 20  # clear digits more than in the last figure
FEWEST = 2 * DIGITS  # tiles of a figure that counts where nothing better is there


@dataclass(frozen=True)
class Found:
    """``clarity`` of the picture that counts, None if there is none; ``seen``: what the pictures
    were that do not count, a sentence each; ``doubt``: why a person must look at the choice."""

    clarity: Clarity | None
    seen: Sequence[str]
    doubt: str = ""


def find_samples(
    session: KernelSession,
    notebook: NotebookNode | None,
    root: Path | None,
    labels: Labels = "columns",
) -> Found:
    """The last figure of a hundred tiles (see ``last_of``); else the best ``image_final.png``, else
    the best last picture of a ``gif_final.gif``; else the notebook's last figure with some tiles.
    Without a ``root`` only the notebook is looked at.

    Raises ``InfraError`` if pictures cannot be decoded for reasons of ours.
    """
    seen: list[str] = []
    pictures = pictures_of_samples(notebook) if notebook is not None else []
    hundreds, smaller = figures(session, pictures, labels, seen)
    if hundreds:
        return last_of(hundreds, seen)
    for name in (FINAL_IMAGE, FINAL_GIF):
        pictures = final_pictures(root, name) if root is not None else []
        finals = [
            judged(part, labels, "image_final", picture.where)
            for picture, grid in grids(session, pictures, seen)
            if (part := generated(grid, picture, seen)) is not None
        ]
        if finals:
            return Found(max(finals, key=lambda c: c.clear / c.total), seen)
    return Found(next(iter(smaller), None), seen)


def figures(
    session: KernelSession, pictures: Sequence[Picture], labels: Labels, seen: list[str]
) -> tuple[list[Clarity], list[Clarity]]:
    """The last figures of a hundred tiles, and the figures after them with at least some."""
    hundreds: list[Clarity] = []
    smaller: list[Clarity] = []
    for picture, grid in grids(session, pictures[: -MOST_PICTURES - 1 : -1], seen):
        if is_hundred(grid):
            hundreds.append(judged(grid, labels, "notebook", picture.where))
            if len(hundreds) == COMPARED:
                break
            continue
        rows, columns = grid.shape
        seen.append(f"{picture.where}: {rows} x {columns} tiles, not a hundred.")
        if rows * columns >= FEWEST:
            smaller.append(judged(halved(grid), labels, "notebook", picture.where))
    return hundreds, smaller


def last_of(hundreds: Sequence[Clarity], seen: Sequence[str]) -> Found:
    """The last figure, ``hundreds[0]``; one before it that is far better, if there is one.

    Some show the way from noise to digits, or real digits, after their samples.
    """
    last, best = hundreds[0], max(hundreds, key=lambda clarity: clarity.clear)
    if best.clear - last.clear < FAR_BETTER:
        return Found(last, seen)
    doubt = f"The last figure of a hundred tiles ({last.where}) shows {last.clear} clear digits."
    return Found(best, seen, doubt)


def find_in_picture(session: KernelSession, picture: Picture, labels: Labels) -> Found:
    """The same of one picture alone. Raises ``InfraError`` as above."""
    seen: list[str] = []
    for _, grid in grids(session, [picture], seen):
        upper = halved(grid)
        notes = () if upper is grid else (UPPER_HALF,)
        return Found(judged(upper, labels, None, picture.where, notes), seen)
    return Found(None, seen)


def grids(
    session: KernelSession, pictures: Sequence[Picture], seen: list[str]
) -> Iterator[tuple[Picture, Grid]]:
    """The pictures that show a grid; what the others are is added to ``seen``."""
    for picture in pictures:
        decoded = decode(session, picture.data)
        if decoded.pixels is None:
            seen.append(f"{picture.where}: {decoded.problem}")
            continue
        grid = find_grid(decoded.pixels)
        if grid is None:
            seen.append(f"{picture.where}: no grid of tiles was found in the picture.")
        else:
            yield picture, grid


def generated(grid: Grid, picture: Picture, seen: list[str]) -> Grid | None:
    """The four rows of generated digits; None if it is not certain which these are.

    Empty rows at the edge are no part of a grid: what remains could be the real digits below.
    """
    upper = halved(grid)
    at_the_top = starts_at_the_top(grid) or picture.where.lower().endswith(FINAL_GIF)
    if at_the_top and upper.shape == (GENERATED_ROWS, DIGITS):
        return upper
    rows, columns = grid.shape
    seen.append(f"{picture.where}: {rows} x {columns} tiles, where eight rows of ten belong.")
    return None


def starts_at_the_top(grid: Grid) -> bool:
    """Whether no empty row of tiles can be above the grid, which would not be found."""
    _, top, _, bottom = grid.boxes[0, 0]
    return bool(top < bottom - top)


def halved(grid: Grid) -> Grid:
    """Without the real digits that training puts below as many rows of generated ones."""
    return upper_rows(grid) if grid.shape == (2 * GENERATED_ROWS, DIGITS) else grid
