"""How soon the self-check answers a student who saves the notebook."""

import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import nbformat
from rich.progress import track
from rich.table import Table

from benchmarks.batch import EXAMPLE
from benchmarks.material import code_cell
from benchmarks.show import Samples, ratio, spread
from benchmarks.speed import scratch, seconds
from grader.kit.fill import DIFFUSION
from grader.kit.selfcheck import build_selfcheck

PAUSE = 15  # seconds between an answer and the next save, in which kernels start
ONCE, SAVED, ANSWERED = "once, from nothing", "save to `Saved:`", "save to the answer"


def watch(rounds: int) -> Table:
    """The included example, with ``--watch`` and without."""
    samples = Samples()
    with scratch() as folder:
        pyz, own = folder / "selfcheck.pyz", folder / "own"
        build_selfcheck(pyz)
        with tarfile.open(EXAMPLE) as archive:
            archive.extractall(own, filter="data")
        command = [sys.executable, str(pyz), str(own)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"}
        piped = partial(subprocess.Popen, stdout=subprocess.PIPE, text=True, env=environment)
        once = partial(subprocess.run, command, check=True, capture_output=True)
        for _ in range(rounds):
            samples.add(ONCE, seconds(once))
        with piped([*command, "--watch"]) as running:
            said = iter(running.stdout)
            until("Waiting", said)
            for number in track(range(rounds), description="watch"):
                time.sleep(PAUSE)
                save(own / DIFFUSION, f"# {number}")
                began = time.perf_counter()
                until("Saved", said)
                samples.add(SAVED, time.perf_counter() - began)
                until("Waiting", said)
                samples.add(ANSWERED, time.perf_counter() - began)
            running.terminate()
    table = Table("self-check", "seconds", "of once", title="the included example")
    for name, values in samples.items():
        table.add_row(name, spread(values), ratio(values, samples[ONCE]))
    return table


def save(path: Path, line: str) -> None:
    """As an editor would, with one more line."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    notebook.cells.append(code_cell(line))
    path.write_text(nbformat.writes(notebook), "utf-8")


def until(start: str, lines: Iterator[str]) -> None:
    """Raises ``StopIteration`` if it ends without such a line."""
    while not next(lines).startswith(start):
        pass
