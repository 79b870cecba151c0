"""Solves the template: puts the reference's bodies into the regions marked for the student.

The bodies are read as text, between ``# [solution]`` and ``# [/solution]`` in the reference's
functions, so template and reference cannot drift apart unnoticed.
"""

import ast
import copy
import importlib.util
import re
import textwrap
from collections.abc import Collection, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.errors import GraderError
from grader.paths import TEMPLATE_DIR

REGIONS = {
    "beta_schedule": "schedules.py",
    "ddpm_schedules": "schedules.py",
    "DDPM.forward": "ddpm.py",
    "DDPM.sample": "ddpm.py",
}
"""The regions of notebook 2-1 by the function that they belong to, and the reference's file."""

DIFFUSION = "Assignment2-1_diffusion.ipynb"
TEXT_TO_IMAGE = "Assignment2-2_TTI.ipynb"

HYPER_PARAMETERS: Mapping[str, str] = {
    "n_epoch": "10",
    "n_T": "400",
    "betas": "(1e-4, 0.02)",
    "n_feat": "24",
    "lr": "2e-3",
    "prediction_type": "'epsilon'",
    "schedule": "'linear'",
    "optim": "torch.optim.Adam(ddpm.parameters(), lr=lr)",
}
"""What the student sets in the cell of hyper-parameters, as Python text."""

PICTURE: Mapping[str, str] = {
    "prompt": '"a linocut print of a lighthouse in a storm, two colours"',
    "GUIDANCE_SCALE": "8.0",
    "NUM_DENOISING_STEPS": "40",
    "SEED": "2023",
}
"""What the student sets in notebook 2-2, as Python text."""

_BANNER = re.compile(
    r"^(?P<indent>[ ]*)#{40}\n[ ]*# WRITE YOUR CODE BELOW +#\n[ ]*#{40}\n"
    r"(?P<body>.*?)"
    r"^[ ]*#{40}\n[ ]*# WRITE YOUR CODE ABOVE +#\n[ ]*#{40}$",
    re.MULTILINE | re.DOTALL,
)
_SOLUTION = re.compile(
    r"^[ ]*# \[solution\]\n(?P<body>.*?)^[ ]*# \[/solution\]$", re.MULTILINE | re.DOTALL
)


def read_template(name: str, folder: Path = TEMPLATE_DIR) -> NotebookNode:
    """One of the two notebooks that are given out."""
    notebook: NotebookNode = nbformat.read(folder / name, as_version=4)
    return notebook


def solve(
    notebook: NotebookNode,
    only: Collection[str] | None = None,
    hyper_parameters: Mapping[str, str] = HYPER_PARAMETERS,
) -> NotebookNode:
    """A copy of notebook 2-1 with its regions (or ``only`` some) and hyper-parameters filled.

    Raises ``GraderError`` if a region or its solution is missing or stands twice.
    """
    solved = copy.deepcopy(notebook)
    wanted = set(REGIONS if only is None else only)
    filled: list[str] = []
    for cell in solved.cells:
        if cell.cell_type == "code" and "WRITE YOUR CODE BELOW" in cell.source:
            cell.source = _fill_cell(cell.source, wanted, filled)
    for name in wanted:
        if filled.count(name) != 1:
            raise GraderError(f"The template has {filled.count(name)} regions for {name}, not 1.")
    _set(solved, "n_epoch", hyper_parameters)
    return solved


def answer(notebook: NotebookNode, values: Mapping[str, str] = PICTURE) -> NotebookNode:
    """A copy of notebook 2-2 with the student's own prompt and numbers.

    Raises ``GraderError`` if the notebook does not leave exactly one place for each.
    """
    answered = copy.deepcopy(notebook)
    _set(answered, "prompt = None", values)
    return answered


def solution(name: str) -> str:
    """The reference's statements for one region, without indentation.

    Raises ``GraderError`` if they are not marked exactly once.
    """
    spec = importlib.util.find_spec("reference")
    if spec is None or not spec.submodule_search_locations:
        raise GraderError("The reference is not installed beside the grader.")
    path = Path(next(iter(spec.submodule_search_locations))) / REGIONS[name]
    source = path.read_text("utf-8")
    found = _SOLUTION.findall(_function_text(source, name))
    if len(found) != 1:
        raise GraderError(f"{path.name} marks {len(found)} solutions in {name}, not 1.")
    return textwrap.dedent(found[0])


def _fill_cell(source: str, wanted: Collection[str], filled: list[str]) -> str:
    def replaced(match: re.Match[str]) -> str:
        owner = _owner(source, source.count("\n", 0, match.start()) + 1)
        if owner not in wanted:
            return match[0]
        if "WRITE YOUR CODE" in match["body"]:
            raise GraderError(f"The template's region of {owner} does not end before the next.")
        filled.append(owner)
        body = textwrap.indent(solution(owner), match["indent"])
        start, end = match.span("body")
        whole = match.start()
        return match[0][: start - whole] + body + match[0][end - whole :]

    return _BANNER.sub(replaced, source)


def _functions(source: str) -> dict[str, ast.FunctionDef]:
    """Top-level functions and methods, by qualified name."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [m for m in node.body if isinstance(m, ast.FunctionDef)]
            found.update({f"{node.name}.{method.name}": method for method in methods})
    return found


def _owner(source: str, line: int) -> str:
    """The function that a line of a cell belongs to; empty if there is none."""
    for name, node in _functions(source).items():
        if node.lineno <= line <= (node.end_lineno or 0):
            return name
    return ""


def _function_text(source: str, name: str) -> str:
    node = _functions(source).get(name)
    if node is None:
        raise GraderError(f"The reference has no function {name}.")
    return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])


def _set(notebook: NotebookNode, landmark: str, values: Mapping[str, str]) -> None:
    """Gives values to the names that the one cell with ``landmark`` at a line's start sets."""
    first = re.compile(rf"^{re.escape(landmark)}\b", re.MULTILINE)
    cells = [c for c in notebook.cells if c.cell_type == "code" and first.search(c.source)]
    if len(cells) != 1:
        raise GraderError(f"The template has {len(cells)} cells with {landmark!r}, not 1.")
    source = cells[0].source
    for name, value in values.items():
        line = rf"^{re.escape(name)} = [^#\n]*?(?=  #|$)"
        places = list(re.finditer(line, source, re.MULTILINE))
        if len(places) != 1:
            raise GraderError(f"The template sets {name} {len(places)} times, not 1.")
        start, end = places[0].span()
        source = f"{source[:start]}{name} = {value}{source[end:]}"
    cells[0].source = source
