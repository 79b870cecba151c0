"""Notebook 2-2 with its outputs, as a student without a GPU would have it: run on the CPU."""

import copy
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nbclient import NotebookClient
from nbformat import NotebookNode

from grader.errors import GraderError
from grader.kit.fill import PICTURE, answer

MODEL = "./tiny-stable-diffusion"
ON_THE_CPU: Mapping[str, str] = {"model_id": repr(MODEL), "device": "'cpu'", "IMAGE_SIZE": "256"}
FEW: Mapping[str, str] = {"IMAGE_SIZE": "128", "NUM_DENOISING_STEPS": "2"}
"""For a run that only shows that it ends."""

SECONDS = 600


def adapted(notebook: NotebookNode, values: Mapping[str, str] = ON_THE_CPU) -> NotebookNode:
    """A copy in which the first line that sets each of these names sets this value instead.

    Raises ``GraderError`` if the notebook does not set one of them.
    """
    changed = copy.deepcopy(notebook)
    for name, value in values.items():
        line = re.compile(rf"^{name} = .*$", re.MULTILINE)
        for cell in changed.cells:
            if cell.cell_type == "code" and line.search(cell.source):
                cell.source = line.sub(f"{name} = {value}", cell.source)
                break
        else:
            raise GraderError(f"Notebook 2-2 does not set {name}.")
    return changed


def run_quickly(template: NotebookNode) -> NotebookNode:
    """The template of 2-2 with an answer, run with small pictures in few steps; see ``run``."""
    own = answer(template, {**PICTURE, "NUM_DENOISING_STEPS": "3"})
    return run(adapted(own, {**ON_THE_CPU, **FEW}))


def run(notebook: NotebookNode) -> NotebookNode:
    """A copy with the outputs of all cells but the shell's, run beside the tiny pipeline.

    Raises nbclient's ``CellExecutionError`` with the traceback of a cell that fails.
    """
    from grader.kit.tiny_pipeline import save  # takes seconds to import

    ran = copy.deepcopy(notebook)
    shell = [cell for cell in ran.cells if cell.cell_type == "code" and cell.source[:1] == "!"]
    lines = {cell.id: cell.source for cell in shell}
    for cell in shell:
        cell.source = ""
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / MODEL)
        client = NotebookClient(
            ran,
            timeout=SECONDS,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )
        client.execute(env={**os.environ, "HF_HUB_OFFLINE": "1"})
    for cell in shell:
        cell.source = lines[cell.id]
    for cell in ran.cells:  # progress bars and warnings tell of this machine
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.output_type != "stream"]
            cell.metadata.pop("execution", None)
    return ran
