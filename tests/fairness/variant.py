"""Builds a notebook from a small file that holds only what differs from the solved template.

Top-level ``beta_schedule`` and ``ddpm_schedules`` replace the template's; ``class DDPM`` and
``class ContextUnet`` contribute the methods they hold, or replace the class if their first line
ends with ``# whole class``; an assignment to one of the template's settings (``device = ...``)
replaces its line; anything else goes into a new cell before the schedules'.
"""

import ast
import copy
import textwrap

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

FUNCTIONS = ("beta_schedule", "ddpm_schedules")
CLASSES = ("ContextUnet", "DDPM")


def apply_variant(notebook: NotebookNode, source: str) -> NotebookNode:
    """A copy of the solved notebook with the variant's parts in place."""
    result = copy.deepcopy(notebook)
    helpers = []
    for node in ast.parse(source).body:
        text = text_of(source, node)
        if isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS:
            replace_in(result, node.name, text)
        elif isinstance(node, ast.ClassDef) and node.name in CLASSES:
            whole = source.splitlines()[node.lineno - 1].rstrip().endswith("# whole class")
            if whole:
                replace_in(result, node.name, text)
            else:
                for member in node.body:
                    replace_member(result, node.name, member, text_of(source, member))
        elif (found := setting(result, assigned(node))) is not None:
            cell, old = found
            splice(cell, first_line(old), old.end_lineno or 0, text)
        else:
            helpers.append(text)
    if helpers:
        index = next(i for i, c in enumerate(result.cells) if "def beta_schedule" in c.source)
        result.cells.insert(index, new_code_cell("\n\n\n".join(helpers)))
    return result


def first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def text_of(source: str, node: ast.stmt) -> str:
    """A statement's own lines, without indentation."""
    lines = source.splitlines()[first_line(node) - 1 : node.end_lineno]
    return textwrap.dedent("\n".join(lines))


def definition(notebook: NotebookNode, name: str) -> tuple[NotebookNode, ast.stmt]:
    for cell in notebook.cells:
        if cell.cell_type == "code" and f" {name}(" in cell.source:
            for node in ast.parse(cell.source).body:
                if getattr(node, "name", None) == name:
                    return cell, node
    raise AssertionError(f"the notebook does not define {name}")


def assigned(node: ast.stmt) -> str:
    """The one name that a plain assignment gives a value; empty for any other statement."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    return ""


def setting(notebook: NotebookNode, name: str) -> tuple[NotebookNode, ast.stmt] | None:
    """The cell and statement in which the template sets this name."""
    for cell in notebook.cells if name else ():
        if cell.cell_type == "code" and f"{name} = " in cell.source and "!" not in cell.source[:1]:
            for node in ast.parse(cell.source).body:
                if assigned(node) == name:
                    return cell, node
    return None


def splice(cell: NotebookNode, start: int, end: int, text: str) -> None:
    """Puts ``text`` in place of lines ``start`` to ``end`` (1-based, inclusive)."""
    lines = cell.source.splitlines()
    cell.source = "\n".join([*lines[: start - 1], *text.splitlines(), *lines[end:]])


def replace_in(notebook: NotebookNode, name: str, text: str) -> None:
    cell, node = definition(notebook, name)
    splice(cell, first_line(node), node.end_lineno or 0, text)


def replace_member(notebook: NotebookNode, cls: str, member: ast.stmt, text: str) -> None:
    """Replaces a class's method, or adds a member at its end."""
    cell, node = definition(notebook, cls)
    assert isinstance(node, ast.ClassDef)
    name, indented = getattr(member, "name", None), textwrap.indent(text, "    ")
    for old in node.body:
        if name is not None and getattr(old, "name", None) == name:
            splice(cell, first_line(old), old.end_lineno or 0, indented)
            return
    end = node.end_lineno or 0
    splice(cell, end + 1, end, "\n" + indented)
