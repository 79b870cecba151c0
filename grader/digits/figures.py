"""The figures that a notebook shows below the model: those of a hundred tiles, and the others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from grader.arrays import Array
from grader.bounded import bounded
from grader.digits.clarity import (
    DIGITS,
    GENERATED_ROWS,
    WANTED,
    Clarity,
    Labels,
    is_hundred,
    judged,
    upper_rows,
)
from grader.digits.grid import Grid, find_grid
from grader.digits.pictures import Shows, cells_with_samples
from grader.digits.together import (
    MOST_SIDE,
    PARTS,
    is_uneven,
    one_below_the_other,
    runs,
    single_digits,
)
from grader.messages.message import Said, say
from grader.pictures.decode import decode
from grader.pictures.shown import DAMAGED, Picture, Unread
from grader.sandbox import KernelSession

MOST_PICTURES = 60  # looked at in a notebook, from the last one backwards
MOST_UNREAD = 100  # that are told of
MOST_TOGETHER = 3  # times that figures are put together
MOST_SINGLES = 150  # pictures of a cell, the last ones, among which are a hundred of one digit
COMPARED = 3  # figures of a hundred digits, the last ones
FEWEST = 2 * DIGITS  # tiles of a figure that counts where nothing better is there
SOME = 0.1  # of the tiles of a figure that shows digits can be read; of noise hardly one

Place = tuple[int, int]  # the cell, and which of its pictures


@dataclass(frozen=True)
class Figure:
    """A figure of a hundred tiles. ``uneven``: it was put together from figures of which the first
    are less clear than the last."""

    clarity: Clarity
    place: Place
    moving: bool = False
    pasted: bool = False
    uneven: bool = False

    @property
    def rank(self) -> int:
        """0 for an output, 1 for the end of an animation, 2 for what is pasted into text."""
        return 2 if self.pasted else int(self.moving)

    @property
    def where(self) -> Said:
        return self.clarity.where


@dataclass
class Figures:
    """Everything from the last to the first: ``hundreds``; ``smaller`` ones with some tiles;
    ``unread``: what cannot be read. ``last``: the last cell with a picture; ``seen``: what those
    were that do not count, a sentence each."""

    hundreds: list[Figure] = field(default_factory=list)
    smaller: list[Clarity] = field(default_factory=list)
    unread: list[tuple[Place, Unread]] = field(default_factory=list)
    seen: list[Said] = field(default_factory=list)
    last: Said = ""

    @property
    def shows_any(self) -> bool:
        """Whether there was a picture of any kind."""
        return bool(self.last or self.unread)

    def are_enough(self) -> bool:
        return sum(is_like_digits(figure.clarity) for figure in self.hundreds) >= COMPARED


def is_like_digits(clarity: Clarity) -> bool:
    """Whether some of the tiles can be read, as whatever digits; of noise they cannot."""
    return clarity.readable >= SOME * clarity.total


def look_at_figures(
    session: KernelSession, notebook: NotebookNode, root: Path | None, labels: Labels
) -> Figures:
    """Goes through the cells backwards until enough is found.

    Raises ``InfraError`` if pictures cannot be decoded for reasons of ours.
    """
    walk = _Walk(session, labels)
    for number, cell in reversed(list(enumerate(bounded(cells_with_samples, notebook, root)))):
        if walk.found.are_enough() or walk.looked_at >= MOST_PICTURES:
            break
        walk.look_at(number, cell)
    return walk.found


class _Walk:
    """From the last cell to the first."""

    def __init__(self, session: KernelSession, labels: Labels) -> None:
        self.found = Figures()
        self.looked_at = 0
        self._session, self._labels = session, labels
        self._put_together = 0

    def look_at(self, number: int, cell: Shows) -> None:
        """Adds what the cell shows."""
        found = self.found
        stills = [s for s in cell.shown if isinstance(s, Picture) and not s.moving]
        if not found.last and any(isinstance(s, Picture) for s in cell.shown):
            found.last = cell.where
        if len(stills) >= WANTED and self._singles(number, cell.where, stills[-MOST_SINGLES:]):
            return
        before, drawn = len(found.hundreds), dict[int, _Drawn]()
        for place, shown in reversed(list(enumerate(cell.shown))):
            if found.are_enough() or self.looked_at >= MOST_PICTURES:
                break
            if isinstance(shown, Unread):
                self._cannot_read((number, place), shown)
            elif (one := self._picture((number, place), shown)) is not None:
                drawn[place] = one
        if len(found.hundreds) == before:
            self._rows(number, cell, drawn)

    def _cannot_read(self, place: Place, unread: Unread, why: Said = "") -> None:
        if len(self.found.unread) < MOST_UNREAD:
            self.found.unread.append((place, unread))
            why = why or say("picture.not_read", form=unread.form)
            self.found.seen.append(say("picture.of", where=unread.where, what=why))

    def _picture(self, place: Place, picture: Picture) -> "_Drawn | None":
        """Adds the figure that it shows; None if it cannot be decoded, or moves."""
        self.looked_at += 1
        decoded = decode(self._session, picture.data)
        if decoded.pixels is None:
            damaged = Unread(DAMAGED, picture.where, kept=False, pasted=picture.pasted)
            self._cannot_read(place, damaged, decoded.problem)
            return None
        moving = picture.moving or decoded.frames > 1
        grid = find_grid(turned(decoded.pixels, picture))
        if grid is None:
            said = say("picture.no_grid")
            self.found.seen.append(say("picture.of", where=picture.where, what=said))
        elif is_hundred(grid):
            clarity = judged(grid, self._labels, "notebook", picture.where)
            self.found.hundreds.append(Figure(clarity, place, moving, picture.pasted))
        else:
            rows, columns = grid.shape
            said = say("picture.not_hundred", rows=rows, columns=columns)
            self.found.seen.append(say("picture.of", where=picture.where, what=said))
            if rows * columns >= FEWEST:
                upper = judged(halved(grid), self._labels, "notebook", picture.where)
                self.found.smaller.append(upper)
        tiles = grid.shape[0] * grid.shape[1] if grid is not None else 0
        return None if moving else _Drawn(decoded.pixels.shape[:2], tiles)

    def _singles(self, number: int, where: Said, pictures: Sequence[Picture]) -> bool:
        """Whether among these are a hundred single digits, which are added then."""
        pixels = self._decoded(pictures, MOST_SIDE[0])
        for run in runs({n: one.shape[:2] for n, one in enumerate(pixels or ())}):
            if pixels and len(run) >= WANTED:
                grid = single_digits([pixels[n] for n in run[-WANTED:]])
                return grid is not None and self._together(grid, (number, 0), where, pictures[0])
        return False

    def _rows(self, number: int, cell: Shows, drawn: dict[int, "_Drawn"]) -> None:
        """Adds the hundred of which neighbouring figures of one size are the parts."""
        for run in runs({place: one.size for place, one in drawn.items()}):
            tiles = [drawn[place].tiles for place in run]
            if may_be_parts(tiles) and self._put_together < MOST_TOGETHER:
                pictures = [p for n in run if isinstance(p := cell.shown[n], Picture)]
                pixels = self._decoded(pictures, MOST_SIDE[1])
                grid = one_below_the_other(pixels) if pixels else None
                if grid is not None and is_hundred(grid):
                    self._together(grid, (number, run[-1]), cell.where, pictures[0])

    def _together(self, grid: Grid, place: Place, where: Said, one: Picture) -> bool:
        clarity = judged(grid, self._labels, "notebook", where)
        if not is_like_digits(clarity):
            return False
        figure = Figure(clarity, place, pasted=one.pasted, uneven=is_uneven(clarity))
        self.found.hundreds.append(figure)
        return True

    def _decoded(self, pictures: Sequence[Picture], most_side: int) -> list[Array] | None:
        """The pixels of all of these; None if one cannot be decoded."""
        self._put_together += 1
        found = []
        for picture in pictures:
            pixels = decode(self._session, picture.data, most_side=most_side).pixels
            if pixels is None:
                return None
            found.append(turned(pixels, picture))
        return found


@dataclass(frozen=True)
class _Drawn:
    """``size``: height and width of a picture; ``tiles`` that were found in it."""

    size: tuple[int, ...]
    tiles: int


def may_be_parts(tiles: Sequence[int]) -> bool:
    """Whether figures of so many tiles, 0 where none were found, could be a hundred together."""
    known = [count for count in tiles if count]
    if len(tiles) not in PARTS or 2 * len(known) < len(tiles):
        return len(tiles) in PARTS and len(tiles) >= DIGITS  # single rows are not found
    return 2 * sum(count * len(tiles) == WANTED for count in known) > len(known)


def turned(pixels: Array, picture: Picture) -> Array:
    """As the picture is shown."""
    return pixels[::-1] if picture.upside_down else pixels


def grids(
    session: KernelSession, pictures: Iterable[Picture], seen: list[Said]
) -> Iterator[tuple[Picture, Grid]]:
    """The pictures that show a grid; what the others are is added to ``seen``."""
    for picture in pictures:
        decoded = decode(session, picture.data)
        if decoded.pixels is None:
            seen.append(say("picture.of", where=picture.where, what=decoded.problem))
            continue
        grid = find_grid(turned(decoded.pixels, picture))
        if grid is None:
            seen.append(say("picture.of", where=picture.where, what=say("picture.no_grid")))
        else:
            yield picture, grid


def halved(grid: Grid) -> Grid:
    """Without the real digits that training puts below as many rows of generated ones."""
    return upper_rows(grid) if grid.shape == (2 * GENERATED_ROWS, DIGITS) else grid
