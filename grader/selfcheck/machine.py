"""The student's own machine: the kernel runs as their own notebooks do, without walls."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from grader import paths
from grader.sandbox import Limits
from grader.sandbox.launch import Launch
from grader.sandbox.starting import Starter

GIB = 2**30
IMPORTS = (
    *("torchvision.transforms", "torchvision.datasets", "torchvision.utils", "torch.utils.data"),
    *("matplotlib.pyplot", "matplotlib.animation", "PIL.Image", "PIL.PngImagePlugin", "scipy"),
    *("matplotlib_inline.backend_inline", "matplotlib.backends.backend_agg", "tqdm.notebook"),
)
"""What the notebooks import: a kernel that waits for a file to be saved has done so."""
LIMITS = Limits(memory_bytes=16 * GIB, file_bytes=4 * GIB, processes=100_000)
"""Wide: they are to end what hangs, not to keep anyone out; and a user's processes on a shared
machine are counted together."""


@dataclass(frozen=True)
class OwnMachine(Starter):
    """Runs the kernel in a temporary folder, with the packages that the student's Python has."""

    name: str = "none"

    def launch(self, command: list[str], folder: Path, limits: Limits) -> Launch:
        """See ``Walls.launch``."""
        work = folder / "work"
        work.mkdir()
        if paths.MNIST_DIR.is_dir():
            shutil.copytree(paths.MNIST_DIR, work / "data")
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        quiet = {"MPLBACKEND": "Agg", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        # the grader has neither what the student's IPython runs at its start, nor a GPU
        bare = {"IPYTHONDIR": str(folder / "ipython"), "PYTHONSTARTUP": ""}
        bare["CUDA_VISIBLE_DEVICES"] = "-1"
        return Launch(tuple(command), {**os.environ, **threads, **quiet, **bare}, work)
