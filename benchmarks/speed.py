"""How fast: the start of a kernel, a class's throughput, and one submission by the command line."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import track
from rich.table import Table

from benchmarks.material import USUAL_IMPORTS, kept_cells, submission
from benchmarks.others import WAYS
from benchmarks.show import Samples, ratio, spread
from grader.paths import DEFAULT_RUBRIC
from grader.pipeline import Options, grade
from grader.rubric import load_rubric
from grader.sandbox import KernelSession, Limits, Sandbox, choose_sandbox
from grader.sandbox.warm import WarmBubblewrap

MANY, FEW = 12, 4  # submissions a round, of ours and of the slower ways


@dataclass(frozen=True)
class Cell:
    """One statement of a made-up notebook."""

    source: str
    cell: int = 1
    line: int = 1
    repeatable: bool = False


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ddpm-bench-") as folder:
        yield Path(folder)


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def sandboxes() -> tuple[WarmBubblewrap, Sandbox]:
    """The warm sandbox and the cold one; exits if warm kernels cannot be had."""
    warm = choose_sandbox("bubblewrap")
    if not isinstance(warm, WarmBubblewrap):
        raise SystemExit("Warm kernels cannot be had here, so there is nothing to compare.")
    return warm, warm.cold


def first_cell(sandbox: Sandbox) -> float:
    """Seconds until the import cell of a notebook has run."""
    session = KernelSession([Cell(USUAL_IMPORTS)], sandbox=sandbox, limits=Limits(), seed=0)
    with session:
        return seconds(session.prepare)


def start(rounds: int) -> Table:
    """Start of a kernel to the end of the student's import cell, warm and cold."""
    warm, cold = sandboxes()
    first_cell(warm)  # the parent's own imports are paid once a run, and shown in "single"
    samples = Samples()
    for _ in track(range(rounds), description="start"):
        samples.add("warm", first_cell(warm))
        samples.add("cold", first_cell(cold))
    table = Table("kernel", "seconds", "of cold", title="start to the end of the import cell")
    for name, values in samples.items():
        table.add_row(name, spread(values), ratio(values, samples["cold"]))
    return table


def throughput(rounds: int) -> Table:
    """Seconds a submission, one and two at a time, for each way of grading.

    What a class pays once (the start of our command and its warm parent) is left out: see "single".
    """
    samples, own = Samples(), WAYS[0].__name__
    with scratch() as folder:
        ways = {make.__name__: make(folder) for make in WAYS}
        for name, way in ways.items():
            way.run(1, 1)  # what is paid once, page caches and the warm parent among it
            samples.names[name] = way.name
        for _ in track(range(rounds), description="throughput"):
            for name, way in ways.items():
                for jobs in (1, 2):
                    n = (MANY if name == own else FEW) // (3 - jobs)
                    if name == "nbgrader" and jobs == 2:
                        continue  # it grades one after the other
                    took = seconds(partial(way.run, n, jobs))
                    samples.add((name, jobs), took / n)
    table = Table("", "one at a time", "", "two at a time", "", title="seconds a submission")
    for name in ways:
        row = [samples.names[name]]
        for jobs in (1, 2):
            values = samples.get((name, jobs))
            row += (
                ["-", ""] if values is None else [spread(values), ratio(values, samples[own, jobs])]
            )
        table.add_row(*row)
    return table


def single(rounds: int) -> Table:
    """One ``ddpm-grader grade`` from nothing, beside bare imports and the student's own cells."""
    samples = Samples()
    with scratch() as folder:
        script = folder / "bare.py"
        script.write_text("\n\n".join([USUAL_IMPORTS, *kept_cells()]), "utf-8")
        source = submission(folder / "2023-12345")
        programs: Mapping[str, list[str | Path]] = {
            "imports and own cells in plain python": [sys.executable, script],
            "ddpm-grader grade": [
                *(Path(sys.executable).with_name("ddpm-grader"), "grade", source),
                *("--json", folder / "result.json"),
            ],
        }
        for number in track(range(rounds + 1), description="single"):
            for name, command in programs.items():
                took = seconds(partial(subprocess.run, command, check=True, capture_output=True))
                if number:  # the first fills the page cache
                    samples.add(name, took)
    table = Table("", "seconds", "of plain", title="one submission, from nothing to its result")
    plain = next(iter(programs))
    for name in programs:
        table.add_row(name, spread(samples[name]), ratio(samples[name], samples[plain]))
    return table


def stages(rounds: int) -> Table:
    """Where the time of one submission goes."""
    samples = Samples()
    with scratch() as folder:
        source = submission(folder / "2023-12345")
        kinds = {"warm": sandboxes()[0], "cold": sandboxes()[1]}
        for number in track(range(rounds + 1), description="stages"):
            for name, sandbox in kinds.items():
                options = Options(load_rubric(DEFAULT_RUBRIC), sandbox)
                took = grade(source, options).result.seconds
                for stage, value in {**took, "all": sum(took.values())}.items():
                    if number:  # the first waits for the warm parent
                        samples.add((name, stage), value)
    table = Table("stage", *kinds, title="seconds of one submission by stage")
    for stage in dict.fromkeys(key[1] for key in samples):
        table.add_row(stage, *(spread(samples[name, stage]) for name in kinds))
    return table
