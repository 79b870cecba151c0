"""What can be said of a template without running it: form, interface, words, and no solution."""

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from grader.checks.cases import ENTRIES
from grader.kit.fill import DIFFUSION, REGIONS, TEXT_TO_IMAGE, solution

INTERFACE = {
    "beta_schedule": ["beta1", "beta2", "T", "schedule"],
    "ddpm_schedules": ["beta1", "beta2", "T", "schedule"],
    "ContextUnet.__init__": ["self", "in_channels", "n_feat", "n_classes"],
    "ContextUnet.forward": ["self", "x", "c", "t"],
    "DDPM.__init__": [
        *("self", "nn_model", "betas", "n_T", "prediction_type", "schedule", "device"),
    ],
    "DDPM.forward": ["self", "x", "c"],
    "DDPM.sample": ["self", "n_sample", "size", "device"],
}
"""Functions and their arguments, which the grader calls as they are."""

RUN = 8  # tokens that two texts share only if one was taken from the other
SHARED = 0.25  # part of a solution's runs; a template shares some, as both call the same library
_QUOTED = re.compile(r"`([A-Za-z_][\w.]*)(?:\([^`]*\))?`")
OUTSIDE = {"CollectSubmission.sh", "selfcheck.pyz", "True", "False", "None"}
FILES = re.compile(r"\.(png|gif|pth|sh|pyz|ipynb|tar|gz)$")


@dataclass(frozen=True)
class Finding:
    """One check of the template. ``problem`` is one sentence; empty if there is none."""

    name: str
    problem: str = ""


def look(folder: Path) -> Iterator[Finding]:
    """All checks that need no kernel. A notebook that cannot be read is a finding, too."""
    notebooks: dict[str, NotebookNode] = {}
    for name in (DIFFUSION, TEXT_TO_IMAGE):
        problem = ""
        try:
            notebooks[name] = nbformat.read(folder / name, as_version=4)
            nbformat.validate(notebooks[name])
        except Exception as error:  # nbformat raises nearly every kind
            problem = f"{name} is no valid notebook: {type(error).__name__}."
        yield Finding(f"valid: {name}", problem)
    for name, notebook in notebooks.items():
        yield Finding(f"no outputs: {name}", outputs_problem(notebook))
        yield Finding(f"words: {name}", words_problem(notebook))
    if DIFFUSION in notebooks:
        text = code_of(notebooks[DIFFUSION])
        yield Finding("interface", interface_problem(text))
        yield Finding("no solution", solution_problem(text))


def code_of(notebook: NotebookNode) -> str:
    """All code as Python, with IPython's own lines turned into calls."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n".join(TransformerManager().transform_cell(source) for source in cells)


def outputs_problem(notebook: NotebookNode) -> str:
    for number, cell in enumerate(notebook.cells, 1):
        if cell.get("outputs") or cell.get("execution_count"):
            return f"Cell {number} was run and saved."
    return ""


def words_problem(notebook: NotebookNode) -> str:
    """Whether the names that the text quotes are names in the code."""
    code = code_of(notebook)
    known = set(re.findall(r"\w+", code)) | set(re.findall(r"[\w.]+", code)) | OUTSIDE
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for name in _QUOTED.findall(cell.source):
            parts = name.split(".")
            if not FILES.search(name) and name not in known and not set(parts) <= known:
                return f"The text speaks of {name}, which the code does not know."
    return ""


def interface_problem(code: str) -> str:
    tree = ast.parse(code)
    functions: dict[str, ast.FunctionDef] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [m for m in node.body if isinstance(m, ast.FunctionDef)]
            functions.update({f"{node.name}.{method.name}": method for method in methods})
    for name, arguments in INTERFACE.items():
        if name not in functions:
            return f"{name} is not defined."
        found = [argument.arg for argument in functions[name].args.args]
        if found != arguments:
            return f"{name} takes {', '.join(found)}, not {', '.join(arguments)}."
    texts = {n.value for n in ast.walk(functions["ddpm_schedules"]) if isinstance(n, ast.Constant)}
    if missing := [key for key in ENTRIES if key not in texts]:
        return f"ddpm_schedules does not return {', '.join(missing)}."
    return ""


def solution_problem(code: str) -> str:
    given = runs_of(code)
    for name in REGIONS:
        solved = runs_of(solution(name))
        share = len(solved & given) / len(solved)
        if share > SHARED:
            return f"{share:.0%} of the solution of {name} stands in the notebook."
    return ""


def runs_of(source: str) -> set[tuple[str, ...]]:
    """Every ``RUN`` tokens in a row. Variables are all called the same: names are easily changed,
    but not what is called and in which order."""
    kinds = (tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING)
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type in kinds
    ]
    words = []
    for number, token in enumerate(tokens):
        after = tokens[number + 1].string if number + 1 < len(tokens) else ""
        before = tokens[number - 1].string if number else ""
        own = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
        words.append("name" if own and after != "(" and before != "." else token.string)
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}
