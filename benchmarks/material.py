"""What is graded in the benchmarks: the solved notebook, its cells as a TA would keep them, and
checkpoints as large as students send."""

import io
import json
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import nbformat
import torch
from isal import igzip
from nbformat import NotebookNode

from benchmarks.widened import widened
from grader.assignment import SETTINGS
from grader.intake import plan_definitions
from grader.kit.fill import DIFFUSION, read_template, solve
from grader.settings.folders import FILES
from reference.schedules import ddpm_schedules

N_FEAT, T = 128, 400
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
    with (
        igzip.open(path, "wb", compresslevel=1) as zipped,
        tarfile.open(fileobj=zipped, mode="w|") as tar,
    ):
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def full_size(folder: Path, n_feat: int = N_FEAT, seed: int = 0) -> Path:
    """A solved submission with four checkpoints that predict what they should, in a new folder."""
    folder.mkdir()
    files = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        for setting in SETTINGS:
            save(Path(name), setting, n_feat, seed)
            member = f"results_{setting}/{FILES['checkpoint']}"
            files[member] = (Path(name) / member).read_bytes()
    return pack(folder / "2023-12345.tar.gz", solved(), files)


def save(root: Path, setting: str, n_feat: int = N_FEAT, seed: int = 0) -> int:
    """A checkpoint as the notebook leaves it; its size in bytes."""
    entries = ddpm_schedules(1e-4, 0.02, T, setting.split("_")[1])
    network = widened(setting, n_feat, seed).state_dict()
    weights = {f"nn_model.{name}": value for name, value in network.items()}
    path = root / f"results_{setting}" / FILES["checkpoint"]
    path.parent.mkdir(exist_ok=True)
    torch.save({**weights, **entries}, path)
    return path.stat().st_size


@cache
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
