"""What came out: each prompt of notebook 2-2 with the pictures that belong to it."""

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.arrays import Array
from grader.bounded import bounded
from grader.intake.source import read_cell
from grader.messages.message import Message
from grader.paths import TEMPLATE_DIR
from grader.pictures.decode import decode
from grader.pictures.shown import DAMAGED, Unread, text_of
from grader.sandbox import KernelSession
from grader.text_to_image.asked import UNSEEN, Asked, is_trivial, words
from grader.text_to_image.calls import read_calls
from grader.text_to_image.shots import Look, Shot, Source, is_copy, shot_of, small
from grader.text_to_image.sources import files_beside, order_of, sources_in
from grader.text_to_image.values import UNKNOWN

TEMPLATE = "Assignment2-2_TTI.ipynb"
SAFETY_CHECKER = "NSFW content was detected"  # as diffusers says it


@dataclass(frozen=True)
class Works:
    """``own``: what was asked beside the example; ``example``: the template's own prompt.
    ``shots`` are the pictures of ``own``; ``unread`` are others, which cannot be read.
    ``after_example``: how many stand below a run of the example that follows an own one.
    ``checker_spoke``: the safety checker's own words are among the outputs."""

    own: Sequence[Asked]
    example: Sequence[Asked]
    shots: Sequence[Shot]
    unread: Sequence[Unread]
    after_example: int = 0
    checker_spoke: bool = False


def find_works(session: KernelSession, notebook: NotebookNode, root: Path | None = None) -> Works:
    """Reads the notebook's calls and decodes the pictures below them; ``root`` holds the files that
    were handed in.

    A picture belongs to the last call before it. Raises ``InfraError`` for faults of ours.
    """
    said = bounded(read_said, notebook, root)
    own = [asked for asked in said.calls if is_own(asked)]
    example = [asked for asked in said.calls if is_example(asked)]
    calling = {asked.cell for asked in said.calls}
    below, unread = said.below, list(said.unread)
    decoded = all_decoded(session, said.sources, unread)
    if not own:
        return without_calls(said, example, decoded, unread)
    mine = {asked.cell for asked in own}
    owner: dict[int, int] = {}  # of every cell the last one that calls
    for number in below:
        owner[number] = number if number in calling else next(reversed(owner.values()))
    examples = [
        (owner[s.cell], small(pixels)) for s, pixels in decoded if owner[s.cell] not in mine
    ]
    looks = [look for _, look in examples]
    shots = [shot_of(s, pixels, looks) for s, pixels in decoded if owner[s.cell] in mine]
    if not shots and not unread and root is not None:
        files = all_decoded(session, list(files_beside(root)), [])
        shots = [shot_of(source, pixels, looks) for source, pixels in files]
    unread = [one for one in unread if owner[cell_of(one)] in mine] or unread
    first_own = min(map(below.index, mine))
    after_example = sum(below.index(number) > first_own for number, _ in examples)
    return Works(own, example, shots, unread, after_example, checker_spoke(notebook, mine))


def checker_spoke(notebook: NotebookNode, cells: Collection[int]) -> bool:
    """Whether the safety checker says below one of these cells that it made a picture black."""
    return any(
        SAFETY_CHECKER in text_of(output.get("text"))
        for number in cells
        for output in notebook.cells[number - 1].get("outputs", [])
    )


@dataclass(frozen=True)
class Said:
    """What the notebook says and shows, before any picture is decoded: its calls, the cells from
    the first of them on in the order in which they were run, and the pictures in these. Where no
    call is the student's own, ``wording`` are the cells whose code holds words of their own."""

    calls: Sequence[Asked]
    below: Sequence[int]
    sources: Sequence[Source]
    unread: Sequence[Unread]
    wording: frozenset[int]


def read_said(notebook: NotebookNode, root: Path | None) -> Said:
    """Reads all that ``find_works`` goes by but the pictures' pixels."""
    calls, order = calls_of(notebook), order_of(notebook)
    first = min((order.index(cell) for cell in {asked.cell for asked in calls}), default=0)
    below = order[first:]
    sources, unread = sources_in(notebook, root, below)
    wording = frozenset[int]()
    if calls and not any(map(is_own, calls)):
        wording = frozenset(number for number in below if has_own_words(notebook, number))
    return Said(calls, below, sources, unread, wording)


def calls_of(notebook: NotebookNode) -> list[Asked]:
    """The notebook's calls of pipelines; if none has a prompt of its own, those that can be found
    by looking harder, and last whatever may be a prompt."""
    calls = read_calls(notebook)
    for otherwise in (False, True):
        if not any(map(is_own, calls)):
            calls = read_calls(notebook, uncalled=True, otherwise=otherwise)
    seen = [asked for asked in calls if asked.way != UNSEEN or not is_own(asked)]
    return seen if any(map(is_own, seen)) else calls


def all_decoded(
    session: KernelSession, sources: Sequence[Source], unread: list[Unread]
) -> list[tuple[Source, Array]]:
    """The pixels of these pictures; those that have none are added to ``unread``."""
    found = []
    for source in sources:
        pixels = decode(session, source.data).pixels
        if pixels is None:
            unread.append(Unread(DAMAGED, source.where, kept=False))
        else:
            found.append((source, pixels[::-1] if source.upside_down else pixels))
    return found


def without_calls(
    said: Said,
    example: Sequence[Asked],
    decoded: Sequence[tuple[Source, Array]],
    unread: Sequence[Unread],
) -> Works:
    """Pictures are there, but no call that is known to make them: as if asked by an unseen one.

    Where the example was run, only those that are neither its pictures nor below its words alone.
    """
    if not example:
        cells_shown = [source.cell for source, _ in decoded]
        cells_shown += [cell_of(one) for one in unread if not one.pasted]
        own = [unseen(cells_shown[0])] if cells_shown else []
        return Works(own, [], [shot_of(source, pixels, []) for source, pixels in decoded], unread)
    calling = {asked.cell for asked in example}
    put_out = [(source.cell, pixels) for source, pixels in decoded if source.place == "output"]
    first = put_out[0][0] if put_out else 0
    looks = [small(pixels) for cell, pixels in put_out if cell == first]

    def stands_alone(cell: int) -> bool:
        cells = below_call(said.below, calling, cell)
        return cell != first and not said.wording.isdisjoint(cells)

    others = [
        (source, pixels)
        for source, pixels in decoded
        if (source.place == "text" or stands_alone(source.cell))
        and not is_copy(small(pixels), looks)
    ]
    left = [one for one in unread if not one.pasted and stands_alone(cell_of(one))]
    where = [source.cell for source, _ in others] + [cell_of(one) for one in left]
    shots = [shot_of(source, pixels, looks) for source, pixels in others]
    return Works([unseen(cell) for cell in where[:1]], example, shots, left)


def unseen(cell: int) -> Asked:
    """A prompt that a picture in this cell must have had."""
    return Asked(cell, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, way=UNSEEN)


def cell_of(unread: Unread) -> int:
    """The number of the cell that shows it."""
    assert isinstance(unread.where, Message)
    return int(unread.where.values["number"])


def below_call(cells: Sequence[int], calling: Collection[int], last: int) -> Sequence[int]:
    """The cells up to ``last`` that stand below the call before it."""
    until = cells[: cells.index(last) + 1]
    calls = [n for n, number in enumerate(until) if number in calling]
    return until[max(calls, default=-1) + 1 :]


def has_own_words(notebook: NotebookNode, number: int) -> bool:
    """Whether the code of this cell holds a text that could be a prompt and is not the
    template's."""
    cell = notebook.cells[number - 1]
    return cell.cell_type == "code" and any(map(may_be_prompt, texts_of(number, cell.source)))


def may_be_prompt(text: str) -> bool:
    """Several words, or one that is not Latin; no path, and nothing of the template's."""
    several = " " in text.strip() or not text.isascii()
    given = text in given_texts() or words(text) in example_prompts()
    return several and not given and "/" not in text and not is_trivial(text)


def texts_of(number: int, source: str) -> list[str]:
    """The texts in a cell's code."""
    nodes = [node for piece in read_cell(number, source).pieces for node in piece.nodes]
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@cache
def given_texts() -> frozenset[str]:
    """All texts in the template's code."""
    cells = [cell for cell in template().cells if cell.cell_type == "code"]
    return frozenset(text for cell in cells for text in texts_of(1, cell.source))


@cache
def example_prompts() -> frozenset[str]:
    """The prompts that the template itself asks for, as ``words``."""
    return frozenset(words(a.prompt) for a in read_calls(template()) if isinstance(a.prompt, str))


@cache
def template() -> NotebookNode:
    text = (TEMPLATE_DIR / TEMPLATE).read_text(encoding="utf-8")
    found: NotebookNode = nbformat.v4.reads(text)  # ours, so nothing is validated
    return found


def is_example(asked: Asked) -> bool:
    return isinstance(asked.prompt, str) and words(asked.prompt) in example_prompts()


def is_own(asked: Asked) -> bool:
    return asked.prompt is not None and not is_example(asked)


__all__ = ["Look", "Shot", "Works", "find_works"]
