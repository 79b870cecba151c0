"""The parts of a submission that are compared with others: code, weights, samples."""

import hashlib
import io
import keyword
import logging
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from nbformat import NotebookNode

from grader.bounded import bounded
from grader.intake import Submission, read_notebook
from grader.paths import TEMPLATE_DIR
from grader.results import Graded, Seen

logger = logging.getLogger(__name__)

MOST_CODE = 400_000  # characters


class Prints:
    """Collects them while the submission is unpacked; ``found`` is JSON."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def look(self, submission: Submission, graded: Graded) -> None:
        """See ``grader.pipeline.grade``. Whatever is in the files, what cannot be taken of one
        kind is left out, and nothing is raised: who is alike moves no points."""
        part, seen = submission.diffusion, graded.seen
        notebook = part.content if part is not None else None
        self.found = {
            "lines": left_out_if_it_fails(lambda: bounded(student_lines, notebook)),
            "tensors": sorted(submission.tensors),
            "samples": left_out_if_it_fails(lambda: samples_hash(seen)) or "",
            "works": left_out_if_it_fails(lambda: sorted(works_hashes(seen))),
            "settings": left_out_if_it_fails(lambda: sorted(settings_hashes(seen))),
        }


def left_out_if_it_fails(take: Callable[[], Any]) -> Any:
    """What ``take`` gives; an empty list where it raises."""
    try:
        return take()
    except Exception:
        logger.exception("a print could not be taken")
        return []


def student_lines(notebook: NotebookNode | None) -> list[str]:
    """Lines of code that are not the template's, as they were written, without indents."""
    if notebook is None:
        return []
    given = template_lines()
    lines = [line.strip() for line in code_lines(notebook)]
    kept = [line for line in lines if line and same_line(line) not in given]
    while sum(map(len, kept)) > MOST_CODE:
        kept = kept[: len(kept) // 2]
    return kept


def code_lines(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from cell.source.splitlines()


@cache
def template_lines() -> frozenset[str]:
    notebooks = sorted(TEMPLATE_DIR.glob("*.ipynb"))
    return frozenset(
        same_line(line) for path in notebooks for line in code_lines(read_notebook(path))
    )


def same_line(line: str) -> str:
    """A line without blanks and comment: equal ones are the same code."""
    return "".join(line.split("#", maxsplit=1)[0].split())


def tokens_of(line: str) -> list[str]:
    """The line's tokens with every plain name as ``n``, number as ``0`` and text as ``s``.

    Names behind a dot stay: they are the library's. A line that cannot be read is its own token.
    """
    tokens: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            text = token.string
            if token.type == tokenize.NAME:
                library = bool(tokens) and tokens[-1] == "."
                tokens.append(text if library or keyword.iskeyword(text) else "n")
            elif token.type == tokenize.NUMBER:
                tokens.append("0")
            elif token.type == tokenize.STRING:
                tokens.append("s")
            elif token.type == tokenize.OP:
                tokens.append(text)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # an open bracket goes on in the next line; what was read stands
    return tokens


def works_hashes(seen: Seen) -> set[str]:
    """Of the pixels of notebook 2-2's own pictures; the example's and blank ones are no sign."""
    shots = seen.works.shots if seen.works else ()
    return {
        hashlib.sha256(shot.pixels.tobytes()).hexdigest()[:32]
        for shot in shots
        if str(shot.look) == "fine"
    }


def settings_hashes(seen: Seen) -> set[str]:
    """Of the digits in each setting's picture."""
    return {
        hashlib.sha256(tiles.tobytes()).hexdigest()[:32]
        for tiles in seen.setting_tiles.values()
        if tiles.max() > tiles.min()
    }


def samples_hash(seen: Seen) -> str:
    """Of the hundred tiles' pixels; empty if there are none or they show one even colour."""
    if seen.clarity is None:
        return ""
    tiles = seen.clarity.grid.tiles
    if tiles.size == 0 or tiles.max() == tiles.min():
        return ""
    return hashlib.sha256(tiles.tobytes()).hexdigest()[:32]
