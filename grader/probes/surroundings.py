"""Sets up what surrounds a notebook's code: devices, folders, libraries, output.

Runs first in every kernel. The student's code sees these functions, and may change them as it may
change Python's own: what asks and answers (``prelude``) is another module, of which this one knows
nothing.
"""

import ast
import os
import sys
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:  # in the kernel the parts are one source
    from grader.probes.absent import hide, know_other_versions, stand_in_for_absent_libraries
    from grader.probes.folders import open_folders
    from grader.probes.gpu_calls import replace, send_to_cpu

PARSE = ast.parse  # before others stand in its place


class Tap:
    """Lets a stream's writes through until the submission's output is used up."""

    left = 0

    def __init__(self, stream: Any) -> None:
        self.stream, self.write_through, self.flush_through = stream, stream.write, stream.flush

    def write(self, text: Any) -> Any:
        if isinstance(text, str) and len(text) > Tap.left:
            kept, Tap.left = text[: Tap.left], 0
            if kept:
                self.write_through(kept)
            return len(text)
        Tap.left -= len(text)
        return self.write_through(text)

    def flush(self) -> Any:
        """Does nothing where nothing was written: ipykernel flushes both streams twice a cell, and
        waits for another thread each time."""
        if getattr(self.stream, "_flush_pending", True):
            self.flush_through()


def of_transformer(original: Any) -> Any:
    """IPython takes a cell apart token by token, several times over, to find its own syntax; what
    is Python without it would come out as it is, but for prompts that were copied with it."""

    def transform_cell(raw: Any) -> Any:
        try:
            PARSE(raw)
        except Exception:
            return original(raw)
        return original(raw) if "In [" in raw else raw if raw.endswith("\n") else f"{raw}\n"

    return transform_cell


def set_up(shell: Any, output_bytes: Any, hidden: Any) -> Any:
    """Everything; ``shell`` is IPython's, ``hidden`` are packages that are not to be found."""
    replace(shell, "transform_cell", of_transformer)
    Tap.left = output_bytes
    for stream in (sys.stdout, sys.stderr):
        tap = Tap(stream)
        vars(stream).update(write=tap.write, flush=tap.flush)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    send_to_cpu()
    open_folders(shell)
    sys.argv[:] = ["ipykernel_launcher.py", "-f", os.path.expanduser("~/kernel.json")]
    know_other_versions()
    stand_in_for_absent_libraries()
    hide(hidden)
