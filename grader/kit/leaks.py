"""Finds the reference's solution in a template, in any place and with any names.

Both texts become tokens in which every variable has the same name. Two texts share ``RUN`` tokens
in a row only if one was taken from the other.
"""

import keyword
import re
from collections.abc import Iterable, Sequence

from nbformat import NotebookNode

from grader.kit.fill import REGIONS, solution

RUN = 12  # the given template shares at most 10 with any solution, one line of which has 15 to 40
_COMMENT = re.compile(r"#.*$", re.MULTILINE)
_TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s#]")


def solution_problem(notebooks: Iterable[NotebookNode]) -> str:
    """A sentence if a part of a solution stands in a cell of any kind, in code or in comments."""
    given = runs_of_cells(notebooks)
    shares = {}
    for region in REGIONS:
        solved = runs(tokens(_COMMENT.sub("", solution(region))))
        shares[region] = len(solved & given) / len(solved)
    worst = max(shares, key=lambda region: shares[region])
    if not shares[worst]:
        return ""
    return f"{shares[worst]:.0%} of the solution of {worst} stands in the notebooks."


def runs_of_cells(notebooks: Iterable[NotebookNode]) -> set[tuple[str, ...]]:
    """The runs of each cell as code without its comments, and with the comments read as code."""
    found = set()
    for notebook in notebooks:
        for cell in notebook.cells:
            found |= runs(tokens(cell.source)) | runs(tokens(_COMMENT.sub("", cell.source)))
    return found


def runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Every ``RUN`` tokens in a row."""
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def tokens(text: str) -> list[str]:
    """Names are easily changed, but not what is called and in which order; quotes are all alike."""
    found = _TOKEN.findall(text)
    words = []
    for before, token, after in zip(["", *found], found, [*found[1:], ""], strict=False):
        variable = token.isidentifier() and not keyword.iskeyword(token)
        if variable and after != "(" and before != ".":
            words.append("variable")
        else:
            words.append(token.strip("'\"") if len(token) > 1 else token)
    return words
