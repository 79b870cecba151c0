"""Which of a submission's pictures shows the samples, and how many of its digits are clear."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from grader.digits.clarity import DIGITS, GENERATED_ROWS, Clarity, Labels, judged
from grader.digits.figures import (
    Figure,
    Figures,
    grids,
    halved,
    is_like_digits,
    look_at_figures,
)
from grader.digits.grid import Grid
from grader.digits.pictures import FINAL_GIF, FINAL_IMAGE, final_pictures, setting_of
from grader.messages.message import Message, Said, say, together
from grader.pictures.markup import SCRIPT, WEB
from grader.pictures.shown import Picture, Unread
from grader.sandbox import KernelSession

FAR_BETTER = 20  # clear digits more than in the figure that counts
NEARLY_ALL = 90  # clear digits, from which on what may be a chart is not asked about


@dataclass(frozen=True)
class Found:
    """``clarity`` of the picture that counts, None if there is none; ``seen``: what the pictures
    were that do not count, a sentence each; ``doubt``: why a person must look at the choice, and
    what would settle it."""

    clarity: Clarity | None
    seen: Sequence[Said]
    doubt: Said = ""


def find_samples(
    session: KernelSession,
    notebook: NotebookNode | None,
    root: Path | None,
    labels: Labels = "columns",
) -> Found:
    """The last figure of a hundred tiles (see ``counted``). Where the notebook shows none, what
    there is instead counts until a person has looked: its last figure with some digits, or an
    ``image_final.png``, or the last picture of a ``gif_final.gif``.

    Without a ``root`` only the notebook is looked at. Raises ``InfraError`` if pictures cannot be
    decoded for reasons of ours.
    """
    figures = look_at_figures(session, notebook, root, labels) if notebook else Figures()
    if figures.hundreds:
        return counted(figures)
    smaller = figures.smaller[0] if figures.smaller else None
    if smaller is not None and is_like_digits(smaller):
        return Found(smaller, figures.seen, settled_by(figures))
    finals = find_finals(session, root, labels, figures.seen)
    doubt = settled_by(figures) if notebook else say("image_quality.no_notebook")
    if not finals:
        return Found(smaller, figures.seen, doubt if figures.seen else "")
    best = max(finals, key=lambda final: final.clear / final.total)
    own = of_setting(finals, setting_of(notebook)) if notebook else None
    return Found(own or best, figures.seen, doubt if best.clear or figures.shows_any else "")


def counted(figures: Figures) -> Found:
    """The last figure that shows digits; outputs come before animations, and these before what is
    pasted. The doubt names another one that is far better, or that could be.

    Some show the way from noise to digits, or real digits, after their samples.
    """
    ranked = sorted(figures.hundreds, key=lambda figure: figure.rank)  # the last first, in each
    chosen = next((f for f in ranked if is_like_digits(f.clarity)), ranked[0])
    fails = not is_like_digits(chosen.clarity)
    doubts: list[Message] = []
    other = next((f for f in figures.hundreds if is_doubted(chosen, f)), None)
    if other is not None:
        clear = other.clarity.clear
        doubts.append(say("image_quality.other_figure", where=other.where, clear=clear))
    elif fails and any(map(is_like_digits, figures.smaller)):
        smaller = next(filter(is_like_digits, figures.smaller))
        counts = {"clear": smaller.clear, "total": smaller.total}
        doubts.append(say("image_quality.smaller_figure", where=smaller.where, **counts))
    if chosen.uneven:
        doubts.append(say("image_quality.put_together", where=chosen.where))
    if chosen.pasted:
        doubts.append(say("image_quality.pasted"))
    unread = [one for place, one in figures.unread if fails or place > chosen.place]
    if chosen.clarity.clear >= NEARLY_ALL:
        unread = [one for one in unread if one.form not in (SCRIPT, WEB)]
    stills = [one for one in unread if not (one.moving or one.pasted)]
    if stills:
        doubts.append(settled(stills[0]))
    return Found(chosen.clarity, figures.seen, together(*doubts))


def is_doubted(chosen: Figure, other: Figure) -> bool:
    """Whether the other figure could be the one that counts: it is far better, or stands below the
    chosen one and shows no digits."""
    if other.clarity.clear - chosen.clarity.clear >= FAR_BETTER:
        return True
    follows = other.rank <= chosen.rank and other.place > chosen.place
    return follows and not is_like_digits(other.clarity)


def settled_by(figures: Figures) -> Message:
    """Why the notebook's own hundred was not counted, and what a person does about it."""
    unread = sorted((one for _, one in figures.unread), key=lambda one: one.moving)
    if unread:
        return settled(unread[0])
    if figures.last:
        return say("image_quality.no_hundred", where=figures.last)
    return say("image_quality.cleared")


def settled(unread: Unread) -> Message:
    values = {"where": unread.where, "form": unread.form}
    if unread.kept:
        return say("image_quality.unread", **values)
    return say("image_quality.unread_and_gone", **values)


def find_finals(
    session: KernelSession, root: Path | None, labels: Labels, seen: list[Said]
) -> list[Clarity]:
    """The generated digits that the result folders show, in their pictures, or else animations."""
    if root is None:
        return []
    for name in (FINAL_IMAGE, FINAL_GIF):
        finals = [
            judged(part, labels, "image_final", picture.where)
            for picture, grid in grids(session, final_pictures(root, name), seen)
            if (part := generated(grid, picture, seen)) is not None
        ]
        if finals:
            return finals
    return []


def of_setting(finals: Sequence[Clarity], setting: Sequence[str]) -> Clarity | None:
    """That of the setting with which the notebook was last run, if that is known."""
    if len(setting) < 2:
        return None
    return next((f for f in finals if all(word in str(f.where) for word in setting)), None)


def find_in_picture(session: KernelSession, picture: Picture, labels: Labels) -> Found:
    """The same of one picture alone. Raises ``InfraError`` as above."""
    seen: list[Said] = []
    for _, grid in grids(session, [picture], seen):
        upper = halved(grid)
        notes = () if upper is grid else (say("picture.upper_half"),)
        return Found(judged(upper, labels, None, picture.where, notes), seen)
    return Found(None, seen)


def generated(grid: Grid, picture: Picture, seen: list[Said]) -> Grid | None:
    """The four rows of generated digits; None if it is not certain which these are.

    Empty rows at the edge are no part of a grid: what remains could be the real digits below.
    """
    upper = halved(grid)
    animation = Path(str(picture.where)).stem.lower() == FINAL_GIF
    if (animation or starts_at_the_top(grid)) and upper.shape == (GENERATED_ROWS, DIGITS):
        return upper
    rows, columns = grid.shape
    said = say("picture.not_eight_rows", rows=rows, columns=columns)
    seen.append(say("picture.of", where=picture.where, what=said))
    return None


def starts_at_the_top(grid: Grid) -> bool:
    """Whether no empty row of tiles can be above the grid, which would not be found."""
    _, top, _, bottom = grid.boxes[0, 0]
    return bool(top < bottom - top)
