"""Checks a template without running it: form, words, interface, and no solution."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from grader.assignment import ENTRIES
from grader.kit.fill import DIFFUSION, TEXT_TO_IMAGE
from grader.kit.leaks import solution_problem

SCHEDULE = "schedule='linear'"
INTERFACE = {
    "beta_schedule": f"beta1, beta2, T, {SCHEDULE}",
    "ddpm_schedules": f"beta1, beta2, T, {SCHEDULE}",
    "ContextUnet.__init__": "self, in_channels, n_feat=256, n_classes=10",
    "ContextUnet.forward": "self, x, c, t",
    "DDPM.__init__": "self, nn_model, betas, n_T, prediction_type, schedule, device",
    "DDPM.forward": "self, x, c",
    "DDPM.sample": "self, n_sample, size, device",
}
"""Functions and their arguments, which the grader calls as they are."""

_QUOTED = re.compile(r"`([^`\n]+)`")
_STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_DOTTED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.\w+)*")
_CODE = re.compile(r"[\w.]+(\(.*\))?|[\w.]+ *=.*")  # a name, a call or an assignment, not prose
_FILES = re.compile(r"\.(png|gif|pth|sh|pyz|ipynb|tar|gz)$")


@dataclass(frozen=True)
class Finding:
    """One check of the template, a sentence for each outcome; ``problem`` is empty if it passes."""

    name: str
    problem: str
    fine: str

    @property
    def passed(self) -> bool:
        return not self.problem

    @property
    def sentence(self) -> str:
        return self.problem or self.fine


def look(folder: Path) -> Iterator[Finding]:
    """All checks that need no kernel. A notebook that cannot be read is a finding, too."""
    notebooks: dict[str, NotebookNode] = {}
    for name in (DIFFUSION, TEXT_TO_IMAGE):
        problem = ""
        try:
            notebook = nbformat.read(folder / name, as_version=4)
            nbformat.validate(notebook)
            notebooks[name] = notebook
        except OSError as error:
            problem = f"It cannot be read: {error.strerror}."
        except Exception as error:  # nbformat raises nearly every kind
            problem = f"It is no valid notebook: {type(error).__name__}."
        yield Finding(f"valid: {name}", problem, "It is a valid notebook.")
    for name, notebook in notebooks.items():
        yield Finding(f"no outputs: {name}", outputs_problem(notebook), "No cell was run.")
        fine = "Every name that its text quotes is in its code."
        yield Finding(f"names: {name}", names_problem(notebook), fine)
    if DIFFUSION in notebooks:
        problem = interface_problem(notebooks[DIFFUSION])
        yield Finding("interface", problem, "Functions, arguments and keys are as announced.")
    if notebooks:
        problem = solution_problem(notebooks.values())
        yield Finding("no solution", problem, "Nothing in it was taken from the reference.")


def code_of(notebook: NotebookNode) -> str:
    """All code as Python, with IPython's own lines turned into calls."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "\n".join(TransformerManager().transform_cell(source) for source in cells)


def outputs_problem(notebook: NotebookNode) -> str:
    for number, cell in enumerate(notebook.cells, 1):
        if cell.get("outputs") or cell.get("execution_count"):
            return f"Cell {number} was run and saved."
    return ""


def names_problem(notebook: NotebookNode) -> str:
    """A sentence if text between backticks holds a name that the code does not have."""
    known = names_in(code_of(notebook))
    for cell in notebook.cells:
        for quoted in _QUOTED.findall(cell.source) if cell.cell_type == "markdown" else ():
            if not _CODE.fullmatch(quoted) or _FILES.search(quoted):
                continue
            for name in _DOTTED.findall(_STRING.sub("", quoted)):
                if not set(name.split(".")) <= known:
                    return f"The text speaks of {name}, which the code does not know."
    return ""


def names_in(code: str) -> set[str]:
    """Names and the words in strings; not those in comments, which may be misspelt as well."""
    found = {"True", "False", "None"}
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type != tokenize.COMMENT:
                found |= set(re.findall(r"[^\W\d]\w*", token.string))
    except (tokenize.TokenError, SyntaxError):  # said of the interface
        found |= set(re.findall(r"[^\W\d]\w*", code))
    return found


def interface_problem(notebook: NotebookNode) -> str:
    try:
        tree = ast.parse(code_of(notebook))
    except SyntaxError as error:
        return f"Its code is not Python: {error.msg} ({(error.text or '').strip()})."
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
        found = without_types(functions[name])
        if found != arguments:
            return f"{name} takes ({found}), not ({arguments})."
    keys = keys_of(functions["ddpm_schedules"])
    if lacking := [key for key in ENTRIES if key not in keys]:
        return f"ddpm_schedules does not return {', '.join(lacking)}."
    if new := [key for key in keys if key not in ENTRIES]:
        return f"ddpm_schedules returns {', '.join(new)} as well."
    return ""


def without_types(function: ast.FunctionDef) -> str:
    """Arguments and defaults as text; what they are annotated with makes no difference."""
    arguments = function.args
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(arguments)


def keys_of(function: ast.FunctionDef) -> list[str]:
    """Of the dictionaries that it writes out."""
    return [
        str(key.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]
