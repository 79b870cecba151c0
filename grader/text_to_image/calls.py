"""What notebook 2-2 asks for, in the order in which the notebook asks for it."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from nbformat import NotebookNode

from grader.intake.source import read_cell
from grader.text_to_image.asked import LOOP, UNSEEN, Asked, is_trivial
from grader.text_to_image.reader import Reader
from grader.text_to_image.values import UNKNOWN
from grader.text_to_image.ways import asked_in_shell, texts_in


def read_calls(
    notebook: NotebookNode, uncalled: bool = False, otherwise: bool = False
) -> list[Asked]:
    """Every prompt that the notebook gives to a pipeline.

    ``uncalled``: also by functions of which no call can be seen, in the cell that defines them.
    ``otherwise``: also to anything else that makes pictures; and after these the prompts that
    variables are set to, whatever takes them.
    """
    reader = Reader(otherwise)
    for number, cell in in_order(notebook):
        if cell.source.strip():
            reader.cell = number
            for piece in read_cell(number, cell.source).pieces:
                with contextlib.suppress(RecursionError):  # what nests so deeply is no prompt
                    reader.statement(piece.node, reader.names, 0)
            if otherwise:
                reader.found += asked_in_shell(number, cell.source, reader.names)
    if uncalled:
        with contextlib.suppress(RecursionError):
            reader.go_through_uncalled()
    if not otherwise:
        return reader.found
    steps = reader.names.get("set_timesteps", UNKNOWN)  # most often behind the tokenizer
    found = [replace(a, steps=steps) if a.way == LOOP else a for a in reader.found]
    return [*found, *prompts_set(reader)]


def prompts_set(reader: Reader) -> Iterator[Asked]:
    """What variables were last set to that are called as prompts are."""
    for cell, value in reader.prompts.values():
        for text in texts_in(value):
            if isinstance(text, str) and not is_trivial(text):
                yield Asked(cell, text, UNKNOWN, reader.steps, UNKNOWN, way=UNSEEN)


def in_order(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """The cells of code with their numbers, 1-based, in the order in which they were run.

    As they stand, where that is not known of all, or two were the nth, as after a restart.
    """
    cells = [(n, c) for n, c in enumerate(notebook.cells, 1) if c.cell_type == "code"]
    turns = {n: c.get("execution_count") for n, c in cells if c.source.strip()}
    if not all(isinstance(turn, int) for turn in turns.values()):
        return cells
    if len(set(turns.values())) < len(turns):
        return cells
    return sorted(cells, key=lambda numbered: turns.get(numbered[0], 0))
