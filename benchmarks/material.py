"""What is graded in the benchmarks: the solved notebook, and its cells as a TA would keep them."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.intake import plan_definitions
from grader.kit.fill import DIFFUSION, read_template, solve

USUAL_IMPORTS = "import torch\nimport torchvision\nimport matplotlib.pyplot as plt\n"


def solved() -> NotebookNode:
    """Notebook 2-1 with the reference's answers in it."""
    return solve(read_template(DIFFUSION))


def submission(folder: Path) -> Path:
    """A folder as a student hands it in."""
    folder.mkdir(parents=True)
    nbformat.write(solved(), folder / DIFFUSION)
    return folder


def pack(path: Path, notebook: NotebookNode, files: Mapping[str, bytes] | None = None) -> Path:
    """A tarball as a student hands it in."""
    content = {DIFFUSION: json.dumps(notebook).encode(), **(files or {})}
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def kept_cells() -> list[str]:
    """The import cell and the cells of the four definitions, whole."""
    notebook = solved()
    plan = plan_definitions(notebook)
    holding = ("import ", "def beta_schedule", "class ")
    numbers = sorted({statement.cell for statement in plan.statements})
    sources = [notebook.cells[number - 1].source for number in numbers]
    return [source for source in sources if any(word in source for word in holding)]


def write_notebook(path: Path, cells: Sequence[NotebookNode]) -> Path:
    """A notebook for the kernel that is called python3."""
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def code_cell(source: str) -> NotebookNode:
    return nbformat.v4.new_code_cell(source)
